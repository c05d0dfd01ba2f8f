"""What tells two states of a path apart, in a few bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.container.survey import Standing

if TYPE_CHECKING:
    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.container.survey import Entry


def identity_of(entry: Entry) -> tuple[int, ...]:
    """Return what tells a file from another, and from what it was before."""
    return (entry.device, entry.inode, entry.size, entry.mode, entry.mtime, entry.uid, entry.gid)


def number_of(entry: Entry, digest: bytes | None = None) -> int:
    """Return what tells two states of a path apart; things come and go in a directory in use."""
    if entry.kind is Standing.DIRECTORY:
        return hash((entry.mode, entry.uid, entry.gid))
    return hash((*identity_of(entry), digest))


def is_as_it_was(before: Entry, now: Entry | None) -> bool:
    """Tell whether something is still there; things come and go in a directory that is in use."""
    if now is None or before.kind is not now.kind:
        return False
    return number_of(before) == number_of(now)


def looks_like(member: Member | None, entry: Entry) -> bool:
    """Tell whether a restore would later take the member's content for what stands there now."""
    return (
        member is not None
        and entry.kind is Standing.FILE
        and member.kind is Kind.FILE
        and (member.size, member.mtime) == (entry.size, entry.mtime)
    )
