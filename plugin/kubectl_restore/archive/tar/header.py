"""tar header blocks: reading every dialect's, writing one that all tars read.

Sources: POSIX.1-2017 pax (ustar, extended headers), GNU tar manual "Basic Tar Format".
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import adler32

if TYPE_CHECKING:
    from array import array

BLOCK: Final = 512
END_OF_ARCHIVE: Final = bytes(2 * BLOCK)
"""Bytes."""

LARGEST: Final = 1 << 62
"""Bytes, and seconds: what the fields of the index hold, and far beyond what a file system does."""
_MAP: Final = 386
"""Where the map of a member with holes begins."""
_CHECKSUM: Final = slice(148, 156)
_NAME_FIELD: Final = 100
_DIFFERENT: Final = 1024
"""Modes with owners that are remembered: they repeat all over an archive."""
_DEVICES: Final = frozenset({b"3", b"4"})
_MAJOR: Final = 0xFFF
_MINOR: Final = 0xF_FFFF
"""The largest numbers of a Linux device (linux/kdev_t.h)."""
_NUMBERS: Final = 329
"""Where a device's numbers stand."""
_OCTAL_8: Final = 8**7
_OCTAL_12: Final = 8**11


class HeaderError(ValueError):
    """A block that is no tar header."""


class Header(NamedTuple):
    """The fields of one header block, as they stand there."""

    name: bytes
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    kind: bytes
    link: bytes
    user: bytes
    group: bytes
    is_gnu: bool
    has_magic: bool
    device: int = 0
    """Of a device: major * 2**32 + minor; -1 where they are no numbers of Linux's."""


def is_header(block: bytes) -> bool:
    """Tell whether the block's check sum fits (the sum of its bytes, its own field as blanks)."""
    try:
        recorded = _recorded_sum(block[_CHECKSUM])
    except HeaderError:
        return False
    # Adler-32's lower half is one more than the sum of the bytes, as long as that is below 65521.
    unsigned = (
        (adler32(block[:256]) & 0xFFFF)
        + (adler32(block[256:]) & 0xFFFF)
        - (adler32(block[_CHECKSUM]) & 0xFFFF)
        - 1
        + 8 * 0x20
    )
    if recorded == unsigned:
        return True
    # Some old tars summed signed characters.
    rest = block[:148] + block[156:BLOCK]
    return recorded == unsigned - 256 * sum(byte >= 0x80 for byte in rest)


def read_header(block: bytes) -> Header:
    """Read a header block.

    Raises:
        HeaderError: the check sum does not fit, or a number is none.
    """
    if not is_header(block):
        raise HeaderError("its check sum does not fit")
    name = _text(block[0:100])
    magic = block[257:265]
    if magic[:6] == b"ustar\x00":
        prefix = _text(block[345:500])
        if prefix:
            name = prefix + b"/" + name
    size = read_number(block[124:136])
    if not size and not block[124:136].strip(b" "):
        # Blank owners and times are zeros to most tars; a blank size is an error to GNU.
        raise HeaderError("its size is blank")
    if not 0 <= size <= LARGEST:
        raise HeaderError("it has a negative size" if size < 0 else "its size is beyond any disk")
    mtime = read_number(block[136:148])
    if abs(mtime) > LARGEST:
        raise HeaderError("its time is beyond any calendar")
    is_gnu = magic == b"ustar  \x00"
    # GNU tar takes any other for a header from before the standard.
    has_magic = is_gnu or magic[:6] == b"ustar\x00"
    mode, uid, gid = _mode_and_owner(block[100:124])
    user, group = _owner_names(block[265:329]) if has_magic else (b"", b"")
    return Header(
        name,
        mode,
        uid,
        gid,
        size,
        mtime,
        block[156:157],
        _text(block[157:257]) if block[157] else b"",
        user,
        group,
        is_gnu,
        has_magic,
        _device(block) if block[156:157] in _DEVICES else 0,
    )


@lru_cache(_DIFFERENT)
def _mode_and_owner(fields: bytes) -> tuple[int, int, int]:
    return read_number(fields[:8]) & 0o7777, read_number(fields[8:16]), read_number(fields[16:])


@lru_cache(_DIFFERENT)
def _owner_names(fields: bytes) -> tuple[bytes, bytes]:
    return _text(fields[:32]), _text(fields[32:])


def _device(block: bytes) -> int:
    try:
        major, minor = read_number(block[329:337]), read_number(block[337:345])
    except HeaderError:
        return -1
    # v7 had no devices; mknod takes what fits its type (makedev(3) on Linux).
    if block[257:262] != b"ustar" or not (0 <= major <= _MAJOR and 0 <= minor <= _MINOR):
        return -1
    return major << 32 | minor


def _text(field: bytes) -> bytes:
    end = field.find(0)
    return field if end < 0 else field[:end]


def _recorded_sum(field: bytes) -> int:
    """Read the check sum: six digits, NUL and blank, as nearly all tars write it, or a number."""
    if field[6:] == b"\x00 " and field[:6].isdigit():
        return _octal(field[:6])
    return read_number(field)


def read_number(field: bytes) -> int:
    """Read a numeric field: octal digits, or GNU's base-256 (0x80 or, for negatives, 0xff first).

    Raises:
        HeaderError: it is no number.
    """
    digits = field[:-1]
    if digits.isdigit() and field[-1] in b"\x00 ":
        return _octal(digits)
    return _odd_number(field)


def _octal(digits: bytes) -> int:
    try:
        return int(digits, 8)
    except ValueError as error:
        raise HeaderError("a number in it is none") from error


def _odd_number(field: bytes) -> int:
    """Read a field that is not just digits between blanks and zeros."""
    if field[0] in {0x80, 0xFF}:
        value = int.from_bytes(field[1:], "big")
        return value - (1 << (8 * (len(field) - 1))) if field[0] == 0xFF else value
    digits = field.split(b"\x00", 1)[0].strip()
    if not digits:
        if not field[0] and any(field):
            raise HeaderError("a number in it begins with NUL")
        return 0
    if digits.translate(None, b"01234567"):
        raise HeaderError("a number in it is none")
    return int(digits, 8)


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
    if kind in _DEVICES:
        head = head.ljust(_NUMBERS, b"\x00")
        head += _number(device >> 32, 8) + _number(device & 0xFFFF_FFFF, 8)
    head = head.ljust(_MAP, b"\x00")
    head = (head + tail).ljust(BLOCK, b"\x00")
    return head[:148] + b"%06o\x00 " % sum(head) + head[156:]


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
