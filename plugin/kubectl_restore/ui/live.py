"""One line that moves, on a terminal; with several lanes one for each, above it."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from kubectl_restore.progress import Phase
from kubectl_restore.text import shown, shown_text
from kubectl_restore.ui.amounts import as_size, as_time
from kubectl_restore.ui.display import Display
from kubectl_restore.ui.texts import counts, current, phase_words

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
_BEFORE_NAME: Final = "  "
_SHORTEST_NAME: Final = 8
"""Columns; a shorter piece of a name says nothing."""
_GAP: Final = "..."
_STOPPED: Final = 1.5
"""Seconds between two looks, from which on we take it that we stood still."""


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
        self._ticked_at = float("inf")
        self._retrying = ""

    def status(self, status: Status) -> None:
        """Take the newest counts, and draw when it is time."""
        self.tracker.update(status)
        self._retrying = ""
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
        # Stopped meanwhile (Ctrl-Z, fg): the shell has written where the line was.
        stopped, self._ticked_at = now - self._ticked_at > _STOPPED, now
        if self._partial or (now - self._drawn_at < _REDRAW and not resized):
            return
        line = "\n".join([*self.lanes(width), self.line(width)])
        if line != self._drawn or resized or stopped:
            # What stands above after a stop is the shell's.
            self.environment.draw((_WIPE if stopped else self._wipe()) + line)
        self._drawn, self._drawn_at, self._drawn_width = line, now, width

    def lanes(self, width: int) -> list[str]:
        """Return a line about each of several lanes: what it carries, and how far that is."""
        lines = []
        for one in self.tracker.status.lanes:
            who = shown_text(one.name) or f"lane {one.lane}"
            text = f"  {who}: {one.done / max(1, one.total):>4.0%} of {as_size(one.total)}"
            room = width - 1 - len(text) - len(_BEFORE_NAME)
            if one.current and room >= _SHORTEST_NAME:
                name = self.environment.as_drawn(shown(one.current))
                text += _BEFORE_NAME + shortened(name, room)
            lines.append(cut(text, width - 1))
        return lines if len(lines) > 1 and not self._retrying else []

    def line(self, width: int) -> str:
        """Return the line, one column short of the width, so that it never wraps."""
        text = phase_words(self.tracker.status.phase, self._header)
        share = self.tracker.share
        if share is not None and width >= _WIDE_ENOUGH_FOR_BAR:
            full = int(share * _BAR)
            text += f" [{'#' * full}{'.' * (_BAR - full)}]"
        known = counts(self.tracker, width - len(text) - 2, instead=self._retrying)
        is_said = self._retrying or len(self.tracker.status.lanes) > 1
        name = "" if is_said else self.environment.as_drawn(current(self.tracker))
        text += f" {known}" if known else " ..."
        room = width - 1 - len(text) - len(_BEFORE_NAME)
        if name and room >= _SHORTEST_NAME:
            text += _BEFORE_NAME + shortened(name, room)
        return cut(text, width - 1)

    def retrying(self, left: float, count: str) -> None:
        """Say so in the line, while it lasts."""
        when = f"in {as_time(left)}" if left else "now"
        self._retrying = f"trying again {when} ({count})"
        self.tick()

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
            stopped = self.environment.clock() - self._ticked_at > _STOPPED
            self.environment.draw(_WIPE if stopped else self._wipe())
        self._drawn = ""

    def _wipe(self) -> str:
        """Return what wipes the lines that stand there, up to the first of them."""
        above = self._drawn.count("\n")
        return f"\r\x1b[{above}A\x1b[J" if above else _WIPE

    def _end_partial(self) -> None:
        if self._partial:
            self._partial = False
            super().say("\n")


def shortened(name: str, columns: int) -> str:
    """Return a name that fits into so many columns: where it is too long its middle is left out.

    The end says more than the beginning: two thirds of what is shown are of it.
    """
    if cut(name, columns) == name:
        return name
    room = max(0, columns - len(_GAP))
    end = cut(name[::-1], room - room // 3)[::-1]
    # A mark that stands over a character which is gone would stand over ours.
    while end and unicodedata.combining(end[0]):
        end = end[1:]
    return f"{cut(name, room // 3)}{_GAP}{end}"


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
