"""Index, survey and policy become operations. Pure: values in, values out."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.header import directory_header, hard_link_header
from kubectl_restore.archive.index import Kind, normal_path
from kubectl_restore.archive.outgoing import END_OF_ARCHIVE, Extract, Literal
from kubectl_restore.operation import Action, Operation
from kubectl_restore.pod.survey import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kubectl_restore.archive.index import Index, Member
    from kubectl_restore.archive.outgoing import Segment
    from kubectl_restore.pod.survey import Entry

_RECORD: Final = 10240
"""Bytes of a tar record (20 blocks): tars read whole ones from a pipe (GNU tar manual, 9.4)."""
_JOINED: Final = 64 * 1024
"""Bytes up to which literals are joined; joining on and on would copy quadratically."""
_PARENT_MODE: Final = 0o755
_OWNER_WRITES: Final = 0o700


@dataclass(slots=True)
class Plan:
    """What a restore will do, and the stream that does it."""

    operations: list[Operation]
    segments: list[Segment] = field(default_factory=list)
    total: int = 0
    """Bytes of the stream."""
    directories: bytes = b""
    """A second archive, for when the first is extracted: each directory with its mode and time."""
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


def make_plan(index: Index, survey: Mapping[bytes, Entry], *, force: bool) -> Plan:
    """Decide about each path of the archive.

    A directory that stands there is no obstacle: without --force it keeps its mode and times,
    with --force it gets the archive's. Anything else that stands at a member's path is in the way
    without --force. A directory where something else comes, or the reverse, is in the way even
    with it, because no tar replaces that safely.
    """
    last: dict[bytes, Member] = {member.path: member for member in index.members if member.path}
    operations = [
        _decide(path, last.get(path), survey.get(path), force=force)
        for path in paths_to_survey(index)
    ]
    plan = Plan(operations)
    if not plan.refused:
        _lay_out(plan, index)
    return plan


def _decide(path: bytes, member: Member | None, entry: Entry | None, *, force: bool) -> Operation:
    if entry is None:
        return Operation(path, Action.CREATE, member)
    must_be_directory = member is None or member.kind is Kind.DIRECTORY
    is_directory = entry.kind is Standing.DIRECTORY
    if must_be_directory and not is_directory:
        reason = f"a {entry.kind} stands where a directory has to be"
        return Operation(path, Action.REFUSE, member, reason)
    if is_directory and not must_be_directory:
        return Operation(path, Action.REFUSE, member, "a directory stands there")
    if force and member is not None:
        return Operation(path, Action.REPLACE, member)
    if is_directory:
        return Operation(path, Action.KEEP, member, "the directory is there already")
    return Operation(path, Action.REFUSE, member, f"a {entry.kind} stands there", needs_force=True)


def _lay_out(plan: Plan, index: Index) -> None:
    """Write the stream: every member where it stood, directories as headers of our own.

    A directory comes twice: where it stood, writable for its owner, so that its children can be
    made on every tar; and in an archive of its own that is extracted afterwards, the deepest first,
    with its true mode and time. Its children changed its time, and tars make some links only when
    the stream has ended (GNU and busybox those with absolute or `..` targets), so the end of the
    same stream would be too early.
    """
    changed = {one.path: one for one in plan.carried_out}
    made: set[bytes] = set()
    stream = _Stream()
    pieces: list[tuple[int, int, Member | None]] = [
        (member.offset, member.length, member) for member in index.members
    ]
    pieces += [(offset, length, None) for offset, length in index.globals]
    pieces.sort(key=lambda piece: piece[0])
    for offset, length, member in pieces:
        if member is None:
            stream.extract(offset, length)
            continue
        for path in (*parents(member.path), member.path):
            operation = changed.get(path)
            if operation is None or path in made:
                continue
            if operation.member is None:
                made.add(path)
                stream.literal(directory_header(path, _PARENT_MODE, member.mtime, 0, 0))
            elif operation.member.kind is Kind.DIRECTORY:
                made.add(path)
                stream.literal(_header_of(operation.member, _OWNER_WRITES))
        if member.kind is not Kind.DIRECTORY and member.path in changed:
            if member.kind is Kind.HARDLINK:
                # Written anew: some tars take an absolute target as it stands.
                stream.literal(_hard_link(member))
            else:
                stream.extract(offset, length)
            plan._ends.append(stream.length)  # noqa: SLF001 - the plan's own builder
            plan._members.append(member)  # noqa: SLF001
    finals = [
        one.member
        for one in plan.carried_out
        if one.member is not None and one.member.kind is Kind.DIRECTORY
    ]
    stream.literal(END_OF_ARCHIVE)
    stream.literal(bytes(-stream.length % _RECORD))
    plan.segments = stream.segments
    plan.total = stream.length
    finals.sort(key=lambda one: one.path, reverse=True)
    headers = b"".join(_header_of(member, 0) for member in finals) + END_OF_ARCHIVE
    plan.directories = headers + bytes(-len(headers) % _RECORD) if finals else b""


def _hard_link(member: Member) -> bytes:
    return hard_link_header(
        member.path,
        normal_path(member.link),
        mode=member.mode,
        mtime=member.mtime,
        uid=member.uid,
        gid=member.gid,
    )


def _header_of(member: Member, extra_mode: int) -> bytes:
    mode = member.mode | extra_mode
    return directory_header(member.path, mode, member.mtime, member.uid, member.gid)


class _Stream:
    """Collects segments; neighbours are joined."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.length = 0

    def extract(self, offset: int, length: int) -> None:
        last = self.segments[-1] if self.segments else None
        if isinstance(last, Extract) and last.offset + last.length == offset:
            self.segments[-1] = Extract(last.offset, last.length + length)
        else:
            self.segments.append(Extract(offset, length))
        self.length += length

    def literal(self, data: bytes) -> None:
        if not data:
            return
        last = self.segments[-1] if self.segments else None
        if isinstance(last, Literal) and len(last.data) < _JOINED:
            self.segments[-1] = Literal(last.data + data)
        else:
            self.segments.append(Literal(data))
        self.length += len(data)


def in_the_way(operations: Iterable[Operation]) -> tuple[list[Operation], list[Operation]]:
    """Split refused operations into those that --force would allow and the others."""
    refused = [one for one in operations if one.action is Action.REFUSE]
    return [one for one in refused if one.needs_force], [
        one for one in refused if not one.needs_force
    ]
