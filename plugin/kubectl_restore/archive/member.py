"""What an archive holds, as values: its members and where each stands on the stream."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag, StrEnum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubectl_restore.archive.packing import Compression


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


class Need(Flag):
    """What a member asks of the pod's tar beyond the common ground."""

    NOTHING = 0
    SPARSE = auto()
    """Holes, in GNU's or PAX's way."""
    PAX_SIZE = auto()
    """Its size stands in a PAX record only; the header says something else."""
    V7 = auto()
    """A header without a magic: busybox may have been built without it ("invalid tar magic")."""


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of the archive.

    Attributes:
        name: as recorded, whole.
        path: relative to the target: no leading slash, no `.` components, no trailing slash; empty
            for the target itself.
        kind: what it is.
        offset: where its first block stands on the archive stream, its prefix blocks included.
        length: all its bytes there: prefix blocks, header, data, padding.
        size: bytes of its content, as restored.
        mode: permission bits, 0o7777.
        mtime: whole seconds since 1970, rounded down.
        uid: numeric owner.
        gid: numeric group.
        link: target of a symlink or hard link.
        needs: what the pod's tar must be able to do.
        mtime_fraction: its time has parts of a second besides (busybox and toybox drop them).
    """

    name: bytes
    path: bytes
    kind: Kind
    offset: int
    length: int
    size: int
    mode: int
    mtime: int
    uid: int
    gid: int
    link: bytes
    needs: Need
    mtime_fraction: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """All members of an archive, in order.

    Attributes:
        members: in the archive's order.
        globals: ranges (offset, length) of PAX global headers: they hold for what follows.
        stream_length: bytes up to and with the end marker.
        compression: how the file is packed.
        missing_end: the end marker is not whole (and that was allowed).
        warnings: sentences for the user.
    """

    members: list[Member]
    globals: tuple[tuple[int, int], ...]
    stream_length: int
    compression: Compression
    missing_end: bool = False
    warnings: tuple[str, ...] = ()


def normal_path(name: bytes) -> bytes:
    """Return a member's path below the target: as tars do, without leading slash and `.`."""
    path = b"/".join([part for part in name.split(b"/") if part not in {b"", b"."}])
    # Most names are normal already: one object then, not two.
    return name if path == name else path
