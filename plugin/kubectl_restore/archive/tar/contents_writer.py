"""Members whose contents come from elsewhere, piece by piece, into an archive of our own."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from kubectl_restore.archive.checksums import digester

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_restore.archive.checksums import Algorithm, Digester
    from kubectl_restore.archive.tar.writer import NewArchive


class ContentsWriter:
    """Writes members in their order, as their contents come."""

    def __init__(
        self, archive: NewArchive, algorithm: Algorithm | None, advance: Callable[[int], None]
    ) -> None:
        """Wait for nothing yet.

        Args:
            archive: where they are written.
            algorithm: of the checksums; None for none.
            advance: is told how many bytes were written of a content, and 0 after each member.
        """
        self._archive = archive
        self._algorithm = algorithm
        self._advance = advance
        self._waiting: deque[tuple[bytes, bytes, int]] = deque()
        self._path = b""
        self._left = 0
        self._digester: Digester | None = None
        self.digests: dict[bytes, bytes] = {}
        """The checksums of what came, by path."""

    def expect(self, path: bytes, header: bytes, size: int = 0) -> None:
        """Take a member whose content will come."""
        self._waiting.append((path, header, size))

    def awaited(self) -> list[tuple[bytes, int]]:
        """Return the paths that are waited for, each with its size."""
        return [(path, size) for path, _, size in self._waiting]

    def take(self, data: bytes) -> None:
        """Take the next bytes of the contents."""
        view = memoryview(data)
        while view:
            if not self._left:
                self._begin()
            piece = view[: self._left]
            view = view[len(piece) :]
            self._left -= len(piece)
            self._archive.write(piece)
            if self._digester is not None:
                self._digester.update(piece)
            self._advance(len(piece))
            if not self._left:
                self._end()

    def flush(self) -> None:
        """Write the members without content that come next."""
        while self._waiting and not self._waiting[0][2]:
            self._archive.write(self._waiting.popleft()[1])
            self._advance(0)

    def _begin(self) -> None:
        self.flush()
        self._path, header, self._left = self._waiting.popleft()
        self._archive.write(header)
        self._digester = None if self._algorithm is None else digester(self._algorithm)

    def _end(self) -> None:
        self._archive.pad()
        if self._digester is not None:
            self.digests[self._path] = self._digester.digest()
        self._advance(0)
