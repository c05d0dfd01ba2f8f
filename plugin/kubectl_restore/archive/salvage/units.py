"""Members of gzip and frames of zstd and lz4 in a damaged file, one after the other."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.compression.decompressors import (
    FORMATS,
    SKIPPABLE,
    skippable,
)
from kubectl_restore.archive.compression.garbage import begins_member, next_member
from kubectl_restore.archive.salvage.pieces import Check, Piece
from kubectl_restore.archive.salvage.unit import Unit
from kubectl_restore.archive.source.magic import Compression

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from kubectl_restore.archive.source.readable import Readable

_LONGEST: Final = 256 * 1024
_LARGEST_SHARE: Final = 4096
_SMALLEST_SHARE: Final = 16
_SHARES: Final = 4096
"""Of a file: with its last share a decompressor may keep what it has made of it before damage."""
_GZIP: Final = 16 + zlib.MAX_WBITS
_CRC: Final = "incorrect data check"
"""zlib's words for a gzip member whose CRC is another."""
_SIZE: Final = 4
_CHECKSUMS: Final = ("incorrect length check", "doesn't match checksum", "contentChecksum")
"""Words of zlib, zstd and lz4 for a unit that is decompressed to its end, and then is not it."""


class _Gzip:
    """zlib's own: it gives all that it has made before the data ends or is damaged."""

    def __init__(self) -> None:
        self._own = zlib.decompressobj(_GZIP)
        self._is_full = False

    @property
    def eof(self) -> bool:
        return self._own.eof

    @property
    def needs_input(self) -> bool:
        return not (self._is_full or self._own.unconsumed_tail)

    @property
    def unused_data(self) -> bytes:
        return self._own.unused_data

    def decompress(self, data: memoryview | bytes, max_length: int, /) -> bytes:
        made = self._own.decompress(self._own.unconsumed_tail + bytes(data), max_length)
        self._is_full = len(made) == max_length
        return made


def unit_pieces(backup: Readable, compression: Compression) -> Iterator[Piece]:
    """Return what can be decompressed, unit by unit."""
    share = max(_SMALLEST_SHARE, min(_LARGEST_SHARE, backup.size // _SHARES))
    at = 0
    while at < backup.size:
        head = backup.read(at, SKIPPABLE)
        if FORMATS[compression].skips and (length := skippable(head)) is not None:
            at += length
            continue
        if not begins_member(backup, at, compression):
            found = next_member(backup, at + 1, compression, limit=backup.size)
            yield Piece(b"", Check.FAILED, at)
            at = backup.size if found is None else found
            continue
        end = yield from _unit(backup, at, compression, share)
        if end is None:
            found = next_member(backup, at + 1, compression, limit=backup.size)
            end = backup.size if found is None else found
        at = end
        while at < backup.size and not any(zeros := backup.read(at, _LARGEST_SHARE)):
            at += len(zeros)
        at += len(zeros := backup.read(at, _LARGEST_SHARE)) - len(zeros.lstrip(b"\x00"))


def _unit(
    backup: Readable, start: int, compression: Compression, share: int
) -> Generator[Piece, None, int | None]:
    """Return what a unit holds, and where it ends; None where it is damaged or cut."""
    is_gzip = compression is Compression.GZIP
    unit = Unit(
        _Gzip if is_gzip else FORMATS[compression].new,
        lambda at, length: backup.read(start + at, length),
        share,
        grain=1 if is_gzip else _LONGEST,
    )
    for made in unit.pieces():
        yield Piece(made, Check.OPEN, start + unit.taken)
    end = start + unit.taken
    if unit.check is Check.HELD:
        yield Piece(b"", Check.HELD, end)
        return end - unit.unused
    whole = _end_of_unproved(backup, unit, end) if unit.check is Check.FAILED else None
    if whole is None:
        yield Piece(b"", unit.check, end)
        return None
    yield Piece(b"", Check.UNPROVED, whole)
    return whole


def _end_of_unproved(backup: Readable, unit: Unit, at: int) -> int | None:
    """Return where a unit ends that is whole but for its checksum; None where more is wrong.

    Args:
        backup: the file.
        unit: what has failed.
        at: behind the byte at which it has.
    """
    if _CRC in unit.words:
        # RFC 1952, 2.3.1: behind the CRC stands how much there is, modulo 2^32.
        size = backup.read(at, _SIZE)
        is_whole = len(size) == _SIZE and int.from_bytes(size, "little") == unit.made % 2**32
        return at + _SIZE if is_whole else None
    return at if any(words in unit.words for words in _CHECKSUMS) else None
