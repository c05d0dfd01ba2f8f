"""One regular file of a backup: opened, read by position, watched for changes."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.source.change import changed_error
from kubectl_restore.archive.source.repositories import identify_directory
from kubectl_restore.errors import BackupError
from kubectl_restore.text import pasteable, shown, shown_text

if TYPE_CHECKING:
    from pathlib import Path

_HINTS: Final = {
    errno.ENOENT: "does not exist",
    errno.ENOTDIR: "does not exist",
    errno.EACCES: "may not be read by you",
    errno.EPERM: "may not be read by you",
    errno.ELOOP: "is a symbolic link that goes round in a circle",
    errno.ENXIO: "is a socket, or a device that is not there",
}


class Descriptor:
    """An open file; closed when nobody uses it any more (two threads may read at once)."""

    __slots__ = ("number",)

    def __init__(self, path: Path) -> None:
        """Open for reading.

        Raises:
            OSError: that is not possible.
        """
        # O_NONBLOCK: opening a FIFO must not wait for a writer; it changes nothing for files.
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
        self.number = -1
        self.number = os.open(path, flags)

    def __del__(self) -> None:
        if self.number >= 0:
            os.close(self.number)


class RegularFile:
    """A regular file that is read by position.

    Attributes:
        path: its name.
        size: bytes, when it was first opened.
        identity: device, inode, size and modification time in nanoseconds, at that time.
        changed_at: nanoseconds since 1970 when its content or its attributes had last changed.
        mode: permission bits.
    """

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            BackupError: it is missing, unreadable, empty or no regular file.
        """
        try:
            descriptor = Descriptor(path)
        except OSError as error:
            raise _cannot_open(path, error) from error
        status = os.fstat(descriptor.number)
        problem = _problem(path, descriptor.number, status)
        if problem:
            what, fix = problem
            raise BackupError(
                f"the backup {shown(os.fsencode(path))} is {what}",
                reason="a backup is a tar archive, plain or compressed, in one file or in parts",
                fix=fix.format(path=pasteable(path), beside=pasteable(_archive_beside(path))),
            )
        self.path = path
        self.size = status.st_size
        self.identity = _identity(status)
        self.changed_at = status.st_ctime_ns
        self.mode = stat.S_IMODE(status.st_mode)
        self._descriptor: Descriptor | None = descriptor

    @property
    def is_open(self) -> bool:
        """Tell whether its descriptor is held."""
        return self._descriptor is not None

    def close(self) -> None:
        """Let the descriptor go; it is opened again when it is needed."""
        self._descriptor = None

    def read_into(self, view: memoryview, offset: int) -> int:
        """Read into `view` from `offset`; return how many bytes came, 0 only at the end.

        Raises:
            BackupError: it cannot be read, or its name now means another file.
        """
        descriptor = self._opened()
        try:
            return os.preadv(descriptor.number, [view], offset)
        except OSError as error:
            raise self._unreadable(error) from error

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes from `offset`, up to `length`; none only at the end.

        Raises:
            BackupError: as for `read_into`.
        """
        descriptor = self._opened()
        try:
            return os.pread(descriptor.number, length, offset)
        except OSError as error:
            raise self._unreadable(error) from error

    def is_as_it_was(self) -> bool:
        """Tell whether nobody wrote to it.

        Size and time of what is open decide. The inode does not: rclone, sshfs and mergerfs give
        the same file another one after a while, and what is moved over the name is never read.
        """
        descriptor = self._descriptor
        try:
            status = self.path.stat() if descriptor is None else os.fstat(descriptor.number)
        except OSError:
            return False
        return _written(status) == _written_of(self.identity)

    def changed(self, *, is_sending: bool) -> BackupError:
        """Return the error that says that the file is not what it was.

        Args:
            is_sending: some of it may be in the pod already.
        """
        return changed_error(self.path, is_sending=is_sending)

    def _opened(self) -> Descriptor:
        descriptor = self._descriptor
        if descriptor is None:
            try:
                descriptor = Descriptor(self.path)
            except OSError as error:
                raise self._unreadable(error) from error
            if _written(os.fstat(descriptor.number)) != _written_of(self.identity):
                raise self.changed(is_sending=False)
            self._descriptor = descriptor
        return descriptor

    def _unreadable(self, error: OSError) -> BackupError:
        return BackupError(
            f"the backup {shown(os.fsencode(self.path))} cannot be read",
            reason=shown_text(error.strerror or str(error)),
            fix="copy the backup to a healthy disk",
        )


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _written(status: os.stat_result) -> tuple[int, int]:
    """Return what changes when a file is written to."""
    return _written_of(_identity(status))


def _written_of(identity: tuple[int, int, int, int]) -> tuple[int, int]:
    _, _, size, time = identity
    return size, time


def _cannot_open(path: Path, error: OSError) -> BackupError:
    hint = _HINTS.get(error.errno or 0, "cannot be opened")
    if error.errno == errno.ENOENT and path.is_symlink():
        hint = "is a symbolic link to nothing"
    return BackupError(
        f"the backup {shown(os.fsencode(path))} {hint}",
        reason=shown_text(error.strerror or str(error)),
        fix=f"ls -ld -- {pasteable(path.parent)} {pasteable(path)}",
    )


def _archive_beside(directory: Path) -> Path:
    """Return where an archive of a directory goes: in it, it would be a part of itself."""
    whole = directory.resolve()
    return whole.parent / f"{whole.name}.tar.gz"


def _problem(path: Path, descriptor: int, status: os.stat_result) -> tuple[str, str] | None:
    """Return what the file is and what to do about it, unless it is fit to be a backup.

    A regular file that is named as /dev/stdin or /dev/fd/N is one like any other.
    """
    if stat.S_ISDIR(status.st_mode):
        look = identify_directory(path)
        if look is not None:
            return f"{look.words} (a directory)", look.fix
        return "a directory", "tar -czf {beside} -C {path} ."
    if stat.S_ISFIFO(status.st_mode):
        is_stream = path.is_relative_to("/dev") or path.is_relative_to("/proc")
        to_file = "... > backup.tar  # then name backup.tar instead of {path}"
        what = "a pipe, and a pipe can be read only once"
        return (what, to_file) if is_stream else ("a pipe (FIFO)", "cat {path} > backup.tar")
    if not stat.S_ISREG(status.st_mode):
        is_terminal = os.isatty(descriptor)
        return ("a terminal" if is_terminal else "a device"), "name a file"
    return None if status.st_size else ("empty (0 bytes)", "ls -l -- {path}")
