"""What was in flight of a pipe is found again, wherever the batches of the next run end."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.members.members import Members
from kubectl_restore.resume.in_flight import Doubt
from kubectl_restore.resume.places import Notes, doubt_by_place, with_places
from tests.unit.resume.making import files_of


def part(members: Members, first: int, last: int) -> Members:
    return Members.of(members[first:last])


@given(st.data())
def test_other_batches_find_the_same_members(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 30))
    whole = files_of(*data.draw(st.lists(st.integers(0, 2000), min_size=count, max_size=count)))
    # The first run was broken off in this batch, ...
    begin = data.draw(st.integers(0, count - 1))
    end = data.draw(st.integers(begin + 1, count))
    carried = [n for n in range(end - begin) if data.draw(st.booleans())] or [0]
    first = data.draw(st.integers(0, len(carried) - 1))
    last = data.draw(st.integers(first, len(carried) - 1))
    lines = b"c %s\n" % ",".join(map(str, carried)).encode()
    placed = with_places(lines, part(whole, begin, end)).splitlines()
    notes = Notes({b"0a": placed}, [b"0a %d %d" % (first, last), b"0b 0 9"])
    # ... and the next one has batches of its own.
    borders = sorted({0, count, *data.draw(st.lists(st.integers(0, count), max_size=4))})
    found, made = set(), set()
    for start, stop in pairwise(borders):
        doubt = doubt_by_place(notes, part(whole, start, stop))
        assert doubt.is_noted
        found |= {start + number for number in doubt.numbers}
        made |= {start + number for number, is_made in enumerate(doubt.made) if is_made}
    assert found == {begin + carried[at] for at in range(first, last + 1)}
    assert made == {begin + carried[at] for at in range(first)}


def test_what_one_batch_has_left_is_in_doubt_whatever_another_says() -> None:
    members = files_of(5, 5, 5)
    lines = with_places(b"c 0-2\n", members).splitlines()
    notes = Notes({b"0a": lines, b"0b": lines}, [b"0a 1 2", b"0b 2 2"])
    doubt = doubt_by_place(notes, members)
    assert doubt.numbers == {1, 2}
    assert list(doubt.made) == [1, 0, 0]


def test_directories_and_what_stays_in_doubt_are_found_again() -> None:
    members = files_of(5, 5, 5, 5)
    lines = with_places(b"e 1\nd 2-3\n", members).splitlines()
    doubt = doubt_by_place(Notes({b"0a": lines}), part(members, 1, 4))
    assert (doubt.numbers, doubt.directories) == ({0}, {1, 2})


@pytest.mark.parametrize(
    "line", [b"x 1", b"c", b"c 3-1", b"c \xff", b"c 0-99999999999", b"c 0-%d" % 2**60]
)
def test_lines_that_make_no_sense_say_nothing(line: bytes) -> None:
    members = files_of(5, 5)
    doubt = doubt_by_place(Notes({b"0a": [line]}, [b"0a 0 9"]), members)
    assert (doubt.numbers, doubt.directories, list(doubt.made)) == (set(), set(), [])


def test_nothing_noted_is_nothing_in_doubt() -> None:
    assert doubt_by_place(Notes(), files_of(1)) == Doubt()
