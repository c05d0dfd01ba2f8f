"""The streams and the terminal, in one place, so that tests can put others there."""

from __future__ import annotations

import os
import select
import shutil
import sys
import termios
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TextIO

from kubectl_restore.errors import UsageError
from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CI_SYSTEMS: Final = (
    "CI",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "JENKINS_HOME",
    "CIRCLECI",
    "TRAVIS",
    "BUILDKITE",
    "DRONE",
    "CONTINUOUS_INTEGRATION",
)


def _width() -> int:
    """Return the columns of the terminal that is drawn on: stderr's, whatever stdout is."""
    try:
        columns = os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        columns = 0
    return columns or shutil.get_terminal_size((80, 24)).columns


@dataclass(slots=True)
class Environment:
    """Where output goes, and what is known about it.

    Attributes:
        out: the result.
        err: progress and messages.
        variables: the process's environment.
        width: asked at each drawing, so a resize shows at once.
        clock: seconds, monotonic.
        typed_at: where a person answers.
    """

    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    variables: Mapping[str, str] = field(default_factory=lambda: os.environ)
    width: Callable[[], int] = _width
    clock: Callable[[], float] = time.monotonic
    typed_at: TextIO | None = field(default_factory=lambda: sys.stdin)
    _typed: bytes = b""
    _broken: bool = False
    _unwritten: str = ""

    @property
    def err_is_terminal(self) -> bool:
        """Tell whether progress can be drawn."""
        return _is_terminal(self.err) and self.variables.get("TERM") != "dumb"

    @property
    def coloured(self) -> bool:
        """Tell whether messages may have colours (NO_COLOR: no-color.org)."""
        return self.err_is_terminal and not self.variables.get("NO_COLOR")

    @property
    def colours_result(self) -> bool:
        """Tell whether what goes to stdout may have colours."""
        is_dumb = self.variables.get("TERM") == "dumb"
        return _is_terminal(self.out) and not is_dumb and not self.variables.get("NO_COLOR")

    @property
    def is_ci(self) -> bool:
        """Tell whether a CI system runs us (docs: the older tool's list)."""
        return any(self.variables.get(name) for name in _CI_SYSTEMS)

    def say(self, text: str) -> None:
        """Write to stderr at once. A reader that is gone silences us; it breaks no restore."""
        self.draw(text)

    def draw(self, text: str) -> None:
        """Write to stderr at once."""
        if not self._broken:
            self._broken = not _write(self.err, text)

    def as_drawn(self, text: str) -> str:
        """Return text as stderr shows it: what its encoding lacks is an escape, of more columns."""
        encoding = getattr(self.err, "encoding", None) or "utf-8"
        return text.encode(encoding, "backslashreplace").decode(encoding)

    def typed(self) -> str | None:
        """Return a line that was typed; None while it is not whole. Never waits."""
        try:
            descriptor = -1 if self.typed_at is None else self.typed_at.fileno()
            while b"\n" not in self._typed and select.select([descriptor], [], [], 0)[0]:
                piece = os.read(descriptor, 256)
                # At its end nobody will say anything more.
                self._typed += piece or b"\n"
        except (OSError, ValueError):
            self._typed += b"\n"
        line, newline, rest = self._typed.partition(b"\n")
        if not newline:
            return None
        self._typed = rest
        return line.decode("utf-8", "replace")

    def forget_typed(self) -> None:
        """Throw away what was typed before a question: it answers none."""
        self._typed = b""
        with suppress(OSError, ValueError, termios.error):
            if self.typed_at is not None:
                termios.tcflush(self.typed_at.fileno(), termios.TCIFLUSH)

    def result(self, text: str) -> None:
        """Write to stdout at once; to stderr where that takes nothing."""
        if not self.pour(text) and self._unwritten:
            self.draw(text)

    def pour(self, text: str) -> bool:
        """Write a piece of a long result to stdout; tell whether anybody still reads it."""
        try:
            self.out.write(text)
            self.out.flush()
        except BrokenPipeError:
            return False
        except (OSError, ValueError) as error:
            self._unwritten = shown_text(getattr(error, "strerror", None) or str(error))
            return False
        return True

    @property
    def is_unwritten(self) -> bool:
        """Tell whether standard output has refused something; nobody reading is no refusal."""
        return bool(self._unwritten)

    def require_written(self) -> None:
        """Return when all of the result went out, or its reader had enough of it.

        Raises:
            UsageError: standard output did not take it.
        """
        if self._unwritten:
            raise UsageError(
                "the result could not be written to standard output",
                reason=self._unwritten,
                fix="see where standard output goes: is the disk full?",
            )


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (OSError, ValueError):
        return False


def _write(stream: TextIO, text: str) -> bool:
    try:
        stream.write(text)
        stream.flush()
    except (OSError, ValueError):
        return False
    return True
