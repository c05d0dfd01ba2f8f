"""Records out of a stream that may hold anything else too. Does no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

_NEWLINE: Final = 0x0A
_LONGEST_RECORD: Final = 64 * 1024
"""Bytes; a path has at most 4,096 (PATH_MAX), what stat says of a batch of 250 under 30,000."""


class Record(NamedTuple):
    """What stood between two tokens: a word and the rest, both raw."""

    word: bytes
    rest: bytes


@dataclass(frozen=True, slots=True)
class Noise:
    """Bytes that belong to no record."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Data:
    """Some of the bytes that a `data` record has announced, raw."""

    data: bytes


Item = Record | Noise | Data


class RecordParser:
    """Splits a byte stream at `TOKEN word rest TOKEN newline`.

    A record is over at its closing token, not at a newline: names in it may hold newlines, and
    none can hold the token, which nobody could know. So nothing that a tool prints or a file is
    called can begin, end or imitate a record. Behind the line of a record `data LENGTH` come just
    so many bytes of anything; they are handed on as they come. Whatever the pieces that the bytes
    come in, the records, the concatenated noise and the concatenated data are the same.
    """

    def __init__(self, token: bytes) -> None:
        """Take this exec's token."""
        self._token = token
        self._buffer = bytearray()
        self._inside = False
        self._newline_due = False
        self._data_due = 0

    def feed(self, data: bytes) -> list[Item]:
        """Take the next bytes; return what they complete, in order."""
        self._buffer += data
        found: list[Item] = []
        at = 0
        while True:
            if self._data_due:
                at = self._take_data(at, found)
            end = -1 if self._data_due else self._buffer.find(self._token, at)
            if end < 0:
                break
            self._take(bytes(self._buffer[at:end]), found)
            at = end + len(self._token)
        del self._buffer[:at]
        rest = self._buffer
        if self._data_due:
            return found
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

    def _take_data(self, at: int, found: list[Item]) -> int:
        """Take what has come of announced bytes; return where they end in the buffer."""
        if self._newline_due and at < len(self._buffer):
            at += self._buffer[at] == _NEWLINE
            self._newline_due = False
        piece = bytes(memoryview(self._buffer)[at : at + self._data_due])
        if piece:
            found.append(Data(piece))
        self._data_due -= len(piece)
        return at + len(piece)

    def _take(self, piece: bytes, found: list[Item]) -> None:
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
            if word == b"data" and rest.isdigit():
                self._data_due = int(rest)

    def _take_noise(self, piece: bytes, found: list[Item]) -> None:
        if self._newline_due and piece:
            piece = piece.removeprefix(b"\n")
            self._newline_due = False
        if piece:
            found.append(Noise(piece))

    def close(self) -> list[Item]:
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
