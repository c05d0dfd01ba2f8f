"""Checksums of what stands in the pod: the reading of its tools' answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.checksums import LENGTHS, Algorithm

if TYPE_CHECKING:
    from collections.abc import Iterable

_ODD: Final = (b"\n", b"\\", b"\r")
"""GNU's tools escape names with these, or break their lines there."""


def is_plain(path: bytes) -> bool:
    """Tell whether a tool prints this name as it is, on one line."""
    return not any(sign in path for sign in _ODD)


def read_digest(word: bytes, algorithm: Algorithm) -> bytes | None:
    """Read the first word that a tool says about a file; None when it is no checksum.

    Some put a backslash before the line of a name that they do not print as it is.
    """
    word = word.removeprefix(b"\\")
    try:
        if algorithm is Algorithm.CKSUM:
            return int(word).to_bytes(LENGTHS[algorithm], "big")
        digest = bytes.fromhex(word.decode("ascii"))
    except (ValueError, OverflowError):
        return None
    return digest if len(digest) == LENGTHS[algorithm] else None


def best_of(tools: Iterable[str]) -> Algorithm | None:
    """Return the best checksum that there is a tool for."""
    found = set(tools)
    return next((one for one in Algorithm if one.value in found), None)
