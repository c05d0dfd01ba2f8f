"""`--log-file`: all that is said, and what `-vv` would say, goes to a file besides."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TextIO

from kubectl_restore.ui.display import Display
from kubectl_restore.ui.environment import Environment
from kubectl_restore.ui.older import Older
from kubectl_restore.ui.plain import Plain
from kubectl_restore.ui.texts import step_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kubectl_restore.errors import RestoreError
    from kubectl_restore.progress import (
        Comparison,
        Finding,
        Header,
        Level,
        Status,
        Step,
        Summary,
        TextDiff,
    )


_TIME: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ")
LONGEST_TIME: Final = 25
"""Bytes before the words of a line."""


def begins_as_log(head: bytes) -> bool:
    """Tell whether a file that begins so is a log; the first lines of it may have been cut off."""
    return _TIME.match(head) is not None


class Log:
    """A file whose lines begin with the time, and have no secrets."""

    def __init__(self, file: TextIO, name: str, secrets: Sequence[str] = ()) -> None:
        """Write to an open file.

        Args:
            file: opened for appending.
            name: as it is shown.
            secrets: values that never go there.
        """
        self._file = file
        self.name = name
        # The longest first: one may be a part of another.
        self._secrets = sorted(filter(None, secrets), key=len, reverse=True)

    def put(self, text: str) -> None:
        """Write lines; a file that takes nothing any more breaks no restore."""
        for secret in self._secrets:
            text = text.replace(secret, "REDACTED")
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        try:
            self._file.write("".join(f"{now} {line}\n" for line in text.splitlines()))
            self._file.flush()
        except (OSError, ValueError):
            return


class _LogEnvironment(Environment):
    """Both streams are the log."""

    def __init__(self, log: Log) -> None:
        super().__init__(variables={}, typed_at=None)
        self._to = log

    def draw(self, text: str) -> None:
        """Write to the log."""
        self._to.put(text)

    def result(self, text: str) -> None:
        """Write to the log."""
        self._to.put(text)

    def pour(self, text: str) -> bool:
        """Write to the log."""
        self._to.put(text)
        return True

    @property
    def err_is_terminal(self) -> bool:
        """Nothing is drawn."""
        return False


class Logged(Display):
    """Tells a display, and a second one whose lines go to the log, whatever the first shows."""

    def __init__(self, display: Display, log: Log, *, older: bool = False) -> None:
        """Begin; the log's lines are those of `--progress plain -vv`, or the older tool's."""
        super().__init__(display.environment, 0)
        self._display = display
        self._log = log
        self._plain = (Older if older else Plain)(_LogEnvironment(log), 2)

    def header(self, header: Header) -> None:
        """Tell both."""
        self._display.header(header)
        self._plain.header(header)

    def unplaced(self, *, is_compared: bool) -> None:
        """Tell both."""
        self._display.unplaced(is_compared=is_compared)
        self._plain.unplaced(is_compared=is_compared)

    def status(self, status: Status) -> None:
        """Tell both."""
        self._display.status(status)
        self._plain.status(status)

    def planned(self, steps: Iterable[Step]) -> None:
        """Tell both; the steps are read once."""
        noted = self._noting(steps)
        self._display.planned(noted)
        for _ in noted:
            pass

    def _noting(self, steps: Iterable[Step]) -> Iterator[Step]:
        for step in steps:
            self._log.put(step_line(step))
            yield step

    def differs(self, finding: Finding) -> None:
        """Tell both."""
        self._display.differs(finding)
        self._plain.differs(finding)

    def contents(self, difference: TextDiff) -> None:
        """Tell the display alone: the log has no place for what may be a secret."""
        self._display.contents(difference)

    def compared(self, comparison: Comparison) -> None:
        """Tell both."""
        self._display.compared(comparison)
        self._plain.compared(comparison)

    def pour(self, text: str) -> bool:
        """Write a piece of a long result; the log has no use for it."""
        return self._display.pour(text)

    def prompt(self, text: str) -> None:
        """Ask; the log has the question."""
        self._display.prompt(text)
        self._log.put(text)

    def typed(self) -> str | None:
        """Return the line that was typed."""
        typed = self._display.typed()
        if typed is not None:
            self._log.put(f"the answer was: {typed}")
        return typed

    def ask(self, question: str) -> None:
        """Ask; the log has the question."""
        self._display.ask(question)
        self._log.put(question)

    def answer(self) -> bool | None:
        """Return the answer."""
        answer = self._display.answer()
        if answer is not None:
            self._log.put(f"the answer was {'yes' if answer else 'no'}")
        return answer

    def tick(self) -> None:
        """Tell both."""
        self._display.tick()
        self._plain.tick()

    def retrying(self, left: float, count: str) -> None:
        """Tell both."""
        self._display.retrying(left, count)
        self._plain.retrying(left, count)

    def message(self, level: Level, text: str) -> None:
        """Tell both."""
        self._display.message(level, text)
        self._plain.message(level, text)

    def foreign(self, data: bytes) -> None:
        """Tell the display alone: a credential plugin's words may have codes in them."""
        self._display.foreign(data)

    def hold(self, *, is_held: bool) -> None:
        """Tell the display: the log draws nothing."""
        self._display.hold(is_held=is_held)

    def finished(self, summary: Summary) -> None:
        """Tell both."""
        self._display.finished(summary)
        self._plain.finished(summary)

    def broken_off(self, summary: Summary) -> None:
        """Tell both."""
        self._display.broken_off(summary)
        self._plain.broken_off(summary)

    def error(self, error: RestoreError) -> None:
        """Tell both; the error names the log."""
        self._plain.error(error)
        said = f"all that was said: {self._log.name}"
        error.reason = f"{error.reason}\n{said}" if error.reason else said
        self._display.error(error)

    def close(self) -> None:
        """Take away what moves."""
        self._display.close()
