"""Check sums of what stands in the pod: the reading of its tools' answers."""

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


def read_digest(record: bytes, algorithm: Algorithm) -> tuple[bytes, bytes] | None:
    """Read the words of one `hash` record: what the tool says, which ends with `./NAME`.

    Returns:
        The path (without `./`) and the check sum as bytes; None when this is no such record.
    """
    said, slash, path = record.partition(b"./")
    words = said.split()
    if not slash or not words:
        return None
    try:
        if algorithm is Algorithm.CKSUM:
            return path, int(words[0]).to_bytes(LENGTHS[algorithm], "big")
        digest = bytes.fromhex(words[0].decode("ascii"))
    except (ValueError, OverflowError):
        return None
    return (path, digest) if len(digest) == LENGTHS[algorithm] else None


def best_of(tools: Iterable[str]) -> Algorithm | None:
    """Return the best check sum that there is a tool for."""
    found = set(tools)
    return next((one for one in Algorithm if one.value in found), None)
