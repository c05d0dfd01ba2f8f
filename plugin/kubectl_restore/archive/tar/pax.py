"""PAX extended headers: `LENGTH KEY=VALUE newline` records (POSIX.1-2017, pax)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Extra
from kubectl_restore.archive.tar.header import LARGEST_ID, Unread

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_DIGITS: Final = 18
"""Of a number: what fits 64 bits for certain."""
_MOST_RECORDS: Final = 256 * 1024
"""Bytes of extended attributes and ACLs of one member (Linux takes 64 KiB for a value)."""


@dataclass(slots=True)
class Pax:
    """What the records say about a member; None where they are silent.

    Attributes:
        path: the whole name.
        linkpath: the whole target of a link.
        size: bytes stored in the archive.
        mtime: whole seconds since 1970, rounded down.
        nanoseconds: of that time, beyond its whole seconds.
        extras: what the member has beyond the common ground.
        records: the records of that but the time's, as they stand, for a tar that can take them.
        uid: numeric owner.
        gid: numeric group.
        user: the owner's name.
        group: the group's name.
        is_sparse: the member has holes (GNU's records; GNU tar manual, "Sparse Formats").
        sparse_size: bytes with the holes.
        sparse_name: the whole name of a member with holes, where `path` is a stand-in.
        sparse_map: where its parts stand: offsets and lengths in turn (formats 0.0 and 0.1); None
            where the map stands before the data (format 1.0).
        sparse_parts: how many parts that map has, as announced.
        sparse_major: of that format's version.
        sparse_minor: of that format's version.
        label: what the archive is called (GNU's `--label`); nothing is restored from it.
        refused: the header type that these records replace and that is not supported.
        unread: what they say of an owner or a time, and cannot be read; the header's own counts.
    """

    path: bytes | None = None
    linkpath: bytes | None = None
    size: int | None = None
    mtime: int | None = None
    nanoseconds: int = 0
    extras: Extra = Extra.NOTHING
    records: bytes = b""
    uid: int | None = None
    gid: int | None = None
    user: bytes | None = None
    group: bytes | None = None
    is_sparse: bool = False
    sparse_size: int | None = None
    sparse_name: bytes | None = None
    sparse_map: list[bytes] | None = None
    sparse_parts: int | None = None
    sparse_major: int = 0
    sparse_minor: int = 0
    label: bytes | None = None
    refused: bytes = b""
    unread: Unread = Unread.NOTHING

    @property
    def says_what_it_is(self) -> bool:
        """Tell whether the records give a name, a target, a size or holes."""
        return (
            self.path is not None
            or self.linkpath is not None
            or self.size is not None
            or self.is_sparse
        )

    def over(self, base: Pax) -> Pax:
        """Return these records, with global ones where they are silent (those never name)."""
        if base is NO_RECORDS:
            return self
        silent = self.mtime is None
        return replace(
            self,
            mtime=base.mtime if silent else self.mtime,
            nanoseconds=base.nanoseconds if silent else self.nanoseconds,
            extras=self.extras
            | base.extras & ~Extra.FRACTION
            | (base.extras & Extra.FRACTION if silent else Extra.NOTHING),
            records=self.records + base.records,
            uid=base.uid if self.uid is None else self.uid,
            gid=base.gid if self.gid is None else self.gid,
            user=base.user if self.user is None else self.user,
            group=base.group if self.group is None else self.group,
            unread=self.unread
            | (base.unread & Unread.TIME if silent else Unread.NOTHING)
            | (base.unread & Unread.OWNER if None in (self.uid, self.gid) else Unread.NOTHING),
        )


NO_RECORDS: Final = Pax()


def parse_pax(data: bytes) -> Pax:
    """Read the records of one extended header.

    Raises:
        ValueError: a record is not formed as the standard asks, or says twice what may be said
            once (toybox believes the first, the others the last).
    """
    pax = Pax()
    seen: dict[bytes, bytes] = {}
    at = 0
    while at < len(data):
        blank = data.find(b" ", at, at + _MOST_DIGITS)
        digits = data[at:blank] if blank > at else b""
        if not digits.isdigit():
            raise ValueError("a record has no length")
        end = at + int(digits)
        key, equals, value = data[blank + 1 : end - 1].partition(b"=")
        if not blank < end <= len(data) or not equals or data[end - 1 : end] != b"\n":
            raise ValueError("a record is not as long as it says")
        if b"\x00" in key:
            raise ValueError("a record's key has a NUL in it")
        if key in _ONCE and seen.setdefault(key, value) != value:
            raise ValueError(f"it has two records for {key.decode('ascii')}")
        _take(pax, key, value, data[at:end])
        at = end
    if len(pax.records) > _MOST_RECORDS:
        raise ValueError("it has more than 256 KiB of extended attributes")
    return pax


_ONCE: Final = frozenset(
    {
        b"path",
        b"linkpath",
        b"size",
        b"GNU.sparse.name",
        b"GNU.sparse.realsize",
        b"GNU.sparse.size",
        b"GNU.sparse.map",
        b"GNU.sparse.numblocks",
        b"GNU.sparse.major",
        b"GNU.sparse.minor",
    }
)


def _take(pax: Pax, key: bytes, value: bytes, record: bytes) -> None:
    if key in _READ:
        attribute, read = _READ[key]
        setattr(pax, attribute, read(value))
    elif key in {b"uid", b"gid", b"mtime"}:
        _take_leniently(pax, key, value)
    elif key.startswith((b"SCHILY.", b"LIBARCHIVE.xattr.")):
        _take_extra(pax, key, record)
    elif key == b"GNU.dumpdir":
        pax.refused = b"D"
    elif key.startswith(b"GNU.volume."):
        pax.label = value
        if key != b"GNU.volume.label" or is_of_several(value):
            pax.refused = b"M"
    if key.startswith(b"GNU.sparse."):
        pax.is_sparse = True
        _take_map(pax, key, value)


def _take_leniently(pax: Pax, key: bytes, value: bytes) -> None:
    """Take what need not be readable: the header has it too. An atime or ctime is not restored."""
    if key == b"mtime":
        more = False
        try:
            pax.mtime, pax.nanoseconds, more = _seconds(value)
        except ValueError:
            pax.mtime, pax.nanoseconds = None, 0
            pax.unread |= Unread.TIME
        pax.extras = pax.extras | Extra.FRACTION if more else pax.extras & ~Extra.FRACTION
        return
    number = int(value) if value.isdigit() and len(value) <= _MOST_DIGITS else LARGEST_ID + 1
    is_known = number <= LARGEST_ID
    setattr(pax, key.decode("ascii"), number if is_known else None)
    if not is_known:
        pax.unread |= Unread.OWNER


def _take_extra(pax: Pax, key: bytes, record: bytes) -> None:
    """Take an extended attribute, an ACL or flags, under star's and libarchive's keys.

    Of the attributes the user's own and a program's capabilities are passed on.
    A label of SELinux is the node's to give; `trusted.*` belongs to its file system. libarchive
    writes each twice, under two keys; tars read the other one.
    """
    if key.startswith(b"SCHILY.xattr.user."):
        pax.extras |= Extra.XATTRS
        pax.records += record
    elif key == b"SCHILY.xattr.security.capability":
        pax.extras |= Extra.CAPABILITIES
        pax.records += record
    elif key.startswith(b"SCHILY.acl."):
        pax.extras |= Extra.ACL
        if key in _ACLS:
            pax.records += record
    elif key == b"SCHILY.fflags":
        pax.extras |= Extra.FLAGS
    elif b".xattr." in key and not key.endswith(b"selinux") and not key.startswith(_TWINS):
        pax.extras |= Extra.OTHER_XATTRS


def _take_map(pax: Pax, key: bytes, value: bytes) -> None:
    if key == b"GNU.sparse.map":
        if pax.sparse_map is not None:
            raise ValueError("it has two sparse maps")
        pax.sparse_map = value.split(b",") if value else []
    elif key in {b"GNU.sparse.offset", b"GNU.sparse.numbytes"}:
        if pax.sparse_map is None:
            pax.sparse_map = []
        is_offset = key == b"GNU.sparse.offset"
        if len(pax.sparse_map) % 2 == is_offset:
            raise ValueError("its sparse map makes no sense")
        pax.sparse_map.append(value)


def _text(value: bytes) -> bytes:
    if not value or b"\x00" in value:
        raise ValueError("a name is empty or has a NUL in it")
    return value


def _owner_name(value: bytes) -> bytes:
    return value.split(b"\x00", 1)[0]


def _whole(value: bytes) -> int:
    if not value.isdigit() or len(value) > _MOST_DIGITS:
        raise ValueError("a number is none")
    return int(value)


def _seconds(value: bytes) -> tuple[int, int, bool]:
    """Return whole seconds, rounded down as tars do, nanoseconds, and whether there is a fraction.

    What is below a nanosecond is cut off, as no file system keeps it.
    """
    sign, digits = (-1, value[1:]) if value.startswith(b"-") else (1, value)
    whole, _, fraction = digits.partition(b".")
    if fraction and not fraction.isdigit():
        raise ValueError("a time is none")
    seconds, nanoseconds = sign * _whole(whole), sign * int(fraction[:9].ljust(9, b"0"))
    more = bool(fraction.strip(b"0"))
    return seconds + nanoseconds // _NANOSECONDS, nanoseconds % _NANOSECONDS, more


def is_of_several(label: bytes) -> bool:
    """Tell whether GNU tar numbered the label, as it does for volumes of one archive."""
    return _NUMBERED.search(label) is not None


def time_record(seconds: int, nanoseconds: int) -> bytes:
    """Return the record of a modification time: seconds rounded down, and what is beyond them."""
    sign = b""
    if seconds < 0:
        sign = b"-"
        seconds, nanoseconds = divmod(-seconds * _NANOSECONDS - nanoseconds, _NANOSECONDS)
    text = b" mtime=%b%d.%09d\n" % (sign, seconds, nanoseconds)
    # Its length counts its own digits: never one, and below a hundred.
    return b"%d" % (len(text) + 2) + text


_NANOSECONDS: Final = 10**9
_NUMBERED: Final = re.compile(rb" Volume [0-9]+$")
_TWINS: Final = (b"LIBARCHIVE.xattr.user.", b"LIBARCHIVE.xattr.security.capability")
_ACLS: Final = frozenset({b"SCHILY.acl.access", b"SCHILY.acl.default"})
_READ: Final[dict[bytes, tuple[str, Callable[[bytes], bytes | int]]]] = {
    b"path": ("path", _text),
    b"linkpath": ("linkpath", _text),
    b"size": ("size", _whole),
    b"uname": ("user", _owner_name),
    b"gname": ("group", _owner_name),
    b"GNU.sparse.size": ("sparse_size", _whole),
    b"GNU.sparse.realsize": ("sparse_size", _whole),
    b"GNU.sparse.name": ("sparse_name", _text),
    b"GNU.sparse.numblocks": ("sparse_parts", _whole),
    b"GNU.sparse.major": ("sparse_major", _whole),
    b"GNU.sparse.minor": ("sparse_minor", _whole),
}
