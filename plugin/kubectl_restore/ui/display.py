"""What all displays do alike: the first line, messages, a plugin's words, the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.progress import Level
from kubectl_restore.text import shown_text
from kubectl_restore.ui.messages import error_text, message_text
from kubectl_restore.ui.texts import (
    comparison_text,
    finding_line,
    first_line,
    news,
    result,
    so_far,
    step_line,
)
from kubectl_restore.ui.tracker import Tracker

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubectl_restore.errors import RestoreError
    from kubectl_restore.progress import Comparison, Finding, Header, Status, Step, Summary
    from kubectl_restore.ui.environment import Environment

_SYSTEM_DIRECTORIES: Final = (
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/sbin", "/sys", "/usr",
    "/var",
)  # fmt: skip
_FROM: Final = {Level.WARNING: 0, Level.INFO: 0, Level.DETAIL: 1, Level.TRACE: 2}


def is_system_directory(path: str) -> bool:
    """Tell whether a restore to the path may break the container itself."""
    return path == "/" or any(
        path == one or path.startswith(f"{one}/") for one in _SYSTEM_DIRECTORIES
    )


class Display:
    """The display of `--progress none`; the others add what moves."""

    def __init__(self, environment: Environment, verbosity: int) -> None:
        """Show messages up to a verbosity of 0, 1 or 2; below that none."""
        self.environment = environment
        self.tracker = Tracker(environment.clock)
        self._verbosity = verbosity
        self._header: Header | None = None
        self.asking = False

    def header(self, header: Header) -> None:
        """Say the first line; later only what is new."""
        if self._header is None:
            self.say(first_line(header) + "\n")
            if is_system_directory(header.path) and not header.is_compared:
                self.warn_of_system_directory(header.path)
        else:
            fresh = news(self._header, header)
            if fresh:
                self.say(f"{fresh}\n")
        self._header = header

    def warn_of_system_directory(self, path: str) -> None:
        """Warn; the older spelling has words of its own for it."""
        self.message(Level.WARNING, f"{path} is a system directory of the container")

    def status(self, status: Status) -> None:
        """Take the newest counts."""
        self.tracker.update(status)

    def planned(self, steps: Iterable[Step]) -> None:
        """Say each step, if the user wants that much, on stdout."""
        if self.wants(Level.DETAIL):
            self.close()
            for step in steps:
                if not self.environment.pour(step_line(step)):
                    return

    def differs(self, finding: Finding) -> None:
        """Say it, on stdout."""
        self.close()
        self.environment.pour(finding_line(finding))

    def compared(self, comparison: Comparison) -> None:
        """Say the result, on stdout."""
        self.close()
        self.environment.result(comparison_text(comparison))

    def pour(self, text: str) -> bool:
        """Write a piece of a long result to stdout; tell whether anybody still reads it."""
        self.close()
        return self.environment.pour(text)

    def ask(self, question: str) -> None:
        """Ask; until there is an answer nothing else is drawn."""
        self.close()
        self.say(f"{question} [y/N] ")
        self.asking = True

    def answer(self) -> bool | None:
        """Return the answer: yes is `y` or `yes`; None while there is none."""
        typed = self.environment.typed()
        if typed is None:
            return None
        self.asking = False
        return typed.strip().lower() in {"y", "yes"}

    def tick(self) -> None:
        """Nothing moves here."""

    def message(self, level: Level, text: str) -> None:
        """Say it, if the user wants that much."""
        if self.wants(level):
            self.say(message_text(level, text, coloured=self.environment.coloured))

    def wants(self, level: Level) -> bool:
        """Tell whether the user wants messages of this kind."""
        return _FROM[level] <= self._verbosity

    def foreign(self, data: bytes) -> None:
        """Pass on what a credential plugin says, without what could harm a terminal."""
        self.say(shown_text(data))

    def hold(self, *, is_held: bool) -> None:
        """Nothing moves here."""

    def finished(self, summary: Summary) -> None:
        """Say the result, on stdout."""
        self.close()
        self.environment.result(result(summary))

    def broken_off(self, summary: Summary) -> None:
        """Say what had arrived."""
        self.close()
        self.say(so_far(summary))

    def error(self, error: RestoreError) -> None:
        """Say why it ended."""
        self.close()
        self.say(error_text(error, coloured=self.environment.coloured))

    def say(self, text: str) -> None:
        """Write to stderr."""
        self.environment.say(text)

    def close(self) -> None:
        """Take away what moves."""


class Quiet(Display):
    """`-q`: errors, and what a credential plugin asks."""

    def header(self, header: Header) -> None:
        """Say nothing."""

    def message(self, level: Level, text: str) -> None:
        """Say nothing."""

    def finished(self, summary: Summary) -> None:
        """Say nothing."""

    def broken_off(self, summary: Summary) -> None:
        """Say nothing."""

    def planned(self, steps: Iterable[Step]) -> None:
        """Say nothing."""

    def differs(self, finding: Finding) -> None:
        """Say nothing."""

    def compared(self, comparison: Comparison) -> None:
        """Say nothing."""
