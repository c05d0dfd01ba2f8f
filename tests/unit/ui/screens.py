"""A terminal, a clock and an environment that the tests control."""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubectl_restore.ui.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Mapping

_COLOUR = re.compile(r"\x1b\[[0-9]+m")


@dataclass
class Clock:
    """Seconds, moved by hand."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def columns(text: str) -> int:
    """The columns that a terminal needs for the text."""
    return sum(
        0
        if unicodedata.combining(one)
        else 2
        if unicodedata.east_asian_width(one) in {"W", "F"}
        else 1
        for one in text
    )


class Terminal(io.StringIO):
    """A stream that knows what stands on its screen; refuses codes that it does not know."""

    def __init__(self, width: int = 80) -> None:
        super().__init__()
        self.width = width
        self.above: list[str] = []
        self.line = ""
        self.drawn: list[str] = []
        """Each live line that was drawn."""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        wipe = "\r\x1b[2K"
        drawing = text.startswith(wipe)
        if drawing:
            self.line = ""
            text = text.removeprefix(wipe)
            if text:
                self.drawn.append(text)
        else:
            text = _COLOUR.sub("", text)
        for character in text:
            if character == "\n":
                self.above.append(self.line)
                self.line = ""
            else:
                assert character.isprintable(), repr(text)
                self.line += character
        if drawing:
            assert columns(self.line) < self.width, self.line
        return len(text)


@dataclass
class Scene:
    """An environment and what it is made of."""

    terminal: bool = True
    variables: Mapping[str, str] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    screen: Terminal = field(default_factory=Terminal)
    lines: io.StringIO = field(default_factory=io.StringIO)
    out: io.StringIO = field(default_factory=io.StringIO)

    @property
    def environment(self) -> Environment:
        """What a display gets."""
        return Environment(
            out=self.out,
            err=self.screen if self.terminal else self.lines,
            variables=self.variables,
            width=lambda: self.screen.width,
            clock=self.clock,
        )

    @property
    def err(self) -> list[str]:
        """The lines on stderr where it is no terminal."""
        return self.lines.getvalue().splitlines()
