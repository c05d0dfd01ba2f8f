"""The archive inside damaged compressed data: what can be decompressed, run by run.

A run is data that follows without a gap. Each compression has units that can be decompressed by
themselves (gzip's members, bzip2's and xz's blocks, frames of zstd and lz4): behind damage the next
of them is looked for. The same bytes give the same stream every time, so that it can be read twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.salvage.bzip2 import bzip2_pieces
from kubectl_restore.archive.salvage.pieces import Check, Piece
from kubectl_restore.archive.salvage.units import unit_pieces
from kubectl_restore.archive.salvage.xz import xz_pieces
from kubectl_restore.archive.source.magic import Compression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kubectl_restore.archive.source.readable import Readable

_LONGEST: Final = 256 * 1024


class SalvagedStream:
    """What is left of a compressed archive, one run behind the other.

    Attributes:
        position: bytes read or passed over so far, of all runs together.
        breaks: where data is missing: positions, rising.
        doubtful: what may be other data than the backup had: starts and ends.
        losses: a sentence for each unit that is damaged or cut.
    """

    is_plain = False
    garbage: int | None = None

    def __init__(
        self, backup: Readable, compression: Compression, on_step: Callable[[], None]
    ) -> None:
        """Start at the beginning; `on_step` is called after each step."""
        self.position = 0
        self.consumed = 0
        self.breaks: list[int] = []
        self.doubtful: list[tuple[int, int]] = []
        self.losses: list[str] = []
        self._name = compression.value
        self._on_step = on_step
        self._pieces = _pieces(backup, compression)
        self._ready = memoryview(b"")
        self._made = 0
        self._unit_at = 0
        self._stops_at: int | None = None

    def next_piece(self, longest: int) -> memoryview:
        """Return some of the next bytes, at most `longest`; empty only at the end of all runs."""
        while not self._ready:
            piece = next(self._pieces, None)
            if piece is None:
                return memoryview(b"")
            self._on_step()
            self._take(piece)
        taken = self._ready[: min(longest, _LONGEST)]
        self._ready = self._ready[len(taken) :]
        self.position += len(taken)
        return taken

    def _take(self, piece: Piece) -> None:
        self.consumed = piece.consumed
        self._ready = memoryview(piece.data)
        self._made += len(piece.data)
        if piece.check is Check.OPEN:
            return
        is_doubtful = piece.check in {Check.FAILED, Check.UNPROVED}
        if is_doubtful and self._made > self._unit_at:
            self.doubtful.append((self._unit_at, self._made))
        is_gap = piece.check in {Check.CUT, Check.FAILED}
        if is_gap:
            self.losses.append(
                f"the {self._name} data is {piece.check.value} at byte {piece.consumed} of the file"
            )
        if is_gap and (not self.breaks or self.breaks[-1] != self._made):
            self.breaks.append(self._made)
        self._unit_at = self._made

    def skip(self, length: int) -> int:
        """Pass over bytes of all runs and return how many there were."""
        passed = 0
        while passed < length and (piece := self.next_piece(length - passed)):
            passed += len(piece)
        return passed


def _pieces(backup: Readable, compression: Compression) -> Iterator[Piece]:
    if compression is Compression.BZIP2:
        return bzip2_pieces(backup)
    if compression is Compression.XZ:
        return xz_pieces(backup)
    return unit_pieces(backup, compression)
