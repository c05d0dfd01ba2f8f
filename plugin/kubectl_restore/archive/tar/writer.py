"""A tar of our own on this machine: whole and on the disk at its place, or not there at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.tar.header import BLOCK
from kubectl_restore.errors import UsageError
from kubectl_restore.text import pasteable, shown, shown_text

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_TEMPORARY: Final = ".kubectl-restore-"
END: Final = 2 * BLOCK
"""Bytes of an archive's end mark."""


def require_place(path: Path) -> None:
    """Return when there is no such file, and it can be made.

    Raises:
        UsageError: it is there, or nothing can be made in its directory.
    """
    if os.path.lexists(path):
        raise _exists(path)
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=_TEMPORARY):
            pass
    except OSError as error:
        raise _not_written(path, error) from error


def require_local_room(path: Path, needed: int) -> None:
    """Return when `needed` bytes have room beside a file.

    Raises:
        UsageError: they have not.
    """
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError as error:
        raise _not_written(path, error) from error
    if needed > free:
        raise UsageError(
            f"there is no room for {shown(os.fsencode(path))}; nothing was changed",
            reason=f"{-(-needed // 1024):,} KiB are needed, {free // 1024:,} KiB are free there",
            fix="name a file on another disk",
        )


class NewArchive:
    """A tar that is being written; what was written of it is gone unless `finish` was called."""

    def __init__(self, path: Path) -> None:
        """Begin it beside its place, readable for its owner alone (mode 0600).

        Raises:
            UsageError: it cannot be made.
        """
        self._path = path
        try:
            descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=_TEMPORARY)
        except OSError as error:
            raise _not_written(path, error) from error
        self._temporary: Path | None = Path(name)
        self._file = open(descriptor, "wb", buffering=1 << 18)  # noqa: SIM115, PTH123 - see __exit__
        self.length = 0
        """Bytes so far."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._file.close()
        if self._temporary is not None:
            with suppress(OSError):
                self._temporary.unlink()

    def write(self, data: bytes | memoryview) -> None:
        """Write some of it.

        Raises:
            UsageError: it cannot be written: the disk is full.
        """
        try:
            self._file.write(data)
        except OSError as error:
            raise _not_written(self._path, error) from error
        self.length += len(data)

    def pad(self) -> None:
        """Fill the last block of a member's content.

        Raises:
            UsageError: as for `write`.
        """
        self.write(bytes(-self.length % BLOCK))

    def finish(self) -> None:
        """Write the end mark and put it at its place, on the disk; nothing there is overwritten.

        Raises:
            UsageError: it cannot be written, or something is there by now.
        """
        self.write(bytes(END))
        temporary = self._temporary
        if temporary is None:
            raise RuntimeError("it is finished already")
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            _move(temporary, self._path)
            self._temporary = None
            _sync_directory(self._path.parent)
        except FileExistsError as error:
            raise _exists(self._path) from error
        except OSError as error:
            raise _not_written(self._path, error) from error


def _move(source: Path, path: Path) -> None:
    """Rename a file, unless something is there: renaming alone would replace it."""
    try:
        path.hardlink_to(source)
    except FileExistsError:
        raise
    except OSError:
        # This file system has no hard links.
        if os.path.lexists(path):
            raise FileExistsError from None
        source.replace(path)
    else:
        source.unlink()


def _sync_directory(place: Path) -> None:
    """Make a renaming last; some file systems know no such thing."""
    with suppress(OSError):
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _exists(path: Path) -> UsageError:
    return UsageError(
        f"{shown(os.fsencode(path))} exists already; nothing was changed",
        reason="what a restore replaces is saved in a new file, so that no earlier one is lost",
        fix="name another file; to go on with a restore that was broken off after it had saved "
        "there, leave --save-replaced out: the file has what stood there before",
    )


def _not_written(path: Path, error: OSError) -> UsageError:
    return UsageError(
        f"{shown(os.fsencode(path))} cannot be written; nothing was changed",
        reason=shown_text(error.strerror or str(error)),
        fix=f"name another file; ls -ld -- {pasteable(path.parent)}",
    )
