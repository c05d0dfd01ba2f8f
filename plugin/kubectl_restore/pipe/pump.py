"""The byte copy: archive blocks into the child's stdin, in acknowledged chunks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from kubectl_restore.pipe.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NOTHING: Final = memoryview(b"")


class Pump:
    """Feeds one payload to a descriptor that does not block.

    The payload is cut into chunks: a line with the length, then that many bytes; `end` closes it.
    A chunk is begun only while the window has room. Blocks are views into somebody's buffer and
    are written from there: no byte is copied or looked at here.
    """

    def __init__(
        self, blocks: Iterator[memoryview], total: int, clock: Callable[[], float]
    ) -> None:
        """Take the blocks of a payload of `total` bytes."""
        self.window = Window()
        self._blocks = blocks
        self._clock = clock
        self._head = _NOTHING
        self._block = _NOTHING
        self._chunk = 0
        self._left_of_chunk = 0
        self._unannounced = total
        self._closing = b"end\n"
        self.closed = False
        """True once the closing line has been written whole."""

    def give_up(self) -> None:
        """Send nothing beyond the chunk that is begun, and close with `abort`."""
        self._unannounced = 0
        if self._closing == b"end\n":
            self._closing = b"abort\n"

    @property
    def wants_to_write(self) -> bool:
        """Tell whether there is something to write now (else: wait for acknowledgements)."""
        return not self.closed and bool(
            self._head or self._left_of_chunk or not self._unannounced or self.window.has_room()
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
            if not self._head and not self._left_of_chunk:
                self._announce()
            view = self._head or self._data()
            try:
                written = os.write(descriptor, view)
            except BlockingIOError:
                break
            total += written
            if self._head:
                self._head = self._head[written:]
                if not self._head and not self._chunk:
                    self.closed = True
            else:
                self._block = self._block[written:]
                self._left_of_chunk -= written
                if not self._left_of_chunk:
                    self.window.sent(self._chunk, self._clock())
            if written < len(view):
                # Full. Trying again at once would find the few KiB that kubectl has just taken,
                # thousands of times a second.
                break
        return total

    def _announce(self) -> None:
        """Set up the line of the next chunk, or the closing one."""
        self._chunk = min(self.window.chunk, self._unannounced)
        self._left_of_chunk = self._chunk
        self._unannounced -= self._chunk
        self._head = memoryview(b"%d\n" % self._chunk if self._chunk else self._closing)

    def _data(self) -> memoryview:
        while not self._block:
            self._block = next(self._blocks)
        return self._block[: self._left_of_chunk]
