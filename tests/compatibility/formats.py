"""The formats that a backup comes in."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, 6, mtime=0)


def _gzip_members(data: bytes) -> bytes:
    """Return several members, as pigz and bgzip make them; they end anywhere in the tar."""
    step = len(data) // 3 + 1
    return b"".join(_gzip(data[start : start + step]) for start in range(0, len(data), step))


def _zstd(data: bytes) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 - only where it is asked for
    else:
        from backports import zstd  # noqa: PLC0415 - only where it is asked for
    return zstd.compress(data)


def _lz4(data: bytes) -> bytes:
    import lz4.frame  # noqa: PLC0415 - only where it is asked for

    return bytes(lz4.frame.compress(data))


FORMATS: Final[dict[str, tuple[str, Callable[[bytes], bytes]]]] = {
    "plain": (".tar", bytes),
    "gzip": (".tar.gz", _gzip),
    "gzip-members": (".tar.gz", _gzip_members),
    "bzip2": (".tar.bz2", bz2.compress),
    "xz": (".tar.xz", lzma.compress),
    "zstd": (".tar.zst", _zstd),
    "lz4": (".tar.lz4", _lz4),
}
"""What a format's file is called at the end, and how it is made of a plain tar."""
