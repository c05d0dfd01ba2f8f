"""tar header blocks, as every dialect writes them.

Sources: POSIX.1-2017 pax (ustar, extended headers), GNU tar manual "Basic Tar Format".

A size, a kind, a name and the checksum have to be right. What else cannot be read is noted and left
at what GNU tar 1.34 leaves it at when it extracts: a time at one second before 1970, an owner at
root. It gives 07777 for a mode; here only the owner may read and write.
"""

from __future__ import annotations

import re
from enum import Flag, auto
from functools import lru_cache
from typing import Final, NamedTuple
from zlib import adler32

BLOCK: Final = 512
END_OF_ARCHIVE: Final = bytes(2 * BLOCK)
"""Bytes."""

LARGEST: Final = 1 << 62
"""Bytes, and seconds: what the fields of the index hold, and far beyond what a file system does."""
LARGEST_ID: Final = 0xFFFF_FFFE
"""Linux's uid_t and gid_t; the one behind it means nobody to chown(2)."""
NO_TIME: Final = -1
"""Seconds since 1970: what an unreadable time becomes."""
_LARGEST_MODE: Final = 0xFFFF_FFFF
_NO_MODE: Final = 0o600
_CHECKSUM: Final = slice(148, 156)
_DIFFERENT: Final = 1024
"""Modes with owners that are remembered: they repeat all over an archive."""
DEVICES: Final = frozenset({b"3", b"4"})
_MAJOR: Final = 0xFFF
_MINOR: Final = 0xF_FFFF
"""The largest numbers of a Linux device (linux/kdev_t.h)."""
_GNU: Final = b"ustar  \x00"
_POSIX: Final = b"ustar\x0000"

_USUAL_NUMBERS: Final = re.compile(
    rb"(?:[0-7]{7}\x00|[0-7]{6} \x00){3}(?:[0-7]{11}[\x00 ]){2}0[0-7]{5}\x00 [02]"
)
"""Mode, owner, group, size, time, checksum and kind as all four tars read them. toybox 0.8.9 takes
six digits of a checksum from 0100000 on for none."""
_NO_DEVICE: Final = re.compile(rb"(?:[0-7]{7}\x00|\x00{8}){2}")
_USUAL_PREFIX: Final = re.compile(rb"[^\x00]{1,155}\x00*", re.DOTALL)
_NO_TAIL: Final = bytes(BLOCK - 345)


class HeaderError(ValueError):
    """A block that is no tar header."""


class Unread(Flag):
    """What could not be read of a member's description."""

    NOTHING = 0
    MODE = auto()
    OWNER = auto()
    TIME = auto()
    PREFIX = auto()
    """A path's beginning where GNU's headers have times (Go before 1.8)."""


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
    unread: Unread = Unread.NOTHING
    reads_alike: bool = False
    """The block is written as all four tars read it (tests/unit/archive/test_passed_on.py)."""


def is_header(block: bytes) -> bool:
    """Tell whether the block's checksum fits (the sum of its bytes, its own field as blanks)."""
    if len(block) < BLOCK:
        return False
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
        HeaderError: the checksum does not fit, or the size is no number.
    """
    if not is_header(block):
        raise HeaderError("its checksum does not fit")
    found = _read_usual(block)
    if found is not None:
        return found
    name = _text(block[0:100])
    magic = block[257:265]
    is_gnu = magic == _GNU
    # GNU tar takes any other for a header from before the standard.
    is_posix = magic[:6] == b"ustar\x00"
    user, group, _ = _owner_names(block[265:345])
    mode, uid, gid, unread = _mode_and_owner(block[100:124])
    mtime = read_leniently(block[136:148], -LARGEST, LARGEST)
    if mtime is None:
        mtime = NO_TIME
        unread |= Unread.TIME
    if is_gnu and _is_prefix(block):
        unread |= Unread.PREFIX
    return Header(
        _with_prefix(block, name) if is_posix else name,
        mode,
        uid,
        gid,
        _size(block[124:136]),
        mtime,
        block[156:157],
        _text(block[157:257]),
        user if is_gnu or is_posix else b"",
        group if is_gnu or is_posix else b"",
        is_gnu,
        is_gnu or is_posix,
        _device(block) if block[156:157] in DEVICES else 0,
        unread,
    )


def _read_usual(block: bytes) -> Header | None:
    """Read a block that all four tars read alike; None for any other."""
    is_gnu = block[257:265] == _GNU
    if not _USUAL_NUMBERS.match(block, 100) or not (is_gnu or block[257:265] == _POSIX):
        return None
    name = _text(block[:100])
    user, group, has_usual_names = _owner_names(block[265:345])
    mode, uid, gid, unread = _mode_and_owner(block[100:124])
    link = _text(block[157:257]) if block[157] else b""
    kind = block[156:157]
    if (
        not has_usual_names
        or unread is not Unread.NOTHING
        or block[len(name) : 100].strip(b"\x00")
        or (kind == b"0" and link)
        or block[157 + len(link) : 257].strip(b"\x00")
    ):
        return None
    if block[345:] != _NO_TAIL:
        if is_gnu or not _has_usual_prefix(block):
            return None
        name = _with_prefix(block, name)
    size, mtime = int(block[124:135], 8), int(block[136:147], 8)
    return Header(
        name, mode, uid, gid, size, mtime, kind, link, user, group, is_gnu,
        has_magic=True, reads_alike=True,
    )  # fmt: skip


def _with_prefix(block: bytes, name: bytes) -> bytes:
    prefix = _text(block[345:500])
    return prefix + b"/" + name if prefix else name


def _size(field: bytes) -> int:
    size = read_number(field)
    if not size and not field.strip(b" "):
        # Blank owners and times are zeros to most tars; a blank size is an error to GNU.
        raise HeaderError("its size is blank")
    if not 0 <= size <= LARGEST:
        raise HeaderError("it has a negative size" if size < 0 else "its size is beyond any disk")
    return size


def _has_usual_prefix(block: bytes) -> bool:
    return block[500:] == bytes(12) and bool(_USUAL_PREFIX.fullmatch(block[345:500]))


def _is_prefix(block: bytes) -> bool:
    """Tell whether GNU's times of access and change are none, but text (Go's archive/tar does)."""
    text = _text(block[345:500])
    if not text or not text.isascii() or not text.decode("ascii").isprintable():
        return False
    times = (block[345:357], block[357:369])
    return any(read_leniently(field, -LARGEST, LARGEST) is None for field in times)


@lru_cache(_DIFFERENT)
def _mode_and_owner(fields: bytes) -> tuple[int, int, int, Unread]:
    unread = Unread.NOTHING
    mode = read_leniently(fields[:8], 0, _LARGEST_MODE)
    if mode is None or fields[:8].isspace():
        mode, unread = _NO_MODE, Unread.MODE
    ids = [read_leniently(field, 0, LARGEST_ID) for field in (fields[8:16], fields[16:24])]
    if None in ids:
        unread |= Unread.OWNER
    return mode & 0o7777, ids[0] or 0, ids[1] or 0, unread


@lru_cache(_DIFFERENT)
def _owner_names(fields: bytes) -> tuple[bytes, bytes, bool]:
    user, group = _text(fields[:32]), _text(fields[32:64])
    is_usual = max(len(user), len(group)) < 32 and bool(_NO_DEVICE.fullmatch(fields[64:]))
    names = user.ljust(32, b"\x00") + group.ljust(32, b"\x00")
    return user, group, is_usual and fields[:64] == names


def _device(block: bytes) -> int:
    major = read_leniently(block[329:337], 0, _MAJOR)
    minor = read_leniently(block[337:345], 0, _MINOR)
    # v7 had no devices; mknod takes what fits its type (makedev(3) on Linux).
    if block[257:262] != b"ustar" or major is None or minor is None:
        return -1
    return major << 32 | minor


def _text(field: bytes) -> bytes:
    end = field.find(0)
    return field if end < 0 else field[:end]


def _recorded_sum(field: bytes) -> int:
    """Read the checksum: six digits, NUL and blank, as nearly all tars write it, or a number."""
    if field[6:] == b"\x00 " and field[:6].isdigit():
        return _octal(field[:6])
    return read_number(field)


def read_leniently(field: bytes, smallest: int, largest: int) -> int | None:
    """Read a number as GNU tar does; None where it is none, or beyond what it may be.

    Blanks and zeros are 0. One NUL may stand before the digits; what follows a blank or NUL behind
    them is not looked at.
    """
    try:
        value = read_number(field)
    except HeaderError:
        words = field[not field[0] :].split(b"\x00", 1)[0].split()
        if not words or words[0].translate(None, b"01234567"):
            return None
        value = int(words[0], 8)
    return value if smallest <= value <= largest else None


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
