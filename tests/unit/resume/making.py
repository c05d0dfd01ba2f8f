"""Members, plans and progress to break off; made here, never stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.index.index import Index
from kubectl_restore.archive.members.member import Kind, Member
from kubectl_restore.archive.members.members import Members
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.archive.stream.segments import Extract, Literal
from kubectl_restore.container.survey import Entry, Standing
from kubectl_restore.plan.cut import cut
from kubectl_restore.plan.sameness import Policy
from kubectl_restore.progress import Level, Silence
from tests.unit.plan.planning import make_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kubectl_restore.archive.stream.layout import Layout
    from kubectl_restore.plan.cut import Share
    from kubectl_restore.plan.plan import Plan

MTIME: Final = 1_600_000_000
MIB: Final = 1 << 20
DIRECTORY: Final = Entry(Standing.DIRECTORY, 4096, 0o755, 1, 0, 0, 1)


def standing(
    size: int, kind: Standing = Standing.FILE, *, mtime: int = MTIME, mode: int = 0o644
) -> Entry:
    """Return what stands somewhere, of root's; the inode is 7."""
    return Entry(kind, size, mode, mtime, 0, 0, 7)


def members_of(*described: tuple[bytes, Kind, int | bytes]) -> Members:
    """Return members that follow one another: name, kind, and the size or where it leads."""
    members, at = Members(), 0
    for name, kind, what in described:
        size, link = (what, b"") if isinstance(what, int) else (0, what)
        length = 512 + size + -size % 512
        mode = 0o755 if kind is Kind.DIRECTORY else 0o644
        members.append(
            Member(name, name, kind, at, length, 512, size, mode, MTIME, 0, 0, link),
        )
        at += length
    return members


def files_of(*sizes: int) -> Members:
    """Return files, named by their numbers."""
    return members_of(*((b"%d" % number, Kind.FILE, size) for number, size in enumerate(sizes)))


def index_of(members: Members) -> Index:
    """Return their index."""
    return Index(members, 0, Compression.NONE)


def plan_of(
    members: Members, stands: Mapping[bytes, Entry] | None = None, policy: Policy | None = None
) -> Plan:
    """Return the plan for a target that is there."""
    return make_plan(index_of(members), {b"": DIRECTORY, **(stands or {})}, policy or Policy())


def layout_of(plan: Plan) -> Layout:
    """Return its stream."""
    assert plan.layout is not None
    return plan.layout


def share_of(plan: Plan) -> Share:
    """Return its stream as the only share."""
    (share,) = cut(plan, 1)
    return share


def spans(plan: Plan) -> dict[int, tuple[int, int]]:
    """Return where each member but the directories lies on the stream, by its segments alone."""
    found: dict[int, tuple[int, int]] = {}
    at = 0
    for segment in layout_of(plan).segments():
        length = len(segment.data) if isinstance(segment, Literal) else segment.length
        if isinstance(segment, Extract):
            for number, member in enumerate(plan.members):
                start = at + member.offset - segment.offset
                if member.kind is not Kind.DIRECTORY and at <= start < at + length:
                    found[number] = (start, start + member.length)
        at += length
    return found


@dataclass
class Heard(Silence):
    """A progress that remembers what was said."""

    said: list[tuple[Level, str]] = field(default_factory=list)
    ticks: int = 0
    retries: list[tuple[float, str]] = field(default_factory=list)

    def message(self, level: Level, text: str) -> None:
        self.said.append((level, text))

    def tick(self) -> None:
        self.ticks += 1

    def retrying(self, left: float, count: str) -> None:
        self.retries.append((left, count))


def numbers_of(members: Members, kinds: Iterable[Kind]) -> set[int]:
    """Return the numbers of all members of some kinds."""
    wanted = set(kinds)
    return {number for number, kind in enumerate(members.kinds()) if kind in wanted}
