"""What is in flight is noted before it is sent: whatever breaks, nothing unfinished is overlooked.

The notes go a way that is played here: written by us, kept by the agent in two files by turns, read
by the next run.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.plan.cut import cut
from kubectl_restore.plan.policy import Overwrite
from kubectl_restore.plan.sameness import Policy
from kubectl_restore.resume.in_flight import (
    UNDER_WAY,
    Doubt,
    Stream,
    plan_lines,
    read_doubt,
    settled_lines,
    unfinished,
)
from tests.unit.resume.making import (
    DIRECTORY,
    MIB,
    files_of,
    layout_of,
    members_of,
    numbers_of,
    plan_of,
    share_of,
    spans,
    standing,
)

if TYPE_CHECKING:
    from kubectl_restore.archive.members.members import Members
    from kubectl_restore.plan.plan import Plan

BATCH = b"0a1b"
LATE = [b"/etc/passwd", b"/", b"..", b"../up", b"a/../b", b"a/.."]
PROMPT = [b"a", b"a/b", b"..a", b"a..", b"a/..b", b".../b", b"./a"]


@st.composite
def backups(draw: st.DrawFn) -> Members:
    """Return members of all sorts; the first one is a file."""
    described: list[tuple[bytes, Kind, int | bytes]] = [(b"0", Kind.FILE, 700)]
    sizes = st.sampled_from([0, 1, 513, 100_000, MIB, 3 * MIB])
    for number in range(1, draw(st.integers(1, 9))):
        name = draw(st.sampled_from([b"%d", b"d%d/in", b"p/q%d"])) % number
        kind = draw(
            st.sampled_from([Kind.FILE] * 4 + [Kind.SYMLINK] * 2 + [Kind.HARDLINK, Kind.DIRECTORY])
        )
        if kind is Kind.SYMLINK:
            described.append((name, kind, draw(st.sampled_from(LATE + PROMPT))))
        elif kind is Kind.HARDLINK:
            described.append((name, kind, b"0"))
        else:
            described.append((name, kind, draw(sizes) if kind is Kind.FILE else 0))
    return members_of(*described)


@dataclass
class Broken:
    """A stream, and where it broke.

    Attributes:
        plan: whose.
        ends: of the chunks that were sent, up to the one under way.
        acknowledged: how many bytes were, when each of them was.
        complained: before how many of them the pod's tar had said nothing.
        is_torn: the note of the last one was not written whole, so that nothing of it was taken.
    """

    plan: Plan
    ends: list[int]
    acknowledged: list[int]
    complained: int
    is_torn: bool

    def safe(self, chunk: int) -> int:
        """Return how far everything was dealt with when a chunk was sent."""
        before = self.acknowledged[: min(chunk + 1, self.complained)]
        return max([0, *(count - UNDER_WAY for count in before)])


@st.composite
def breaks(draw: st.DrawFn) -> Broken:
    """Break a stream at any byte."""
    plan = plan_of(draw(backups()))
    total = layout_of(plan).total
    # At the edges of members, too, and where the one before has just been dealt with.
    edges = {edge for _, end in spans(plan).values() for edge in (end, end + UNDER_WAY)}
    known = [total, *sorted(edge for edge in edges if edge <= total)]
    places = st.one_of(st.integers(1, total), st.sampled_from(known))
    cuts = draw(st.lists(places, max_size=12, unique=True).map(sorted))
    ends = cuts or [total]
    acknowledged = [0]
    for _ in ends[1:]:
        # Whole chunks are acknowledged, in order, and none before it was sent.
        sent_by_then = ends[: len(acknowledged)]
        later = [count for count in sent_by_then if count >= acknowledged[-1]]
        acknowledged.append(draw(st.sampled_from([acknowledged[-1], *later])))
    complained = draw(st.one_of(st.just(len(ends)), st.integers(0, len(ends))))
    return Broken(plan, ends, acknowledged, complained, draw(st.booleans()))


def sent(broken: Broken) -> tuple[Stream, list[tuple[int, bytes]]]:
    """Return what the agent's two files hold then, each note with its chunk."""
    at = [0]
    flight = Stream(share_of(broken.plan), BATCH, lambda: int(at[0] >= broken.complained))
    kept: list[list[tuple[int, bytes]]] = [[], []]
    serial = 0
    for chunk, (end, done) in enumerate(zip(broken.ends, broken.acknowledged, strict=True)):
        at[0] = chunk
        note = flight.note(done, end)
        if note:
            serial = 1 - serial
            is_torn = broken.is_torn and end == broken.ends[-1]
            kept[serial] = [] if is_torn else [(chunk, note)]
    return flight, [*kept[0], *kept[1]]


def late_ones(members: Members) -> set[int]:
    return {n for n in numbers_of(members, [Kind.SYMLINK]) if members[n].link in LATE}


@given(breaks())
def test_what_may_be_unfinished_is_in_doubt_and_nothing_else(broken: Broken) -> None:
    plan, members = broken.plan, broken.plan.members
    _, kept = sent(broken)
    planned = plan_lines(plan, Doubt(), cut(plan, 1)).splitlines()
    doubt = read_doubt(planned, [note for _, note in kept], BATCH, members)
    assert doubt.is_noted
    assert doubt.directories == numbers_of(members, [Kind.DIRECTORY])
    lies = spans(plan)
    taken = len(broken.ends) - 1 - broken.is_torn
    if taken >= 0:
        reached, safe = broken.ends[taken], broken.safe(taken)
        must = {n for n, (start, end) in lies.items() if end > safe and start < reached}
        assert must <= doubt.numbers
    if not kept:
        assert doubt.numbers == set()
        assert not doubt.made
        return
    # The two notes together: from the older one's beginning to the newer one's end. Directories
    # that are made for a member come just before it.
    safe = broken.safe(min(chunk for chunk, _ in kept))
    reached = broken.ends[max(chunk for chunk, _ in kept)]
    ends = [0, *(lies[number][1] for number in layout_of(plan).files)]
    may = {
        number
        for number, (before, end) in zip(layout_of(plan).files, pairwise(ends), strict=True)
        if end > safe and before < reached
    }
    late = {n for n in late_ones(members) if lies[n][1] <= safe}
    assert doubt.numbers == may | late
    # What is known to be made comes before that, and nothing in doubt is among it.
    made = {n for n, (_, end) in lies.items() if end <= safe} - late
    assert {n for n, one in enumerate(doubt.made) if one} == made


@given(breaks(), st.data())
def test_the_run_itself_knows_it_more_exactly(broken: Broken, data: st.DataObject) -> None:
    flight, _ = sent(broken)
    done = data.draw(st.sampled_from([broken.acknowledged[-1], *broken.ends]))
    flight.acknowledged = done
    flight.settle()
    chunk = len(broken.ends) - 1
    safe = broken.safe(chunk)
    if chunk < broken.complained:
        safe = max(safe, done - UNDER_WAY)
    plan, doubt = broken.plan, Doubt(set(range(len(broken.plan.members))))
    doubt.go_on(plan.members, layout_of(plan).files, flight.first, flight.last)
    lies = spans(plan)
    finished = {n for n, (_, end) in lies.items() if end <= safe}
    assert flight.safe == safe
    assert flight.first == len(finished)
    late = late_ones(plan.members) & finished
    assert doubt.numbers == set(range(len(plan.members))) - finished | late
    assert {n for n, one in enumerate(doubt.made) if one} == finished - late


def test_what_a_stream_has_settled_is_in_doubt_no_more() -> None:
    members = files_of(1, 2, 3, 4, 5)
    doubt = Doubt({0, 1, 3})
    # In the order of the stream: 4 and 1 are done, 0 is under way, 2 was not begun.
    doubt.go_on(members, [4, 1, 0, 2], 2, 2)
    assert doubt.numbers == {0, 3}
    # What it has made is known, but for what is in doubt.
    assert doubt.made == bytearray([0, 1, 0, 0, 1])


def test_what_was_made_once_stays_so_until_it_is_under_way_again() -> None:
    members = files_of(1, 2, 3, 4)
    doubt = Doubt()
    assert not doubt.made
    doubt.go_on(members, [0, 1, 2], 2, 2)
    assert doubt.made == bytearray([1, 1, 0, 0])
    doubt.go_on(members, [2, 1, 3], 1, 1)
    assert doubt.made == bytearray([1, 0, 1, 0])
    assert doubt.numbers == {1}


def test_what_was_in_doubt_before_and_is_not_sent_has_not_been_made() -> None:
    members = files_of(1, 2, 3)
    doubt = Doubt({2}, bytearray([1, 0, 1]))
    doubt.go_on(members, [0, 1], 1, 1)
    assert (doubt.numbers, doubt.made) == ({1, 2}, bytearray([1, 0, 0]))


def test_from_the_first_complaint_on_nothing_is_taken_for_done() -> None:
    plan = plan_of(files_of(*[MIB] * 8))
    said = [0]
    flight = Stream(share_of(plan), BATCH, lambda: said[0])
    flight.note(3 * MIB, 4 * MIB)
    assert (flight.safe, flight.first) == (2 * MIB, 1)
    said[0] = 1
    assert flight.note(6 * MIB, 7 * MIB) == BATCH + b" 1 6"
    flight.acknowledged = 7 * MIB
    flight.settle()
    assert (flight.safe, flight.first, flight.last) == (2 * MIB, 1, 6)


def test_a_tar_that_complains_at_once_leaves_everything_in_doubt() -> None:
    plan = plan_of(files_of(*[MIB] * 8))
    flight = Stream(share_of(plan), BATCH, lambda: 1)
    assert flight.note(6 * MIB, 7 * MIB) == BATCH + b" 0 6"
    flight.acknowledged = layout_of(plan).total
    flight.settle()
    assert (flight.safe, flight.first) == (0, 0)


def test_what_was_safe_stays_so() -> None:
    plan = plan_of(files_of(*[MIB] * 4))
    flight = Stream(share_of(plan), BATCH, lambda: 0)
    flight.note(4 * MIB, 4 * MIB)
    flight.note(0, 4 * MIB)
    flight.acknowledged = 0
    flight.settle()
    assert flight.safe == 3 * MIB


def test_a_stream_of_directories_alone_has_nothing_in_flight() -> None:
    plan = plan_of(members_of((b"a", Kind.DIRECTORY, 0), (b"a/b", Kind.DIRECTORY, 0)))
    flight = Stream(share_of(plan), BATCH, lambda: 0)
    assert flight.note(0, layout_of(plan).total) == b""
    doubt = read_doubt(
        plan_lines(plan, Doubt(), cut(plan, 1)).splitlines(), [], BATCH, plan.members
    )
    assert (doubt.numbers, doubt.directories, doubt.is_noted) == (set(), {0, 1}, True)


@pytest.mark.parametrize("target", LATE)
def test_links_that_tars_put_off_are_in_doubt_to_the_end(target: bytes) -> None:
    members = members_of((b"l", Kind.SYMLINK, target), (b"f", Kind.FILE, 1), (b"g", Kind.FILE, 1))
    assert unfinished(members, [0, 1, 2], 2, 2) == {0, 2}
    # It is done when there is nothing left to come, too: only the end of the stream makes it.
    assert unfinished(members, [0, 1, 2], 3, 2) == {0}
    assert unfinished(members, [1, 2], 1, 1) == {2}


def test_other_names_of_links_that_tars_put_off_are_put_off_with_them() -> None:
    members = members_of(
        (b"l", Kind.SYMLINK, b"../up"),
        (b"f", Kind.FILE, 1),
        (b"m", Kind.HARDLINK, b"l"),
        (b"n", Kind.HARDLINK, b"./m"),
        (b"g", Kind.HARDLINK, b"f"),
        (b"h", Kind.FILE, 1),
    )
    assert unfinished(members, [0, 1, 2, 3, 4, 5], 5, 5) == {0, 2, 3, 5}
    # A link that was made before this stream is there, whatever leads to it now.
    assert unfinished(members, [1, 2, 3, 4, 5], 4, 4) == {5}
    # What has not come by yet is nowhere.
    assert unfinished(members, [0, 1, 2, 3, 4, 5], 1, 1) == {0, 1}


@pytest.mark.parametrize("target", PROMPT)
def test_other_links_are_made_at_once(target: bytes) -> None:
    members = members_of((b"l", Kind.SYMLINK, target), (b"f", Kind.FILE, 1))
    assert unfinished(members, [0, 1], 1, 1) == {1}


# What is read


def noted(*flights: bytes, members: Members | None = None) -> Doubt:
    planned = [b"e 7", b"c 0-2,5", b"c 4,3", b"d 6,8"]
    return read_doubt(planned, flights, BATCH, members or files_of(*[1] * 9))


def test_notes_are_read() -> None:
    doubt = noted(BATCH + b" 1 2", BATCH + b" 2 4")
    assert doubt.numbers == {7, 1, 2, 5, 4}
    assert doubt.directories == {6, 8}
    # Of what is carried (0, 1, 2, 5, 4, 3) the first alone comes before what is in flight.
    assert doubt.made == bytearray([1, *[0] * 8])
    assert doubt.unset(files_of(*[1] * 9)) == {b"6", b"8"}


def test_without_a_note_of_what_was_in_flight_nothing_was_made() -> None:
    doubt = noted()
    assert (doubt.numbers, doubt.directories, doubt.is_noted) == ({7}, {6, 8}, True)
    assert not doubt.made


def test_the_order_of_the_two_notes_does_not_matter() -> None:
    one, other = BATCH + b" 1 2", BATCH + b" 2 4"
    assert noted(one, other) == noted(other, one)


def test_notes_of_another_batch_say_nothing_of_this_one() -> None:
    doubt = noted(b"ffff 0 5", b"0a1 0 5")
    assert (doubt.numbers, doubt.directories) == ({7}, {6, 8})
    assert noted(b"ffff 0 5", BATCH + b" 1 1").numbers == {7, 1}


def test_where_nothing_was_noted_nothing_is_in_doubt() -> None:
    members = files_of(1, 2)
    assert read_doubt([], [], BATCH, members) == Doubt()
    doubt = read_doubt([], [BATCH + b" 0 1"], BATCH, members)
    assert (doubt.numbers, doubt.directories, doubt.is_noted) == (set(), set(), False)
    assert not any(doubt.made)


@pytest.mark.parametrize(
    "line", [b"", b" ", b"e", b"e ", b"c one", b"x 1", b"E 1", b"1-2", b"d 1-\xff", b"e \xc2\xb2"]
)
def test_a_plan_that_makes_no_sense_means_that_nothing_is_known(line: bytes) -> None:
    members = files_of(1, 2, 3)
    assert read_doubt([b"e 1", line], [], BATCH, members) == Doubt()
    assert read_doubt([line, b"e 1"], [], BATCH, members) == Doubt()


@pytest.mark.parametrize("note", [b"", b"0a1b", b"0a1b 1", b"0a1b 1 x", b"0a1b  1", b"0a1b 1 2 3"])
def test_notes_that_make_no_sense_put_nothing_in_doubt_that_was_not(note: bytes) -> None:
    assert noted(note).numbers <= {7}


@pytest.mark.parametrize(
    "line",
    [b"e 3", b"d 3", b"e 0-3", b"d 1000000", b"c 3", b"e 1-0", b"c 0-1000000000000000000"],
)
def test_numbers_that_the_backup_does_not_have_are_of_another_one(line: bytes) -> None:
    assert read_doubt([b"e 1", line], [], BATCH, files_of(1, 2, 3)) == Doubt()


def test_a_carried_member_that_the_backup_does_not_have_is_of_another_one() -> None:
    members = files_of(1, 2, 3)
    assert read_doubt([b"c 0-3"], [BATCH + b" 3 3"], BATCH, members) == Doubt()


@pytest.mark.parametrize("kind", [b"e", b"c", b"d"])
def test_more_numbers_than_members_are_of_another_one(kind: bytes) -> None:
    members = files_of(1, 2, 3)
    lines = [kind + b" 0-2", kind + b" 0"]
    assert read_doubt(lines[:1], [], BATCH, members) != Doubt()
    assert read_doubt(lines, [], BATCH, members) == Doubt()
    assert read_doubt([kind + b" 0-2"] * 10**6, [], BATCH, members) == Doubt()


def test_notes_beyond_the_end_of_the_plan_put_all_of_it_in_doubt_at_most() -> None:
    assert noted(BATCH + b" 0 99999").numbers == {7, 0, 1, 2, 5, 4, 3}
    assert noted(BATCH + b" 99 99999").numbers == {7}
    assert noted(BATCH + b" 99 99999").made == bytearray([1] * 6 + [0] * 3)


@given(breaks(), st.data())
def test_of_torn_notes_something_is_known_or_nothing(broken: Broken, data: st.DataObject) -> None:
    members = broken.plan.members
    _, kept = sent(broken)
    text = plan_lines(broken.plan, Doubt({0}), cut(broken.plan, 1))
    whole = read_doubt(text.splitlines(), [note for _, note in kept], BATCH, members)
    torn = text[: data.draw(st.integers(0, len(text)))]
    notes = [note[: data.draw(st.integers(0, len(note)))] for _, note in kept]
    doubt = read_doubt(torn.splitlines(), notes, BATCH, members)
    assert doubt.numbers | doubt.directories <= set(range(len(members)))
    assert doubt.directories <= whole.directories
    assert doubt.unset(members) <= set(members.paths())
    assert len(doubt.made) in {0, len(members)}
    assert not any(doubt.made[number] for number in doubt.numbers if doubt.made)


@given(st.lists(st.binary(max_size=12), max_size=4), st.lists(st.binary(max_size=12), max_size=2))
def test_garbage_breaks_nothing(planned: list[bytes], flights: list[bytes]) -> None:
    members = files_of(1, 2)
    doubt = read_doubt(planned, flights, BATCH, members)
    assert doubt.numbers | doubt.directories <= {0, 1}
    assert len(doubt.made) in {0, 2}


# What is written


def test_what_stays_in_doubt_is_written_on() -> None:
    # Of those in doubt before: 0 is right and kept, 1 is only adjusted, 2 is sent again.
    members = files_of(1, 2, 3, 4)
    stands = {
        b"0": standing(1),
        b"1": standing(2, mode=0o600),
        b"2": standing(9),
        b"3": standing(4),
    }
    plan = plan_of(members, stands, Policy(overwrite=Overwrite.IF_CHANGED))
    lines = plan_lines(plan, Doubt({0, 1, 2}), cut(plan, 1))
    assert lines == b"e 1-2\nc 2\n"
    doubt = read_doubt(lines.splitlines(), [], BATCH, members)
    assert (doubt.numbers, doubt.is_noted) == ({1, 2}, True)


def test_what_was_made_and_is_not_right_yet_is_in_doubt_for_the_run_after_this() -> None:
    # 0 was made and is right; 1 was made and has its mode still to come; 3 was made by nobody.
    members = files_of(1, 2, 3, 4)
    stands = {b"0": standing(1), b"1": standing(2, mode=0o600), b"3": standing(4, mode=0o600)}
    plan = plan_of(members, stands, Policy(overwrite=Overwrite.IF_CHANGED))
    assert plan_lines(plan, Doubt(made=bytearray([1, 1, 0, 0])), cut(plan, 1)) == b"e 1\nc 2\n"
    assert plan_lines(plan, Doubt({1}, bytearray([1, 0, 0, 0])), cut(plan, 1)) == b"e 1\nc 2\n"


def test_directories_are_written_when_they_are_made_or_were_in_doubt() -> None:
    members = members_of(
        (b"", Kind.DIRECTORY, 0),
        (b"made", Kind.DIRECTORY, 0),
        (b"kept", Kind.DIRECTORY, 0),
        (b"unfinished", Kind.DIRECTORY, 0),
        (b"kept/file", Kind.FILE, 1),
    )
    stands = dict.fromkeys([b"kept", b"unfinished"], DIRECTORY)
    plan = plan_of(members, stands)
    doubt = Doubt(directories={3})
    assert plan_lines(plan, doubt, cut(plan, 1)) == b"c 4\nd 1,3\n"
    assert settled_lines(plan, doubt) == b"d 1,3\n"


def test_a_settled_batch_has_nothing_in_flight_any_more() -> None:
    members = members_of((b"d", Kind.DIRECTORY, 0), (b"d/f", Kind.FILE, 1))
    lines = settled_lines(plan_of(members), Doubt())
    doubt = read_doubt(lines.splitlines(), [BATCH + b" 0 0"], BATCH, members)
    assert (doubt.numbers, doubt.directories, doubt.is_noted) == (set(), {0}, True)


def test_a_plan_without_a_stream_keeps_what_was_in_doubt() -> None:
    members = files_of(1, 2)
    # A directory stands where the second file has to be: it is refused, there is no layout.
    plan = plan_of(members, {b"1": DIRECTORY})
    assert plan.layout is None
    assert plan_lines(plan, Doubt({0, 1}), cut(plan, 1)) == b"e 0-1\n"
