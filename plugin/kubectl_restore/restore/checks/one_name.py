"""Names of a backup that are one on the volume: asked for before, looked for afterwards."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.stream.layout import parents
from kubectl_restore.errors import InTheWayError, VerificationError
from kubectl_restore.plan.folding import Names, groups, together
from kubectl_restore.progress import Phase
from kubectl_restore.text import counted, listed, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kubectl_restore.archive.members.members import Members
    from kubectl_restore.container.questions import Questions
    from kubectl_restore.restore.checks.restored import Restored

_MOST: Final = 500
"""Sets of names that the volume is asked about."""
_MOST_NAMES: Final = 100
"""Names of one set."""


class OneName:
    """Finds out whether the volume tells all names of a backup apart."""

    def __init__(self) -> None:
        """Know no names."""
        self._names = Names()
        self._members: Members | None = None
        self._sets: list[tuple[bytes, list[bytes]]] = []

    def require_apart(
        self, members: Members, questions: Questions, restored: Restored | None, so_far: str
    ) -> None:
        """Return when each path of a batch is a file of its own there, as far as can be told.

        Names that some volume could take for one are made in a directory of ours, which is listed.

        Args:
            members: of the batch.
            questions: asked through the open exec.
            restored: what earlier batches have made; None where there is but one.
            so_far: what became of the pod until now ("nothing was changed").

        Raises:
            InTheWayError: some paths are one.
        """
        if members is not self._members:
            # Not a further attempt at the same batch.
            self._members = members
            self._take(members, () if restored is None else restored.paths())
        ones = [one for names in self._sets[:_MOST] if (one := _are_one(*names, questions))]
        if not ones:
            return
        count = sum(len(some) - 1 for some in ones)
        raise InTheWayError(
            f"{counted(count, 'path')} would replace another of the backup: the volume takes "
            f"their names for one; {so_far}",
            reason=listed([" and ".join(map(shown, some)) for some in ones]),
            fix="name a directory on another volume (-t PATH), leave all but one of each out "
            "(--exclude NAME), or restore them to other paths (--transform-prefix OLD=NEW)",
        )

    def _take(self, members: Members, earlier: Iterable[bytes]) -> None:
        if not members:
            return
        hashes = self._names.add(_all_of(members))
        self._sets = []
        if hashes:
            found = groups(chain(_with_parents(earlier, set()), _all_of(members)), hashes)
            self._sets = list(together(found))

    def require_listed(self, questions: Questions) -> None:
        """Return when each of these paths stands in its directory under its own name.

        Raises:
            VerificationError: one does not: another one has replaced it.
        """
        there = set(questions.survey(Phase.VERIFY, [parent for parent, _ in self._sets]))
        directories = [parent for parent, _ in self._sets if parent in there]
        if not directories:
            return
        children, closed = questions.children(directories)
        names = {path for path, _ in children}
        lost = [
            path
            for parent, paths in self._sets
            if parent in there and parent not in closed
            for path in paths
            if path not in names
        ]
        if len(lost) < sum(len(paths) for _, paths in self._sets) and lost:
            raise VerificationError(
                f"{counted(len(lost), 'path')} of the backup was replaced by another one: the "
                "volume takes their names for one",
                reason=listed([f"{shown(path)}: not in its directory" for path in lost]),
                fix="restore to another volume (-t PATH)",
            )


def _all_of(members: Members) -> Iterator[bytes]:
    """Return the paths of members, and the directories above them that have none."""
    seen = set(members.paths_of(members.of_kind(Kind.DIRECTORY)))
    for *_, parent in members.runs():
        for one in parents(parent + b"/"):
            if one and one not in seen:
                seen.add(one)
                yield one
    yield from filter(None, members.paths())


def _with_parents(paths: Iterable[bytes], seen: set[bytes]) -> Iterator[bytes]:
    """Return the paths, and the directories above them that are not among `seen`."""
    last = b""
    for path in paths:
        parent = path.rpartition(b"/")[0]
        if parent != last:
            last = parent
            for one in parents(path):
                if one not in seen:
                    seen.add(one)
                    yield one
        if path:
            yield path


def _are_one(parent: bytes, paths: list[bytes], questions: Questions) -> list[bytes]:
    """Return those of these paths that are one there, in the directory or the next above."""
    above = [b"", *parents(parent + b"/x")]
    standing = questions.survey(Phase.SURVEY, above)
    where = max((path for path in above if path in standing), key=len, default=b"")
    names = {path.rpartition(b"/")[2]: path for path in paths[:_MOST_NAMES]}
    return [names[name] for name in questions.as_one(where, list(names))]
