"""A line at each phase, and every ten seconds while it goes on: for files and CI systems."""

from __future__ import annotations

from typing import ClassVar

from kubectl_restore.ui.amounts import as_time
from kubectl_restore.ui.paced import Paced
from kubectl_restore.ui.texts import counts, phase_words


class Plain(Paced):
    """Lines without control codes."""

    every: ClassVar[float] = 10.0

    def say_phase(self) -> None:
        """Say its name."""
        phase = phase_words(self.tracker.status.phase, self._header)
        self.say(f"[{as_time(self.tracker.elapsed)}] {phase}\n")

    def say_counts(self) -> None:
        """Say what is known of it."""
        phase, known = phase_words(self.tracker.status.phase, self._header), counts(self.tracker)
        text = f"{phase}: {known}" if known else f"still {phase}"
        self.say(f"[{as_time(self.tracker.elapsed)}] {text}\n")
