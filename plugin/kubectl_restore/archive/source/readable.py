"""What the reading of an archive needs of a backup, be it files, an object or a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

    from kubectl_restore.archive.source.location import BackupName
    from kubectl_restore.errors import BackupError


class Readable(Protocol):
    """Bytes by their offset. A pipe gives only what is not far behind the newest."""

    @property
    def path(self) -> BackupName:
        """How the user named it; `-` for standard input."""

    @property
    def size(self) -> int:
        """Bytes; of a pipe a number that is larger than any."""

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`; fewer only at the end.

        Raises:
            BackupError: it cannot be read.
        """


class Reader(Readable, Protocol):
    """One reading of a backup."""

    def read_into(self, view: memoryview, offset: int) -> int:
        """Read into `view` from `offset`; return how many bytes came, 0 only at the end.

        Raises:
            BackupError: it cannot be read.
        """

    def is_ready(self, offset: int, length: int) -> bool:
        """Tell whether bytes can be read without waiting; if not, have waited for a moment."""

    def let_go(self) -> None:
        """Need nothing of it any more; the backup stays open."""


class Backup(Readable, Protocol):
    """A backup that can be read again, any part of it: files, or an object in a store."""

    @property
    def whole(self) -> BackupName:
        """What it was called before it was split; else as it was named."""

    @property
    def part_count(self) -> int:
        """How many files it consists of."""

    @property
    def is_split(self) -> bool:
        """Whether there is more than one."""

    @property
    def written_at(self) -> int:
        """Seconds since 1970 when it was last written to."""

    @property
    def identity(self) -> tuple[object, ...] | None:
        """What this content is known by; None where nothing is certain."""

    @property
    def has_samples(self) -> bool:
        """Whether reading here and there costs nothing, so that the identity need not be all."""

    def reader(self, wanted: Iterable[tuple[int, int] | None] | None = None) -> Reader:
        """Return what reads it beside others.

        Args:
            wanted: offset and length of all that will be read, in rising order, where that is
                known; None among them where it is not worth looking further.
        """

    def check_unchanged(self, *, is_sending: bool = False) -> None:
        """Return when it is what it was when it was opened.

        Args:
            is_sending: some of it may be in the pod already.

        Raises:
            BackupError: it is not.
        """

    def changed(self, *, is_sending: bool) -> BackupError:
        """Return the error that says that it is not what it was."""

    def note_parts(self, error: BackupError) -> None:
        """Say with an error where the backup ends for us, when further parts could have a name."""

    def close(self) -> None:
        """Close it; twice does no harm."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
