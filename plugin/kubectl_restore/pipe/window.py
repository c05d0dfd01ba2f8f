"""How many bytes may be under way: pure arithmetic, the clock is the caller's."""

from __future__ import annotations

from collections import deque
from typing import Final

BLOCK: Final = 64 * 1024
SMALLEST: Final = 256 * 1024
LARGEST: Final = 16 * 1024 * 1024
_FIRST: Final = 512 * 1024
_LARGEST_CHUNK: Final = 4 * 1024 * 1024
_SOON: Final = 1.0
_LATE: Final = 4.0
_AIM: Final = 3.0


class Window:
    """Bounds the bytes that are sent and not acknowledged, by how long they take to drain.

    kubectl's WebSocket dies when a ping is not answered within a minute, and the answer queues
    behind the data (docs/architecture.md, hazard 4): what is under way must drain in a few
    seconds on any volume. So the window grows while acknowledgements come within a second of
    sending, and falls to what drains in three when one takes more than four. Chunks, the unit of
    acknowledgement, are a quarter of it: small ones under a slow sink, large ones under a fast one.
    What is under way is lost when a link is, so it is no more than fast links need.
    """

    def __init__(self) -> None:
        """Start small: a 60 KB/s volume drains the first window in nine seconds."""
        self.limit = _FIRST
        self.outstanding = 0
        """Bytes sent and not acknowledged."""
        self.acknowledged = 0
        """Bytes acknowledged since the start."""
        self._under_way: deque[tuple[int, float, int]] = deque()

    @property
    def chunk(self) -> int:
        """Bytes of the next chunk: a multiple of 64 KiB, at most 4 MiB."""
        return max(BLOCK, min(_LARGEST_CHUNK, self.limit // 4 // BLOCK * BLOCK))

    def has_room(self) -> bool:
        """Tell whether another chunk may be sent; always when nothing is under way."""
        return self.outstanding == 0 or self.outstanding + self.chunk <= self.limit

    def sent(self, length: int, now: float) -> None:
        """Note a chunk of `length` bytes, sent at `now` (seconds)."""
        self.outstanding += length
        self._under_way.append((length, now, self.acknowledged))

    def acknowledge(self, length: int, now: float) -> bool:
        """Note the acknowledgement of the oldest chunk.

        Returns:
            False when that chunk was not `length` bytes long: the far side is out of step.
        """
        if not self._under_way or self._under_way[0][0] != length:
            return False
        _, sent_at, acknowledged_then = self._under_way.popleft()
        self.outstanding -= length
        self.acknowledged += length
        delay = now - sent_at
        if delay < _SOON:
            self.limit = min(LARGEST, self.limit + length)
        elif delay > _LATE:
            rate = (self.acknowledged - acknowledged_then) / delay
            self.limit = max(SMALLEST, min(self.limit, int(rate * _AIM)))
        return True
