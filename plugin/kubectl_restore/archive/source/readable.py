"""What the reading of an archive needs of a backup, be it a file or a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


class Readable(Protocol):
    """Bytes by their offset. A pipe gives only what is not far behind the newest."""

    @property
    def path(self) -> Path:
        """How the user named it; `-` for standard input."""

    @property
    def size(self) -> int:
        """Bytes; of a pipe a number that is larger than any."""

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`; fewer only at the end.

        Raises:
            BackupError: it cannot be read.
        """
