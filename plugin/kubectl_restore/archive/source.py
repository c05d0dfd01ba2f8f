"""The backup as a file: opened once, read by position, watched for changes."""

from __future__ import annotations

import os
import shlex
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_restore.errors import BackupError
from kubectl_restore.names import shown, shown_text

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A regular file that is open for reading.

    Attributes:
        path: as the user named it.
        descriptor: open, close-on-exec.
        size: bytes, when it was opened.
        identity: device, inode, size and modification time in nanoseconds, when it was opened.
    """

    path: Path
    descriptor: int
    size: int
    identity: tuple[int, int, int, int]

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a backup.

        Raises:
            BackupError: it is missing, unreadable, empty or no regular file.
        """
        name = shown(os.fsencode(path))
        try:
            # O_NONBLOCK: opening a FIFO must not wait for a writer; it changes nothing for files.
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise BackupError(
                f"the backup {name} cannot be opened",
                reason=shown_text(reason),
                fix=f"ls -l {shlex.quote(shown(os.fsencode(path.parent)))}",
            ) from error
        status = os.fstat(descriptor)
        problem = _problem(status)
        if problem:
            os.close(descriptor)
            raise BackupError(
                f"the backup {name} is {problem}",
                reason="a backup is a tar archive, plain or compressed with gzip, in one file",
                fix="name the archive itself",
            )
        return cls(path, descriptor, status.st_size, _identity(status))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self.descriptor)

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`; fewer only at the end.

        Raises:
            BackupError: the file cannot be read.
        """
        pieces: list[bytes] = []
        while length > 0:
            try:
                piece = os.pread(self.descriptor, length, offset)
            except OSError as error:
                raise self.unreadable(error) from error
            if not piece:
                break
            pieces.append(piece)
            offset += len(piece)
            length -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def read_into(self, view: memoryview, offset: int) -> int:
        """Fill `view` from `offset`; return how many bytes came (fewer only at the end).

        Raises:
            BackupError: the file cannot be read.
        """
        try:
            return os.preadv(self.descriptor, [view], offset)
        except OSError as error:
            raise self.unreadable(error) from error

    def check_unchanged(self) -> None:
        """Return when the file is what it was when it was opened.

        Raises:
            BackupError: it grew, shrank or was written to, or its name now means another file.
        """
        same = _identity(os.fstat(self.descriptor)) == self.identity
        try:
            same = same and _identity(self.path.stat()) == self.identity
        except OSError:
            same = False
        if not same:
            raise self.changed()

    def changed(self) -> BackupError:
        """Return the error that says that the file is not what it was."""
        return BackupError(
            "the backup changed while it was read",
            reason=f"{shown(os.fsencode(self.path))} is not the file that it was at the start",
            fix="wait until the backup is complete, then run the command again with --force",
        )

    def unreadable(self, error: OSError) -> BackupError:
        """Return the error that says that reading failed."""
        return BackupError(
            f"the backup {shown(os.fsencode(self.path))} cannot be read",
            reason=shown_text(error.strerror or str(error)),
            fix="copy the backup to a healthy disk",
        )


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _problem(status: os.stat_result) -> str:
    if stat.S_ISDIR(status.st_mode):
        return "a directory"
    if stat.S_ISFIFO(status.st_mode):
        return "a pipe"
    if stat.S_ISSOCK(status.st_mode):
        return "a socket"
    if not stat.S_ISREG(status.st_mode):
        return "a device"
    return "" if status.st_size else "empty"
