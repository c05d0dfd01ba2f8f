"""Whole columns of numbers compared at once: four thousand of them are one long number.

Each number has a lane of 64 bits, and its highest bit is free. A subtraction borrows from the bit
that was set there beforehand just where the one is smaller, and from no other lane. This is four
times as fast as a loop of `map`, which has to make an object of each number.
"""

from __future__ import annotations

import sys
from array import array
from functools import lru_cache
from typing import Final

LARGEST: Final = (1 << 62) - 1
"""So that the sum of two has the highest bit free."""
_HIGH: Final = bytes(range((LARGEST >> 56) + 1))
_LANES: Final = 1 << 12
"""As many as stay in the processor's nearest memory."""
_FREE: Final = -(1 << 63)
"""The highest bit alone, as a number with a sign."""


def are_within(numbers: array[int]) -> bool:
    """Tell whether each is one of 0 to LARGEST."""
    return not high_bytes(numbers).translate(None, _HIGH)


def high_bytes(numbers: array[int]) -> bytes:
    """Return of each number the byte that counts most."""
    size = numbers.itemsize
    return numbers.tobytes()[size - 1 if sys.byteorder == "little" else 0 :: size]


def never_fall(numbers: array[int]) -> bool:
    """Tell whether each is as large as the one before; they `are_within`."""
    view = memoryview(numbers)
    for start in range(0, len(view) - 1, _LANES):
        after = view[start + 1 : start + 1 + _LANES]
        if not _covers(_long(after), _long(view[start : start + len(after)]), len(after)):
            return False
    return True


def are_ends(numbers: array[int], length: int) -> bool:
    """Tell whether pieces that end there lie behind each other, and are so many bytes together."""
    if not numbers:
        return not length
    return are_within(numbers) and never_fall(numbers) and numbers[-1] == length


def sums_are_within(first: array[int], second: array[int], most: array[int] | int) -> bool:
    """Tell whether each of `first` and its neighbour of `second` together are at most that.

    Args:
        first: they `are_within`, or have 32 bits.
        second: they `are_within`.
        most: for each, or for all of them.
    """
    for start in range(0, len(first), _LANES):
        one = first[start : start + _LANES]
        count = len(one)
        limit = _each(most, count) if isinstance(most, int) else _long(most[start : start + count])
        both = _long(_wide(one)) + _long(second[start : start + count])
        if not _covers(limit, both, count):
            return False
    return True


def _covers(large: int, small: int, count: int) -> bool:
    """Tell whether no lane of the one is smaller than that of the other."""
    free = _each(_FREE, count)
    return ((large | free) - small) & free == free


@lru_cache(maxsize=8)
def _each(number: int, count: int) -> int:
    """Return so many lanes with the same number."""
    return _long(number.to_bytes(8, sys.byteorder, signed=True) * count)


def _long(numbers: array[int] | memoryview[int] | bytes) -> int:
    return int.from_bytes(numbers, sys.byteorder)


def _wide(numbers: array[int]) -> array[int]:
    """Return the numbers, of 32 bits or more, each in 64 bits."""
    if numbers.itemsize == 8:
        return numbers
    wide = array("q", bytes(8 * len(numbers)))
    halves = memoryview(wide).cast("B").cast("I")
    halves[0 if sys.byteorder == "little" else 1 :: 2] = memoryview(numbers)
    return wide
