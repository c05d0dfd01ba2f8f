"""Which of many numbers occur more than once."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from array import array

_MOST_BUCKETS: Final = 1 << 23
"""Of the table that finds what occurs twice: of a million members one in ten shares a bucket."""


def buckets_for(count: int) -> int:
    """Return how many bytes a table for so many hashes has."""
    return min(_MOST_BUCKETS, 16 * count + 1)


def repeated(values: array[int]) -> set[int]:
    """Return the values that occur more than once.

    A set of all would be ten times as large as the values: a table tells which can be repeated.
    """
    buckets = buckets_for(len(values))
    seen = bytearray(buckets)
    shared = set()
    for value in values:
        bucket = value % buckets
        if seen[bucket]:
            shared.add(bucket)
        else:
            seen[bucket] = 1
    del seen
    near = sorted(value for value in values if value % buckets in shared) if shared else []
    return {one for one, next_one in pairwise(near) if one == next_one}
