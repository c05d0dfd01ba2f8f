"""The map of a sparse member in GNU's old format (GNU tar manual, "Old GNU Format").

Which parts of the file are stored: pairs of offset and length (12 bytes each), four in the header,
21 in each block that follows it. The map has to be right, or the pod's tar writes something else.
"""

from __future__ import annotations

from typing import Final

from kubectl_restore.archive.header import HeaderError, read_number

_PAIR: Final = 24


class SparseMap:
    """Checks a map while it is read; keeps no more than its sums.

    Attributes:
        size: bytes of the file with its holes.
        stored: bytes of the file that the archive holds.
        goes_on: another block of the map follows.
    """

    def __init__(self, header: bytes) -> None:
        """Begin with the header's own four pairs.

        Raises:
            HeaderError: the map makes no sense.
        """
        self.size = read_number(header[483:495])
        self.stored = 0
        self._end = 0
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
            start, length = read_number(pairs[at : at + 12]), read_number(pairs[at + 12 : at + 24])
            if self._finished or length < 0 or start < self._end or start + length > self.size:
                raise HeaderError("its sparse map makes no sense")
            self._end = start + length
            self.stored += length
