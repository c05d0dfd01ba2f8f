"""What restores cost in each packing, through the largest windows that are read."""

from __future__ import annotations

import bz2
import lzma
import os
import sys
import tarfile
from typing import TYPE_CHECKING, Final

import lz4.frame
from isal import igzip

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PIECE: Final = 64 << 20
_NOISE: Final = 4 << 20


def _long_window(data: bytes) -> bytes:
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    # In pieces: the length is not known to the frame, so it asks for the whole window.
    return packer.compress(data) + packer.flush()


def _large_dictionary(data: bytes) -> bytes:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 128 << 20}]
    return lzma.compress(data, filters=filters)


FORMATS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "plain": bytes,
    "gzip": lambda data: igzip.compress(data, 1),
    "bzip2": bz2.compress,
    "xz": lambda data: lzma.compress(data, preset=0),
    "xz, dictionary of 128 MiB": _large_dictionary,
    "zstd": zstd.compress,
    "zstd --long=27": _long_window,
    "lz4": lz4.frame.compress,
}


def make_packed(path: Path, size: int, pack: Callable[[bytes], bytes]) -> None:
    """Write a packed tar of one file; one part in sixteen of it does not compress."""
    header = tarfile.TarInfo("blob")
    header.size = size
    piece = pack(os.urandom(_NOISE) + bytes(_PIECE - _NOISE))
    with path.open("wb") as file:
        # Every packing takes members one after the other, so one piece does for all.
        file.write(pack(header.tobuf(tarfile.GNU_FORMAT)))
        for _ in range(size // _PIECE):
            file.write(piece)
        file.write(pack(bytes(10240 - 512)))
