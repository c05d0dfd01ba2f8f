"""The byte copy: archive blocks into the child's stdin, in acknowledged chunks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from kubectl_restore.pipe.payload import NOTHING, Course, Supply
from kubectl_restore.pipe.transit import packed
from kubectl_restore.pipe.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_restore.pipe.payload import Payload
    from kubectl_restore.pipe.transit import Transit

_WORTH_A_LINE: Final = 64 * 1024
"""Bytes of a hole from which on the pod makes the zeros itself."""
_SIGN: Final = 2.0
"""Seconds after which the agent hears something, although nothing can be sent yet."""


class Pump:
    """Feeds one payload to a descriptor that does not block.

    The payload is cut into chunks: a line with the length, then that many bytes; `end` closes it.
    A chunk is begun only while the window has room. Blocks are views into somebody's buffer and
    are written from there: no byte is copied or looked at here (but see `in_blocks`, `transit`).
    Long holes are not sent: a line says how many zeros the pod puts there.

    Attributes:
        window: what is under way.
        closed: the closing line has been written whole.
    """

    def __init__(
        self,
        payload: Payload,
        clock: Callable[[], float],
        envelope: Callable[[bytes, int], tuple[bytes, bytes]] = lambda line, _length: (line, b""),
        *,
        in_blocks: bool = False,
        transit: Transit | None = None,
    ) -> None:
        """Take a payload.

        Args:
            payload: what is fed.
            clock: the time in seconds.
            envelope: returns what stands before and behind a chunk, given the line that tells
                its length and that length; 0 for a line behind which nothing comes.
            in_blocks: the envelope fills whole blocks, and no write may cut one: a chunk is then
                put together in memory first.
            transit: says which chunks are packed for the way; None for none.
        """
        self.window = Window()
        self._supply = Supply(payload.blocks)
        self._course = Course(payload.total, payload.pauses)
        self._in_flight = payload.in_flight
        self._clock = clock
        self._envelope = envelope
        self._in_blocks = in_blocks
        self._transit = transit
        self._head = NOTHING
        self._tail = NOTHING
        self._chunk = 0
        self._left_of_chunk = 0
        self._said_at = clock()
        self._closing = b"end\n"
        self.closed = False

    @property
    def is_reading(self) -> bool:
        """Tell whether the next block takes a while."""
        return self._supply.is_reading

    def give_up(self) -> None:
        """Send nothing beyond the chunk that is begun, and close with `abort`."""
        self._course.left = 0
        self._supply.is_reading = False
        if self._closing == b"end\n":
            self._closing = b"abort\n"

    def acknowledge(self, length: int) -> bool:
        """Note the acknowledgement of the oldest chunk; see `Window.acknowledge`."""
        time = self._clock()
        is_known = self.window.acknowledge(length, time)
        if is_known and self._transit is not None:
            self._transit.acknowledged(length, time)
        return is_known

    @property
    def wants_to_write(self) -> bool:
        """Tell whether there is something to write now (else: wait for acknowledgements)."""
        return not self.closed and bool(
            self._head
            or self._left_of_chunk
            or self._tail
            or not self._course.left
            or self.window.has_room()
        )

    def write(self, descriptor: int) -> int:
        """Write until the descriptor takes no more or nothing may be sent.

        Returns:
            How many bytes were written.

        Raises:
            BrokenPipeError: the reader is gone.
            BackupError: the backup cannot be read on.
        """
        total = 0
        while self.wants_to_write:
            if not (self._head or self._left_of_chunk or self._tail):
                self._announce()
                if self.is_reading and not self._head:
                    break
            left = self._left_of_chunk
            view = self._head or (self._supply.data(left) if left else self._tail)
            try:
                written = os.write(descriptor, view)
            except BlockingIOError:
                break
            total += written
            self._wrote(written)
            if written < len(view):
                # Full. Trying again at once would find the few KiB that kubectl has just taken,
                # thousands of times a second.
                break
        return total

    def _wrote(self, written: int) -> None:
        """Pass on over what was written; a chunk that is out belongs to the window."""
        if self._head:
            self._head = self._head[written:]
        elif self._left_of_chunk:
            self._left_of_chunk -= written
            self._supply.pass_on(written)
        else:
            self._tail = self._tail[written:]
        if self._head or self._left_of_chunk or self._tail:
            return
        if self._chunk or self.is_reading:
            self.window.sent(self._chunk, self._clock())
            if self._transit is not None:
                self._transit.sent()
        else:
            self.closed = True

    def _announce(self) -> None:
        """Set up the line of the next chunk, or the closing one; or nothing, while we read on."""
        self._chunk = 0
        is_given_up = self._closing != b"end\n"
        if not is_given_up and self._supply.is_empty:
            self._supply.next(is_more_due=bool(self._course.left))
        if self.is_reading:
            if self._clock() - self._said_at > _SIGN:
                self._said_at = self._clock()
                self._head = memoryview(self._envelope(b"zeros 0\n", 0)[0])
            return
        if not self._course.left:
            self._head = memoryview(self._envelope(self._closing, 0)[0])
            return
        self._chunk = self._course.longest(self.window.chunk)
        if self._supply.hole >= _WORTH_A_LINE:
            self._chunk = min(self._chunk, self._supply.hole)
            self._supply.pass_on(self._chunk)
            line = b"zeros %d%s\n" % (self._chunk, self._noted())
            self._head = memoryview(self._envelope(line, 0)[0])
        elif self._transit is not None and self._transit.packs:
            self._pack()
        else:
            line = b"%d%s\n" % (self._chunk, self._noted())
            before, behind = self._envelope(line, self._chunk)
            self._head = memoryview(before)
            self._tail = memoryview(behind)
            self._left_of_chunk = self._chunk
            if self._in_blocks:
                self._head = memoryview(b"".join([self._head, self._taken(), self._tail]))
                self._tail = NOTHING
        self._course.announce(self._chunk)

    def _noted(self) -> bytes:
        end = self._course.announced + self._chunk
        noted = self._in_flight(self.window.acknowledged, end)
        return b" " + noted if noted else b""

    def _pack(self) -> None:
        """Put a chunk together, packed where that makes it smaller."""
        self._left_of_chunk = self._chunk
        content = self._taken()
        small = packed(content)
        if small is None:
            line, small = b"%d%s\n" % (self._chunk, self._noted()), content
        else:
            line = b"packed %d %d%s\n" % (len(small), self._chunk, self._noted())
        before, behind = self._envelope(line, len(small))
        self._head = memoryview(b"".join([before, small, behind]))

    def _taken(self) -> bytes:
        """Return the chunk's bytes; nothing of it is left to be written."""
        pieces = []
        while self._left_of_chunk:
            pieces.append(bytes(self._supply.data(self._left_of_chunk)))
            self._left_of_chunk -= len(pieces[-1])
            self._supply.pass_on(len(pieces[-1]))
        return b"".join(pieces)
