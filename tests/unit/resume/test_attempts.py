"""What attempts know of each other: what was brought, how far it was, what may not be replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.errors import InTheWayError
from kubectl_restore.plan.operation import Action, Left, Operation, Resumed
from kubectl_restore.plan.planner import Planner
from kubectl_restore.plan.policy import Overwrite
from kubectl_restore.plan.sameness import Policy
from kubectl_restore.resume.attempts import Amount, Attempts, require_no_more
from kubectl_restore.resume.in_flight import UNDER_WAY, Doubt, Stream
from tests.unit.resume.making import (
    DIRECTORY,
    MIB,
    files_of,
    index_of,
    layout_of,
    members_of,
    plan_of,
    share_of,
    spans,
    standing,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_restore.archive.members.members import Members
    from kubectl_restore.container.survey import Entry
    from kubectl_restore.plan.plan import Plan

FORCE = Policy(overwrite=Overwrite.IF_CHANGED)


def nothing() -> Doubt:
    return Doubt()


def break_off(attempts: Attempts, plan: Plan, acknowledged: int, *, complains: bool = False) -> int:
    """Carry a plan out until so many bytes are acknowledged; return how many of them are safe."""
    flight = Stream(share_of(plan), b"0a", lambda: int(complains))
    attempts.began(plan)
    flight.note(0, max(acknowledged, 1))
    flight.acknowledged = acknowledged
    flight.settle()
    attempts.broke(plan, [flight])
    return flight.safe


def then(members: Members, brought: int) -> Plan:
    """Return the plan for what is left when the first files have been brought."""
    stands = {members.path(number): standing(members[number].size) for number in range(brought)}
    return plan_of(members, stands)


def test_before_anything_was_sent_nothing_is_known() -> None:
    attempts = Attempts()
    members = files_of(1, 2)
    assert attempts.sent_before == Amount(0, 0)
    assert list(attempts.arrived()) == []
    assert attempts.how_far() == ""
    assert attempts.brought(Overwrite.ALWAYS, members) == frozenset()
    assert attempts.doubt(nothing, members) == Doubt()
    attempts.began(plan_of(members))
    assert attempts.how_far() == ""


def test_what_was_brought_for_good_is_counted_over_all_attempts() -> None:
    members = files_of(*[MIB] * 8)
    attempts = Attempts()
    first = break_off(attempts, plan_of(members), 4 * MIB)
    assert first == 3 * MIB
    assert attempts.sent_before == Amount(3 * MIB, 2)
    assert [one.path for one in attempts.arrived()] == [b"0", b"1"]
    second = break_off(attempts, then(members, 2), 3 * MIB)
    assert attempts.sent_before == Amount(first + second, 3)
    assert [one.path for one in attempts.arrived()] == [b"0", b"1", b"2"]


@given(
    st.lists(st.sampled_from([0, 700, MIB, 2 * MIB]), min_size=1, max_size=9),
    st.lists(st.integers(0, 24 * MIB), min_size=1, max_size=4),
)
def test_nothing_counts_as_brought_that_may_be_under_way(
    sizes: list[int], breaks: list[int]
) -> None:
    members, attempts, brought = files_of(*sizes), Attempts(), 0
    amount = 0
    for acknowledged in breaks:
        plan = then(members, brought)
        done = min(acknowledged, layout_of(plan).total)
        amount += break_off(attempts, plan, done)
        lies = spans(plan)
        brought += sum(end <= done - UNDER_WAY for _, end in lies.values())
        assert attempts.sent_before == Amount(amount, brought)
        assert [one.path for one in attempts.arrived()] == [b"%d" % one for one in range(brought)]
        assert attempts.brought(Overwrite.ALWAYS, members) == {
            b"%d" % one for one in range(brought)
        }
        doubt = attempts.doubt(nothing, members)
        under_way = {n for n, (start, end) in lies.items() if start < done < end}
        assert under_way <= doubt.numbers
        assert not doubt.numbers & set(range(brought))
        # What was brought was made, and some tars leave owners and times of that to the end.
        made = {number for number, one in enumerate(doubt.made) if one}
        assert made == set(range(brought))
        assert doubt.is_noted


def test_from_a_tar_that_complains_nothing_was_brought() -> None:
    members, attempts = files_of(*[MIB] * 8), Attempts()
    break_off(attempts, plan_of(members), 6 * MIB, complains=True)
    assert attempts.sent_before == Amount(0, 0)
    assert list(attempts.arrived()) == []
    doubt = attempts.doubt(nothing, members)
    assert (doubt.numbers, any(doubt.made)) == ({0, 1, 2, 3, 4, 5}, False)


@pytest.mark.parametrize("overwrite", [one for one in Overwrite if one is not Overwrite.ALWAYS])
def test_only_where_all_is_sent_again_it_has_to_be_known_what_was(overwrite: Overwrite) -> None:
    members, attempts = files_of(*[MIB] * 8), Attempts()
    break_off(attempts, plan_of(members), 4 * MIB)
    assert attempts.brought(overwrite, members) == frozenset()


def test_the_pod_is_asked_once_what_it_has_noted() -> None:
    members, attempts = files_of(*[MIB] * 8), Attempts()
    asked = []

    def noted() -> Doubt:
        asked.append(1)
        return Doubt({5, 7}, bytearray([0, 1, *[0] * 6]), {3}, is_noted=True)

    found = attempts.doubt(noted, members)
    assert (found.numbers, found.directories, found.is_noted) == ({5, 7}, {3}, True)
    assert found.made == bytearray([0, 1, *[0] * 6])
    # What is made of the answer is nobody else's.
    found.numbers.clear()
    found.directories.clear()
    found.made[0] = 1
    again = attempts.doubt(noted, members)
    assert (again.numbers, again.directories) == ({5, 7}, {3})
    assert again.made == bytearray([0, 1, *[0] * 6])
    break_off(attempts, plan_of(members), 8 * MIB)
    after = attempts.doubt(noted, members)
    assert after.numbers == {6, 7}
    assert after.made == bytearray([1] * 6 + [0] * 2)
    assert len(asked) == 1


def test_directories_that_were_made_are_in_doubt_until_the_end() -> None:
    members = members_of(
        (b"made", Kind.DIRECTORY, 0), (b"kept", Kind.DIRECTORY, 0), (b"kept/f", Kind.FILE, 4 * MIB)
    )
    attempts = Attempts()
    break_off(attempts, plan_of(members, {b"kept": DIRECTORY}), 2 * MIB)
    assert attempts.doubt(nothing, members).directories == {0}


def test_a_plan_without_a_stream_breaks_nothing() -> None:
    members = files_of(1)
    plan = plan_of(members, {b"0": DIRECTORY})
    assert plan.layout is None
    attempts = Attempts()
    attempts.began(plan)
    attempts.broke(plan, [Stream(share_of(plan_of(members)), b"0a", lambda: 0)])
    assert attempts.how_far() == ""
    assert attempts.doubt(nothing, members) == Doubt()


def test_how_far_it_was_is_told_of_what_the_first_attempt_meant_to_send() -> None:
    members, attempts = files_of(*[MIB] * 8), Attempts()
    plan = plan_of(members)
    total = layout_of(plan).total
    safe = break_off(attempts, plan, total // 2)
    assert attempts.how_far() == "50 %"
    # What is sent once more counts once.
    break_off(attempts, then(members, 3), MIB)
    assert attempts.how_far() == f"{(safe + MIB) * 100 // total} %"


@given(st.lists(st.integers(0, 9 * MIB), min_size=1, max_size=5))
def test_it_is_never_further_than_the_end(breaks: list[int]) -> None:
    members, attempts = files_of(*[MIB] * 8), Attempts()
    for acknowledged in breaks:
        plan = plan_of(members)
        break_off(attempts, plan, min(acknowledged, layout_of(plan).total))
        assert 0 <= int(attempts.how_far().removesuffix(" %")) <= 100


# What may not be replaced


def changed(plan: Plan, number: int, action: Action) -> Plan:
    member = plan.members[number]
    plan.decide(number, Operation(member.path, action, member))
    return plan


@pytest.mark.parametrize("has_agreed", [True, False])
@pytest.mark.parametrize("before", [Action.KEEP, Action.SKIP])
@pytest.mark.parametrize("action", [Action.REPLACE, Action.ADJUST])
def test_a_later_attempt_replaces_nothing_that_was_not_saved_or_agreed_to(
    before: Action, action: Action, *, has_agreed: bool
) -> None:
    members = files_of(1, 2)
    attempts = Attempts(has_agreed=has_agreed, is_saved=not has_agreed)
    attempts.began(changed(plan_of(members), 1, before))
    with pytest.raises(InTheWayError) as caught:
        attempts.require_no_more(changed(plan_of(members), 1, action))
    assert "changed meanwhile; what was restored until then stays" in caught.value.what
    assert caught.value.fix


@pytest.mark.parametrize("before", [Action.CREATE, Action.REPLACE, Action.ADJUST])
@pytest.mark.parametrize("action", [*Action])
def test_what_the_first_attempt_was_to_bring_may_be_brought(before: Action, action: Action) -> None:
    members = files_of(1, 2)
    attempts = Attempts(has_agreed=True, is_saved=True)
    attempts.began(changed(plan_of(members), 1, before))
    attempts.require_no_more(changed(plan_of(members), 1, action))


def test_what_goes_on_replaces_nothing() -> None:
    members = files_of(1, 2)
    attempts = Attempts(is_saved=True)
    attempts.began(changed(plan_of(members), 1, Action.KEEP))
    plan = changed(plan_of(members), 1, Action.ADJUST)
    plan.resumed[1] = Resumed(1, 7)
    attempts.require_no_more(plan)


def test_a_later_attempt_deletes_nothing_that_was_not_saved_or_agreed_to() -> None:
    members = files_of(1)
    first, same, more = plan_of(members), plan_of(members), plan_of(members)
    first.extras = [(b"x", False), (b"y", True)]
    same.extras = [(b"y", True)]
    more.extras = [(b"y", True), (b"z", False)]
    attempts = Attempts(is_saved=True)
    attempts.began(first)
    attempts.require_no_more(same)
    with pytest.raises(InTheWayError):
        attempts.require_no_more(more)


@pytest.mark.parametrize("action", [Action.CREATE, Action.KEEP, Action.SKIP, Action.REFUSE])
@pytest.mark.parametrize("before", [*Action])
def test_what_changes_nothing_is_never_too_much(before: Action, action: Action) -> None:
    members = files_of(1, 2)
    first, plan = changed(plan_of(members), 1, before), changed(plan_of(members), 1, action)
    Attempts(first=first, has_agreed=True, is_saved=True).require_no_more(plan)
    require_no_more(first, plan, so_far="nothing was changed")


def test_what_is_whole_by_its_check_sum_is_nobody_elses() -> None:
    members = files_of(1, 2)
    first = changed(plan_of(members), 1, Action.KEEP)
    plan = changed(plan_of(members), 1, Action.ADJUST)
    plan.settled.add(1)
    Attempts(first=first, is_saved=True).require_no_more(plan)


def test_what_is_ours_elsewhere_excuses_nothing_here() -> None:
    members = files_of(1, 2)
    first = changed(plan_of(members), 1, Action.KEEP)
    plan = changed(plan_of(members), 1, Action.ADJUST)
    plan.settled.add(0)
    plan.resumed[0] = Resumed(1, 7)
    with pytest.raises(InTheWayError):
        Attempts(first=first, is_saved=True).require_no_more(plan)


# What a person has agreed to


CHANGES = [Action.REPLACE, Action.ADJUST]


@pytest.mark.parametrize("before", [*Action])
@pytest.mark.parametrize("action", [*Action])
def test_a_yes_means_what_was_asked(before: Action, action: Action) -> None:
    """What came to stand there while somebody thought is more than they agreed to."""
    members = files_of(1, 2)
    offered = changed(plan_of(members), 1, before)
    agreed = changed(plan_of(members), 1, action)
    if action not in CHANGES or before in CHANGES:
        require_no_more(offered, agreed, so_far="nothing was changed")
        return
    with pytest.raises(InTheWayError) as caught:
        require_no_more(offered, agreed, so_far="nothing was changed")
    assert caught.value.what.endswith("; nothing was changed")
    assert "more would be replaced or deleted" in caught.value.reason
    assert "--dry-run" in caught.value.fix


def test_what_an_attempt_was_to_make_may_stand_there_when_it_was_begun_and_not_before() -> None:
    members = files_of(1)
    first = changed(plan_of(members), 0, Action.CREATE)
    plan = changed(plan_of(members), 0, Action.REPLACE)
    require_no_more(first, plan, so_far="", may_have_made=True)
    with pytest.raises(InTheWayError):
        require_no_more(first, plan, so_far="")


def test_less_than_was_agreed_to_is_no_matter() -> None:
    members = files_of(1, 2)
    first, plan = changed(plan_of(members), 0, Action.REPLACE), plan_of(members)
    first.extras = [(b"x", False)]
    require_no_more(first, plan, so_far="nothing was changed")


def test_another_thing_of_the_same_name_is_more_to_delete() -> None:
    members = files_of(1)
    first, plan = plan_of(members), plan_of(members)
    first.extras, plan.extras = [(b"x", False)], [(b"x", True)]
    with pytest.raises(InTheWayError):
        require_no_more(first, plan, so_far="nothing was changed")


@given(st.lists(st.tuples(st.sampled_from(Action), st.sampled_from(Action)), max_size=6))
def test_each_member_counts(actions: list[tuple[Action, Action]]) -> None:
    members = files_of(*[1] * len(actions))
    first, plan = plan_of(members), plan_of(members)
    for number, (before, action) in enumerate(actions):
        changed(first, number, before)
        changed(plan, number, action)
    more = any(action in CHANGES and before not in CHANGES for before, action in actions)
    try:
        require_no_more(first, plan, so_far="nothing was changed")
    except InTheWayError:
        assert more
    else:
        assert not more


def test_until_something_was_saved_or_agreed_to_nothing_is_promised() -> None:
    members = files_of(1)
    plan = changed(plan_of(members), 0, Action.REPLACE)
    attempts = Attempts(has_agreed=True)
    attempts.require_no_more(plan)
    attempts = Attempts()
    attempts.began(changed(plan_of(members), 0, Action.KEEP))
    attempts.require_no_more(plan)


def test_the_first_plan_is_what_later_ones_are_held_against() -> None:
    members = files_of(1)
    attempts = Attempts(is_saved=True)
    first = changed(plan_of(members), 0, Action.KEEP)
    attempts.began(first)
    attempts.began(changed(plan_of(members), 0, Action.CREATE))
    assert attempts.first is first


@given(st.integers(0, 9 * MIB))
def test_what_the_first_attempt_has_done_itself_is_not_in_the_way_of_the_second(
    acknowledged: int,
) -> None:
    """A directory that was right gets another time by what is made in it; what was replaced is."""
    members = members_of(
        (b"d", Kind.DIRECTORY, 0),
        *((b"d/%d" % number, Kind.FILE, MIB) for number in range(8)),
    )
    right = DIRECTORY._replace(mtime=members[0].mtime)
    stands = {b"d": right, **{b"d/%d" % number: standing(3) for number in range(4)}}
    first = plan_of(members, stands, FORCE)
    attempts = Attempts(is_saved=True)
    break_off(attempts, first, min(acknowledged, layout_of(first).total))
    doubt = attempts.doubt(nothing, members)
    for number, (_, end) in spans(first).items():
        path = members.path(number)
        if number in doubt.numbers:
            stands[path] = standing(MIB // 2, mtime=5)
        elif end <= acknowledged:
            stands[path] = standing(MIB)
    stands[b"d"] = DIRECTORY._replace(mtime=9)
    policy = Policy(overwrite=Overwrite.IF_CHANGED, ours=doubt.unset(members))
    planner = planner_of(members, stands, policy, doubt)
    planner.settle(dict.fromkeys(planner.open, Left.UNFINISHED))
    attempts.require_no_more(planner.finish())


def planner_of(
    members: Members, stands: Mapping[bytes, Entry], policy: Policy, doubt: Doubt
) -> Planner:
    """Return a planner that knows what stands there, and that some of it may be unfinished."""
    found = {b"": DIRECTORY, **stands}
    planner = Planner(index_of(members), policy)
    directories = (b"", *planner.directories)
    planner.take_directories({path: found[path] for path in directories if path in found})
    for numbers in planner.questions():
        planner.take(numbers, found, in_doubt=doubt.numbers, made=doubt.made)
    return planner


def test_a_planner_is_told_what_is_ours() -> None:
    """What an attempt has left unfinished is in nobody's way, without --force."""
    members, attempts = files_of(*[MIB] * 4), Attempts()
    break_off(attempts, plan_of(members), 3 * MIB)
    doubt = attempts.doubt(nothing, members)
    # The owner of what was brought comes in the end, with some tars.
    stands = {
        b"0": standing(MIB)._replace(uid=1000),
        b"1": standing(MIB),
        b"2": standing(MIB, mtime=5),
    }
    planner = planner_of(members, stands, Policy(ours=doubt.unset(members)), doubt)
    assert planner.open.keys() == doubt.numbers & {0, 1, 2}
    assert planner.open.keys() == {1, 2}
    planner.settle({1: Left.WHOLE, 2: Left.UNFINISHED})
    plan = planner.finish()
    assert not plan.is_refused
    assert [plan.action(number) for number in range(4)] == [
        Action.ADJUST,
        Action.KEEP,
        Action.CREATE,
        Action.CREATE,
    ]
