"""When a display of lines speaks: at a new phase, and at an interval while that goes on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from kubectl_restore.ui.display import Display

if TYPE_CHECKING:
    from kubectl_restore.progress import Status
    from kubectl_restore.ui.environment import Environment


class Paced(Display, ABC):
    """Asks the environment's clock; what is said is its heirs' to say."""

    every: ClassVar[float]
    """Seconds."""

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
            self.say_phase()
        else:
            self.tick()

    def tick(self) -> None:
        """Say at the interval that it goes on, with the counts."""
        now = self.environment.clock()
        if now - self._said_at >= self.every and not self.asking:
            self._said_at = now
            self.say_counts()

    @abstractmethod
    def say_phase(self) -> None:
        """Say that the tracker's phase has begun."""

    @abstractmethod
    def say_counts(self) -> None:
        """Say that it goes on, and how far it is."""
