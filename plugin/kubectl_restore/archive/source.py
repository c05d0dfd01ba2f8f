"""The backup as a file: opened once, read by position, watched for changes."""

from __future__ import annotations

import errno
import io
import os
import shlex
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.looks import look_at_directory
from kubectl_restore.errors import BackupError
from kubectl_restore.names import shown, shown_text

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self


_HINTS: Final = {
    errno.ENOENT: "does not exist",
    errno.ENOTDIR: "does not exist",
    errno.EACCES: "may not be read by you",
    errno.EPERM: "may not be read by you",
    errno.ELOOP: "is a symbolic link that goes round in a circle",
    errno.ENXIO: "is a socket, or a device that is not there",
}


def pasteable(path: Path) -> str:
    """Return a path quoted for a shell, without anything that could move a terminal."""
    raw = os.fsencode(path)
    if shown(raw) == str(path) and path.name.isprintable():
        return shlex.quote(str(path))
    # bash, zsh, ksh and busybox know $'...'; every odd byte is an escape in it.
    escaped = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b"\\'" else f"\\x{byte:02x}"
        for byte in raw
    )
    return f"$'{escaped}'"


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A regular file that is open for reading.

    Attributes:
        path: as the user named it.
        file: open, unbuffered, close-on-exec.
        size: bytes, when it was opened.
        identity: device, inode, size and modification time in nanoseconds, when it was opened.
        changed_at: nanoseconds since 1970 when its content or its attributes last changed.
    """

    path: Path
    file: io.FileIO
    size: int
    identity: tuple[int, int, int, int]
    changed_at: int

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a backup.

        Raises:
            BackupError: it is missing, unreadable, empty or no regular file.
        """
        name = shown(os.fsencode(path))
        try:
            # O_NONBLOCK: opening a FIFO must not wait for a writer; it changes nothing for files.
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError as error:
            raise _cannot_open(path, error) from error
        status = os.fstat(descriptor)
        problem = _problem(path, descriptor, status)
        if problem:
            os.close(descriptor)
            what, fix = problem
            raise BackupError(
                f"the backup {name} is {what}",
                reason="a backup is a tar archive, plain or compressed, in one file",
                fix=fix.format(path=pasteable(path)),
            )
        file = io.FileIO(descriptor, "rb")
        return cls(path, file, status.st_size, _identity(status), status.st_ctime_ns)

    def close(self) -> None:
        """Close the file; twice does no harm."""
        self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`; fewer only at the end.

        Raises:
            BackupError: the file cannot be read.
        """
        pieces: list[bytes] = []
        while length > 0:
            try:
                piece = os.pread(self.file.fileno(), length, offset)
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
            return os.preadv(self.file.fileno(), [view], offset)
        except OSError as error:
            raise self.unreadable(error) from error

    def check_unchanged(self, *, is_sending: bool = False) -> None:
        """Return when the file is what it was when it was opened.

        Args:
            is_sending: some of it may be in the pod already.

        Raises:
            BackupError: it grew, shrank or was written to, or its name now means another file.
        """
        same = _identity(os.fstat(self.file.fileno())) == self.identity
        try:
            same = same and _identity(self.path.stat()) == self.identity
        except OSError:
            same = False
        if not same:
            raise self.changed(is_sending=is_sending)

    def changed(self, *, is_sending: bool) -> BackupError:
        """Return the error that says that the file is not what it was."""
        again = "run the same command again" + (" with --force" if is_sending else "")
        return BackupError(
            "the backup changed while it was read",
            reason=f"{shown(os.fsencode(self.path))} is not the file that it was at the start",
            fix=f"wait until the backup is complete, then {again}",
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


def _cannot_open(path: Path, error: OSError) -> BackupError:
    hint = _HINTS.get(error.errno or 0, "cannot be opened")
    if error.errno == errno.ENOENT and path.is_symlink():
        hint = "is a symbolic link to nothing"
    return BackupError(
        f"the backup {shown(os.fsencode(path))} {hint}",
        reason=shown_text(error.strerror or str(error)),
        fix=f"ls -ld -- {pasteable(path.parent)} {pasteable(path)}",
    )


def _problem(path: Path, descriptor: int, status: os.stat_result) -> tuple[str, str] | None:
    """Return what the file is and what to do about it, unless it is fit to be a backup.

    A regular file that is named as /dev/stdin or /dev/fd/N is one like any other.
    """
    if stat.S_ISDIR(status.st_mode):
        look = look_at_directory(path)
        if look is not None:
            return f"{look.words} (a directory)", look.fix
        return "a directory", "tar -czf backup.tar.gz -C {path} ."
    if stat.S_ISFIFO(status.st_mode):
        is_stream = path.is_relative_to("/dev") or path.is_relative_to("/proc")
        to_file = "... > backup.tar  # then name backup.tar instead of {path}"
        what = "a pipe, and a pipe can be read only once"
        return (what, to_file) if is_stream else ("a pipe (FIFO)", "cat {path} > backup.tar")
    if not stat.S_ISREG(status.st_mode):
        is_terminal = os.isatty(descriptor)
        return ("a terminal" if is_terminal else "a device"), "name a file"
    return None if status.st_size else ("empty (0 bytes)", "ls -l -- {path}")
