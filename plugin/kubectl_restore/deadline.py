"""The time that is left, and the signals that end a run early.

Signal handlers only note the signal; loops ask with `check()` at least every `TICK` seconds.
Raising from a handler was turned down: an exception at an arbitrary instruction would skip the
clean-up of a child that had just been started.
"""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Final, Self

from kubectl_restore.errors import OutOfTimeError, SignalledError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

TICK: Final = 0.1
"""Seconds that a loop may wait at most before it asks `check()` again."""

_WATCHED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def as_duration(seconds: float) -> str:
    """Return seconds the way kubectl prints durations: `90s`, `10m`, `1h30m`, `0.5s`."""
    if seconds < 60 or seconds != int(seconds):
        return f"{seconds:g}s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (rest, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number)


class Watch:
    """One run's deadline and signals.

    As a context manager it installs handlers for SIGINT, SIGTERM and SIGHUP (SIGHUP only where
    it is not already ignored, as under nohup) and puts the old ones back.
    """

    def __init__(self, limit: float | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Start the clock; `limit` is in seconds, None for no limit."""
        self._clock = clock
        self.started = clock()
        self.limit = limit
        self.signalled: int | None = None
        """The first signal that came."""
        self.signals = 0
        """How many came."""
        self._elder: tuple[Watch, int] | None = None
        self._previous: dict[int, signal.Handlers | Callable[..., object] | int | None] = {}

    def __enter__(self) -> Self:
        for number in _WATCHED:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        # The first one decides the exit code; impatience changes nothing about it.
        self.signals += 1
        if self.signalled is None:
            self.signalled = number

    def aftermath(self, limit: float) -> Watch:
        """Return a watch for cleaning up: `limit` seconds, or until a signal after the first."""
        watch = Watch(limit, clock=self._clock)
        watch._elder = (self, min(1, self.signals))
        return watch

    def of_one(self, limit: float | None) -> Watch:
        """Return a watch for one of several targets: `limit` seconds, or until a signal."""
        watch = Watch(limit, clock=self._clock)
        watch._elder = (self, 0)
        return watch

    def rest(self, seconds: float) -> None:
        """Do nothing for a moment; a signal does not wait for its end."""
        time.sleep(seconds)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._clock() - self.started

    @property
    def left(self) -> float | None:
        """Seconds until the deadline (never negative), None without one."""
        return None if self.limit is None else max(0.0, self.limit - self.elapsed)

    def check(self) -> None:
        """Return at once while the run may go on.

        Raises:
            SignalledError: a signal came.
            OutOfTimeError: the time limit has passed.
        """
        if self._elder is not None and self._elder[0].signals > self._elder[1]:
            self.signalled = self._elder[0].signalled
        if self.signalled is not None:
            name = signal.Signals(self.signalled).name
            raise SignalledError(
                "interrupted", number=self.signalled, reason=f"{name} was received"
            )
        if self.limit is not None and self.elapsed >= self.limit:
            raise OutOfTimeError(
                f"timed out after {as_duration(self.limit)}",
                reason=f"--timeout is {as_duration(self.limit)}",
                fix="give it longer with --timeout (0 for no limit)",
            )
