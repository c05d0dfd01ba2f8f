"""What is done about one path: index entry, what stands there and policy become an operation."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.container.survey import Standing
from kubectl_restore.container.traits import SYSTEMS
from kubectl_restore.plan.contents import STANDING
from kubectl_restore.plan.operation import Action, Operation
from kubectl_restore.plan.policy import Overwrite
from kubectl_restore.plan.sameness import has_rights

if TYPE_CHECKING:
    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.container.survey import Entry
    from kubectl_restore.plan.sameness import Policy, Seen

_FOREIGN: Final = "belonging to somebody else kept mode, owner and time"
_MODE_KEPT: Final = "stood there already and kept mode and owner (--force sets the backup's)"
_SYSTEM: Final = "left alone: lost+found is the volume's own"
_FOR_GOOD: Final = frozenset({Overwrite.IF_CHANGED, Overwrite.ALWAYS})
STAYS: Final = {
    Overwrite.NEVER: "something else stands there (--overwrite never)",
    Overwrite.IF_NEWER: "what stands there is not older (--overwrite if-newer)",
}


def of_directory(
    path: bytes, member: Member | None, entry: Entry | None, policy: Policy, *, is_link: bool
) -> Operation:
    """Return what is done about a directory that the backup has or needs.

    Args:
        path: its.
        member: the backup's; None where it has none.
        entry: what stands there; None for nothing.
        policy: what is allowed.
        is_link: a symbolic link stands there that stays.
    """
    if entry is None:
        return Operation(path, Action.CREATE, member)
    action, reason = Action.KEEP, ""
    if is_link:
        reason = "left as a symbolic link that stands there"
    elif entry.kind is not Standing.DIRECTORY:
        action, reason = Action.REFUSE, f"a {entry.kind} stands where a directory has to be"
    elif path in SYSTEMS:
        reason = _SYSTEM if member is not None else ""
    elif path in policy.ours:
        action = Action.KEEP if member is None else Action.CREATE
    elif policy.uid not in {None, entry.uid}:
        reason = _FOREIGN
    elif member is not None and policy.overwrite in _FOR_GOOD:
        is_right = policy.attributes.has_time(member, entry) and has_rights(member, entry, policy)
        if not is_right or policy.overwrite is Overwrite.ALWAYS:
            action = Action.REPLACE
    elif member is not None and not has_rights(member, entry, policy):
        reason = _MODE_KEPT
    stands = entry.kind if action is Action.KEEP else None
    return Operation(path, action, member, reason, stands=stands)


def is_right(member: Member, entry: Entry, policy: Policy) -> bool:
    """Tell whether a directory was as the backup has it."""
    return (
        entry.kind is Standing.DIRECTORY
        and policy.attributes.has_time(member, entry)
        and has_rights(member, entry, policy)
        and policy.uid in {None, entry.uid}
    )


def of_same(member: Member, content: Member, entry: Entry, policy: Policy) -> tuple[Action, str]:
    """Decide about what has the backup's content."""
    is_due = policy.overwrite is Overwrite.IF_CHANGED and content.kind is Kind.FILE
    if has_rights(content, entry, policy) and not (
        is_due and not policy.attributes.has_time(content, entry)
    ):
        return Action.KEEP, ""
    # It may have names that the backup knows nothing of: under them nothing is changed.
    is_shared = member.kind is Kind.FILE and entry.links > 1
    is_ours = policy.uid in {None, entry.uid}
    if policy.overwrite is Overwrite.IF_CHANGED and is_ours and not is_shared:
        return Action.ADJUST, ""
    action, reason = of_different(content, entry, policy)
    if action is Action.REFUSE:
        reason = f"{reason}, with another mode or owner"
    return action, reason


def of_different(content: Member, entry: Entry, policy: Policy) -> tuple[Action, str]:
    """Decide about what has other content than the backup: this is where a policy decides."""
    overwrite = policy.overwrite
    is_newer = content.mtime > entry.mtime
    if overwrite in _FOR_GOOD or (overwrite is Overwrite.IF_NEWER and is_newer):
        return Action.REPLACE, ""
    if overwrite in STAYS:
        return Action.SKIP, STAYS[overwrite]
    return Action.REFUSE, f"a {entry.kind} stands there"


def of_whole(member: Member, content: Member, entry: Entry, policy: Policy) -> Operation:
    """Return what is done about a file that is whole, after a restore that was broken off."""
    if policy.attributes.has_time(content, entry) and has_rights(content, entry, policy):
        return Operation(member.path, Action.KEEP, member, stands=entry.kind)
    return Operation(member.path, Action.ADJUST, member)


def is_out_of_reach(entry: Entry, parent: Entry | None, uid: int | None) -> bool:
    """Tell whether something is another's, in another's sticky directory: it may not go."""
    return (
        uid is not None
        and entry.uid != uid
        and parent is not None
        and bool(parent.mode & stat.S_ISVTX)
        and parent.uid != uid
    )


def may_be_ours(content: Member, seen: Seen) -> bool:
    """Tell whether what stands there is of a kind that a restore leaves behind."""
    entry = seen.entry
    if entry.kind is Standing.FILE and not entry.size:
        # GNU tar has an empty file in the place of a link that it makes at its end.
        return content.kind in {Kind.FILE, Kind.SYMLINK}
    if content.kind is Kind.SYMLINK and entry.kind is Standing.SYMLINK:
        return entry.size == len(content.link) and seen.text in {None, content.link}
    is_longer = content.kind is Kind.FILE and entry.size > content.size
    return entry.kind is STANDING[content.kind] and not is_longer
