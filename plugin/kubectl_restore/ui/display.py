"""What all displays do alike: the first line, messages, a plugin's words, the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.progress import A_DIRECTORY, EXTRA, MISSING, Finding, Level
from kubectl_restore.text import shown_text
from kubectl_restore.ui.messages import error_text, message_text
from kubectl_restore.ui.texts import (
    comparison_text,
    diff_lines,
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
    from kubectl_restore.progress import Comparison, Header, Status, Step, Summary, TextDiff
    from kubectl_restore.ui.environment import Environment

_SYSTEM_DIRECTORIES: Final = (
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/sbin", "/sys", "/usr",
    "/var",
)  # fmt: skip
_OWN_OF_SERVICES: Final = ("/var/lib/", "/var/www/", "/var/opt/")
"""Below them services have their data, each a directory of its own."""
_OF_PACKAGES: Final = frozenset({"apk", "apt", "dpkg", "pacman", "rpm"})
"""Of /var/lib, what the system itself is made of."""
_FROM: Final = {Level.WARNING: 0, Level.INFO: 0, Level.DETAIL: 1, Level.TRACE: 2}


def is_system_directory(path: str) -> bool:
    """Tell whether a restore to the path may break the container itself."""
    if path.startswith(_OWN_OF_SERVICES) and path.split("/")[3] not in _OF_PACKAGES:
        return False
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
        self._is_placed = True
        self._gone: dict[bytes, int] = {}

    def header(self, header: Header) -> None:
        """Say the first line; later only what is new."""
        before, self._header = self._header, header
        if before is None:
            self.say(first_line(header) + "\n")
        else:
            fresh = news(before, header)
            if fresh:
                self.say(f"{fresh}\n")
        self.warn_of_place(before, header)

    def unplaced(self, *, is_compared: bool) -> None:
        """Say that no target path was given, before anything else."""
        self._is_placed = False
        what = "the backup is compared with" if is_compared else "the backup goes to"
        self.message(
            Level.WARNING,
            f"no target path was given: {what} / of the container; to name one: -t PATH",
        )

    def warn_of_place(self, before: Header | None, header: Header) -> None:
        """Warn, once the path is known, where it is a directory of the system's."""
        is_news = before is None or before.path is None
        if header.path is None or not is_news or not self._is_placed or header.is_compared:
            return
        if is_system_directory(header.path):
            self.warn_of_system_directory(header.path)

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
        """Say it, on stdout; what is missing below a directory that is missing with that."""
        self.close()
        if finding.kind == MISSING and not self.wants(Level.DETAIL) and self._is_folded(finding):
            return
        if finding.kind == EXTRA:
            self._say_folded()
        self.environment.pour(finding_line(finding))

    def _is_folded(self, finding: Finding) -> bool:
        """Tell whether something that is missing is counted with a directory, or is one."""
        above = finding.name
        while above := above.rpartition(b"/")[0]:
            if above in self._gone:
                self._gone[above] += 1
                return True
        if finding.what == A_DIRECTORY:
            self._gone[finding.name] = 0
            return True
        return False

    def _say_folded(self) -> None:
        for name, count in self._gone.items():
            more = f", with {count:,} of the backup below it" if count else ""
            self.environment.pour(finding_line(Finding(MISSING, name, f"{A_DIRECTORY}{more}")))
        self._gone = {}

    def contents(self, difference: TextDiff) -> None:
        """Say it, on stdout."""
        self.close()
        self._say_folded()
        for line in diff_lines(difference, coloured=self.environment.colours_result):
            if not self.environment.pour(line):
                return

    def compared(self, comparison: Comparison) -> None:
        """Say the result, on stdout."""
        self.close()
        self._say_folded()
        self.environment.result(comparison_text(comparison))

    def pour(self, text: str) -> bool:
        """Write a piece of a long result to stdout; tell whether anybody still reads it."""
        self.close()
        return self.environment.pour(text)

    def prompt(self, text: str) -> None:
        """Ask for a line; until there is one nothing else is drawn."""
        self.close()
        self.environment.forget_typed()
        self.say(text)
        self.asking = True

    def typed(self) -> str | None:
        """Return the line that was typed; None while there is none. Never waits."""
        typed = self.environment.typed()
        self.asking = self.asking and typed is None
        return typed

    def ask(self, question: str) -> None:
        """Ask; until there is an answer nothing else is drawn."""
        self.prompt(f"{question} [y/N] ")

    def answer(self) -> bool | None:
        """Return the answer: yes is `y` or `yes`; None while there is none."""
        typed = self.typed()
        return None if typed is None else typed.strip().lower() in {"y", "yes"}

    def tick(self) -> None:
        """Nothing moves here."""

    def retrying(self, left: float, count: str) -> None:  # noqa: ARG002 - for what is drawn
        """Say nothing: a message has said it."""
        self.tick()

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

    def contents(self, difference: TextDiff) -> None:
        """Say nothing."""

    def compared(self, comparison: Comparison) -> None:
        """Say nothing."""
