"""JSON lines, for scripts: the progress alone on stderr, or everything on stdout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from kubectl_restore.ui.json_fields import (
    comparison_fields,
    exit_error_fields,
    finding_fields,
    json_line,
    message_fields,
    status_fields,
    step_fields,
    summary_fields,
    text_diff_fields,
)
from kubectl_restore.ui.paced import Paced

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
    from kubectl_restore.ui.environment import Environment


class JsonProgress(Paced):
    """`--progress json`: status lines on stderr, the rest as for people."""

    every: ClassVar[float] = 1.0

    def say_phase(self) -> None:
        """Say it with the counts that it begins with."""
        self.say_counts()

    def say_counts(self) -> None:
        """Say a status line."""
        self.say(json_line(status_fields(self.tracker)))


class JsonLines(JsonProgress):
    """`-o json`: all that we say is lines on stdout; stderr has a credential plugin's words."""

    def __init__(self, environment: Environment, verbosity: int, *, statuses: bool = True) -> None:
        """Start; without `statuses` nothing is said of how far it is."""
        super().__init__(environment, verbosity)
        self._statuses = statuses
        self._is_read = True
        self._arrived: Summary | None = None

    def header(self, header: Header) -> None:
        """Keep it for the summary."""
        before, self._header = self._header, header
        self.warn_of_place(before, header)

    def status(self, status: Status) -> None:
        """Say it where it is wanted."""
        if self._statuses:
            super().status(status)

    def tick(self) -> None:
        """Say it where it is wanted."""
        if self._statuses:
            super().tick()

    def say_counts(self) -> None:
        """Say a status line."""
        self._put(status_fields(self.tracker))

    def planned(self, steps: Iterable[Step]) -> None:
        """Say each step."""
        for step in steps:
            self._put(step_fields(step))

    def differs(self, finding: Finding) -> None:
        """Say it; of several about one path each."""
        for one in finding.parts or (finding,):
            self._put(finding_fields(one))

    def contents(self, difference: TextDiff) -> None:
        """Say it."""
        self._put(text_diff_fields(difference))

    def compared(self, comparison: Comparison) -> None:
        """Say the result."""
        self._put(comparison_fields(comparison, self._header))

    def message(self, level: Level, text: str) -> None:
        """Say it, if the user wants that much."""
        if self.wants(level):
            self._put(message_fields(level, text))

    def finished(self, summary: Summary) -> None:
        """Say the result."""
        self._end_with(summary_fields(summary, self._header))

    def broken_off(self, summary: Summary) -> None:
        """Keep it: the error that follows says it."""
        self._arrived = summary

    def error(self, error: RestoreError) -> None:
        """Say why it ended."""
        self._end_with(exit_error_fields(error, self._arrived))

    def _put(self, made: Mapping[str, Any]) -> None:
        # A reader that is gone breaks no restore.
        self._is_read = self._is_read and self.environment.pour(json_line(made))

    def _end_with(self, made: Mapping[str, Any]) -> None:
        # What was done is never lost: stderr has it where stdout takes nothing.
        if self._is_read or self.environment.is_unwritten:
            self.environment.result(json_line(made))
