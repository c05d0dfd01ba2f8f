"""Reading an object by ranges: several under way, given out in order, memory bounded.

Who reads says nothing and is watched (an index: from header to header), or says beforehand what it
will read (what is sent). Watched: after a leap a small range is asked for, and as long as reading
goes straight on each is twice as long as the one before, up to `PIECE`; only then some are asked
for ahead. Said: ranges that nearly touch are asked for as one, and nothing else is.
"""

from __future__ import annotations

import threading
from collections import deque
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final, Protocol

from kubectl_restore.deadline import TICK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PIECE: Final = 4 * 1024 * 1024
"""Bytes of the longest range."""
AHEAD: Final = 3
"""Ranges that a reader has under way or at hand ahead of the one that it reads."""
WORKERS: Final = 4
"""Threads that wait for answers, for all readers of an object."""
FIRST: Final = 64 * 1024
"""Bytes of a range after a leap, unless fewer are wanted."""
_LEAST: Final = 16 * 1024
_NEAR: Final = 1024 * 1024
"""Bytes that are rather read than leapt over: what comes meanwhile of a request that is answered
after some tens of milliseconds."""
_GAP: Final = 256 * 1024
"""Bytes between two wanted ranges that are rather fetched than asked around."""
BEHIND: Final = 1024 * 1024
"""Bytes that stay at hand behind the newest: decompressors hand back what they did not need."""


class Fetch(Protocol):
    """Asks for a range."""

    def __call__(
        self, offset: int, length: int, is_wanted: Callable[[], bool], /
    ) -> bytearray | memoryview:
        """Return exactly these bytes; anything as soon as they are not wanted any more."""


def as_exception(error: BaseException) -> Exception:
    """Return what ends one command: a panic of Rust's is a BaseException, as if it ended all."""
    if isinstance(error, Exception):
        return error
    return RuntimeError(f"{type(error).__name__}: {error}")


class _Piece:
    """A range that was asked for."""

    __slots__ = ("data", "end", "failure", "is_done", "is_wanted", "start")

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end
        self.data: bytearray | bytes | memoryview = b""
        self.failure: Exception | None = None
        self.is_done = False
        self.is_wanted = True

    def wants(self) -> bool:
        return self.is_wanted


class Workers:
    """Threads that ask for ranges; begun with the first one.

    They are not waited for at the end: an answer may take minutes to fail, and Ctrl-C must not.
    """

    def __init__(self, fetch: Fetch) -> None:
        """Ask nothing yet."""
        self.changed = threading.Condition()
        """Notified with each answer."""
        self._fetch = fetch
        self._asked: SimpleQueue[_Piece | None] = SimpleQueue()
        self._threads = 0
        self._open = 0

    def ask(self, piece: _Piece) -> None:
        """Have a range fetched."""
        with self.changed:
            self._open += 1
            if self._open > self._threads < WORKERS:
                self._threads += 1
                threading.Thread(target=self._run, name="ranges", daemon=True).start()
        self._asked.put(piece)

    def wait_for(self, piece: _Piece) -> bool:
        """Wait `TICK` seconds at most; tell whether a range is there, or has failed."""
        with self.changed:
            if not piece.is_done:
                self.changed.wait(TICK)
            return piece.is_done

    def close(self) -> None:
        """End the threads that are not in the middle of an answer, and the others after it."""
        for _ in range(self._threads):
            self._asked.put(None)

    def _run(self) -> None:
        while (piece := self._asked.get()) is not None:
            data: bytearray | bytes | memoryview = b""
            failure: Exception | None = None
            if piece.is_wanted:
                try:
                    data = self._fetch(piece.start, piece.end - piece.start, piece.wants)
                except BaseException as error:  # noqa: BLE001 - raised where it is read
                    failure = as_exception(error)
            with self.changed:
                piece.data, piece.failure, piece.is_done = data, failure, True
                self._open -= 1
                self.changed.notify_all()


class RangeReader:
    """One reader of an object; it has ranges of its own."""

    def __init__(
        self,
        workers: Workers,
        size: int,
        pulse: Callable[[], None],
        *,
        opening: bytes = b"",
        wanted: Iterable[tuple[int, int] | None] | None = None,
    ) -> None:
        """Stand at the beginning.

        Args:
            workers: ask for what is needed.
            size: bytes of the object.
            pulse: called while waiting, every `TICK` seconds; may raise.
            opening: its first bytes, which are known.
            wanted: offset and length of all that will be read, in rising order; None where that
                is not known.
        """
        self._workers = workers
        self._size = size
        self._pulse = pulse
        self._pieces: deque[_Piece] = deque()
        if opening:
            first = _Piece(0, len(opening))
            first.data, first.is_done = opening, True
            self._pieces.append(first)
        self._planned = None if wanted is None else together(wanted)
        self._edge = len(opening)
        self._run = FIRST
        self._depth = 0

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`; fewer only at the end."""
        parts: list[bytes] = []
        while length > 0 and (part := self._at(offset, length)):
            parts.append(bytes(part))
            offset += len(part)
            length -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read_into(self, view: memoryview, offset: int) -> int:
        """Read into `view` from `offset`; return how many bytes came, 0 only at the end."""
        part = self._at(offset, len(view))
        view[: len(part)] = part
        return len(part)

    def is_ready(self, offset: int, length: int) -> bool:
        """Tell whether bytes, or a failure in their place, are at hand; they are asked for.

        Waits `TICK` seconds at most.
        """
        end = min(offset + length, self._size)
        while offset < end:
            piece = self._asked_for(offset, end - offset)
            if not piece.is_done and not self._workers.wait_for(piece):
                return False
            offset = piece.end
        return True

    @property
    def is_busy(self) -> bool:
        """Whether it has ranges under way or at hand."""
        return bool(self._pieces)

    def close(self) -> None:
        """Want nothing any more of what is under way; what is read next is asked for again."""
        for piece in self._pieces:
            piece.is_wanted = False
        self._pieces.clear()

    def _at(self, offset: int, length: int) -> memoryview:
        """Return some bytes from `offset`, at most `length`; none only at the end."""
        if offset >= self._size:
            return memoryview(b"")
        self._forget(offset)
        piece = self._asked_for(offset, length)
        while not self._workers.wait_for(piece):
            self._pulse()
        if piece.failure is not None:
            raise piece.failure
        start = offset - piece.start
        return memoryview(piece.data)[start : start + length]

    def _asked_for(self, offset: int, length: int) -> _Piece:
        """Return the range in which a byte is, and have those ahead fetched."""
        piece = self._holding(offset)
        if piece is None:
            self._ask_for(offset, min(length, self._size - offset))
            piece = self._holding(offset)
        self._ask_ahead(offset)
        if piece is None:
            raise LookupError("a range that was asked for is not there")
        return piece

    def _holding(self, offset: int) -> _Piece | None:
        return next((one for one in self._pieces if one.start <= offset < one.end), None)

    def _forget(self, offset: int) -> None:
        """Let go of what is far behind, or lies beyond a leap backwards."""
        is_planned = self._planned is not None
        least, most = offset - BEHIND, offset + (AHEAD + 2) * PIECE
        kept: deque[_Piece] = deque()
        for piece in self._pieces:
            if piece.end > least and (is_planned or piece.start < most):
                kept.append(piece)
            else:
                piece.is_wanted = False
        self._pieces = kept

    def _ask_for(self, offset: int, length: int) -> None:
        """Have what is wanted now fetched, when it is not on its way."""
        if self._planned is not None:
            for start, end in self._planned:
                if end > offset:
                    self._ask(start, end)
                    break
            if self._holding(offset) is not None:
                return
        elif self._edge <= offset <= self._edge + _NEAR:
            # What lies between comes with it: it is what a decompressor or a walk goes on with.
            self._run = min(2 * self._run, PIECE)
        else:
            self._leap(length)
        self._ask(offset, offset + max(length, self._run if self._planned is None else 0))

    def _leap(self, length: int) -> None:
        for piece in self._pieces:
            if not piece.is_done:
                piece.is_wanted = False
        self._pieces = deque(one for one in self._pieces if one.is_wanted)
        self._run = FIRST if length >= FIRST else _LEAST
        self._depth = 0

    def _ask_ahead(self, offset: int) -> None:
        ahead = sum(one.start > offset for one in self._pieces)
        if self._planned is not None:
            while ahead < AHEAD:
                start, end = next(self._planned, (0, 0))
                if start == end:
                    break
                self._ask(start, end)
                ahead += 1
            return
        if self._run < PIECE:
            return
        if not ahead:
            # One more each time that all of them were used.
            self._depth = min(self._depth + 1, AHEAD)
        while ahead < self._depth and self._edge < self._size:
            self._ask(self._edge, self._edge + PIECE)
            ahead += 1

    def _ask(self, start: int, end: int) -> None:
        piece = _Piece(start, min(end, self._size))
        self._pieces.append(piece)
        self._edge = piece.end
        self._workers.ask(piece)


def together(wanted: Iterable[tuple[int, int] | None]) -> Iterator[tuple[int, int]]:
    """Return ranges that have all that is wanted, of at most `PIECE` bytes, in rising order.

    Args:
        wanted: offsets and lengths, in rising order; None where it is not worth looking further
            for what could go with the ones before.

    Returns:
        Starts and ends; the same twice where nothing was found so far.
    """
    start = end = 0
    for one in wanted:
        if one is None:
            yield start, end
            start = end
            continue
        offset, length = one
        if not length:
            continue
        if offset - end > _GAP:
            if end > start:
                yield start, end
            start = end = offset
        elif start == end:
            start = end = offset
        end = max(end, offset + length)
        while end - start >= PIECE:
            yield start, start + PIECE
            start += PIECE
    if end > start:
        yield start, end
