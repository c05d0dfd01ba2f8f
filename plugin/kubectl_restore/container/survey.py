"""What stands at a path below the target, as stat tells it."""

from __future__ import annotations

import stat
from enum import StrEnum
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final, NamedTuple

from kubectl_restore.errors import PodCannotError
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

_LAST_OF_32_BITS: Final = 2**31 - 1
"""Seconds since 1970."""


class Standing(StrEnum):
    """The kinds of thing that can stand at a path."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    CHARACTER_DEVICE = "character device"
    BLOCK_DEVICE = "block device"
    FIFO = "FIFO"
    OTHER = "other"


_KINDS: Final = {
    stat.S_IFREG: Standing.FILE,
    stat.S_IFDIR: Standing.DIRECTORY,
    stat.S_IFLNK: Standing.SYMLINK,
    stat.S_IFCHR: Standing.CHARACTER_DEVICE,
    stat.S_IFBLK: Standing.BLOCK_DEVICE,
    stat.S_IFIFO: Standing.FIFO,
}
_BITS: Final = {kind: bits for bits, kind in _KINDS.items()}


class Entry(NamedTuple):
    """What stands at one path; symlinks are not followed."""

    kind: Standing
    size: int
    mode: int
    """Permission bits, 0o7777."""
    mtime: int
    """Whole seconds."""
    uid: int
    gid: int
    inode: int
    blocks: int = 0
    """Allocated, of 512 bytes."""
    links: int = 1
    """How many names it has."""
    device: int = 0
    """The file system's number: inodes are one's own of each."""

    @property
    def number(self) -> int:
        """What tells the file from all others, in 64 bits."""
        return (self.device << 40 ^ self.inode) & 0xFFFF_FFFF_FFFF_FFFF

    def has_time(self, mtime: int) -> bool:
        """Tell whether it has a time, or the nearest that its volume can have for it."""
        return self.mtime == mtime or self.has_nearest(mtime)

    def has_nearest(self, mtime: int) -> bool:
        """Tell whether its volume seems to have put the nearest time that it has for another.

        ext4 keeps 1901 to 2446, XFS to 2038 or 2486, others have nothing before 1970.
        """
        return mtime < self.mtime <= 0 or mtime > self.mtime >= _LAST_OF_32_BITS


def _time(text: bytes) -> int:
    """Read seconds since 1970; toybox 0.8.9 prints those before as numbers without a sign."""
    seconds = int(text)
    return seconds - (1 << 64) if seconds >= 1 << 63 else seconds


def symlinks(found: Mapping[bytes, Entry]) -> list[bytes]:
    """Return the paths at which symlinks stand."""
    return [path for path, entry in found.items() if entry.kind is Standing.SYMLINK]


def read_entry(record: bytes) -> Entry | None:
    """Read the words of one `stat` record.

    They are `MODE SIZE MTIME UID GID INODE BLOCKS LINKS DEVICE`.

    Returns:
        The entry; None when this is not what the agent asks stat for.
    """
    try:
        mode, size, mtime, uid, gid, inode, blocks, links, device = record.split(b" ")
        kind, bits = _read_mode(mode)
        # A plain tuple first: a million of these are read.
        return _entry(
            (kind, int(size), bits, _time(mtime), int(uid), int(gid), int(inode), int(blocks),
             int(links), int(device))
        )  # fmt: skip
    except ValueError:
        return None


_entry: Final = partial(tuple.__new__, Entry)


def line_of(entry: Entry) -> bytes:
    """Return the record of which `read_entry` makes this."""
    mode = _BITS.get(entry.kind, stat.S_IFSOCK) | entry.mode
    return b"%x %d %d %d %d %d %d %d %d" % (mode, entry.size, *entry[3:])


def no_answer(reason: str) -> PodCannotError:
    """Return the error for a container that does not tell what stands there."""
    return PodCannotError(
        "the container does not tell what stands at each path",
        reason=reason,
        fix="name another container of the pod that mounts the same volume: -c CONTAINER",
    )


def unreadable(said: bytes) -> PodCannotError:
    """Return the error for what stat does not say."""
    return no_answer(f"it says: {shown(said)}")


@lru_cache(maxsize=256)
def _read_mode(text: bytes) -> tuple[Standing, int]:
    mode = int(text, 16)
    return _KINDS.get(stat.S_IFMT(mode), Standing.OTHER), stat.S_IMODE(mode)
