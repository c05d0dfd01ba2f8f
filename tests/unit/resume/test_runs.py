"""Many numbers as lines: the same numbers again, and no line longer than a record may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.resume.runs import read_runs, write_runs

LONGEST = 4000
ANY = 1 << 62
"""More than any number that is made here."""

numbers = st.integers(0, 2**31)
runs = st.tuples(numbers, st.integers(1, 300)).map(lambda run: range(run[0], run[0] + run[1]))


@st.composite
def sequences(draw: st.DrawFn) -> list[int]:
    """Return numbers in any order, many of them neighbours."""
    return [
        number
        for piece in draw(st.lists(st.one_of(runs, st.lists(numbers, max_size=9)), max_size=9))
        for number in piece
    ]


@given(sequences())
def test_what_is_written_is_read_again_in_its_order(given_numbers: list[int]) -> None:
    lines = list(write_runs(given_numbers))
    assert [number for line in lines for number in read_runs(line, ANY)] == given_numbers


@given(st.integers(0, 2**40), st.integers(2, 5), st.integers(1, 1500))
def test_a_line_has_a_length_that_is_bounded_and_is_made_use_of(
    first: int, step: int, count: int
) -> None:
    lines = list(write_runs(range(first, first + step * count, step)))
    assert all(len(line) <= LONGEST for line in lines)
    longest = len(str(first + step * count)) + 1
    assert all(len(line) + longest >= LONGEST for line in lines[:-1])


@given(st.integers(0, 2**40), st.integers(2, 10**9))
def test_neighbours_are_one_run_however_many(first: int, count: int) -> None:
    # `range` tells without going through it: a million members are a few bytes.
    count = min(count, 20_000)
    assert list(write_runs(range(first, first + count))) == [f"{first}-{first + count - 1}"]


def test_numbers_that_do_not_rise_by_one_stand_alone() -> None:
    assert list(write_runs([0, 1, 2, 5, 4, 4, 7, 8])) == ["0-2,5,4,4,7-8"]
    assert list(write_runs([])) == []


@pytest.mark.parametrize(
    "line", ["", ",", "1,", ",1", "one", "1-two", "-1", "-", "1-2-3", "1;2", "0x1", "1.0", "1 2"]
)
def test_what_is_no_such_line_is_a_value_error(line: str) -> None:
    with pytest.raises(ValueError, match=r"invalid literal|no run of numbers"):
        list(read_runs(line, ANY))


@pytest.mark.parametrize("line", ["1-0", "5-3", "0,9-8", "7-0"])
def test_a_run_that_falls_is_none(line: str) -> None:
    with pytest.raises(ValueError, match="no run of numbers below 100"):
        list(read_runs(line, 100))


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_a_line_means_no_number_that_there_is_not(first: int, last: int, below: int) -> None:
    line = f"{first}-{last}"
    if first <= last < below:
        assert list(read_runs(line, below)) == list(range(first, last + 1))
        return
    with pytest.raises(ValueError, match="no run of numbers"):
        list(read_runs(line, below))


def test_a_line_that_means_too_much_is_told_before_it_is_gone_through() -> None:
    numbers_of_line = read_runs(f"0-{10**18}", 10**6)
    with pytest.raises(ValueError, match="below 1000000"):
        next(numbers_of_line)


@given(st.text(alphabet="0123456789,- x", max_size=6))
def test_any_other_text_is_numbers_or_a_value_error(line: str) -> None:
    try:
        found = list(read_runs(line, 1000))
    except ValueError:
        return
    assert line[0] not in ",-x"
    assert all(0 <= number < 1000 for number in found)
    assert found
