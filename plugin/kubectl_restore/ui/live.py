"""One line that moves, on a terminal."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from kubectl_restore.progress import Phase
from kubectl_restore.text import shown_text
from kubectl_restore.ui.display import Display
from kubectl_restore.ui.texts import PHASES, counts, current

if TYPE_CHECKING:
    from kubectl_restore.progress import Status
    from kubectl_restore.ui.environment import Environment

_REDRAW: Final = 0.1
"""Seconds between two drawings, at least."""
_WIPE: Final = "\r\x1b[2K"
"""To the line's beginning, then erase it (ECMA-48 EL)."""
_NOBODY_ASKS: Final = frozenset({Phase.SURVEY, Phase.SAVE, Phase.SEND, Phase.VERIFY})
"""Phases after the last kubectl that is started has got through: no plugin waits any more."""
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
        self._held = False

    def status(self, status: Status) -> None:
        """Take the newest counts, and draw when it is time."""
        self.tracker.update(status)
        if self._partial and status.phase in _NOBODY_ASKS:
            # The answer was typed on the terminal, so we cannot have seen the end of that line.
            self._end_partial()
        self.tick()

    def tick(self) -> None:
        """Draw when it is time, and when the terminal has another width."""
        if self.asking or self._held:
            return
        now, width = self.environment.clock(), self.environment.width()
        resized = bool(self._drawn) and width != self._drawn_width
        if self._partial or (now - self._drawn_at < _REDRAW and not resized):
            return
        line = self.line(width)
        if line != self._drawn or resized:
            self.environment.draw(_WIPE + line)
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
        if not data:
            return
        self.close()
        super().say(shown_text(data))
        self._partial = not data.endswith(b"\n")

    def hold(self, *, is_held: bool) -> None:
        """Leave the terminal to a plugin that may write there itself, past us."""
        self._held = is_held
        if is_held:
            self.close()

    def say(self, text: str) -> None:
        """Write above the line, and never behind a plugin's question."""
        self.close()
        self._end_partial()
        super().say(text)

    def close(self) -> None:
        """Wipe the line. The next one keeps its distance in time to it."""
        if self._drawn:
            self.environment.draw(_WIPE)
        self._drawn = ""

    def _end_partial(self) -> None:
        if self._partial:
            self._partial = False
            super().say("\n")


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
