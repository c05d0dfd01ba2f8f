"""What a header and what stands before it say of a member."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from kubectl_restore.archive.members.member import Extra, Kind, resolved_inside
from kubectl_restore.archive.refusals import corrupt
from kubectl_restore.archive.tar.acl import granted_mode
from kubectl_restore.archive.tar.header import Unread

if TYPE_CHECKING:
    from kubectl_restore.archive.tar.header import Header
    from kubectl_restore.archive.tar.pax import Pax

_KINDS: Final = {
    b"0": Kind.FILE,
    b"\x00": Kind.FILE,
    b"7": Kind.FILE,
    b"S": Kind.FILE,
    b"1": Kind.HARDLINK,
    b"2": Kind.SYMLINK,
    b"3": Kind.CHARACTER_DEVICE,
    b"4": Kind.BLOCK_DEVICE,
    b"5": Kind.DIRECTORY,
    b"6": Kind.FIFO,
}
_WITHOUT_DATA: Final = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})
"""Old archivers record a size with links; no data follows it, and no tar that extracts looks for
any (GNU tar does when it lists)."""
_SET_IDS: Final = 0o6000
_ENTERED: Final = 0o100
"""What a directory needs beside reading and writing."""


class Owner(NamedTuple):
    """Whose a member is, by number; what could not be read of it is root's, as GNU tar has it."""

    uid: int
    gid: int
    is_known: bool


def kind_of(header: Header) -> Kind:
    """Return what a header says that its member is."""
    return _KINDS.get(header.kind, Kind.OTHER)


def stored_size(header: Header, pax: Pax, at: int) -> int:
    """Return how many bytes of data follow a header.

    Raises:
        BackupError: tars differ in it.
    """
    has_data = header.kind not in _WITHOUT_DATA
    # GNU tar reads holes out of records before a header of the standard's, and only there.
    if (pax.size and not has_data) or (pax.is_sparse and header.is_gnu):
        raise corrupt(f"the member at byte {at} is not what its extended header says")
    return (header.size if pax.size is None else pax.size) if has_data else 0


def owner_of(header: Header, pax: Pax) -> Owner:
    """Return the owner; a record that cannot be read leaves the header's."""
    is_known = Unread.OWNER not in header.unread or None not in (pax.uid, pax.gid)
    return Owner(
        header.uid if pax.uid is None else pax.uid,
        header.gid if pax.gid is None else pax.gid,
        is_known and Unread.OWNER not in pax.unread,
    )


def unread_of(header: Header, pax: Pax, *, knows_owner: bool) -> Unread:
    """Return what could not be read of a member, and nothing else says."""
    unread = header.unread & (Unread.MODE | Unread.PREFIX)
    if (Unread.TIME in header.unread and pax.mtime is None) or Unread.TIME in pax.unread:
        unread |= Unread.TIME
    return unread if knows_owner else unread | Unread.OWNER


def mode_of(header: Header, pax: Pax, kind: Kind, *, knows_owner: bool) -> int:
    """Return the permission bits that nobody gets too much by.

    Whoever owns it instead gives nobody its rights; and of a file with an access control list the
    group has what the list grants it: the list may not be set.
    """
    mode = header.mode
    if Extra.ACL in pax.extras:
        mode = granted_mode(mode, pax.records)
    if Unread.MODE in header.unread and kind is Kind.DIRECTORY:
        mode |= _ENTERED
    return mode if knows_owner else mode & ~_SET_IDS


def link_of(kind: Kind, link: bytes) -> bytes:
    """Return where a link leads; of a hard link `..` is taken out where it stays inside."""
    if kind is Kind.HARDLINK and b".." in link:
        return resolved_inside(link)
    return link if kind in {Kind.SYMLINK, Kind.HARDLINK} else b""
