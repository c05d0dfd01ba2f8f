"""The selector loop: one thread serves the pipes of every open exec."""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING, Protocol

from kubectl_restore.deadline import TICK
from kubectl_restore.pipe.child import now

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubectl_restore.deadline import Watch
    from kubectl_restore.progress import Progress


class Served(Protocol):
    """Somebody whose pipes the loop watches. Nothing that it does may wait."""

    def prepare(self, time: float) -> float:
        """Say before a turn what is waited for (`want_write`); return the seconds it may last."""

    def ready(self, descriptor: int) -> None:
        """Read from, or write to, a descriptor that is ready for it.

        An error of its own is kept for whoever waits for this one: the others go on.
        """


class Loop:
    """Waits for whatever comes first, and has it dealt with.

    Attributes:
        watch: the time limit and the signals; asked before each turn.
        progress: moved on after each turn.
    """

    def __init__(self, watch: Watch, progress: Progress) -> None:
        """Serve nobody yet."""
        self.watch = watch
        self.progress = progress
        self._selector = selectors.DefaultSelector()
        self._served: list[Served] = []
        self._writing: set[int] = set()

    def add(self, one: Served, descriptors: Iterable[int]) -> None:
        """Serve one more, whose `descriptors` are read from."""
        self._served.append(one)
        for descriptor in descriptors:
            self._selector.register(descriptor, selectors.EVENT_READ, one)

    def want_write(self, one: Served, descriptor: int, *, wanted: bool) -> None:
        """Watch a descriptor for room only while there is something to write."""
        if wanted and descriptor not in self._writing:
            self._selector.register(descriptor, selectors.EVENT_WRITE, one)
            self._writing.add(descriptor)
        elif not wanted and descriptor in self._writing:
            self.forget(descriptor)

    def forget(self, descriptor: int) -> None:
        """Watch a descriptor no more; it is about to be closed, or has ended."""
        self._writing.discard(descriptor)
        if descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)

    def remove(self, one: Served) -> None:
        """Serve one no more; its descriptors are still open."""
        if one in self._served:
            self._served.remove(one)
        for key in [key for key in self._selector.get_map().values() if key.data is one]:
            self.forget(key.fd)

    def turn(self, *, checked: bool = True) -> None:
        """Wait at most `TICK` seconds, then read and write what can be.

        Args:
            checked: the time limit and signals count.

        Raises:
            TimedOutError, SignalledError: the watch ended the run.
        """
        if checked:
            self.watch.check()
        time = now()
        pause = min((one.prepare(time) for one in self._served), default=TICK)
        for key, _ in self._selector.select(min(pause, TICK)):
            key.data.ready(key.fd)
        self.progress.tick()
