"""One progress for many batches: what was done before is added, other phases are silent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kubectl_restore.progress import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubectl_restore.progress import (
        Comparison,
        Finding,
        Header,
        Level,
        Progress,
        Status,
        Step,
        Summary,
        TextDiff,
    )


class MergedProgress:
    """Hands everything on; counts of a batch become counts of the whole."""

    def __init__(self, progress: Progress) -> None:
        """Stand before the first batch."""
        self._progress = progress
        self._before = (0, 0)
        self._newest = (0, 0)
        self._is_sending = False

    def status(self, status: Status) -> None:
        """Add what batches before have brought."""
        if status.phase is Phase.SEND:
            self._is_sending = True
            if status.done_bytes < self._newest[0]:
                before, newest = self._before, self._newest
                self._before = (before[0] + newest[0], before[1] + newest[1])
            self._newest = (status.done_bytes, status.done_files)
            status = replace(
                status,
                done_bytes=self._before[0] + status.done_bytes,
                done_files=self._before[1] + status.done_files,
                total_bytes=None,
                total_files=None,
            )
        elif self._is_sending:
            # Between batches the pod is asked and more is read: no news for a person.
            self._progress.tick()
            return
        self._progress.status(status)

    def header(self, header: Header) -> None:
        """Hand it on."""
        self._progress.header(header)

    def planned(self, steps: Iterable[Step]) -> None:
        """Hand it on."""
        self._progress.planned(steps)

    def differs(self, finding: Finding) -> None:
        """Hand it on."""
        self._progress.differs(finding)

    def contents(self, difference: TextDiff) -> None:
        """Hand it on."""
        self._progress.contents(difference)

    def compared(self, comparison: Comparison) -> None:
        """Hand it on."""
        self._progress.compared(comparison)

    def ask(self, question: str) -> None:
        """Hand it on."""
        self._progress.ask(question)

    def answer(self) -> bool | None:
        """Hand it back."""
        return self._progress.answer()

    def tick(self) -> None:
        """Hand it on."""
        self._progress.tick()

    def retrying(self, left: float, count: str) -> None:
        """Hand it on."""
        self._progress.retrying(left, count)

    def message(self, level: Level, text: str) -> None:
        """Hand it on."""
        self._progress.message(level, text)

    def foreign(self, data: bytes) -> None:
        """Hand it on."""
        self._progress.foreign(data)

    def hold(self, *, is_held: bool) -> None:
        """Hand it on."""
        self._progress.hold(is_held=is_held)

    def finished(self, summary: Summary) -> None:
        """Hand it on."""
        self._progress.finished(summary)

    def broken_off(self, summary: Summary) -> None:
        """Hand it on."""
        self._progress.broken_off(summary)
