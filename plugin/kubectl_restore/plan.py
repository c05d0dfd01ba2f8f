"""Index, survey and policy become operations. Pure: values in, values out."""

from __future__ import annotations

import stat
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.index import Extra, Kind
from kubectl_restore.archive.layout import Layout, parents
from kubectl_restore.archive.rewriting import Dialect, lost, records_of
from kubectl_restore.operation import Action, Operation
from kubectl_restore.pod.survey import Standing

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from kubectl_restore.archive.index import Index, Member
    from kubectl_restore.pod.survey import Entry

_ATTRIBUTES: Final = Extra.XATTRS | Extra.ACL | Extra.CAPABILITIES


@dataclass(slots=True)
class Plan:
    """What a restore will do, and the stream that does it."""

    operations: list[Operation]
    layout: Layout | None = None
    """The stream that does it; None for a plan that is refused."""
    lost: dict[Extra, int] = field(default_factory=dict)
    """How many members have what the pod's tar cannot keep, by kind."""
    filled: int = 0
    """How many members have holes that are written out."""
    root: tuple[Member, Entry] | None = None
    """The archive's own entry for the target, and what the target is: it is left as it is."""
    attributed: int = 0
    """How many members have attributes or ACLs that the pod's tar is given."""

    @property
    def refused(self) -> list[Operation]:
        """The operations that forbid the restore."""
        return [one for one in self.operations if one.action is Action.REFUSE]

    @property
    def carried_out(self) -> list[Operation]:
        """The operations that change the pod."""
        return [one for one in self.operations if one.action in {Action.CREATE, Action.REPLACE}]


def paths_to_survey(index: Index) -> list[bytes]:
    """Return each path that the archive has or needs, once, sorted, without the target itself."""
    paths: set[bytes] = set()
    for member in index.members:
        if member.path and member.path not in paths:
            paths.add(member.path)
            paths.update(parents(member.path))
    return sorted(paths)


@dataclass(frozen=True, slots=True)
class Policy:
    """What the user and the pod allow.

    Attributes:
        force: what exists is replaced.
        dialect: what the pod's tar reads.
        kept_links: symbolic links that stay: where each leads to inside the target.
        owner: whom parents belong to that the archive lacks.
        uid: who we are there when we may change nothing of others; None for root.
        ours: paths that this restore has made already, in batches before.
    """

    force: bool = False
    dialect: Dialect = field(default_factory=Dialect)
    kept_links: Mapping[bytes, bytes] = field(default_factory=dict)
    owner: tuple[int, int] = (0, 0)
    uid: int | None = None
    ours: Container[bytes] = frozenset()


def make_plan(index: Index, survey: Mapping[bytes, Entry], policy: Policy) -> Plan:
    """Decide about each path of the archive.

    A directory that stands there is no obstacle: without --force it keeps its mode and times,
    with --force it gets the archive's. Anything else that stands at a member's path is in the way
    without --force. A directory where something else comes, or the reverse, is in the way even
    with it, because no tar replaces that safely.
    """
    last: dict[bytes, Member] = {member.path: member for member in index.members if member.path}
    paths = paths_to_survey(index)
    twice = _twice(paths, policy.kept_links)
    operations = [
        Operation(path, Action.REFUSE, last.get(path), _TWICE)
        if path in twice
        else _decide(path, last.get(path), survey.get(path), policy)
        for path in paths
    ]
    plan = Plan(operations)
    target = survey.get(b"")
    for member in index.members:
        if not member.path and target is not None:
            plan.root = (member, target)
    if not plan.refused:
        _lay_out(plan, index, policy)
    return plan


_TWICE: Final = "a symlink stands there, and the backup also has what it leads to"


def _twice(paths: Sequence[bytes], kept_links: Mapping[bytes, bytes]) -> set[bytes]:
    """Return the kept links that lead to where the backup has members of its own too."""
    found = set()
    for link, there in kept_links.items():
        at = bisect_left(paths, there)
        if at < len(paths) and (paths[at] == there or paths[at].startswith(there + b"/")):
            found.add(link)
    return found


def _decide(path: bytes, member: Member | None, entry: Entry | None, policy: Policy) -> Operation:
    if entry is None:
        return Operation(path, Action.CREATE, member)
    if member is None or member.kind is Kind.DIRECTORY:
        return _decide_directory(path, member, entry, policy)
    if entry.kind is Standing.DIRECTORY:
        return Operation(path, Action.REFUSE, member, "a directory stands there")
    if path in policy.ours:
        return Operation(path, Action.CREATE, member)
    if policy.force:
        return Operation(path, Action.REPLACE, member)
    return Operation(path, Action.REFUSE, member, f"a {entry.kind} stands there", needs_force=True)


def _decide_directory(
    path: bytes, member: Member | None, entry: Entry, policy: Policy
) -> Operation:
    if path in policy.kept_links:
        reason = "left as a symbolic link that stands there"
    elif entry.kind is not Standing.DIRECTORY:
        reason = f"a {entry.kind} stands where a directory has to be"
        return Operation(path, Action.REFUSE, member, reason)
    elif path in policy.ours:
        action = Action.KEEP if member is None else Action.CREATE
        stands = entry.kind if member is None else None
        return Operation(path, action, member, stands=stands)
    elif policy.uid not in {None, entry.uid}:
        reason = "belonging to somebody else kept mode, owner and time"
    elif policy.force and member is not None:
        return Operation(path, Action.REPLACE, member)
    else:
        reason = "stood there already and kept mode and owner (--force sets the backup's)"
    return Operation(path, Action.KEEP, member, reason, stands=entry.kind)


def directories_written_to(
    operations: Iterable[Operation], survey: Mapping[bytes, Entry]
) -> list[bytes]:
    """Return the existing directories in which something will be made or replaced, sorted.

    The target itself is the empty path.
    """
    found = set()
    for one in operations:
        if one.action is Action.CREATE or (
            one.action is Action.REPLACE and survey[one.path].kind is not Standing.DIRECTORY
        ):
            parent = one.path.rpartition(b"/")[0]
            if not parent or parent in survey:
                found.add(parent)
    return sorted(found)


def out_of_reach(
    operations: Iterable[Operation], survey: Mapping[bytes, Entry], uid: int
) -> list[bytes]:
    """Return what may not be replaced by us: another's things in another's sticky directory."""
    return [
        one.path
        for one in operations
        if one.action is Action.REPLACE
        and survey[one.path].uid != uid
        and (parent := survey.get(one.path.rpartition(b"/")[0])) is not None
        and parent.mode & stat.S_ISVTX
        and parent.uid != uid
    ]


def _lay_out(plan: Plan, index: Index, policy: Policy) -> None:
    wanted = {one.path: one.member for one in plan.carried_out}
    plan.layout = Layout(index.members, wanted, policy.dialect, policy.owner)
    for member in wanted.values():
        if member is not None:
            _count_lost(plan, member, policy.dialect)


def _count_lost(plan: Plan, member: Member, dialect: Dialect) -> None:
    for extra in lost(member, dialect):
        plan.lost[extra] = plan.lost.get(extra, 0) + 1
    if member.extents is not None and not dialect.holes:
        plan.filled += 1
    if member.extras & _ATTRIBUTES and records_of(member, dialect):
        plan.attributed += 1


def in_the_way(operations: Iterable[Operation]) -> tuple[list[Operation], list[Operation]]:
    """Split refused operations into those that --force would allow and the others."""
    refused = [one for one in operations if one.action is Action.REFUSE]
    return [one for one in refused if one.needs_force], [
        one for one in refused if not one.needs_force
    ]
