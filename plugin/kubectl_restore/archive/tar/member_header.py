"""Headers of our own, in GNU format, which GNU tar, busybox, bsdtar and toybox read alike.

Sources: GNU tar manual, "Basic Tar Format"; tests/unit/archive/test_passed_on.py holds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.tar.header import BLOCK, DEVICES

if TYPE_CHECKING:
    from array import array

_MAP: Final = 386
"""Where the map of a member with holes begins."""
_NAME_FIELD: Final = 100
_NUMBERS: Final = 329
"""Where a device's numbers stand."""
_OCTAL_8: Final = 8**7
_OCTAL_12: Final = 8**11
_SIX_DIGITS: Final = 0o100000
"""Checksums from which on toybox 0.8.9 takes six digits for none; seven it reads, as all do."""


def _number(value: int, width: int) -> bytes:
    """Return a numeric field: octal, or GNU's base-256 for what does not fit."""
    limit = _OCTAL_8 if width == 8 else _OCTAL_12
    if 0 <= value < limit:
        return b"%0*o\x00" % (width - 1, value)
    return (b"\xff" if value < 0 else b"\x80") + (value % (1 << (8 * (width - 1)))).to_bytes(
        width - 1, "big"
    )


def _block(
    name: bytes,
    kind: bytes,
    size: int,
    fields: tuple[int, int, int, int],
    *,
    link: bytes = b"",
    device: int = 0,
    tail: bytes = b"",
) -> bytes:
    mode, uid, gid, mtime = fields
    head = (
        name[:_NAME_FIELD].ljust(_NAME_FIELD, b"\x00")
        + _number(mode, 8)
        + _number(uid, 8)
        + _number(gid, 8)
        + _number(size, 12)
        + _number(mtime, 12)
        + b" " * 8
        + kind
        + link[:_NAME_FIELD].ljust(_NAME_FIELD, b"\x00")
        + b"ustar  \x00"
    )
    if kind in DEVICES:
        head = head.ljust(_NUMBERS, b"\x00")
        head += _number(device >> 32, 8) + _number(device & 0xFFFF_FFFF, 8)
    head = head.ljust(_MAP, b"\x00")
    head = (head + tail).ljust(BLOCK, b"\x00")
    total = sum(head)
    checksum = b"%06o\x00 " % total if total < _SIX_DIGITS else b"%07o\x00" % total
    return head[:148] + checksum + head[156:]


def _long(kind: bytes, text: bytes) -> bytes:
    """Return the blocks of GNU's way to say a name of more than 100 bytes."""
    if len(text) <= _NAME_FIELD:
        return b""
    data = text + b"\x00"
    return (
        _block(b"././@LongLink", kind, len(data), (0o644, 0, 0, 0))
        + data
        + bytes(-len(data) % BLOCK)
    )


def member_header(
    path: bytes,
    kind: bytes,
    *,
    size: int = 0,
    mode: int,
    mtime: int,
    uid: int,
    gid: int,
    link: bytes = b"",
    device: int = 0,
    records: bytes = b"",
) -> bytes:
    """Return the block or blocks of a member, in GNU format, which all four tars read.

    Args:
        path: relative; a directory's ends with a slash.
        kind: the type flag.
        size: bytes of content that follow; 8 GiB and more are written in base-256.
        mode: permission bits.
        mtime: whole seconds since 1970; negative is written in base-256.
        uid: numeric owner; no names are written.
        gid: numeric group.
        link: target. busybox and toybox take a hard link's absolute target as it stands and so link
            to what the container has there; both paths have to be relative.
        device: a device's numbers: major * 2**32 + minor.
        records: PAX records for a tar that takes them (GNU and bsdtar read them beside the rest).
    """
    fields = (mode, uid, gid, mtime)
    return (
        _records(records)
        + _long(b"K", link)
        + _long(b"L", path)
        + _block(path, kind, size, fields, link=link, device=device)
    )


def header_length(path: bytes, link: bytes = b"", records: bytes = b"") -> int:
    """Return how many bytes `member_header` makes of these."""
    long = sum(_long_length(text) for text in (path, link))
    return BLOCK + long + (BLOCK + len(records) + -len(records) % BLOCK if records else 0)


def _long_length(text: bytes) -> int:
    return BLOCK + len(text) + 1 + -(len(text) + 1) % BLOCK if len(text) > _NAME_FIELD else 0


def sparse_header_length(path: bytes, extents: array[int], size: int, records: bytes = b"") -> int:
    """Return how many bytes `sparse_header` makes of these."""
    parts = len(extents) // 2 + (sum(extents[-2:]) < size)
    return header_length(path, records=records) + BLOCK * -(-max(0, parts - 4) // 21)


def sparse_header(
    path: bytes,
    extents: array[int],
    *,
    size: int,
    mode: int,
    mtime: int,
    uid: int,
    gid: int,
    records: bytes = b"",
) -> bytes:
    """Return the blocks of a member with holes, in GNU's old format (GNU tar manual).

    Args:
        path: relative.
        extents: pairs of offset and length of the parts that follow.
        size: bytes of the file, holes included.
        mode: permission bits.
        mtime: whole seconds since 1970.
        uid: numeric owner.
        gid: numeric group.
        records: PAX records.
    """
    numbers = [_number(value, 12) for value in extents]
    end = sum(extents[-2:])
    if end < size:
        # Without this empty part at the end GNU tar makes the file too short.
        numbers += [_number(size, 12), _number(0, 12)]
    stored = sum(extents[1::2])
    own = b"".join(numbers[:8]).ljust(96, b"\x00")
    further = numbers[8:]
    tail = own + (b"\x01" if further else b"\x00") + _number(size, 12)
    block = _block(path, b"S", stored, (mode, uid, gid, mtime), tail=tail)
    pieces = [_records(records), _long(b"L", path), block]
    for at in range(0, len(further), 42):
        more = b"\x01" if at + 42 < len(further) else b"\x00"
        block = b"".join(further[at : at + 42]).ljust(504, b"\x00") + more
        pieces.append(block.ljust(BLOCK, b"\x00"))
    return b"".join(pieces)


def _records(records: bytes) -> bytes:
    """Return the blocks of an extended header."""
    if not records:
        return b""
    return (
        _block(b"././@PaxHeader", b"x", len(records), (0o644, 0, 0, 0))
        + records
        + bytes(-len(records) % BLOCK)
    )
