"""bzip2's blocks in a damaged file: each is decompressed by itself, with its own checksum.

A block begins with 48 bits (pi) at any bit; a stream ends with 48 others (the square root of pi)
and a checksum of all (bzip2's source, "decompress.c"; `bzip2recover` does the same).
"""

from __future__ import annotations

import bz2
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.salvage.pieces import Check, Piece

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_restore.archive.source.readable import Readable

_BLOCK: Final = 0x314159265359
_END: Final = 0x177245385090
_MAGIC_BITS: Final = 48
_SUM_BITS: Final = 32
_EMPTY: Final = 2 * _MAGIC_BITS + 2 * _SUM_BITS
"""Bits at most between the end of a stream and the first mark of the next one."""
_PIECE: Final = 1 << 20
_OVERLAP: Final = 8
_LARGEST: Final = 8 * (1 << 20)
"""Bits of a compressed block, at most: 900,000 bytes and a little more."""


def bzip2_pieces(backup: Readable) -> Iterator[Piece]:
    """Return what can be decompressed, block by block; what is not proved is left out."""
    begun: int | None = None
    ended = 0
    for at, is_block in _marks(backup):
        if begun is not None:
            yield _decompressed(backup, begun, at)
        elif at - ended > _EMPTY:
            # The mark of a block that stands there is damaged.
            yield Piece(b"", Check.FAILED, at // 8)
        ended = at
        begun = at if is_block else None
    if begun is not None:
        yield Piece(b"", Check.CUT, backup.size)


def _marks(backup: Readable) -> Iterator[tuple[int, bool]]:
    """Return at which bits blocks and ends begin, rising; and whether it is a block."""
    at = 0
    while at < backup.size:
        data = backup.read(at, _PIECE + _OVERLAP)
        found = {}
        for magic in (_BLOCK, _END):
            for shift in range(8):
                for bit in _found(data, magic, shift):
                    if bit < 8 * _PIECE:
                        found[8 * at + bit] = magic == _BLOCK
        yield from sorted(found.items())
        at += _PIECE


def _found(data: bytes, magic: int, shift: int) -> Iterator[int]:
    """Return at which bits of some bytes the magic stands, `shift` bits into a byte."""
    inner = (magic >> shift & ((1 << 40) - 1)).to_bytes(5, "big")
    place = data.find(inner, 1)
    while place >= 0:
        first = data[place - 1] & (0xFF >> shift)
        last = data[place + 5 : place + 6]
        if first == magic >> (40 + shift) and (
            not shift or (last and last[0] >> (8 - shift) == magic & ((1 << shift) - 1))
        ):
            yield 8 * (place - 1) + shift
        place = data.find(inner, place + 1)


def _decompressed(backup: Readable, start: int, end: int) -> Piece:
    consumed = end // 8
    length = end - start
    if not _MAGIC_BITS + _SUM_BITS < length <= _LARGEST:
        return Piece(b"", Check.FAILED, consumed)
    data = backup.read(start // 8, (end + 7) // 8 - start // 8)
    value = int.from_bytes(data, "big") >> (-end % 8)
    value &= (1 << length) - 1
    checksum = value >> (length - _MAGIC_BITS - _SUM_BITS) & 0xFFFF_FFFF
    value = (value << _MAGIC_BITS | _END) << _SUM_BITS | checksum
    length += _MAGIC_BITS + _SUM_BITS
    value <<= -length % 8
    stream = b"BZh9" + value.to_bytes((length + 7) // 8, "big")
    try:
        return Piece(bz2.decompress(stream), Check.HELD, consumed)
    except (OSError, ValueError, EOFError):
        return Piece(b"", Check.FAILED, consumed)
