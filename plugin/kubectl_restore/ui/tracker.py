"""How far the restore is, and how fast: state without output."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from kubectl_restore.progress import Phase, Status

if TYPE_CHECKING:
    from collections.abc import Callable

_SPAN: Final = 10.0
"""Seconds that the rate is taken over."""
_PAUSE: Final = 5.0
"""Seconds without news after which no rate of before is true any more."""


class Tracker:
    """Takes the engine's counts; answers rate, share and time left of the present phase."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start before the first phase."""
        self._clock = clock
        self.started = clock()
        self.status = Status(Phase.CONNECT)
        self._moved = self.started
        self._samples: deque[tuple[float, int]] = deque()

    def update(self, status: Status) -> bool:
        """Take the newest counts; tell whether a new phase began."""
        now = self._clock()
        begun = status.phase is not self.status.phase
        if begun or _count(status) != _count(self.status):
            self._moved = now
        self.status = status
        if begun:
            self._samples.clear()
        self._samples.append((now, status.done_bytes))
        while len(self._samples) > 2 and now - self._samples[0][0] > _SPAN:
            self._samples.popleft()
        return begun

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._clock() - self.started

    @property
    def still(self) -> float | None:
        """Seconds since anything has moved in the present phase, None while they are few."""
        still = self._clock() - self._moved
        return still if still >= _PAUSE else None

    @property
    def rate(self) -> float | None:
        """Bytes a second over the last ten, None while it cannot be told."""
        if len(self._samples) < 2:
            return None
        since, bytes_then = self._samples[0]
        span = self._clock() - since
        return (self.status.done_bytes - bytes_then) / span if span > 0.2 else None

    @property
    def share(self) -> float | None:
        """0 to 1 of the phase, None while it cannot be told."""
        status = self.status
        if status.total_bytes:
            return min(1.0, status.done_bytes / status.total_bytes)
        if status.total_files:
            return min(1.0, status.done_files / status.total_files)
        return None

    @property
    def left(self) -> float | None:
        """Seconds until the phase is done at this rate, None while it cannot be told."""
        rate = self.rate
        if not rate or self.status.total_bytes is None:
            return None
        return max(0, self.status.total_bytes - self.status.done_bytes) / rate


def _count(status: Status) -> tuple[int, int]:
    return status.done_bytes, status.done_files
