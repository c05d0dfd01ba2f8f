"""Many whole numbers as text: `0-99,105`, in lines of a bounded length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LONGEST_LINE: Final = 4000
"""Characters: a line is one record of the agent's (pipe/records.py bounds these)."""


def write_runs(numbers: Iterable[int]) -> Iterator[str]:
    """Return the numbers in their order, neighbours that rise by one together."""
    line = ""
    for first, last in _runs(numbers):
        run = f"{first}" if first == last else f"{first}-{last}"
        if line and len(line) + len(run) >= _LONGEST_LINE:
            yield line
            line = ""
        line += f",{run}" if line else run
    if line:
        yield line


def read_runs(line: str, below: int) -> Iterator[int]:
    """Return the numbers of a line.

    Args:
        line: as `write_runs` made it.
        below: what all numbers are smaller than, so that no line means more than it may.

    Raises:
        ValueError: it is no such line.
    """
    for run in line.split(","):
        first, _, last = run.partition("-")
        numbers = range(int(first), int(last or first) + 1)
        if not (numbers and numbers.start >= 0 and numbers.stop <= below):
            raise ValueError(f"{run!r} is no run of numbers below {below}")
        yield from numbers


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    first = last = -1
    for number in numbers:
        if first >= 0 and number == last + 1:
            last = number
            continue
        if first >= 0:
            yield first, last
        first = last = number
    if first >= 0:
        yield first, last
