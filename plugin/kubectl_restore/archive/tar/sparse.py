"""The maps of members with holes: which parts of the file are stored (GNU tar manual, "Sparse").

Every map is read here and written anew for the pod's tar: two of the four tars that are common in
pods restore some of the formats wrong and exit 0. A map has to be right, or something else would
be written.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.tar.header import LARGEST, HeaderError, read_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MOST_EXTENTS: Final = 4_000_000
"""Of one archive: 64 MiB of maps. GNU tar makes one for each run of data."""
_PAIR: Final = 24
_MOST_DIGITS: Final = 18


class Extents:
    """Collects a map, part by part, and checks it.

    Attributes:
        pairs: offsets and lengths of the stored parts, in turn; empty parts are left out.
        stored: bytes of the file that the archive holds.
    """

    def __init__(self, size: int) -> None:
        """Begin the map of a file of `size` bytes, holes included.

        Raises:
            HeaderError: no file is that large.
        """
        if not 0 <= size <= LARGEST:
            raise HeaderError("its sparse map makes no sense")
        self.pairs = array("q")
        self.stored = 0
        self._size = size
        self._end = 0

    def add(self, start: int, length: int) -> None:
        """Take the next part.

        Raises:
            HeaderError: it does not follow the one before, lies outside of the file, or there are
                too many.
        """
        if length < 0 or start < self._end or start + length > self._size:
            raise HeaderError("its sparse map makes no sense")
        self._end = start + length
        self.stored += length
        if length:
            self.pairs.extend((start, length))
        if len(self.pairs) > 2 * MOST_EXTENTS:
            raise HeaderError(f"its sparse map has more than {MOST_EXTENTS} parts")


class OldSparseMap:
    """A map in GNU's old format: four pairs in the header, 21 in each block that follows it.

    Attributes:
        size: bytes of the file with its holes.
        extents: the map so far.
        goes_on: another block of the map follows.
    """

    def __init__(self, header: bytes) -> None:
        """Begin with the header's own four pairs.

        Raises:
            HeaderError: the map makes no sense.
        """
        self.size = read_number(header[483:495])
        self.extents = Extents(self.size)
        self._finished = False
        self._take(header[386:482])
        self.goes_on = bool(header[482])

    def extend(self, block: bytes) -> None:
        """Take a block of pairs.

        Raises:
            HeaderError: the map makes no sense.
        """
        self._take(block[:504])
        self.goes_on = bool(block[504])

    def _take(self, pairs: bytes) -> None:
        for at in range(0, len(pairs), _PAIR):
            if not pairs[at + 12]:
                # An empty length ends the map, for GNU tar too.
                self._finished = True
                return
            if self._finished:
                raise HeaderError("its sparse map makes no sense")
            self.extents.add(
                read_number(pairs[at : at + 12]), read_number(pairs[at + 12 : at + 24])
            )


def extents_of(numbers: Iterable[bytes], size: int) -> Extents:
    """Read a map of decimal numbers, offsets and lengths in turn (PAX formats 0.0 and 0.1).

    Raises:
        HeaderError: the map makes no sense.
    """
    extents = Extents(size)
    values = [_whole(number) for number in numbers]
    if len(values) % 2:
        raise HeaderError("its sparse map makes no sense")
    for start, length in zip(values[::2], values[1::2], strict=True):
        extents.add(start, length)
    return extents


def read_map(read: Callable[[], bytes], size: int) -> Extents:
    """Read the map that stands before the data (PAX format 1.0): lines of one number each.

    Args:
        read: returns the next block of the member, of 512 bytes.
        size: bytes of the file with its holes.

    Raises:
        HeaderError: the map makes no sense.
    """
    extents = Extents(size)
    rest = b""
    left = -1
    start: int | None = None
    while left:
        block = read()
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            value = _whole(line)
            if left < 0:
                left = 2 * value
            elif start is None:
                start, left = value, left - 1
            else:
                extents.add(start, value)
                start, left = None, left - 1
            if not left:
                break
        if left and len(rest) > _MOST_DIGITS:
            raise HeaderError("its sparse map makes no sense")
    return extents


def _whole(number: bytes) -> int:
    if not number.isdigit() or len(number) > _MOST_DIGITS:
        raise HeaderError("a number of its sparse map is none")
    return int(number)
