"""What follows compressed data and is none: garbage that gzip and bzip2 ignore, or what is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.compression.decompressors import (
    FORMATS,
    DecompressionError,
    decompress,
)
from kubectl_restore.archive.source.magic import MAGIC, Compression
from kubectl_restore.archive.tar.header import BLOCK, is_header

if TYPE_CHECKING:
    from kubectl_restore.archive.source.readable import Readable

_PIECE: Final = 256 * 1024
_TRIED: Final = 4 * 1024
"""Bytes of a member that are decompressed to see whether it is one."""
_MOST: Final = 1024 * 1024
"""Bytes of what is ignored: what is larger is something that somebody misses."""
_FULL_MAGIC: Final = MAGIC | {Compression.GZIP: b"\x1f\x8b\x08"}
_OVERLAP: Final = 8


def loss_in(backup: Readable, at: int, compression: Compression) -> str:
    """Return why what follows compressed data may not be ignored; empty where it may.

    Args:
        backup: the file.
        at: where it begins.
        compression: of what stands before it.
    """
    head = backup.read(at, BLOCK)
    if _is_nearly(head, _FULL_MAGIC[compression]):
        return "it begins as a further member does, but for one byte at most"
    for other, magic in _FULL_MAGIC.items():
        if head.startswith(magic):
            return f"it is compressed by {other.value}"
    if is_header(head):
        return "it is a tar archive"
    further = next_member(backup, at, compression, limit=at + _MOST)
    if further is not None:
        return f"a further member begins at byte {further}"
    if backup.read(at + _MOST, 1):
        return f"it has more than {_MOST >> 20} MiB"
    return ""


def _is_nearly(head: bytes, magic: bytes) -> bool:
    """Tell whether one byte at most keeps a head, be it cut, from being that of a member."""
    pairs = list(zip(head, magic, strict=False))
    return len(pairs) > 1 and sum(one != other for one, other in pairs) <= 1


def next_member(backup: Readable, at: int, compression: Compression, *, limit: int) -> int | None:
    """Return where the next member or frame begins that can be decompressed, from a byte on.

    Args:
        backup: the file.
        at: where to begin.
        compression: how it is compressed.
        limit: where to stop looking.
    """
    magic = _FULL_MAGIC[compression]
    while at < limit:
        data = backup.read(at, _PIECE + _OVERLAP)
        found = data.find(magic)
        while found >= 0:
            if begins_member(backup, at + found, compression):
                return at + found
            found = data.find(magic, found + 1)
        if len(data) <= _OVERLAP:
            return None
        at += max(1, len(data) - _OVERLAP)
    return None


def begins_member(backup: Readable, at: int, compression: Compression) -> bool:
    """Tell whether some bytes decompress as the beginning of a member."""
    data = backup.read(at, _TRIED)
    if FORMATS[compression].flaw(data[:_OVERLAP]):
        return False
    decompressor = FORMATS[compression].new()
    try:
        return bool(decompress(decompressor, data, _TRIED)) or decompressor.needs_input
    except DecompressionError:
        return False
