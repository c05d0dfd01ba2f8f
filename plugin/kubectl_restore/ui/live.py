"""One line that moves, on a terminal."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from kubectl_restore.ui.display import Display
from kubectl_restore.ui.texts import PHASES, counts, current

if TYPE_CHECKING:
    from kubectl_restore.progress import Status
    from kubectl_restore.ui.environment import Environment

_REDRAW: Final = 0.1
"""Seconds between two drawings, at least."""
_WIPE: Final = "\r\x1b[2K"
"""To the line's beginning, then erase it (ECMA-48 EL)."""
_BAR: Final = 20
_WIDE_ENOUGH_FOR_BAR: Final = 60


class Live(Display):
    """Redraws its line at most ten times a second; whatever else is said goes above it."""

    def __init__(self, environment: Environment, verbosity: int) -> None:
        """Start with nothing drawn."""
        super().__init__(environment, verbosity)
        self._drawn_at = float("-inf")
        self._drawn = ""
        self._drawn_width = 0
        self._partial = False

    def status(self, status: Status) -> None:
        """Draw a new phase at once, other news when it is time."""
        if self.tracker.update(status):
            self._drawn_at = float("-inf")
        self.tick()

    def tick(self) -> None:
        """Draw when it is time, and when the terminal has another width."""
        now, width = self.environment.clock(), self.environment.width()
        resized = bool(self._drawn) and width != self._drawn_width
        if self._partial or (now - self._drawn_at < _REDRAW and not resized):
            return
        line = self.line(width)
        if line != self._drawn or resized:
            self.environment.say(_WIPE + line)
        self._drawn, self._drawn_at, self._drawn_width = line, now, width

    def line(self, width: int) -> str:
        """Return the line, one column short of the width, so that it never wraps."""
        text = PHASES[self.tracker.status.phase]
        share = self.tracker.share
        if share is not None and width >= _WIDE_ENOUGH_FOR_BAR:
            full = int(share * _BAR)
            text += f" [{'#' * full}{'.' * (_BAR - full)}]"
        known = counts(self.tracker)
        name = current(self.tracker)
        text += f" {known}" if known else " ..."
        text += f"  {name}" if name else ""
        return cut(text, width - 1)

    def foreign(self, data: bytes) -> None:
        """Leave the line to a plugin until it has finished its own."""
        super().foreign(data)
        self._partial = not data.endswith(b"\n")

    def say(self, text: str) -> None:
        """Write above the line."""
        self.close()
        super().say(text)

    def close(self) -> None:
        """Wipe the line."""
        if self._drawn:
            self.environment.say(_WIPE)
        self._drawn = ""
        self._drawn_at = float("-inf")


def cut(text: str, columns: int) -> str:
    """Return as much of the text as fits into so many columns; wide characters take two."""
    used = 0
    for at, character in enumerate(text):
        used += _columns(character)
        if used > columns:
            return text[:at]
    return text


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
