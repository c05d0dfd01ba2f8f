"""Checksums of members' contents, taken while the archive's bytes go by."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.checksums import LENGTHS, digester

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kubectl_restore.archive.checksums import Algorithm, Digester
    from kubectl_restore.archive.members.member import Member

_ZEROS: Final = memoryview(bytes(256 * 1024))


class Fingerprints:
    """Takes ranges of the archive, as they are read, and knows where members' contents lie.

    A member costs some ten bytes here, and its digest.
    """

    def __init__(
        self, algorithm: Algorithm, member_of: Callable[[int], Member], wanted: Iterable[int]
    ) -> None:
        """Wait for the contents of some files.

        Args:
            algorithm: which checksum.
            member_of: returns a member by its number.
            wanted: the numbers of the files, in the order of their data.
        """
        self.algorithm = algorithm
        self._member = member_of
        self._length = LENGTHS[algorithm]
        self._numbers = array("q", wanted)
        # Nearly always the order of the data is that of the members.
        rises = all(one < other for one, other in pairwise(self._numbers))
        self._places = (
            None if rises else {number: place for place, number in enumerate(self._numbers)}
        )
        self._digests = bytearray(self._length * len(self._numbers))
        self._known = bytearray(len(self._numbers))
        self._place = -1
        self._next()

    def take(self, offset: int, data: memoryview) -> None:
        """Take bytes of the archive; offsets rise from call to call.

        Args:
            offset: of the first byte, on the decompressed stream.
            data: the bytes.
        """
        end = offset + len(data)
        while self._place < len(self._numbers) and self._at < end:
            if self._at < offset:
                # Some of it was not read: nothing is known of this one.
                self._next()
                continue
            piece = data[self._at - offset : self._end - offset]
            self._content.take(piece)
            self._at += len(piece)
            if self._at == self._end:
                self._finish()
                self._next()

    def digest(self, number: int) -> bytes | None:
        """Return a file's checksum; None when its content has not gone by whole."""
        place = self._place_of(number)
        if place is None or not self._known[place]:
            return None
        return bytes(self._digests[place * self._length : (place + 1) * self._length])

    def _place_of(self, number: int) -> int | None:
        if self._places is not None:
            return self._places.get(number)
        place = bisect_left(self._numbers, number)
        found = place < len(self._numbers) and self._numbers[place] == number
        return place if found else None

    def _next(self) -> None:
        """Go to the next file that has data in the archive; those without are finished at once."""
        while True:
            self._place += 1
            if self._place >= len(self._numbers):
                return
            member = self._member(self._numbers[self._place])
            self._at = member.offset + member.prefix
            stored = member.size if member.extents is None else sum(member.extents[1::2])
            self._end = self._at + stored
            self._content = _Content(digester(self.algorithm), member)
            if stored:
                return
            self._finish()

    def _finish(self) -> None:
        start = self._place * self._length
        self._digests[start : start + self._length] = self._content.digest()
        self._known[self._place] = 1


class _Content:
    """One file's content: what is stored of it, and its holes."""

    def __init__(self, own: Digester, member: Member) -> None:
        self._own = own
        self._size = member.size
        self._extents = None if member.extents is None else _pairs(member.extents)
        self._at = 0
        self._left = member.size if self._extents is None else 0

    def take(self, data: memoryview) -> None:
        """Take stored bytes."""
        while data:
            if not self._left and self._extents is not None:
                start, self._left = next(self._extents)
                self._hole(start)
                continue
            piece, data = data[: self._left], data[self._left :]
            self._own.update(piece)
            self._at += len(piece)
            self._left -= len(piece)

    def digest(self) -> bytes:
        """Return the checksum, with the hole that the file may end with."""
        self._hole(self._size)
        return self._own.digest()

    def _hole(self, until: int) -> None:
        while self._at < until:
            zeros = _ZEROS[: until - self._at]
            self._own.update(zeros)
            self._at += len(zeros)


def _pairs(extents: array[int]) -> Iterator[tuple[int, int]]:
    return zip(extents[::2], extents[1::2], strict=True)
