"""What a command is fed with: its bytes, and where a chunk of them may end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.stream.segments import Zeros
from kubectl_restore.pipe.transit import Packing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

NOTHING: Final = memoryview(b"")
_ZEROS: Final = memoryview(bytes(256 * 1024))


@dataclass(frozen=True, slots=True)
class Payload:
    """The bytes that follow a command, and what is said of them on the way.

    Attributes:
        blocks: the bytes; a block stays valid until the next one is asked for. An empty one means
            that the next one takes a while.
        total: how many they are, holes included.
        in_flight: returns what the pod notes before it takes a chunk, given the bytes that it has
            acknowledged by then, and where the chunk ends; empty for nothing.
        pauses: where empty blocks may come, in bytes of the payload; they rise. No chunk goes
            beyond one of them, so that one that is announced never waits.
        packing: whether chunks are packed for the way; the agent has to know how to unpack them.
    """

    blocks: Iterator[memoryview | Zeros]
    total: int
    in_flight: Callable[[int, int], bytes] = lambda _acknowledged, _end: b""
    pauses: Iterable[int] = ()
    packing: Packing = Packing.NONE


class Supply:
    """The bytes of a payload that are at hand: the rest of a block, or of a hole.

    Attributes:
        hole: bytes of the hole at hand.
        is_reading: the next block takes a while.
    """

    def __init__(self, blocks: Iterator[memoryview | Zeros]) -> None:
        """Have nothing at hand yet."""
        self._blocks = blocks
        self._block = NOTHING
        self.hole = 0
        self.is_reading = False

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is at hand."""
        return not self._block and not self.hole

    def next(self, *, is_more_due: bool) -> None:
        """Take the next block, if there is one.

        Raises:
            ValueError: there is none and more is due, or the other way round.
        """
        block = next(self._blocks, None)
        self.is_reading = block is not None and not isinstance(block, Zeros) and not block
        if not self.is_reading and (block is None) is is_more_due:
            raise ValueError("the blocks are not as many bytes as was said")
        if isinstance(block, Zeros):
            self.hole = block.length
        elif block is not None:
            self._block = block

    def data(self, most: int) -> memoryview:
        """Return some of the next bytes, at least one and at most so many (`most` > 0)."""
        while self.is_empty:
            self.next(is_more_due=True)
        return (self._block or _ZEROS[: self.hole])[:most]

    def pass_on(self, length: int) -> None:
        """Pass on over bytes that `data` has returned, or over so many of a hole."""
        if self._block:
            self._block = self._block[length:]
        else:
            self.hole -= length


class Course:
    """How far a payload is announced.

    Attributes:
        left: bytes that are not announced yet.
        announced: those that are.
    """

    def __init__(self, total: int, pauses: Iterable[int]) -> None:
        """Begin at its first byte; see `Payload`."""
        self.left = total
        self.announced = 0
        self._pauses = iter(pauses)
        self._pause = 0

    def longest(self, most: int) -> int:
        """Return how long the next chunk may be, at most `most` bytes."""
        while self._pause <= self.announced:
            self._pause = next(self._pauses, self.announced + self.left)
        return min(most, self.left, self._pause - self.announced)

    def announce(self, length: int) -> None:
        """Take a chunk as announced."""
        self.left -= length
        self.announced += length
