"""What tools say, up to a bound: the first lines of each kind are shown, the rest is counted.

A tar may warn about each of a million members; a shell that is none may talk without end.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

from kubectl_restore.progress import Level
from kubectl_restore.text import counted, shown_text

if TYPE_CHECKING:
    from collections.abc import Callable

_SHOWN: Final = 10
"""Lines of one kind."""
_OF_A_HOOK: Final = 200
"""Lines of a command of the user's."""
_KINDS: Final = 50
"""Kinds that are told apart; what comes beyond is one more."""
_TRACED: Final = 10_000
"""Lines that -vv shows, in one command."""
_NUMBERS: Final = re.compile(r"\d+")
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"|`[^']*'")


def kind_of(line: str) -> str:
    """Return what lines of one kind have in common: who says it, and what, without the name."""
    who, colon, rest = line.partition(": ")
    what = rest.rpartition(": ")[2] if colon else who
    return f"{who if colon else ''}: {_NUMBERS.sub('#', _QUOTED.sub('*', what))}"


class Sayings(Protocol):
    """Shows what is said on stderr, line by line."""

    def say(self, line: str) -> None:
        """Take one line."""

    def end(self) -> None:
        """Say how much was not shown; another command begins."""


class HookSayings:
    """Shows what a command of the user's says: its first lines, and how many more there were."""

    def __init__(self, show: Callable[[Level, str], None], name: str) -> None:
        """Have heard nothing; `name` stands before each line."""
        self._show = show
        self._name = name
        self._lines = 0

    def say(self, line: str) -> None:
        """Take one line."""
        self._lines += 1
        if self._lines <= _TRACED:
            level = Level.INFO if self._lines <= _OF_A_HOOK else Level.TRACE
            self._show(level, f"{self._name}: {shown_text(line)}")

    def end(self) -> None:
        """Say how much was not shown."""
        if self._lines > _OF_A_HOOK:
            more = counted(self._lines - _OF_A_HOOK, "further line")
            self._show(Level.INFO, f"{self._name}: {more} (-vv)")
        self._lines = 0


class ToolSayings:
    """Shows what the tools of one command say."""

    def __init__(self, show: Callable[[Level, str], None]) -> None:
        """Have heard nothing."""
        self._show = show
        self._kinds: dict[str, int] = {}
        self._lines = 0

    def say(self, line: str) -> None:
        """Take one line."""
        self._lines += 1
        kind = kind_of(line)
        if kind not in self._kinds and len(self._kinds) >= _KINDS:
            kind = ""
        count = self._kinds[kind] = self._kinds.get(kind, 0) + 1
        if count <= _SHOWN:
            self._show(Level.DETAIL, shown_text(line))
        elif self._lines <= _TRACED:
            self._show(Level.TRACE, shown_text(line))

    def end(self) -> None:
        """Say how much was not shown; another command begins."""
        for kind, count in self._kinds.items():
            if count > _SHOWN:
                what = shown_text(kind.removeprefix(": ")) or "others"
                more = counted(count - _SHOWN, "further line")
                self._show(Level.DETAIL, f"{more} of this kind: {what}")
        self._kinds.clear()
        self._lines = 0
