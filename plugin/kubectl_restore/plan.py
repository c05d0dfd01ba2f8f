"""Index, survey and policy become operations. Pure: values in, values out."""

from __future__ import annotations

import stat
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.header import member_header
from kubectl_restore.archive.index import Extra, Kind
from kubectl_restore.archive.outgoing import END_OF_ARCHIVE, Extract, Literal
from kubectl_restore.archive.rewriting import Dialect, header_of, lost, records_of, segments_of
from kubectl_restore.operation import Action, Operation
from kubectl_restore.pod.survey import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kubectl_restore.archive.index import Index, Member
    from kubectl_restore.archive.outgoing import Segment
    from kubectl_restore.pod.survey import Entry

_RECORD: Final = 10240
"""Bytes of a tar record (20 blocks): tars read whole ones from a pipe (GNU tar manual, 9.4)."""
_JOINED: Final = 64 * 1024
"""Bytes up to which literals are joined; joining on and on would copy quadratically."""
_PARENT_MODE: Final = 0o755
_OWNER_WRITES: Final = 0o700
_ATTRIBUTES: Final = Extra.XATTRS | Extra.ACL | Extra.CAPABILITIES


@dataclass(slots=True)
class Plan:
    """What a restore will do, and the stream that does it."""

    operations: list[Operation]
    segments: list[Segment] = field(default_factory=list)
    total: int = 0
    """Bytes of the stream."""
    directories: bytes = b""
    """A second archive, for when the first is extracted: each directory with its mode and time."""
    lost: dict[Extra, int] = field(default_factory=dict)
    """How many members have what the pod's tar cannot keep, by kind."""
    filled: int = 0
    """How many members have holes that are written out."""
    root: tuple[Member, Entry] | None = None
    """The archive's own entry for the target, and what the target is: it is left as it is."""
    attributed: int = 0
    """How many members have attributes or ACLs that the pod's tar is given."""
    _ends: array[int] = field(default_factory=lambda: array("q"))
    _members: list[Member] = field(default_factory=list)

    @property
    def refused(self) -> list[Operation]:
        """The operations that forbid the restore."""
        return [one for one in self.operations if one.action is Action.REFUSE]

    @property
    def carried_out(self) -> list[Operation]:
        """The operations that change the pod."""
        return [one for one in self.operations if one.action in {Action.CREATE, Action.REPLACE}]

    @property
    def total_files(self) -> int:
        """How many members the stream carries (directories come as part of the frame)."""
        return len(self._members)

    def position(self, acknowledged: int) -> tuple[int, bytes | None]:
        """Return how many members end within the first bytes, and the path under way after them."""
        done = bisect_right(self._ends, acknowledged)
        return done, self._members[done].path if done < len(self._members) else None

    def members_until(self, acknowledged: int) -> list[Member]:
        """Return the members whose last byte is among the first `acknowledged`."""
        return self._members[: bisect_right(self._ends, acknowledged)]


def parents(path: bytes) -> Iterator[bytes]:
    """Return the directories above `path`, the outermost first."""
    at = path.find(b"/")
    while at >= 0:
        yield path[:at]
        at = path.find(b"/", at + 1)


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
        uid: who we are there when we may change nothing of others; None for root.
    """

    force: bool = False
    dialect: Dialect = field(default_factory=Dialect)
    kept_links: Mapping[bytes, bytes] = field(default_factory=dict)
    uid: int | None = None


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
        _lay_out(plan, index, policy.dialect)
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


def _lay_out(plan: Plan, index: Index, dialect: Dialect) -> None:
    """Write the stream: every member where it stood, in the form that the pod's tar reads.

    A directory comes twice: where it stood, writable for its owner, so that its children can be
    made on every tar; and in an archive of its own that is extracted afterwards, the deepest first,
    with its true mode and time. Its children changed its time, and tars make some links only when
    the stream has ended (GNU and busybox those with absolute or `..` targets), so the end of the
    same stream would be too early.
    """
    changed = {one.path: one for one in plan.carried_out}
    made: set[bytes] = set()
    stream = _Stream()
    for member in index.members:
        for path in (*parents(member.path), member.path):
            operation = changed.get(path)
            if operation is None or path in made:
                continue
            if operation.member is None:
                made.add(path)
                stream.add(Literal(_parent(path, member.mtime)))
            elif operation.member.kind is Kind.DIRECTORY:
                made.add(path)
                extra = _OWNER_WRITES
                stream.add(Literal(header_of(operation.member, dialect, extra_mode=extra)))
        if member.kind is not Kind.DIRECTORY and member.path in changed:
            for segment in segments_of(member, dialect):
                stream.add(segment)
            plan._ends.append(stream.length)  # noqa: SLF001 - the plan's own builder
            plan._members.append(member)  # noqa: SLF001
    finals = [
        one.member
        for one in plan.carried_out
        if one.member is not None and one.member.kind is Kind.DIRECTORY
    ]
    stream.add(Literal(END_OF_ARCHIVE))
    stream.add(Literal(bytes(-stream.length % _RECORD)))
    plan.segments = stream.segments
    plan.total = stream.length
    finals.sort(key=lambda one: one.path, reverse=True)
    headers = b"".join(header_of(member, dialect) for member in finals) + END_OF_ARCHIVE
    plan.directories = headers + bytes(-len(headers) % _RECORD) if finals else b""
    for one in plan.carried_out:
        if one.member is not None:
            _count_lost(plan, one.member, dialect)


def _parent(path: bytes, mtime: int) -> bytes:
    """Return the header of a directory that the archive does not have."""
    return member_header(path + b"/", b"5", mode=_PARENT_MODE, mtime=mtime, uid=0, gid=0)


def _count_lost(plan: Plan, member: Member, dialect: Dialect) -> None:
    for extra in lost(member, dialect):
        plan.lost[extra] = plan.lost.get(extra, 0) + 1
    if member.extents is not None and not dialect.holes:
        plan.filled += 1
    if member.extras & _ATTRIBUTES and records_of(member, dialect):
        plan.attributed += 1


class _Stream:
    """Collects segments; neighbours are joined."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.length = 0

    def add(self, segment: Segment) -> None:
        last = self.segments[-1] if self.segments else None
        if isinstance(segment, Literal):
            length = len(segment.data)
            if isinstance(last, Literal) and len(last.data) < _JOINED:
                self.segments[-1] = Literal(last.data + segment.data)
            elif segment.data:
                self.segments.append(segment)
        else:
            length = segment.length
            if (
                isinstance(segment, Extract)
                and isinstance(last, Extract)
                and last.offset + last.length == segment.offset
            ):
                self.segments[-1] = Extract(last.offset, last.length + length)
            else:
                self.segments.append(segment)
        self.length += length


def in_the_way(operations: Iterable[Operation]) -> tuple[list[Operation], list[Operation]]:
    """Split refused operations into those that --force would allow and the others."""
    refused = [one for one in operations if one.action is Action.REFUSE]
    return [one for one in refused if one.needs_force], [
        one for one in refused if not one.needs_force
    ]
