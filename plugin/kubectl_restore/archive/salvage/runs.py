"""The stream that a walker reads of a damaged archive: it ends where a run ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from kubectl_restore.archive.tar.header import BLOCK, is_header

if TYPE_CHECKING:
    from collections.abc import Sequence

_PIECE: Final = 64 * 1024
_MAGIC: Final = b"ustar"
_MAGIC_AT: Final = 257


class Source(Protocol):
    """Data with gaps."""

    @property
    def consumed(self) -> int:
        """Bytes of the file taken so far."""

    @property
    def breaks(self) -> Sequence[int]:
        """Positions at which data is missing, rising, as far as was read."""

    def next_piece(self, longest: int) -> memoryview:
        """Return some of the next bytes; empty only at the end."""


class RunReader:
    """Reads run by run: behind a gap only when it is told to.

    Attributes:
        position: bytes read so far, of all runs together.
        is_over: there is nothing more.
    """

    is_plain = False
    garbage: int | None = None

    def __init__(self, source: Source) -> None:
        """Start at the beginning of the first run."""
        self.position = 0
        self._source = source
        self._held = bytearray()
        self._passed = 0

    @property
    def consumed(self) -> int:
        """Bytes of the file taken so far."""
        return self._source.consumed

    def read(self, length: int) -> bytes:
        """Return the next bytes; fewer only at the end of the run."""
        self._fill(length)
        data = bytes(self._held[: min(length, self._left())])
        self._drop(len(data))
        return data

    def skip(self, length: int) -> int:
        """Pass over bytes of the run and return how many there were."""
        passed = 0
        while passed < length and (data := self.read(min(_PIECE, length - passed))):
            passed += len(data)
        return passed

    def peek(self, length: int) -> bytes:
        """Return the next bytes without taking them; fewer only at the end of the run."""
        self._fill(length)
        return bytes(self._held[: min(length, self._left())])

    @property
    def is_at_break(self) -> bool:
        """Tell whether the run ends here."""
        self._fill(1)
        return not self._left()

    def go_on(self) -> bool:
        """Go behind the gap at which a run has ended; tell whether anything is there."""
        self._fill(1)
        breaks = self._source.breaks
        while self._passed < len(breaks) and breaks[self._passed] <= self.position:
            self._passed += 1
        return bool(self._held)

    def seek_header(self, *, is_aligned: bool) -> bool:
        """Go to the next header of the run; tell whether there is one.

        Args:
            is_aligned: it stands some whole blocks from here on; else anywhere, and has magic.
        """
        while len(block := self.peek(_PIECE if not is_aligned else BLOCK)) >= BLOCK:
            if is_aligned:
                if is_header(block):
                    return True
                self._drop(BLOCK)
                continue
            found = _header_in(block)
            if found is not None:
                self._drop(found)
                return True
            self._drop(max(1, len(block) - BLOCK + 1))
        return False

    def pass_run(self) -> None:
        """Pass over what is left of the run."""
        while self.read(_PIECE):
            pass

    def _left(self) -> int:
        """Return how many of the bytes that are held belong to the run."""
        breaks = self._source.breaks
        if self._passed < len(breaks):
            return min(len(self._held), breaks[self._passed] - self.position)
        return len(self._held)

    def _fill(self, length: int) -> None:
        while len(self._held) < length and self._left() == len(self._held):
            piece = self._source.next_piece(max(_PIECE, length))
            if not piece:
                return
            self._held += piece

    def _drop(self, length: int) -> None:
        del self._held[:length]
        self.position += length


def _header_in(data: bytes) -> int | None:
    found = data.find(_MAGIC, _MAGIC_AT)
    while found >= 0:
        start = found - _MAGIC_AT
        if is_header(data[start : start + BLOCK]):
            return start
        found = data.find(_MAGIC, found + 1)
    return None
