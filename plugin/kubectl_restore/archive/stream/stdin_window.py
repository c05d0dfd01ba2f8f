"""The archive stream while it passes: what was read since the last batch is held, up to a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from kubectl_restore.archive.refusals import truncated
from kubectl_restore.archive.stream.segments import Extract, Literal, Rewritten, Zeros, collected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kubectl_restore.archive.source.stdin import StdinBackup
    from kubectl_restore.archive.stream.segments import Segment, Tap

_PIECE: Final = 256 * 1024


class Pieces(Protocol):
    """A stream that is read in pieces."""

    @property
    def consumed(self) -> int:
        """Bytes of the backup taken so far."""

    @property
    def garbage(self) -> int | None:
        """Where something else follows the compressed data; None for nowhere."""

    def next_piece(self, longest: int) -> memoryview:
        """Return some of the next bytes, at most `longest`; empty only at the end."""


class PlainPieces:
    """A piped tar that is not compressed."""

    def __init__(self, backup: StdinBackup) -> None:
        """Start at the beginning."""
        self._backup = backup
        self.consumed = 0
        self.garbage: int | None = None

    def next_piece(self, longest: int) -> memoryview:
        """Return some of the next bytes; empty only at the end."""
        # What has come already is taken first: nobody waits for more than is needed.
        ready = self._backup.received - self.consumed
        length = min(longest, max(ready, 1), _PIECE)
        data = self._backup.read(self.consumed, length)
        self.consumed += len(data)
        return memoryview(data)


class StdinWindow:
    """Read by the walker, and then once more, in the same order, by what is sent.

    Data that does not fit the limit is not read by the walker: it stays owed, and only what is sent
    next can read it.

    Attributes:
        position: bytes of the archive read or passed over so far.
        owed: of those, bytes that were passed over without being read.
        has_all: all of the batch is held; else what it owes can be read once.
    """

    is_plain = False

    def __init__(self, source: Pieces, limit: int) -> None:
        """Hold at most `limit` bytes of data, and the headers between."""
        self.position = 0
        self.owed = 0
        self.has_all = True
        self._source = source
        self._limit = limit
        self._held = bytearray()
        self._held_at = 0
        self._holds = True

    @property
    def consumed(self) -> int:
        """Bytes of the backup taken so far."""
        return self._source.consumed

    @property
    def garbage(self) -> int | None:
        """Where something else follows the compressed data; None for nowhere."""
        return self._source.garbage

    @property
    def is_full(self) -> bool:
        """Tell whether a batch has to be sent before more is read."""
        return bool(self.owed) or len(self._held) >= self._limit

    def read(self, length: int) -> bytes:
        """Return the next bytes; fewer only at the end."""
        data = bytearray()
        while len(data) < length and (piece := self._source.next_piece(length - len(data))):
            data += piece
        self.position += len(data)
        if self._holds:
            self._held += data
        return bytes(data)

    def skip(self, length: int) -> int:
        """Pass over data; what is too much to hold is owed, and taken to be there."""
        if len(self._held) + length > self._limit and self._holds:
            self.owed = length
            self.has_all = False
            self.position += length
            return length
        passed = 0
        while passed < length and (data := self.read(min(_PIECE, length - passed))):
            passed += len(data)
        return passed

    def renew(self) -> None:
        """Forget what is held; what is owed and was not sent is read and thrown away.

        Raises:
            BackupError: it is not there.
        """
        for _ in self._owed(self.owed):
            pass
        self.has_all = True
        self._held.clear()
        self._held_at = self.position

    def hold_no_more(self) -> None:
        """Keep nothing of what is read from now on."""
        self._holds = False

    def segments(
        self, segments: Iterable[Segment], tap: Tap | None = None
    ) -> Iterator[memoryview | Zeros]:
        """Return the bytes of segments of this batch, in blocks valid until the next is asked for.

        The offsets of extracts rise.

        Raises:
            BackupError: the backup ends before they do.
        """
        return collected(self._pieces(segments, tap))

    def _pieces(self, segments: Iterable[Segment], tap: Tap | None) -> Iterator[memoryview | Zeros]:
        held = memoryview(self._held)
        try:
            for segment in segments:
                if isinstance(segment, Literal):
                    yield memoryview(segment.data)
                elif isinstance(segment, Zeros):
                    yield segment
                elif isinstance(segment, Rewritten):
                    pieces = self._shown(segment.content, held, tap)
                    if written := segment.of(pieces).data:
                        yield memoryview(written)
                else:
                    yield from self._shown(segment, held, tap)
        finally:
            held.release()

    def _shown(self, segment: Extract, held: memoryview, tap: Tap | None) -> Iterator[memoryview]:
        at = segment.offset
        for piece in self._extract(segment, held):
            if tap is not None:
                tap(at, piece)
            at += len(piece)
            yield piece

    def _extract(self, segment: Extract, held: memoryview) -> Iterator[memoryview]:
        start = segment.offset - self._held_at
        ready = held[start : start + segment.length]
        yield ready
        rest = segment.length - len(ready)
        ready.release()
        yield from self._owed(rest)

    def _owed(self, length: int) -> Iterator[memoryview]:
        while length:
            piece = self._source.next_piece(min(length, _PIECE))
            if not piece:
                raise truncated(
                    f"standard input ended {self.owed} bytes before the end of the archive's byte "
                    f"{self.position}"
                )
            length -= len(piece)
            self.owed -= len(piece)
            yield piece
