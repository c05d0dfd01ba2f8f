"""Short kubectl calls whose answer is wanted whole, run side by side with other work."""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING, Final, Protocol

from kubectl_restore.deadline import TICK
from kubectl_restore.errors import InterruptedRestoreError
from kubectl_restore.pipe.child import Child, now, read
from kubectl_restore.pipe.feedback import Evidence, Lines, Voices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from kubectl_restore.deadline import Watch
    from kubectl_restore.progress import Progress

_LARGEST_ANSWER: Final = 32 * 1024 * 1024
"""Bytes; an object in etcd has at most 1.5 MiB."""


class Asked(Protocol):
    """Something that was asked and is answered bit by bit."""

    def turn(self, seconds: float) -> bool:
        """Read for at most `seconds`; tell whether it has ended."""


def wait_for(
    asked: Asked,
    watch: Watch,
    progress: Progress,
    *,
    deadline: float | None = None,
    beside: Asked | None = None,
) -> bool:
    """Read until something has ended, or until `deadline` on this room's clock.

    Another one that runs `beside` it is read too: its plugin may be the one that has to ask
    before either goes on.

    Returns:
        True when it has ended.

    Raises:
        TimedOutError, SignalledError: the watch ended the run.
    """
    while True:
        watch.check()
        left = TICK if deadline is None else deadline - now()
        if left <= 0:
            return False
        if beside is not None:
            beside.turn(0)
        if asked.turn(min(TICK, left)):
            # A signal from the terminal ends kubectl too; it is the signal that counts.
            watch.check()
            return True
        progress.tick()


class Query:
    """One kubectl call: its stdout is kept, what a credential plugin says is passed on."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], progress: Progress
    ) -> None:
        """Start it; its stdin is the user's terminal, so that a plugin can ask.

        Raises:
            UsageError: kubectl cannot be started.
        """
        self._child = Child(arguments, environment, feed=False)
        self._progress = progress
        self._answer = bytearray()
        self._lines = Lines()
        self._voices = Voices()
        self._evidence = Evidence()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._child.stdout, selectors.EVENT_READ)
        self._selector.register(self._child.stderr, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._selector.close()
        self._child.end()

    @property
    def answer(self) -> bytes:
        """What it wrote to stdout so far."""
        return bytes(self._answer)

    @property
    def said(self) -> list[str]:
        """What it wrote to stderr, by lines."""
        return self._evidence.lines

    @property
    def succeeded(self) -> bool:
        """Tell, once it has ended, whether kubectl exited with 0."""
        return self._child.returncode == 0

    def turn(self, seconds: float) -> bool:
        """Read for at most `seconds`; tell whether it has ended.

        Raises:
            InterruptedRestoreError: it answers without end.
        """
        if self._selector.get_map():
            for key, _ in self._selector.select(seconds):
                data = read(key.fd)
                if data is None:
                    continue
                if not data:
                    self._selector.unregister(key.fd)
                elif key.fd == self._child.stdout:
                    self._answer += data
                else:
                    self._hear(data)
            if len(self._answer) > _LARGEST_ANSWER:
                raise InterruptedRestoreError(
                    "the cluster's answer is too long to be one",
                    reason=f"more than {_LARGEST_ANSWER} bytes",
                )
        if self._selector.get_map():
            return False
        if self._child.returncode is None and not self._child.wait(seconds):
            return False
        for line in self._lines.close():
            self._tell(line)
        return True

    def wait(
        self, watch: Watch, *, deadline: float | None = None, beside: Asked | None = None
    ) -> bool:
        """Read until it has ended, as `wait_for` does."""
        return wait_for(self, watch, self._progress, deadline=deadline, beside=beside)

    def _hear(self, data: bytes) -> None:
        for line in self._lines.feed(data):
            self._tell(line)
        prompt = self._voices.unfinished(self._lines.unfinished)
        if prompt:
            self._progress.foreign(prompt)

    def _tell(self, line: bytes) -> None:
        self._evidence.add(line)
        foreign = self._voices.line(line)
        if foreign:
            self._progress.foreign(foreign)
