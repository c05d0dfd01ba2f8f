"""Records out of a stream that may hold anything else too. Does no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_LONGEST_RECORD: Final = 16 * 1024
"""Bytes; a path has at most 4,096 (PATH_MAX), the rest of a record under 200."""


@dataclass(frozen=True, slots=True)
class Record:
    """What stood between two tokens: a word and the rest, both raw."""

    word: bytes
    rest: bytes


@dataclass(frozen=True, slots=True)
class Noise:
    """Bytes that belong to no record."""

    data: bytes


class RecordParser:
    """Splits a byte stream at `TOKEN word rest TOKEN newline`.

    A record is over at its closing token, not at a newline: names in it may hold newlines, and
    none can hold the token, which nobody could know. So nothing that a tool prints or a file is
    called can begin, end or imitate a record. Whatever the pieces that the bytes come in, the
    records and the concatenated noise are the same.
    """

    def __init__(self, token: bytes) -> None:
        """Take this exec's token."""
        self._token = token
        self._buffer = bytearray()
        self._inside = False
        self._newline_due = False

    def feed(self, data: bytes) -> list[Record | Noise]:
        """Take the next bytes; return what they complete, in order."""
        self._buffer += data
        found: list[Record | Noise] = []
        *closed, rest = self._buffer.split(self._token)
        for piece in closed:
            self._take(bytes(piece), found)
        self._buffer = rest
        if not self._inside:
            loose = len(rest) - self._length_of_begun_token()
            self._take_noise(bytes(rest[:loose]), found)
            del rest[:loose]
        elif len(rest) > _LONGEST_RECORD:
            # Memory is bounded whatever comes: no record is so long, the token was a stray one.
            found.append(Noise(self._token))
            self._inside = False
            return found + self.feed(b"")
        return found

    def _take(self, piece: bytes, found: list[Record | Noise]) -> None:
        """Take what stands before a token."""
        if not self._inside:
            self._take_noise(piece, found)
            self._inside = True
        elif len(piece) > _LONGEST_RECORD:
            # As above; this token opens a record.
            found.append(Noise(self._token + piece))
        else:
            word, _, rest = piece[1:-1].partition(b" ")
            found.append(Record(word, rest))
            self._inside = False
            self._newline_due = True

    def _take_noise(self, piece: bytes, found: list[Record | Noise]) -> None:
        if self._newline_due and piece:
            piece = piece.removeprefix(b"\n")
            self._newline_due = False
        if piece:
            found.append(Noise(piece))

    def close(self) -> list[Record | Noise]:
        """Say that no more bytes come; return the rest, which is noise."""
        rest = (self._token if self._inside else b"") + bytes(self._buffer)
        self._buffer.clear()
        self._inside = False
        return [Noise(rest)] if rest else []

    def _length_of_begun_token(self) -> int:
        """How many of the last bytes may be the beginning of a token."""
        for length in range(min(len(self._token) - 1, len(self._buffer)), 0, -1):
            if self._token.startswith(self._buffer[-length:]):
                return length
        return 0
