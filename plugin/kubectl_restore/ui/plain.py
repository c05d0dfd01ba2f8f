"""A line at each phase, and every ten seconds while it goes on: for files and CI systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.ui.amounts import as_time
from kubectl_restore.ui.display import Display
from kubectl_restore.ui.texts import PHASES, counts

if TYPE_CHECKING:
    from kubectl_restore.progress import Status
    from kubectl_restore.ui.environment import Environment

_EVERY: Final = 10.0
"""Seconds."""


class Plain(Display):
    """Lines without control codes."""

    def __init__(self, environment: Environment, verbosity: int) -> None:
        """Start."""
        super().__init__(environment, verbosity)
        self._said_at = environment.clock()
        self._begun = False

    def status(self, status: Status) -> None:
        """Say a new phase at once."""
        if self.tracker.update(status) or not self._begun:
            self._begun = True
            self._said_at = self.environment.clock()
            self.say(f"[{as_time(self.tracker.elapsed)}] {PHASES[status.phase]}\n")
        else:
            self.tick()

    def tick(self) -> None:
        """Say every ten seconds that it goes on, with the counts."""
        now = self.environment.clock()
        if now - self._said_at >= _EVERY:
            self._said_at = now
            phase, known = PHASES[self.tracker.status.phase], counts(self.tracker)
            text = f"{phase}: {known}" if known else f"still {phase}"
            self.say(f"[{as_time(self.tracker.elapsed)}] {text}\n")
