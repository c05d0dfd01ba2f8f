"""What checksums have settled changes a plan only where it would send a file anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.container.survey import Entry, Standing
from kubectl_restore.plan.attributes import Attributes
from kubectl_restore.plan.operation import Action, Left, Resumed
from kubectl_restore.plan.planner import Planner
from kubectl_restore.plan.policy import Overwrite
from kubectl_restore.plan.sameness import Policy
from tests.unit.resume.making import (
    DIRECTORY,
    MIB,
    files_of,
    index_of,
    layout_of,
    members_of,
    standing,
)

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from kubectl_restore.archive.members.members import Members
    from kubectl_restore.plan.plan import Plan

NOTHING_OF_OTHERS = Policy()
ALL = range(1000)


def planner_of(
    members: Members,
    stands: Mapping[bytes, Entry],
    policy: Policy = NOTHING_OF_OTHERS,
    *,
    in_doubt: Container[int] = ALL,
    texts: Mapping[bytes, bytes] | None = None,
    made: bytes = b"",
) -> Planner:
    """Return a planner that knows what stands there, but for hard links."""
    found = {b"": DIRECTORY, **stands}
    planner = Planner(index_of(members), policy)
    directories = (b"", *planner.directories)
    planner.take_directories({path: found[path] for path in directories if path in found})
    for numbers in planner.questions():
        planner.take(numbers, found, texts, in_doubt=in_doubt, made=made)
    return planner


def take_links(planner: Planner, stands: Mapping[bytes, Entry], made: bytes = b"") -> None:
    """Have hard links decided, all of them in doubt."""
    for numbers in planner.link_questions():
        planner.take(numbers, stands, in_doubt=ALL, made=made)


def left_of(planner: Planner, left: Mapping[int, Left | Resumed]) -> Plan:
    """Settle all that is open, and return the plan."""
    assert planner.open.keys() == left.keys()
    planner.settle(left)
    assert planner.open == {}
    return planner.finish()


@pytest.mark.parametrize(
    ("entry", "action"),
    [
        (standing(10), Action.KEEP),
        (standing(10, mtime=5), Action.ADJUST),
        (standing(10, mode=0o600), Action.ADJUST),
        (standing(10)._replace(uid=1000), Action.ADJUST),
    ],
)
def test_a_whole_file_is_kept_or_only_adjusted(entry: Entry, action: Action) -> None:
    members, stands = files_of(10, 20), {b"0": entry}
    plan = left_of(planner_of(members, stands), {0: Left.WHOLE})
    assert plan.action(0) is action
    assert plan.settled == {0}
    assert plan.figures.same == (action is Action.KEEP)
    assert list(layout_of(plan).files) == [1]
    operation = plan.operation(0)
    assert operation is not None
    assert operation.stands == (Standing.FILE if action is Action.KEEP else None)
    assert (plan.figures.regular_files, plan.figures.bytes) == (1, 20)


def test_an_owner_that_cannot_be_set_there_is_no_reason_to_adjust() -> None:
    entry = standing(10)._replace(uid=1000)
    policy = Policy(uid=1000, attributes=Attributes(owns=lambda _uid, _gid: False))
    plan = left_of(planner_of(files_of(10), {b"0": entry}, policy), {0: Left.WHOLE})
    assert plan.action(0) is Action.KEEP


def test_what_is_in_doubt_is_open_with_what_stands_there_until_it_is_settled() -> None:
    members, entry = files_of(10, 20, 30), standing(10)
    planner = planner_of(members, {b"0": entry, b"2": standing(30)}, in_doubt={0, 1})
    assert planner.open == {0: entry}
    plan = left_of(planner, {0: Left.UNFINISHED})
    assert [plan.action(number) for number in range(3)] == [
        Action.CREATE,
        Action.CREATE,
        Action.KEEP,
    ]


@pytest.mark.parametrize("entry", [standing(10), standing(3), standing(0, mtime=5)])
@pytest.mark.parametrize("overwrite", list(Overwrite))
def test_what_is_unfinished_is_sent_again_and_no_flag_is_needed(
    entry: Entry, overwrite: Overwrite
) -> None:
    planner = planner_of(files_of(10), {b"0": entry}, Policy(overwrite=overwrite))
    plan = left_of(planner, {0: Left.UNFINISHED})
    assert plan.action(0) is Action.CREATE
    assert list(layout_of(plan).files) == [0]
    assert (plan.settled, plan.resumed, plan.is_refused) == (set(), {}, False)


@pytest.mark.parametrize("overwrite", list(Overwrite))
def test_a_large_file_goes_on_and_the_stream_has_none_of_it(overwrite: Overwrite) -> None:
    members, entry = files_of(100 * MIB + 1, 20), standing(30 * MIB)
    planner = planner_of(members, {b"0": entry}, Policy(overwrite=overwrite))
    plan = left_of(planner, {0: Resumed(entry.size, entry.inode)})
    assert plan.action(0) is Action.ADJUST
    assert plan.resumed == {0: Resumed(30 * MIB, 7)}
    assert (plan.settled, plan.figures.same) == (set(), 0)
    assert list(layout_of(plan).files) == [1]
    # It is restored as a whole; room is needed for what is not there yet.
    assert (plan.figures.regular_files, plan.figures.bytes) == (2, 100 * MIB + 1 + 20)
    assert plan.room.most == 70 * MIB + 4096 + 4096


@pytest.mark.parametrize(
    ("entry", "overwrite", "action"),
    [
        (DIRECTORY, Overwrite.REFUSE, Action.REFUSE),
        (DIRECTORY, Overwrite.IF_CHANGED, Action.REFUSE),
        (DIRECTORY, Overwrite.NEVER, Action.SKIP),
        (standing(3), Overwrite.REFUSE, Action.REFUSE),
        (standing(3), Overwrite.IF_CHANGED, Action.REPLACE),
        (standing(3), Overwrite.ALWAYS, Action.REPLACE),
        (standing(3), Overwrite.NEVER, Action.SKIP),
        (standing(3, mtime=5), Overwrite.IF_NEWER, Action.REPLACE),
        (standing(3, mtime=2_000_000_000), Overwrite.IF_NEWER, Action.SKIP),
        (standing(3, Standing.SYMLINK), Overwrite.REFUSE, Action.REFUSE),
    ],
)
def test_what_somebody_else_has_written_is_treated_as_the_user_says(
    entry: Entry, overwrite: Overwrite, action: Action
) -> None:
    policy, stands = Policy(overwrite=overwrite), {b"0": entry}
    plan = left_of(planner_of(files_of(10), stands, policy), {0: Left.FOREIGN})
    assert plan.action(0) is action
    assert (plan.settled, plan.resumed) == (set(), {})
    assert plan.is_refused == (action is Action.REFUSE)
    # That is what becomes of it where nothing is in doubt.
    other = planner_of(files_of(10), stands, policy, in_doubt=()).finish()
    assert other.operation(0) == plan.operation(0)
    if action is Action.REFUSE:
        [refused] = plan.refused()
        assert refused.needs_force == (entry is not DIRECTORY)


@pytest.mark.parametrize("overwrite", [Overwrite.REFUSE, Overwrite.NEVER])
def test_a_directory_in_a_files_place_is_never_sent_over(overwrite: Overwrite) -> None:
    # As `surveying` has it, where the backup is read but once or the container has no tool.
    planner = planner_of(files_of(10), {b"0": DIRECTORY}, Policy(overwrite=overwrite))
    plan = left_of(planner, dict.fromkeys(planner.open, Left.UNFINISHED))
    assert plan.action(0) in {Action.REFUSE, Action.SKIP}


def test_what_is_not_in_doubt_is_decided_at_once() -> None:
    planner = planner_of(files_of(10), {b"0": standing(3)}, in_doubt=())
    plan = left_of(planner, {})
    assert plan.action(0) is Action.REFUSE


def test_what_is_refused_elsewhere_is_still_refused() -> None:
    planner = planner_of(files_of(10, 20), {b"0": standing(10), b"1": DIRECTORY}, in_doubt={0})
    plan = left_of(planner, {0: Left.WHOLE})
    assert plan.is_refused
    assert plan.layout is None


# Links


LINK = (b"l", Kind.SYMLINK, b"target")
"""A symlink, and what stands at its place."""


def standing_link(text: bytes, mtime: int = 5) -> Entry:
    return standing(len(text), Standing.SYMLINK, mtime=mtime, mode=0o777)


def test_a_symlink_that_leads_where_it_has_to_is_kept_and_gets_its_time() -> None:
    # busybox gives links none.
    stands = {b"l": standing_link(b"target")}
    planner = planner_of(members_of(LINK), stands, texts={b"l": b"target"})
    plan = left_of(planner, {0: Left.WHOLE})
    assert plan.action(0) is Action.ADJUST
    assert (plan.settled, list(layout_of(plan).files)) == ({0}, [])


@pytest.mark.parametrize("text", [b"tarzan", b"elsewhere", b""])
@pytest.mark.parametrize("overwrite", [Overwrite.REFUSE, Overwrite.NEVER, Overwrite.IF_CHANGED])
def test_a_symlink_that_leads_elsewhere_is_somebody_elses(
    text: bytes, overwrite: Overwrite
) -> None:
    stands = {b"l": standing_link(text)}
    texts = {b"l": text} if len(text) == len(b"target") else None
    planner = planner_of(members_of(LINK), stands, Policy(overwrite=overwrite), texts=texts)
    plan = left_of(planner, {0: Left.WHOLE})
    assert (
        plan.action(0)
        is {
            Overwrite.REFUSE: Action.REFUSE,
            Overwrite.NEVER: Action.SKIP,
            Overwrite.IF_CHANGED: Action.REPLACE,
        }[overwrite]
    )
    assert plan.settled == set()


def test_without_check_sums_too_a_symlink_tells_by_itself_that_it_is_somebody_elses() -> None:
    stands = {b"l": standing_link(b"tarzan")}
    planner = planner_of(members_of(LINK), stands, texts={b"l": b"tarzan"})
    assert left_of(planner, {0: Left.UNFINISHED}).action(0) is Action.REFUSE


def test_without_check_sums_too_a_symlinks_length_tells_that_it_is_somebody_elses() -> None:
    planner = planner_of(members_of(LINK), {b"l": standing_link(b"elsewhere")})
    assert left_of(planner, {0: Left.UNFINISHED}).action(0) is Action.REFUSE


def test_what_gnu_tar_leaves_in_a_symlinks_place_is_sent_over() -> None:
    planner = planner_of(members_of(LINK), {b"l": standing(0, mode=0)})
    plan = left_of(planner, {0: Left.UNFINISHED})
    assert plan.action(0) is Action.CREATE
    assert not plan.is_refused


@pytest.mark.parametrize("inode", [7, 8])
def test_a_hard_link_is_linked_to_a_file_that_is_whole(inode: int) -> None:
    members = members_of((b"0", Kind.FILE, 10), (b"1", Kind.HARDLINK, b"0"))
    stands = {b"0": standing(10), b"1": standing(10)._replace(inode=inode)}
    planner = planner_of(members, stands)
    planner.settle({0: Left.WHOLE})
    take_links(planner, stands)
    plan = left_of(planner, {1: Left.UNFINISHED})
    assert plan.action(0) is Action.KEEP
    assert plan.action(1) is Action.CREATE
    assert list(layout_of(plan).files) == [1]
    assert plan.member(1).link == b"0"


@pytest.mark.parametrize(("inode", "action"), [(7, Action.KEEP), (8, Action.REFUSE)])
def test_a_hard_link_to_a_symlink_is_whole_where_it_is_linked(inode: int, action: Action) -> None:
    members = members_of(LINK, (b"m", Kind.HARDLINK, b"l"))
    right = standing_link(b"target", mtime=members[0].mtime)
    stands = {b"l": right, b"m": right._replace(inode=inode)}
    planner = planner_of(members, stands)
    planner.settle({0: Left.WHOLE})
    take_links(planner, stands)
    plan = left_of(planner, {1: Left.WHOLE})
    assert plan.action(0) is Action.KEEP
    assert plan.action(1) is action


# What was made, but for what is set in the end


@pytest.mark.parametrize(
    ("entry", "action"),
    [
        (standing(10), Action.KEEP),
        (standing(10)._replace(uid=1000), Action.ADJUST),
        (standing(10, mode=0o600), Action.ADJUST),
        # With another time or size it is not what was made.
        (standing(10, mtime=5), Action.REFUSE),
        (standing(9), Action.REFUSE),
        (standing(10, Standing.SYMLINK), Action.REFUSE),
        (DIRECTORY, Action.REFUSE),
    ],
)
def test_what_was_made_gets_the_rest_without_a_flag(entry: Entry, action: Action) -> None:
    members, stands = files_of(10), {b"0": entry}
    plan = planner_of(members, stands, in_doubt=(), made=b"\1").finish()
    assert plan.action(0) is action
    assert plan.settled == set()
    # Nobody has made it: it is in the way, unless it is right.
    other = planner_of(members, stands, in_doubt=(), made=b"\0").finish()
    assert other.action(0) is (Action.REFUSE if action is Action.ADJUST else action)


def test_a_symlink_that_was_made_gets_its_time() -> None:
    stands = {b"l": standing_link(b"target")}
    planner = planner_of(members_of(LINK), stands, in_doubt=(), texts={b"l": b"target"}, made=b"\1")
    assert planner.finish().action(0) is Action.ADJUST


def test_doubt_comes_before_what_was_made() -> None:
    planner = planner_of(files_of(10), {b"0": standing(10)}, in_doubt={0}, made=b"\1")
    assert planner.open.keys() == {0}


entries = st.builds(
    Entry,
    st.sampled_from(Standing),
    st.integers(0, 3),
    st.sampled_from([0o644, 0o755]),
    st.sampled_from([1, 1_600_000_000]),
    st.sampled_from([0, 1000]),
    st.just(0),
    st.integers(1, 3),
    st.integers(0, 16),
)
PATHS = [b"0", b"1", b"2", b"3"]


def is_no_beginning(members: Members, stands: dict[bytes, Entry], number: int) -> bool:
    """Tell whether what stands there cannot be what a restore has left of a file."""
    entry = stands[b"%d" % number]
    return entry.kind is not Standing.FILE or entry.size > members[number].size


@given(
    st.dictionaries(st.sampled_from(PATHS), entries),
    st.sampled_from(Overwrite),
    st.dictionaries(
        st.integers(0, 3), st.one_of(st.sampled_from(Left), st.just(Resumed(1, 7))), min_size=1
    ),
)
def test_only_what_is_in_doubt_and_not_somebody_elses_changes(
    stands: dict[bytes, Entry], overwrite: Overwrite, found: dict[int, Left | Resumed]
) -> None:
    members = files_of(1, 2, 3, 0)
    policy = Policy(overwrite=overwrite)
    before = planner_of(members, stands, policy, in_doubt=()).finish()
    planner = planner_of(members, stands, policy, in_doubt=found)
    there = {number: one for number, one in found.items() if b"%d" % number in stands}
    assert planner.open == {number: stands[b"%d" % number] for number in there}
    plan = left_of(planner, there)
    for number in range(len(members)):
        match there.get(number, Left.FOREIGN):
            case Left.FOREIGN:
                assert plan.operation(number) == before.operation(number)
            case Left.UNFINISHED if is_no_beginning(members, stands, number):
                assert plan.operation(number) == before.operation(number)
            case Left.UNFINISHED:
                assert plan.action(number) is Action.CREATE
            case Left.WHOLE:
                assert plan.action(number) in {Action.KEEP, Action.ADJUST}
            case Resumed():
                assert plan.action(number) is Action.ADJUST
    assert plan.settled == {n for n, one in there.items() if one is Left.WHOLE}
    assert plan.resumed == {n: one for n, one in there.items() if isinstance(one, Resumed)}
    if plan.layout is not None:
        sent = {Action.CREATE, Action.REPLACE}
        assert set(plan.layout.files) == {n for n in range(4) if plan.action(n) in sent}
