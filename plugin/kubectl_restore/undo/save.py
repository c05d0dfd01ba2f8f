"""What a restore replaces is saved first: fetched from the pod into a tar, and proved.

Twice over everything: once for how much it is, and which files are one (hard links), then some
thousand paths at a time: ask what stands there, fetch, hash in the pod, ask again; and in the end
once more about all of them. Only then is the tar at its place, and only then is the pod changed.
Memory: a few numbers for each path.
"""

from __future__ import annotations

import os
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.checksums import Algorithm
from kubectl_restore.archive.tar.contents_writer import ContentsWriter
from kubectl_restore.archive.tar.member_header import member_header
from kubectl_restore.archive.tar.writer import NewArchive, require_local_room, require_place
from kubectl_restore.container.survey import Standing
from kubectl_restore.errors import InTheWayError, PodCannotError, UsageError, VerificationError
from kubectl_restore.progress import Level, Phase, Status
from kubectl_restore.text import counted, leave_them_out, listed, shown
from kubectl_restore.undo.command import undo_command
from kubectl_restore.undo.saved import Saved, contents_of
from kubectl_restore.undo.sizes import Sizes
from kubectl_restore.undo.states import identity_of, is_as_it_was, looks_like, number_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kubectl_restore.container.questions import Questions
    from kubectl_restore.container.survey import Entry
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Progress
    from kubectl_restore.undo.replaced import Replaced, Wanted

_FLAGS: Final = {
    Standing.FILE: b"0",
    Standing.SYMLINK: b"2",
    Standing.DIRECTORY: b"5",
    Standing.FIFO: b"6",
}
_UNFIT: Final = {
    Standing.CHARACTER_DEVICE: "a character device",
    Standing.BLOCK_DEVICE: "a block device",
    Standing.OTHER: "a socket, or another kind that archives do not have",
}
_HARD_LINK: Final = b"1"


def require_file(request: RestoreRequest) -> None:
    """Return when `--save-replaced` names a file that can be made, or was not given.

    Raises:
        UsageError: it cannot.
    """
    path = request.save_replaced
    if path is None:
        return
    try:
        is_backup = path.samefile(request.backup)
    except OSError:
        is_backup = False
    if is_backup:
        raise UsageError(
            f"--save-replaced {shown(os.fsencode(path))} is the backup itself",
            reason="what is replaced is saved in a file of its own",
            fix="name a new file",
        )
    require_place(path)


def save_replaced(
    request: RestoreRequest,
    replaced: Replaced,
    questions: Questions,
    *,
    algorithm: Algorithm | None,
    progress: Progress,
) -> Saved:
    """Save what a plan replaces or changes, if the user wants it; the pod is not changed.

    Args:
        request: names the file, and how the pod is reached.
        replaced: what will be.
        questions: asked through the open exec.
        algorithm: what the container can prove contents with.
        progress: is told how far it is.

    Raises:
        UsageError: the file cannot be written, or has no room.
        InTheWayError: something there cannot be saved.
        PodCannotError: the container cannot send contents, or not prove them.
        VerificationError: something changed meanwhile.
    """
    if request.save_replaced is None:
        return Saved()
    return _Saving(request, request.save_replaced, questions, algorithm, progress).run(replaced)


def foresee_saving(
    request: RestoreRequest,
    replaced: Replaced,
    questions: Questions,
    *,
    algorithm: Algorithm | None,
    progress: Progress,
) -> Saved:
    """Say what would be saved, for a dry run; see `save_replaced`. Nothing is written.

    Raises:
        UsageError: there is no room for the file.
        InTheWayError: something there cannot be saved.
        PodCannotError: the container cannot send contents, or not prove them.
    """
    if request.save_replaced is None:
        return Saved()
    return _Saving(request, request.save_replaced, questions, algorithm, progress).foresee(replaced)


class _Saving:
    """The state of one."""

    def __init__(
        self,
        request: RestoreRequest,
        path: Path,
        questions: Questions,
        algorithm: Algorithm | None,
        progress: Progress,
    ) -> None:
        self._request = request
        self._path = path
        self._questions = questions
        self._algorithm = algorithm
        self._progress = progress
        self._sizes = Sizes()
        self._firsts: dict[int, _First] = {}
        self._done = 0
        self._saved = array("q")
        self._has_fifos = False
        self._looks_the_same = False

    def run(self, replaced: Replaced) -> Saved:
        """Do all of it; see `save_replaced`."""
        directories = replaced.directories()
        self._measure_all(replaced, directories)
        if not self._sizes.paths:
            file = shown(os.fsencode(self._path))
            return Saved((f"nothing that stood there was changed, so {file} was not written",))
        with NewArchive(self._path) as archive:
            for some in replaced.chunks(directories):
                self._save(archive, some, self._standing(some, directories))
            further = self._require_as_saved(replaced, directories)
            archive.finish()
        return self._result(further)

    def foresee(self, replaced: Replaced) -> Saved:
        """Find out what would keep it from being done; see `foresee_saving`."""
        directories = replaced.directories()
        self._measure_all(replaced, directories)
        if not self._sizes.paths:
            return Saved()
        unread: list[bytes] = []
        is_asked = False
        for some in replaced.chunks(directories):
            found = self._standing(some, directories)
            files = [path for path, entry in found.items() if entry.kind is Standing.FILE]
            full = [path for path in files if found[path].size]
            if full and not is_asked:
                # One byte shows whether the container has what it needs for all of them.
                self._questions.contents([(full[0], 1)], lambda _data: None)
                is_asked = True
            unread += self._questions.unreadable(files)
        _require_readable(unread, deletes=self._request.delete)
        count, file = counted(self._sizes.paths, "path"), shown(os.fsencode(self._path))
        return Saved((f"{count} would be saved in {file} before anything is changed",))

    def _measure_all(self, replaced: Replaced, directories: Mapping[bytes, None]) -> None:
        """Find out how much there is.

        Raises:
            InTheWayError, PodCannotError, UsageError: see `save_replaced`.
        """
        self._progress.status(Status(Phase.SAVE))
        for some in replaced.chunks(directories):
            self._measure(some, self._standing(some, directories))
        if self._sizes.inodes and self._algorithm is None:
            tools = ", ".join(Algorithm)
            raise PodCannotError(
                "what is saved cannot be proved in the container; nothing was changed",
                reason=f"it has none of {tools}",
                fix="leave --save-replaced out, or name another container: -c CONTAINER",
            )
        if self._sizes.paths:
            self._sizes.close()
            require_local_room(self._path, self._sizes.total)

    def _require_as_saved(
        self, replaced: Replaced, directories: Mapping[bytes, None]
    ) -> dict[bytes, int]:
        """Return what stands for each of the further paths, when all is still as it was saved.

        Raises:
            VerificationError: something changed meanwhile.
        """
        further = dict.fromkeys(replaced.further, 0)
        numbers = iter(self._saved)
        changed: list[bytes] = []
        for some in replaced.chunks(directories):
            found = self._standing(some, directories)
            digests = contents_of(found, self._questions, self._algorithm)
            for one in some:
                entry, saved = found.get(one.path), next(numbers)
                if saved != (0 if entry is None else number_of(entry, digests.get(one.path))):
                    changed.append(one.path)
                if one.path in further:
                    further[one.path] = saved
        _require_none(changed)
        return further

    def _result(self, further: Mapping[bytes, int]) -> Saved:
        undo = undo_command(
            self._request, self._path, devices=self._has_fifos, looks_the_same=self._looks_the_same
        )
        saved = f"{counted(self._done, 'path')} saved in {shown(os.fsencode(self._path))}"
        self._progress.message(
            Level.INFO, f"{saved}, before anything is changed; to undo the restore: {undo}"
        )
        return Saved((f"{saved} before anything was changed",), (f"to undo it: {undo}",), further)

    def _standing(
        self, some: Sequence[Wanted], directories: Mapping[bytes, None]
    ) -> dict[bytes, Entry]:
        """Ask what stands at the paths; what leads to a directory is not what is changed.

        Raises:
            InTheWayError: it is of a kind that cannot be saved.
        """
        found = self._questions.survey(Phase.SAVE, [one.path for one in some])
        for path in [one.path for one in some if one.path in directories]:
            if path in found and found[path].kind is not Standing.DIRECTORY:
                del found[path]
        odd = [path for path, entry in found.items() if entry.kind not in _FLAGS]
        if odd:
            raise InTheWayError(
                f"{counted(len(odd), 'path')} cannot be saved; nothing was changed",
                reason=listed([f"{shown(path)}: {_UNFIT[found[path].kind]}" for path in odd]),
                fix=f"{leave_them_out(deletes=self._request.delete)}, or leave --save-replaced out",
            )
        return found

    def _measure(self, some: Sequence[Wanted], found: Mapping[bytes, Entry]) -> None:
        for one in some:
            entry = found.get(one.path)
            if entry is None:
                continue
            self._sizes.add(one.path, entry)
            self._has_fifos = self._has_fifos or entry.kind is Standing.FIFO
            self._looks_the_same = self._looks_the_same or looks_like(one.member, entry)

    def _save(
        self, archive: NewArchive, some: Sequence[Wanted], found: Mapping[bytes, Entry]
    ) -> None:
        """Write some members.

        Raises:
            VerificationError: they changed meanwhile.
            PodCannotError: they cannot be read.
        """
        paths = [one.path for one in some if one.path in found]
        texts = self._questions.texts([p for p in paths if found[p].kind is Standing.SYMLINK])
        writer = ContentsWriter(archive, self._algorithm, self._advance)
        claimed: dict[bytes, _First] = {}
        for path in paths:
            entry = found[path]
            first = self._first_of(path, entry)
            if first is not None and first.path != path:
                claimed[path] = first
                writer.expect(path, _header(path, entry, link=first.path, flag=_HARD_LINK))
            elif entry.kind is Standing.FILE:
                writer.expect(path, _header(path, entry, size=entry.size), entry.size)
            else:
                writer.expect(path, _header(path, entry, link=texts.get(path, b"")))
        self._questions.contents(
            [(path, size) for path, size in writer.awaited() if size], writer.take
        )
        writer.flush()
        for path, digest in writer.digests.items():
            if (first := self._firsts.get(found[path].number)) and first.path == path:
                first.digest = digest
        due = writer.digests | {
            path: first.digest for path, first in claimed.items() if first.digest
        }
        self._prove(found, paths, due, texts)
        for one in some:
            stood = found.get(one.path)
            sum_of_it = due.get(one.path) if stood is not None and stood.size else None
            self._saved.append(0 if stood is None else number_of(stood, sum_of_it))

    def _first_of(self, path: bytes, entry: Entry) -> _First | None:
        """Return the first path of a file that has several; None for any other."""
        if entry.kind is not Standing.FILE or entry.number not in self._sizes.repeated:
            return None
        first = self._firsts.setdefault(entry.number, _First(path, identity_of(entry)))
        return first if first.identity == identity_of(entry) else None

    def _advance(self, count: int) -> None:
        """Say how far it is: one member more, and so many bytes in all of them."""
        self._done += not count
        self._sizes.fetched += count
        self._progress.status(
            Status(
                Phase.SAVE,
                self._sizes.fetched,
                self._sizes.content,
                self._done,
                self._sizes.paths,
            )
        )

    def _prove(
        self,
        found: Mapping[bytes, Entry],
        paths: Sequence[bytes],
        digests: Mapping[bytes, bytes],
        texts: Mapping[bytes, bytes],
    ) -> None:
        """Hold what arrived against what the pod has now.

        Raises:
            VerificationError: it is something else.
            PodCannotError: it cannot be read.
        """
        theirs: dict[bytes, bytes] = {}
        if digests and self._algorithm is not None:
            theirs = self._questions.digests(list(digests), self._algorithm)
        now = self._questions.survey(Phase.SAVE, paths)
        changed = [path for path in paths if not is_as_it_was(found[path], now.get(path))]
        changed += [p for p in paths if found[p].kind is Standing.SYMLINK and p not in texts]
        unread = [path for path in digests if path not in theirs]
        if not changed:
            _require_readable(unread, deletes=self._request.delete)
        if not unread:
            changed += [path for path, digest in digests.items() if theirs[path] != digest]
        _require_none(list(dict.fromkeys(changed)))


def _require_readable(unread: Sequence[bytes], *, deletes: bool) -> None:
    if unread:
        raise PodCannotError(
            f"{counted(len(unread), 'file')} cannot be read, and so not saved; nothing was changed",
            reason=listed([shown(path) for path in unread]),
            fix=f"{leave_them_out(deletes=deletes)}, or leave --save-replaced out",
        )


def _require_none(changed: Sequence[bytes]) -> None:
    if changed:
        raise VerificationError(
            f"{counted(len(changed), 'path')} changed while it was saved; nothing was changed",
            reason=listed([shown(path) for path in changed]),
            fix="stop what writes there, then run the command again",
        )


@dataclass(slots=True)
class _First:
    """The first path of a file that has several, and the checksum of its content."""

    path: bytes
    identity: tuple[int, ...]
    digest: bytes = b""


def _header(
    path: bytes, entry: Entry, *, size: int = 0, link: bytes = b"", flag: bytes = b""
) -> bytes:
    return member_header(
        path + b"/" if entry.kind is Standing.DIRECTORY else path,
        flag or _FLAGS[entry.kind],
        size=size,
        mode=entry.mode,
        mtime=entry.mtime,
        uid=entry.uid,
        gid=entry.gid,
        link=link,
    )
