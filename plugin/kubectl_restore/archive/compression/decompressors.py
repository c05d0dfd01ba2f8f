"""The packings that are read, each behind the same four words (`Decompressor`).

A decompressor gives at most as much as it is asked for, whatever it was given, so that a few bytes
that unpack to gigabytes cost no memory. What it needs for itself is its window: at most
`LARGEST_WINDOW`, or the backup is refused.
"""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import lz4.frame
from isal import igzip_lib

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from kubectl_restore.archive.source.magic import Compression

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST_WINDOW: Final = 128 * 1024 * 1024
"""Bytes of history that a decompressor may keep: `zstd --long=27` and `xz -9` ask for no more."""
_BESIDES: Final = 8 * 1024 * 1024
"""Bytes that liblzma needs beyond its dictionary (its tables are below 1 MiB)."""


class Decompressor(Protocol):
    """One stream, member or frame; as `bz2.BZ2Decompressor` of the standard library."""

    @property
    def eof(self) -> bool:
        """Whether its end was reached, with every checksum that it has."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes of what it was given."""

    @property
    def unused_data(self) -> bytes | None:
        """What it was given beyond its end."""

    def decompress(self, data: memoryview | bytes, max_length: int, /) -> bytes:
        """Take some bytes and return some, at most `max_length`."""


def _no_flaw(_head: bytes) -> str:
    return ""


def _gzip_flaw(head: bytes) -> str:
    # RFC 1952, 2.3.1.2: a reader "must give an error indication"; igzip does not.
    return "its header has reserved flags set" if head[3:4] > b"\x1f" else ""


@dataclass(frozen=True, slots=True)
class CompressionFormat:
    """How one packing is read.

    Attributes:
        new: returns a decompressor for one member.
        skips: members that only carry somebody's notes may stand between (skippable frames).
        flaw: returns what is wrong with how a member begins, which its library lets pass; given
            its first 8 bytes, or fewer at the end of the file.
    """

    new: Callable[[], Decompressor]
    skips: bool = False
    flaw: Callable[[bytes], str] = _no_flaw


class DecompressionError(Exception):
    """What a packing's library says about data that it cannot read."""

    def __init__(self, words: str, *, needs_memory: bool) -> None:
        """Take its words, and whether it is only the window that is too large."""
        super().__init__(words)
        self.needs_memory = needs_memory


def _gzip() -> Decompressor:
    return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)


def _xz() -> Decompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=LARGEST_WINDOW + _BESIDES)


def _zstd() -> Decompressor:
    largest = LARGEST_WINDOW.bit_length() - 1
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: largest})


FORMATS: Final = {
    Compression.GZIP: CompressionFormat(_gzip, flaw=_gzip_flaw),
    Compression.BZIP2: CompressionFormat(bz2.BZ2Decompressor),
    Compression.XZ: CompressionFormat(_xz),
    Compression.ZSTD: CompressionFormat(_zstd, skips=True),
    Compression.LZ4: CompressionFormat(lz4.frame.LZ4FrameDecompressor, skips=True),
}

_FAILURES: Final[tuple[type[Exception], ...]] = (
    igzip_lib.IsalError,  # type: ignore[assignment] # its stub declares it as a value
    lzma.LZMAError,
    zstd.ZstdError,
    # bz2 and lz4 have no exceptions of their own.
    OSError,
    RuntimeError,
    ValueError,
    EOFError,
    zlib.error,
)
_TOO_LARGE: Final = ("Memory usage limit", "too much memory")


def decompress(decompressor: Decompressor, data: memoryview | bytes, longest: int) -> bytes:
    """Take one step.

    Raises:
        DecompressionError: the data is damaged, or needs a window larger than `LARGEST_WINDOW`.
    """
    try:
        return decompressor.decompress(data, longest)
    except _FAILURES as error:
        words = str(error)
        too_large = any(sign in words for sign in _TOO_LARGE)
        raise DecompressionError(words, needs_memory=too_large) from error


SKIPPABLE: Final = 8
"""Bytes before a skippable frame's content: magic and length (zstd and lz4 frame formats)."""


def skippable(head: bytes) -> int | None:
    """Return the length of the skippable frame that begins so, its head included; else None."""
    if len(head) < SKIPPABLE or head[0] & 0xF0 != 0x50 or head[1:4] != b"\x2a\x4d\x18":
        return None
    return SKIPPABLE + int.from_bytes(head[4:8], "little")


def has_dictionary(head: bytes) -> bool:
    """Tell whether a zstd frame names a dictionary, by its header (RFC 8878, 3.1.1.1.1.6)."""
    return len(head) > 4 and bool(head[4] & 0x03)


def zstd_window(head: bytes) -> int:
    """Return the bytes of history that a zstd frame asks for, by its header (RFC 8878, 3.1.1)."""
    if len(head) < 6 or head[4] & 0x20:
        return 0
    base = 1 << (10 + (head[5] >> 3))
    return base + base // 8 * (head[5] & 7)
