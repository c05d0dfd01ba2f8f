"""Members written so that the pod's tar restores them right, whatever the archive's dialect.

Where the archive's own blocks mean the same to every tar they are passed on. All others get a
header of ours in GNU format: long and odd names, sizes from 8 GiB, old and unknown headers, PAX
records, absolute names. Bytes of file data are never changed.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Extra, Kind, normal_path
from kubectl_restore.archive.stream.segments import Extract, Literal, Zeros
from kubectl_restore.archive.tar.acl import by_number
from kubectl_restore.archive.tar.header import BLOCK
from kubectl_restore.archive.tar.member_header import (
    header_length,
    member_header,
    sparse_header,
    sparse_header_length,
)
from kubectl_restore.archive.tar.pax import time_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.stream.segments import Segment


@dataclass(frozen=True, slots=True)
class Shell:
    """How a container's shell writes members, where there is no tar.

    Attributes:
        quotes: its printf and the container's tr write short contents from text; else every content
            is a stream of its own.
        fractions: the container's touch sets parts of a second.
    """

    quotes: bool = False
    fractions: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the pod's tar reads beyond the common ground.

    Attributes:
        holes: GNU's old sparse format.
        extras: what PAX records can tell it.
        old_times: times before 1970. toybox 0.8.9 takes such a header for none.
        acl_names: lists of access by name end it with no error where there is no such user.
        old_fractions: parts of a second of those, too. libarchive 3.6 reads them wrongly.
        shell: it is no tar, but the container's shell.
    """

    holes: bool = False
    extras: Extra = Extra.NOTHING
    old_times: bool = True
    old_fractions: bool = True
    acl_names: bool = False
    shell: Shell | None = None


def lost(member: Member, dialect: Dialect) -> Extra:
    """Return what of a member this tar cannot keep."""
    return _extras_of(member) & ~_taken(member, dialect)


def _taken(member: Member, dialect: Dialect) -> Extra:
    """Return which of all extras this tar takes for a member."""
    taken = dialect.extras
    if member.mtime < 0 and not dialect.old_fractions:
        taken &= ~Extra.FRACTION
    if Extra.ACL in member.extras & taken and not dialect.acl_names:
        lists = (record for key, record in _each(member.records) if key.startswith(_ACL))
        if None in map(by_number, lists):
            taken &= ~Extra.ACL
    return taken


def handed_over(member: Member, dialect: Dialect) -> Extra:
    """Return what of a member stands in the records that this tar is given (`records_of`)."""
    if member.kind is Kind.HARDLINK:
        return Extra.NOTHING
    return _extras_of(member) & _taken(member, dialect)


def takes_list(member: Member, dialect: Dialect) -> bool:
    """Tell whether this tar is given a member's access control list."""
    return Extra.ACL in _extras_of(member) & _taken(member, dialect)


def time_of(member: Member, dialect: Dialect) -> int:
    """Return the time that stands in a header: what this tar does not read is set afterwards."""
    return member.mtime if dialect.old_times else max(0, member.mtime)


def header_of(member: Member, dialect: Dialect, *, extra_mode: int = 0) -> bytes:
    """Return the header of a directory, a link or a file without holes.

    Args:
        member: what to write.
        dialect: for whom.
        extra_mode: permission bits besides the member's own.
    """
    is_directory = member.kind is Kind.DIRECTORY
    link = normal_path(member.link) if member.kind is Kind.HARDLINK else member.link
    return member_header(
        member.path + b"/" if is_directory else member.path,
        _TYPES[member.kind],
        size=member.size if member.kind is Kind.FILE else 0,
        mode=member.mode | extra_mode,
        mtime=time_of(member, dialect),
        uid=member.uid,
        gid=member.gid,
        link=link,
        device=member.device,
        records=records_of(member, dialect),
    )


_TYPES: Final = {
    Kind.FILE: b"0",
    Kind.HARDLINK: b"1",
    Kind.SYMLINK: b"2",
    Kind.CHARACTER_DEVICE: b"3",
    Kind.BLOCK_DEVICE: b"4",
    Kind.DIRECTORY: b"5",
    Kind.FIFO: b"6",
}


_ACL: Final = b"SCHILY.acl."
_KEYS: Final = (
    (b"SCHILY.xattr.user.", Extra.XATTRS),
    (b"SCHILY.xattr.security.capability=", Extra.CAPABILITIES),
    (_ACL, Extra.ACL),
)


def records_of(member: Member, dialect: Dialect) -> bytes:
    """Return the PAX records that this tar takes for a member."""
    if not member.extras or not dialect.extras:
        return b""
    taken = handed_over(member, dialect)
    time = b""
    if Extra.FRACTION in taken:
        time = time_record(member.mtime, member.nanoseconds)
    return time + b"".join(
        sent
        for key, record in _each(member.records)
        if any(key.startswith(own) and extra in taken for own, extra in _KEYS)
        and (sent := by_number(record) or (record if dialect.acl_names else b""))
    )


def _extras_of(member: Member) -> Extra:
    """Return what a member can have: symlinks have neither attributes of the user's nor ACLs."""
    return member.extras & Extra.FRACTION if member.kind is Kind.SYMLINK else member.extras


def _each(records: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Return each record with what follows its length."""
    at = 0
    while at < len(records):
        blank = records.index(b" ", at)
        end = at + int(records[at:blank])
        yield records[blank + 1 : end], records[at:end]
        at = end


def segments_of(member: Member, dialect: Dialect) -> Iterator[Segment]:
    """Return what is sent for a file or a link."""
    content = member.offset + member.prefix
    if member.extents is not None:
        yield from _sparse(member, content, dialect)
    elif member.is_common:
        yield Extract(member.offset, member.length)
    else:
        yield Literal(header_of(member, dialect))
        if member.kind is Kind.FILE and member.size:
            # Its padding follows it in the archive.
            yield Extract(content, member.length - member.prefix)


def length_of(member: Member, dialect: Dialect) -> int:
    """Return how many bytes are sent for a member: those of `segments_of`, or of its header."""
    content = member.length - member.prefix
    records = records_of(member, dialect)
    if member.kind is Kind.DIRECTORY:
        return header_length(member.path + b"/", records=records)
    if member.extents is not None:
        if dialect.holes:
            head = sparse_header_length(member.path, member.extents, member.size, records)
            return head + (content if member.extents else 0)
        return header_length(member.path, records=records) + member.size + -member.size % BLOCK
    if member.is_common:
        return member.length
    link = normal_path(member.link) if member.kind is Kind.HARDLINK else member.link
    has_content = member.kind is Kind.FILE and member.size
    return header_length(member.path, link, records) + (content if has_content else 0)


def _sparse(member: Member, content: int, dialect: Dialect) -> Iterator[Segment]:
    extents = member.extents if member.extents is not None else array("q")
    if dialect.holes:
        yield Literal(
            sparse_header(
                member.path,
                extents,
                size=member.size,
                mode=member.mode,
                mtime=time_of(member, dialect),
                uid=member.uid,
                gid=member.gid,
                records=records_of(member, dialect),
            )
        )
        if extents:
            yield Extract(content, member.length - member.prefix)
        return
    yield Literal(header_of(member, dialect))
    end = 0
    for start, length in zip(extents[::2], extents[1::2], strict=True):
        if start > end:
            yield Zeros(start - end)
        yield Extract(content, length)
        content += length
        end = start + length
    rest = member.size - end + -member.size % BLOCK
    if rest:
        yield Zeros(rest)
