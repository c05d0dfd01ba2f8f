"""The lines of the older tool, for the scripts that read them (docs/older-spelling.md)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from kubectl_restore.progress import Phase
from kubectl_restore.text import shown_whole
from kubectl_restore.ui.display import Display
from kubectl_restore.ui.texts import result

if TYPE_CHECKING:
    from kubectl_restore.progress import Status, Summary
    from kubectl_restore.ui.environment import Environment

_EVERY: Final = 3.0
"""Seconds between two progress lines (the older tool's own interval in pipes)."""
_EVERY_IN_CI: Final = 10.0


class Older(Display):
    """`PROGRESS:` lines, in CI systems `[PROGRESS]` lines; nothing on stdout, no colours."""

    def __init__(self, environment: Environment, verbosity: int) -> None:
        """Start."""
        super().__init__(environment, verbosity)
        self._sending = False
        self._said_at = 0.0
        self._started_at = 0.0
        self._total = 0
        self._last_name: bytes | None = None
        self._whole = False

    def warn_of_system_directory(self, path: str) -> None:
        """Use the older tool's words."""
        self.say(f"Warning: Restoring to system directory: {path}\n")

    def status(self, status: Status) -> None:
        """Say the bytes that the pod has acknowledged."""
        self.tracker.update(status)
        if status.phase is not Phase.SEND:
            return
        now = self.environment.clock()
        if not self._sending:
            self._sending = True
            self._started_at = self._said_at = now
            self._total = status.total_bytes or 0
            self._start(self._total)
        if self._verbosity and status.current is not None and status.current != self._last_name:
            self.say(f"[VERBOSE] Restoring: {shown_whole(status.current)}\n")
        self._last_name = status.current
        every = _EVERY_IN_CI if self.environment.is_ci else _EVERY
        whole = status.done_bytes == status.total_bytes
        if now - self._said_at >= every or (whole and not self._whole):
            self._said_at, self._whole = now, whole
            self._progress(status.done_bytes, status.total_bytes or 0, now - self._started_at)

    def finished(self, summary: Summary) -> None:
        """Say that it is done: the line that scripts wait for."""
        if summary.dry_run:
            self.say(f"Dry run - would execute restore to {summary.path}\n{result(summary)}")
            return
        for note in (*summary.warnings, *summary.notes):
            self.say(f"Note: {note}\n")
        elapsed = f"{summary.seconds:.3f}s"
        if self.environment.is_ci:
            self.say(
                f"[PROGRESS] operation=Restore status=completed elapsed={elapsed} "
                f"total={self._total} timestamp={_timestamp()}\n"
            )
        else:
            self.say(f"COMPLETE: Restore finished in {elapsed}\n")
        self.say(
            f"Restore completed successfully restored_path={summary.path} "
            f"file_count={summary.regular_files} bytes_written={older_size(summary.bytes)} "
            f"duration={round(summary.seconds)}s\n"
        )

    def _start(self, total: int) -> None:
        if self.environment.is_ci:
            self.say(
                f"[PROGRESS] operation=Restore status=started total={total} "
                f"timestamp={_timestamp()}\n"
            )
        else:
            self.say(f"PROGRESS: Restore started (total: {total} bytes)\n")

    def _progress(self, done: int, total: int, seconds: float) -> None:
        percent = 100 * done / total if total else 0.0
        if self.environment.is_ci:
            rate = done / seconds if seconds > 0 else 0.0
            self.say(
                f"[PROGRESS] operation=Restore current={done} total={total} "
                f"percent={percent:.1f} rate={rate:.0f} elapsed={seconds:.3f}s "
                f"timestamp={_timestamp()}\n"
            )
        else:
            self.say(f"PROGRESS: Restore - {done}/{total} bytes ({percent:.1f}%)\n")


def older_size(number: int) -> str:
    """Return bytes as the older tool did: `300.0 KB`, powers of 1024."""
    if number < 1024:
        return f"{number} B"
    value, unit = number / 1024, "KB"
    for larger in ("MB", "GB", "TB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.1f} {unit}"


def _timestamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
