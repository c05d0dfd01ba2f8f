"""What stands at a path: what the backup says, and what a look at the volume finds."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BLOCK: Final = 4096
"""Bytes that are looked at together, and that a file system gives to a file at once."""
ACL: Final = "system.posix_acl_access"
"""The extended attribute that an ACL is."""
_ZEROS: Final = bytes(1 << 20)


@dataclass(frozen=True, slots=True)
class Entry:
    """One path.

    Attributes:
        kind: file, directory, symlink, or another word.
        mode: permissions with setuid, setgid and sticky; None for a symlink, which has none.
        mtime: modification time in nanoseconds.
        owner: user and group.
        size: bytes of a file, holes included.
        content: a file's `digest`, a symlink's target.
        linked: the other paths of the same file.
        xattrs: the extended attributes, an ACL too.
        blocks: for a file with holes: how many blocks are no hole.
    """

    kind: str
    mode: int | None
    mtime: int
    owner: tuple[int, int]
    size: int = 0
    content: str = ""
    linked: frozenset[bytes] = frozenset()
    xattrs: Mapping[str, bytes] = field(default_factory=dict)
    blocks: int | None = None


def digest(size: int, pieces: Iterable[tuple[int, bytes]]) -> str:
    """Return a sum of a file's size and content; holes and zeros are the same to it.

    Args:
        size: bytes of the file.
        pieces: offsets (multiples of BLOCK) and bytes of all that is not zero, in order.
    """
    total = hashlib.sha256(b"%d" % size)
    for offset, piece in pieces:
        # Gigabytes of zeros come along here, where a tar fills holes.
        if piece == _ZEROS[: len(piece)]:
            continue
        for start in range(0, len(piece), BLOCK):
            block = piece[start : start + BLOCK]
            if block.strip(b"\0"):
                total.update(b"@%d:" % (offset + start) + block)
    return total.hexdigest()


def acl(*entries: tuple[int, int, int]) -> bytes:
    """Return an ACL as Linux shows it: tags, permissions and numbers (linux/posix_acl_xattr.h)."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *one) for one in entries)
