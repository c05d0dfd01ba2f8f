"""What is decided about many members at once is what is decided about each."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.index.index import Index
from kubectl_restore.archive.members.member import Extra, Kind, Member
from kubectl_restore.archive.members.members import Members
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.archive.stream.layout import Layout
from kubectl_restore.archive.stream.normalise import Dialect
from kubectl_restore.container.stat_lines import StatLines
from kubectl_restore.container.survey import Entry, Standing
from kubectl_restore.container.traits import Volumes, VolumeTraits
from kubectl_restore.plan.attributes import Attributes
from kubectl_restore.plan.compare import compare
from kubectl_restore.plan.lines import are_right, beginnings
from kubectl_restore.plan.operation import Left
from kubectl_restore.plan.planner import Planner
from kubectl_restore.plan.policy import Overwrite
from kubectl_restore.plan.sameness import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_restore.plan.plan import Plan

NAMES = (b"a", b"b", b"a/one", b"a/two", b"a/c/three", b"b/four", b"five", b"a/c/six", b"\xff/x")
OTHERS: tuple[Callable[[Entry], Entry], ...] = (
    lambda one: one._replace(kind=Standing.FILE),
    lambda one: one._replace(kind=Standing.SYMLINK),
    lambda one: one._replace(size=4),
    lambda one: one._replace(mode=0o640),
    lambda one: one._replace(mtime=78),
    lambda one: one._replace(uid=9),
    lambda one: one._replace(links=2, mode=0o640),
    lambda one: one._replace(blocks=800, mtime=3),
)
TIMES = (-5, 0, 77, 1 << 31)
traits = st.builds(
    VolumeTraits,
    owner=st.booleans(),
    mode=st.booleans(),
    set_ids=st.booleans(),
    time=st.booleans(),
    times_late=st.booleans(),
    grain=st.sampled_from((1, 2)),
    first=st.sampled_from((None, 0)),
    last=st.sampled_from((None, 2**31 - 1)),
    hard_links=st.booleans(),
)
members_there = st.builds(
    Member,
    name=st.sampled_from(NAMES),
    path=st.just(b""),
    kind=st.sampled_from((Kind.FILE, Kind.FILE, Kind.DIRECTORY, Kind.SYMLINK, Kind.HARDLINK)),
    offset=st.just(0),
    length=st.just(1024),
    prefix=st.just(512),
    size=st.sampled_from((0, 3, 5000)),
    mode=st.sampled_from((0o644, 0o600, 0o4755)),
    mtime=st.sampled_from(TIMES),
    uid=st.sampled_from((0, 7)),
    gid=st.just(7),
    link=st.just(b""),
    is_common=st.booleans(),
    extras=st.sampled_from((Extra.NOTHING, Extra.NOTHING, Extra.ACL, Extra.FRACTION)),
)
policies = st.builds(
    Policy,
    overwrite=st.sampled_from(Overwrite),
    dialect=st.builds(Dialect, holes=st.booleans()),
    uid=st.sampled_from((None, 7)),
    ours=st.sampled_from((frozenset(), frozenset({b"a/one", b"a"}))),
    brought=st.sampled_from((frozenset(), frozenset({b"a/two"}))),
    attributes=st.builds(
        Attributes,
        volumes=st.builds(lambda one, other: Volumes({b"": one, b"a/c": other}), traits, traits),
        owns=st.sampled_from((lambda _u, _g: True, lambda uid, _g: uid == 7)),
        same_owner=st.booleans(),
    ),
    distrusts_size=st.booleans(),
    removes_links=st.booleans(),
)


def members_of(drawn: list[Member]) -> Members:
    """Return members of which each path is there once, with links that lead somewhere."""
    known: dict[bytes, Member] = {}
    for number, one in enumerate(drawn):
        kind = one.kind if known else Kind.FILE
        link = {Kind.SYMLINK: b"to", Kind.HARDLINK: next(iter(known), b"")}.get(kind, b"")
        is_file = kind is Kind.FILE
        known[one.name] = one._replace(
            path=one.name,
            kind=kind,
            link=link,
            offset=number * 8192,
            length=512 + (one.size + -one.size % 512 if is_file else 0),
            size=one.size if is_file else 0,
            is_common=one.is_common and is_file and one.extras is Extra.NOTHING,
        )
    above = {path for path in known if any(other.startswith(path + b"/") for other in known)}
    return Members.of(
        one._replace(kind=Kind.DIRECTORY, size=0, length=512, link=b"", is_common=False)
        if path in above
        else one
        for path, one in known.items()
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Members, dict[bytes, Entry], Policy, frozenset[int], bytes]:
    """Return members, what stands there, a policy, and what earlier runs have left."""
    members = members_of(draw(st.lists(members_there, min_size=1, max_size=8)))
    found: dict[bytes, Entry] = {b"": Entry(Standing.DIRECTORY, 0, 0o755, 0, 0, 0, 1)}
    for number, path in enumerate(sorted({*members.paths(), b"a", b"a/c", b"\xff"})):
        at = members.at(path)
        member = members[at[0]] if at else None
        how = draw(st.sampled_from(("missing", "same", "same", "same", "other")))
        parent = path.rpartition(b"/")[0]
        if how == "missing" or (parent and parent not in found):
            continue
        kind = Standing.DIRECTORY if member is None else Standing(member.kind) if (
            member.kind is not Kind.HARDLINK) else Standing.FILE  # fmt: skip
        entry = Entry(kind, 0, 0o644, 77, 7, 7, number + 2, blocks=8)
        if member is not None:
            size = len(member.link) if member.kind is Kind.SYMLINK else member.size
            entry = Entry(kind, size, member.mode, member.mtime, member.uid, member.gid, number + 2)
        if how == "other":
            entry = draw(st.sampled_from(OTHERS))(entry)
        found[path] = entry
    numbers = st.integers(0, len(members) - 1)
    in_doubt = draw(st.frozensets(numbers, max_size=2))
    made = bytes(draw(st.lists(st.integers(0, 1), min_size=len(members), max_size=len(members))))
    return members, found, draw(policies), in_doubt, draw(st.sampled_from((b"", made)))


def planned(
    case: tuple[Members, dict[bytes, Entry], Policy, frozenset[int], bytes], *, together: bool
) -> Plan:
    """Return the plan, decided about many at once or about each."""
    members, found, policy, in_doubt, made = case
    planner = Planner(Index(members, 0, Compression.NONE), policy)
    directories = (b"", *planner.directories)
    planner.take_directories({path: found[path] for path in directories if path in found})
    for asked in chain(planner.questions(), planner.link_questions()):
        there = StatLines([*asked.values(), *planner.further.elsewhere(asked)])
        there.update({path: found[path] for path in there.paths if path in found})
        seen = there if together else there.entries()
        planner.take(asked, seen, in_doubt=in_doubt, made=made)
    assert planner.open.keys() <= in_doubt
    planner.settle(dict.fromkeys(planner.open, Left.FOREIGN))
    return planner.finish()


@given(cases())
def test_each_is_decided_as_by_itself(
    case: tuple[Members, dict[bytes, Entry], Policy, frozenset[int], bytes],
) -> None:
    """Everything that a plan knows is the same, whoever was looked at."""
    one, other = (planned(case, together=together) for together in (True, False))
    assert list(one.operations()) == list(other.operations())
    assert one.touched == other.touched
    assert one.figures == other.figures
    assert (one.room.most, one.room.inodes) == (other.room.most, other.room.inodes)
    assert one.carried() == other.carried()


@given(cases())
def test_what_is_passed_on_together_is_the_same_stream(
    case: tuple[Members, dict[bytes, Entry], Policy, frozenset[int], bytes],
) -> None:
    """Members that are looked at one by one make the same stream, and end where they did."""
    plan, policy = planned(case, together=True), case[2]
    if plan.layout is None:
        return
    made = {path for path, one in plan.parents.items() if plan.has_directory(path) and one.action}
    numbers = {plan.members.path(number): number for number in plan.members.of_kind(Kind.DIRECTORY)}
    wholes = [
        Layout(plan.sent, plan.carried(), numbers, made, dialect=policy.dialect, passed_on=passed)
        for passed in (plan.passed_on, None)
    ]
    together, each = wholes
    assert (together.total, together.files) == (each.total, each.files)
    ends = range(0, each.total + 512, 512)
    assert [together.position(at) for at in ends] == [each.position(at) for at in ends]
    assert list(together.segments()) == list(each.segments())


@given(cases())
def test_a_line_that_is_right_leaves_nothing_to_be_said(
    case: tuple[Members, dict[bytes, Entry], Policy, frozenset[int], bytes],
) -> None:
    """Of such a file every comparison finds nothing."""
    members, found, policy, *_ = case
    plan, numbers = planned(case, together=False), range(len(members))
    paths = list(members.paths())
    there = StatLines(paths)
    there.update({path: found[path] for path in paths if path in found})
    owners = policy.attributes.same_owner
    wanted = beginnings(members, numbers, owners=owners)
    assert wanted == [beginnings(members, [number], owners=owners)[0] for number in numbers]
    for number, is_right in zip(numbers, are_right(there.lines, wanted), strict=True):
        operation = plan.operation(number)
        if is_right and operation is not None and number not in plan.changed:
            verdict = compare(
                [operation], there, plan.contents.of, owners=owners, attributes=policy.attributes
            )
            assert verdict == type(verdict)()
