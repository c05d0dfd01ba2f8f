"""Members that are sent as they stand in the archive, many at once: nearly all of most backups."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final, NamedTuple

from kubectl_restore.archive.members.columns import COMMON
from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.members.members import CODES
from kubectl_restore.archive.stream.segments import Extract

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Iterator

    from kubectl_restore.archive.members.members import Members

_IS_COMMON: Final = bytes(flags >= COMMON for flags in range(256))
_DIRECTORY: Final = CODES[Kind.DIRECTORY]
_MOST: Final = 8192
"""Members of one run: a beat comes between them."""


class Run(NamedTuple):
    """Members with numbers that follow each other, in one directory."""

    first: int
    end: int
    """Behind the last one."""

    @property
    def numbers(self) -> range:
        """Theirs."""
        return range(self.first, self.end)


class PassedOn:
    """Knows which members of an index are sent as they stand in the archive.

    Attributes:
        members: of the index.
    """

    def __init__(self, members: Members, changed: Iterable[int]) -> None:
        """Look through the members once, a byte for each.

        Args:
            members: of the index.
            changed: those for which something else is sent.
        """
        self.members = members
        columns = members.columns
        self._is_common = columns.flags.translate(_IS_COMMON)
        for number in (*columns.extents, *changed, *members.of_kind(Kind.DIRECTORY)):
            self._is_common[number] = 0

    def run_at(self, numbers: array[int], place: int) -> Run | None:
        """Return the members that are passed on together from one of some numbers on.

        Args:
            numbers: of members that are sent, in the order of their data.
            place: in these, where the run begins.
        """
        first = numbers[place]
        if not self._is_common[first]:
            return None
        end = min(self.members.end_of_run(first), first + _MOST, first + len(numbers) - place)
        other = self._is_common.find(0, first, end)
        count = (end if other < 0 else other) - first
        if numbers[place + count - 1] - first != count - 1:
            # Some between them are not sent: up to these the numbers rise by one.
            rising = range(count)
            count = bisect_right(rising, 0, key=lambda one: numbers[place + one] - first - one)
        return Run(first, first + count)

    def lengths(self, run: Run) -> array[int]:
        """Return how many bytes of the stream each of them is."""
        return self.members.columns.lengths[run.first : run.end]

    def extracts(self, run: Run) -> Iterator[Extract]:
        """Return what is sent of the archive."""
        columns, last = self.members.columns, run.end - 1
        start, lengths = columns.offsets[run.first], self.lengths(run)
        whole = sum(lengths)
        if columns.offsets[last] + columns.lengths[last] - start == whole:
            yield Extract(start, whole)
            return
        for number, length in zip(run.numbers, lengths, strict=True):
            yield Extract(columns.offsets[number], length)
