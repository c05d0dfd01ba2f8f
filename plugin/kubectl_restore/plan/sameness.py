"""Is what stands there what the backup has? And what the user and the pod allow about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.stream.normalise import Dialect
from kubectl_restore.container.survey import Standing
from kubectl_restore.plan.attributes import Attributes
from kubectl_restore.plan.contents import STANDING, size_of
from kubectl_restore.plan.policy import Overwrite

if TYPE_CHECKING:
    from collections.abc import Container

    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.container.survey import Entry

_IN_AN_INODE: Final = 4096
"""Bytes that a file system may keep without a block."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the user and the pod allow.

    Attributes:
        overwrite: what becomes of what differs.
        dialect: what the pod's tar reads.
        owner: whom parents belong to that the archive lacks.
        uid: who we are there when we may change nothing of others; None for root.
        ours: paths that this restore has made already, in batches before, or has left unfinished.
        brought: paths that an earlier attempt of this run has sent again already.
        attributes: what mode, owner and time can be there.
        us: user and group that what we make belongs to there, as far as is known.
        distrusts_size: the pod's tar leaves what it could not write at its full size.
        removes_links: the pod's tar does not replace a symlink that leads out of the target
            (toybox: "not under"), so it is removed first.
    """

    overwrite: Overwrite = Overwrite.REFUSE
    dialect: Dialect = field(default_factory=Dialect)
    owner: tuple[int, int] = (0, 0)
    uid: int | None = None
    ours: Container[bytes] = frozenset()
    brought: Container[bytes] = frozenset()
    attributes: Attributes = field(default_factory=Attributes)
    us: tuple[int | None, int | None] = (None, None)
    distrusts_size: bool = False
    removes_links: bool = False


def has_rights(member: Member, entry: Entry, policy: Policy) -> bool:
    """Tell whether mode and owner are the backup's, as far as they can be there."""
    own = policy.attributes
    return own.has_mode(member, entry) and own.has_owner(member, entry)


class Seen(NamedTuple):
    """What is known of what stands at a path.

    Attributes:
        entry: what the survey says.
        text: where a symlink there leads, if that was asked.
        has_our_digest: whether a file has the backup's checksum, if that was asked.
        is_made: an earlier attempt, or a run before, has made it whole.
    """

    entry: Entry
    text: bytes | None = None
    has_our_digest: bool | None = None
    is_made: bool = False


def has_content(content: Member, seen: Seen, policy: Policy) -> bool:
    """Tell whether what stands there has the backup's content: by kind, size and time.

    Where the volume does not keep the time it says nothing: then the checksum decides, or that it
    was made by this restore.

    Args:
        content: the member that carries it: no hard link.
        seen: what stands there; its checksum decides where it is known, and not the time.
        policy: what is allowed there.
    """
    entry, text = seen.entry, seen.text
    if entry.kind is not STANDING.get(content.kind):
        return False
    size = size_of(content)
    if size is not None and entry.size != size:
        return False
    if content.kind is Kind.FIFO:
        return True
    if content.kind is Kind.SYMLINK and text is not None:
        return text == content.link
    if content.kind is Kind.FILE:
        return _has_bytes(content, seen, policy)
    return policy.attributes.has_time(content, entry)


def _has_bytes(content: Member, seen: Seen, policy: Policy) -> bool:
    """Tell whether a file of the right size has the backup's bytes."""
    if seen.has_our_digest is not None:
        return seen.has_our_digest
    if not policy.attributes.time_decides(content):
        return seen.is_made
    entry = seen.entry
    is_empty = policy.distrusts_size and content.extents is None
    return policy.attributes.has_time(content, entry) and not (
        is_empty and entry.blocks * 512 < content.size > _IN_AN_INODE
    )


def may_say_the_same(link: Member, entry: Entry | None) -> bool:
    """Tell whether only its text can tell if a symbolic link is right.

    Another place of the same length is no rare thing: releases/v1, releases/v2.
    """
    return entry is not None and entry.kind is Standing.SYMLINK and entry.size == len(link.link)
