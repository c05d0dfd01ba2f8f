"""Access control lists as PAX records have them (star's and libarchive's `SCHILY.acl.access`).

An entry is `user:NAME:rwx`, with commas or newlines between; star and libarchive append `:NUMBER`.
By name a list is lost where the container has no such user (GNU tar 1.34 says so and exits 0), or
ends bsdtar with an error; by number both set it.
"""

from __future__ import annotations

import re
from typing import Final

ACCESS: Final = b"SCHILY.acl.access"
_KEYS: Final = (b"SCHILY.acl.access", b"SCHILY.acl.default")
_BETWEEN: Final = re.compile(rb"[,\n]+")
_FIELDS: Final = 3
_BITS: Final = {b"r": 4, b"w": 2, b"x": 1}
_MASK_AT: Final = 3
_GROUP: Final = 0o070


def by_number(record: bytes) -> bytes | None:
    """Return a record whose list names users and groups by number.

    Args:
        record: `LENGTH KEY=VALUE newline`, of any key.

    Returns:
        The record; as it is where it is no list. None where a name has no number.
    """
    key, _, value = record.partition(b" ")[2][:-1].partition(b"=")
    if key not in _KEYS:
        return record
    entries = []
    for fields in _entries(value):
        if fields[1] and not fields[1].isdigit():
            if len(fields) <= _FIELDS or not fields[_FIELDS].isdigit():
                return None
            fields[1] = fields[_FIELDS]
        entries.append(b":".join(fields[:_FIELDS]))
    return _record(key, b",".join(entries))


def granted_mode(mode: int, records: bytes) -> int:
    """Return a mode whose bits for the group are what a list grants the owning group.

    A mode of a file with a list has its mask there, which nobody is granted without the list.

    Args:
        mode: permission bits as recorded.
        records: PAX records of the member.
    """
    granted = _granted(records)
    if granted is None:
        return mode
    return mode & ~_GROUP | mode & granted << _MASK_AT


def listed_mode(mode: int, records: bytes) -> int | None:
    """Return the mode that a file has with its list, whose own is without; None for no list."""
    for key, value in _records(records):
        if key == ACCESS:
            for fields in _entries(value):
                if fields[0] in {b"mask", b"m"}:
                    return mode & ~_GROUP | _bits(fields[2]) << _MASK_AT
    return None


def _granted(records: bytes) -> int | None:
    for key, value in _records(records):
        if key == ACCESS:
            for fields in _entries(value):
                if fields[0] in {b"group", b"g"} and not fields[1]:
                    return _bits(fields[2])
    return None


def _records(records: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at < len(records):
        blank = records.index(b" ", at)
        end = at + int(records[at:blank])
        key, _, value = records[blank + 1 : end - 1].partition(b"=")
        found.append((key, value))
        at = end
    return found


def _entries(value: bytes) -> list[list[bytes]]:
    """Return the fields of each entry; what is none is left out, comments too."""
    entries = []
    for text in _BETWEEN.split(value):
        fields = [one.strip() for one in text.partition(b"#")[0].split(b":")]
        if len(fields) == _FIELDS - 1:
            # POSIX.1e's short form leaves the qualifier of mask and other out.
            fields.insert(1, b"")
        if len(fields) >= _FIELDS:
            entries.append(fields)
    return entries


def _bits(text: bytes) -> int:
    return sum(_BITS.get(bytes([one]), 0) for one in set(text))


def _record(key: bytes, value: bytes) -> bytes:
    text = b" " + key + b"=" + value + b"\n"
    length = len(text) + 1
    while len(b"%d" % length) + len(text) != length:
        length = len(b"%d" % length) + len(text)
    return b"%d" % length + text
