"""Directories of ours that their own mode closes to us, as a backup's 0644, 0000 or 0333 does.

They are opened for the run and closed again: by the steps at its end, or by the agent when it goes,
whatever ends it (container/scripts/changes.sh).
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.stream.layout import parents
from kubectl_restore.container.answers import Answers, Standings
from kubectl_restore.container.survey import Entry, Standing
from kubectl_restore.errors import PodCannotError
from kubectl_restore.text import counted, listed, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kubectl_restore.session.session import Session

SEARCHED: Final = 0o100
"""What an owner needs to look into a directory."""
LISTED: Final = 0o500
WRITTEN: Final = 0o300
_OPEN: Final = 0o700
_OTHERS: Final = 0o077


class Opened:
    """The directories that a run has opened.

    Attributes:
        modes: the mode that each had, and gets back, by path.
        uid: whom the container runs as: only who owns a directory may open it; None for unknown.
    """

    def __init__(self) -> None:
        """Have none."""
        self.modes: dict[bytes, int] = {}
        self.uid: int | None = None

    def closed(self, found: Mapping[bytes, Entry], needed: int) -> dict[bytes, int]:
        """Return the directories of ours among these whose mode keeps us out, with their modes.

        Args:
            found: what stands there.
            needed: the owner's permission bits without which we are kept out.
        """
        return {
            path: self.modes.get(path, entry.mode)
            for path, entry in found.items()
            if path
            and entry.kind is Standing.DIRECTORY
            and entry.uid == self.uid
            and entry.mode & needed != needed
        }

    def as_before(self, found: Mapping[bytes, Entry]) -> dict[bytes, Entry]:
        """Return which of what stands there was opened, with the modes that it had before."""
        before = {}
        for path, mode in self.modes.items():
            entry = found.get(path)
            if entry is None:
                continue
            if entry.mode & _OPEN == _OPEN and (entry.mode ^ mode) & _OTHERS == 0:
                before[path] = entry._replace(mode=mode)
        return before

    def leave(self, paths: Iterable[bytes]) -> None:
        """Take it that these get the mode that they are to have."""
        for path in paths:
            self.modes.pop(path, None)

    def in_order(self) -> list[list[bytes]]:
        """Return the paths in groups, what stands in a directory in a later one."""
        groups: dict[int, list[bytes]] = {}
        for path in self.modes:
            groups.setdefault(path.count(b"/"), []).append(path)
        return [groups[depth] for depth in sorted(groups)]


class Opener:
    """Opens directories through one session.

    Every method raises RestoreError when the link is lost, the time runs out or a signal comes.

    Attributes:
        opened: what the run has opened.
    """

    def __init__(self, session: Session, ask: Callable[..., None], opened: Opened) -> None:
        """Take how the agent is asked about paths, and what earlier sessions have opened."""
        self._session = session
        self._has_opened = False
        self._ask = ask
        self.opened = opened

    def inside(self, hidden: Sequence[bytes]) -> dict[bytes, Entry]:
        """Return what stands at paths that closed directories hide, after opening these.

        Raises:
            PodCannotError: directories of others hide some of it.
        """
        found: dict[bytes, Entry] = {}
        tried: set[bytes] = set()
        while hidden:
            above = self._look(sorted(set(chain.from_iterable(map(parents, hidden))))).found
            closed = self.opened.closed(above, SEARCHED)
            if tried.issuperset(closed):
                raise cannot_be_told(hidden, above)
            tried.update(closed)
            self._open(closed)
            answers = self._look(hidden)
            found.update(answers.found)
            hidden = answers.hidden
        return found

    def open_ours(self, directories: Sequence[bytes], needed: int) -> bool:
        """Open those of these directories that are ours and lack a bit; tell whether any was."""
        closed = self.opened.closed(self._look(directories).found, needed)
        self._open(closed)
        return bool(closed)

    def open_again(self) -> None:
        """Open what an earlier session has opened: it may have closed it when it went."""
        for some in self.opened.in_order():
            self._open({path: self.opened.modes[path] for path in some})

    def forget(self) -> None:
        """Take it that all that was opened has the mode that it is to have."""
        if self._has_opened:
            self.opened.modes.clear()
            self._session.ask(b"forget")

    def _open(self, directories: Mapping[bytes, int]) -> None:
        if directories:
            self._has_opened = True
            self.opened.modes.update(directories)
            words = [b"%04o" % mode for mode in directories.values()]
            self._ask(b"open", Answers(list(directories)), words)

    def _look(self, paths: Sequence[bytes]) -> Standings:
        answers = Standings(paths)
        self._ask(b"survey", answers)
        return answers


def cannot_be_told(hidden: Iterable[bytes], above: Mapping[bytes, Entry]) -> PodCannotError:
    """Return an error that names what keeps us from telling what stands at paths.

    Args:
        hidden: the paths.
        above: what stands at the directories above them, as far as that can be told.
    """
    paths = sorted(hidden)
    return PodCannotError(
        f"what stands at {counted(len(paths), 'path')} cannot be told",
        reason=listed([f"{shown(path)}: {_closing(path, above)}" for path in paths]),
        fix="name a container whose user may enter it: -c CONTAINER",
    )


def _closing(path: bytes, above: Mapping[bytes, Entry]) -> str:
    seen = [one for one in above if path.startswith(one + b"/")]
    if not seen:
        return "a directory above it is closed to us"
    last = max(seen, key=len)
    entry = above[last]
    return f"{shown(last)} is closed to us (mode {entry.mode:04o}, uid {entry.uid})"
