"""What stands on a terminal's screen: the bytes of a program, as a terminal emulator takes them."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import pexpect
import pyte

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_SOON: Final = 0.05
_PATIENCE: Final = 60.0
_LINES: Final = 24


class Shown:
    """A program on a terminal, and its screen.

    Attributes:
        child: the program.
    """

    def __init__(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        *,
        columns: int,
        utf8: bool = True,
    ) -> None:
        """Start a program on a terminal of so many columns; without `utf8` it shows Latin-1."""
        self.child: pexpect.spawn[bytes] = pexpect.spawn(
            words[0], list(words[1:]), env=dict(environment), dimensions=(_LINES, columns)
        )
        self._screen = pyte.Screen(columns, _LINES)
        self._stream = pyte.ByteStream(self._screen)
        if not utf8:
            self._stream.select_other_charset("@")

    @property
    def rows(self) -> list[str]:
        """The rows of the screen that are not empty, without blanks at their ends."""
        return [row.rstrip() for row in self._screen.display if row.strip()]

    def having(self, word: str) -> list[str]:
        """Return the rows that have a word."""
        return [row for row in self.rows if word in row]

    def colours(self) -> set[str]:
        """Return the colours of what stands there."""
        return {
            cell.fg
            for row in self._screen.buffer.values()
            for cell in row.values()
            if cell.data.strip()
        }

    def resize(self, columns: int) -> None:
        """Give the terminal another width."""
        self._screen.resize(_LINES, columns)
        self.child.setwinsize(_LINES, columns)

    def until(self, is_so: Callable[[], bool]) -> None:
        """Show what comes until something is so; an end, or patience lost, is a failure."""
        give_up = time.monotonic() + _PATIENCE
        while not is_so():
            ended = not self._read()
            assert is_so() or not ended, self.rows
            assert time.monotonic() < give_up, self.rows

    def until_it_ends(self) -> int | None:
        """Show all that comes, and return the exit code."""
        while self._read():
            pass
        self.child.close()
        return self.child.exitstatus

    def _read(self) -> bool:
        """Show what has come; tell whether more may come."""
        with suppress(pexpect.TIMEOUT):
            try:
                self._stream.feed(self.child.read_nonblocking(65536, _SOON))
            except pexpect.EOF:
                return False
        return True
