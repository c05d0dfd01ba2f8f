"""What an archive holds, as values: one member."""

from __future__ import annotations

from enum import Flag, StrEnum, auto
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from array import array


class Kind(StrEnum):
    """What a member is."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARDLINK = "hard link"
    CHARACTER_DEVICE = "character device"
    BLOCK_DEVICE = "block device"
    FIFO = "FIFO"
    OTHER = "member of unknown type"


class Extra(Flag):
    """What a member has beyond name, kind, content, mode, owner and whole seconds."""

    NOTHING = 0
    FRACTION = auto()
    """Parts of a second in its modification time."""
    XATTRS = auto()
    """Extended attributes of the user's own (`user.*`)."""
    CAPABILITIES = auto()
    """A program's capabilities (`security.capability`)."""
    OTHER_XATTRS = auto()
    """Extended attributes that are not passed on (`trusted.*`, those of other systems)."""
    ACL = auto()
    """Access control lists."""
    FLAGS = auto()
    """Flags of its file system (immutable, nodump)."""


class Member(NamedTuple):
    """One entry of the archive (a tuple: a million of them are made in passing).

    Attributes:
        name: as recorded, whole.
        path: relative to the target: no leading slash, no `.` components, no trailing slash; empty
            for the target itself.
        kind: what it is.
        offset: where its first block stands on the archive stream, its prefix blocks included.
        length: all its bytes there: prefix blocks, header, data, padding.
        prefix: those of them that stand before its data.
        size: bytes of its content, as restored.
        mode: permission bits, 0o7777.
        mtime: whole seconds since 1970, rounded down.
        uid: numeric owner.
        gid: numeric group.
        link: target of a symlink or hard link.
        is_common: its blocks mean the same to every tar, so they may be sent as they stand.
        extents: for a member with holes, where its stored data belongs: pairs of offset and length,
            rising; None for all others.
        extras: what it has besides.
        records: PAX records of that but the time's, for tars that can take them.
        nanoseconds: of the modification time, beyond its whole seconds.
        user: the owner's name; empty where the archive has none.
        group: the group's name.
        device: of a device, its numbers: major * 2**32 + minor; -1 where they are none of Linux's.
    """

    name: bytes
    path: bytes
    kind: Kind
    offset: int
    length: int
    prefix: int
    size: int
    mode: int
    mtime: int
    uid: int
    gid: int
    link: bytes
    is_common: bool = True
    extents: array[int] | None = None
    extras: Extra = Extra.NOTHING
    records: bytes = b""
    nanoseconds: int = 0
    user: bytes = b""
    group: bytes = b""
    device: int = 0


def normal_path(name: bytes) -> bytes:
    """Return a member's path below the target: as tars do, without leading slash and `.`."""
    path = name[2:] if name[:2] == b"./" else name
    if path and b"/." not in path and b"//" not in path and path[0] not in b"./":
        # Nearly all names: nothing to take out but a directory's last slash.
        return path if path[-1] != _SLASH else path[:-1]
    return b"/".join([part for part in path.split(b"/") if part not in {b"", b"."}])


def resolved_inside(link: bytes) -> bytes:
    """Return a hard link's target without `..`; as it is where that would lead out."""
    parts: list[bytes] = []
    for part in link.split(b"/"):
        if part == b"..":
            if not parts:
                return link
            parts.pop()
        elif part not in {b"", b"."}:
            parts.append(part)
    return b"/".join(parts) or link


_SLASH = ord("/")
