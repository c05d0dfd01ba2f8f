"""Checksums of content that a container can have a tool for, and how they are taken here."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Callable

_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_ALL_ONES: Final = 0xFFFFFFFF


class Algorithm(StrEnum):
    """By the name of the tool, the best first."""

    SHA256 = "sha256sum"
    SHA1 = "sha1sum"
    MD5 = "md5sum"
    CKSUM = "cksum"
    """POSIX's CRC: finds damage, not malice."""


class Digester(Protocol):
    """Takes content piece by piece."""

    def update(self, data: bytes | bytearray | memoryview, /) -> None:
        """Take the next bytes."""

    def digest(self) -> bytes:
        """Return the checksum of what was taken."""


class _Cksum:
    """POSIX's `cksum`: the CRC of Ethernet with its bits the other way round, and the length."""

    def __init__(self) -> None:
        # zlib inverts the value before and afterwards; this one begins with zeros.
        self._value = _ALL_ONES
        self._length = 0

    def update(self, data: bytes | bytearray | memoryview, /) -> None:
        """Take the next bytes."""
        self._value = crc32(bytes(data).translate(_REVERSED), self._value)
        self._length += len(data)

    def digest(self) -> bytes:
        """Return the CRC, the highest byte first."""
        length = self._length.to_bytes((self._length.bit_length() + 7) // 8, "little")
        value = crc32(length.translate(_REVERSED), self._value) ^ _ALL_ONES
        return (int(f"{value:032b}"[::-1], 2) ^ _ALL_ONES).to_bytes(4, "big")


def _sha1() -> Digester:
    return hashlib.sha1(usedforsecurity=False)


def _md5() -> Digester:
    return hashlib.md5(usedforsecurity=False)


_MAKERS: Final[dict[Algorithm, Callable[[], Digester]]] = {
    Algorithm.SHA256: hashlib.sha256,
    Algorithm.SHA1: _sha1,
    Algorithm.MD5: _md5,
    Algorithm.CKSUM: _Cksum,
}


def digester(algorithm: Algorithm) -> Digester:
    """Return a fresh one."""
    return _MAKERS[algorithm]()


LENGTHS: Final = {algorithm: len(digester(algorithm).digest()) for algorithm in Algorithm}
"""Bytes of each one's digests."""
