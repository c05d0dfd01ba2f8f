"""How much room what is sent needs, beyond what becomes free."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubectl_restore.archive.members.member import Member

_MOST_BLOCKS: Final = 0xFFFF_FFFF
_BLOCK: Final = 4096
"""Bytes that a file takes at least, on nearly all file systems."""
_UNIT: Final = 512
"""Bytes of one block as `stat` counts them."""


class Room:
    """Reckons the room of a stream, in its order: what is replaced is deleted first.

    Attributes:
        most: bytes that are needed at the worst moment.
        inodes: that are needed in the end.
        fills_holes: whether holes are written out.
        has_freed: something becomes free: then it counts in which order members are taken.
    """

    def __init__(self, count: int) -> None:
        """Need nothing yet for `count` members."""
        self.most = 0
        self.inodes = 0
        self.fills_holes = False
        self.has_freed = False
        self._now = 0
        self._freed = array("I", bytes(4 * count))

    def free(self, number: int, blocks: int) -> None:
        """Note how many blocks of 512 bytes become free when something is replaced."""
        self._freed[number] = min(blocks, _MOST_BLOCKS)
        self.has_freed = True

    def freed(self, number: int) -> int:
        """Return the bytes that become free when something is replaced by a member."""
        return self._freed[number] * _UNIT

    def needed_for(self, number: int, member: Member, *, is_created: bool) -> tuple[int, int]:
        """Return the bytes and the inodes that a member needs; bytes may be less than none."""
        is_new = is_created and member.kind is not Kind.HARDLINK
        return self.size(member) - self.freed(number), int(is_new)

    def take(self, size: int, inodes: int = 0) -> None:
        """Count so many bytes and inodes; negative bytes become free."""
        self._now += size
        self.most = max(self.most, self._now)
        self.inodes += inodes

    def take_files(self, sizes: Iterable[int], inodes: int) -> None:
        """Count files without holes of these sizes, of which none replaces anything."""
        self.take(sum((size + _BLOCK - 1) // _BLOCK for size in sizes) * _BLOCK, inodes)

    def size_of(self, size: int) -> int:
        """Return the bytes that a content of so many takes there."""
        return size + -size % _BLOCK

    def size(self, member: Member) -> int:
        """Return the bytes that a member's content takes there."""
        if member.kind is not Kind.FILE:
            return 0
        size = member.size
        if member.extents is not None and not self.fills_holes:
            size = sum(member.extents[1::2])
        return self.size_of(size)
