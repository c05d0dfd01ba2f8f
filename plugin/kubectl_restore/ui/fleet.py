"""What is seen of many targets: a line for each under way, one total, one table."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, cast

from kubectl_restore.errors import SignalledError
from kubectl_restore.progress import Carried, Comparison, Level, Phase, Status, Summary
from kubectl_restore.text import counted, shown_text
from kubectl_restore.ui.amounts import as_size
from kubectl_restore.ui.display import Display
from kubectl_restore.ui.json_fields import exit_error_fields, json_line
from kubectl_restore.ui.json_lines import JsonLines
from kubectl_restore.ui.messages import error_text, message_text
from kubectl_restore.ui.texts import comparison_text, diff_lines, finding_line, result, step_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kubectl_restore.errors import RestoreError
    from kubectl_restore.fleet.engine import Fleet
    from kubectl_restore.fleet.left_out import LeftOut
    from kubectl_restore.fleet.side_by_side import Result
    from kubectl_restore.progress import Finding, Header, Progress, Step, TextDiff
    from kubectl_restore.ui.environment import Environment

_ORDER: Final = tuple(Phase)
_OF_AN_ERROR: Final = (
    *("message", "cause", "reason", "fix"),
    *("files_acknowledged", "bytes_acknowledged"),
)
"""What the last line has of a target's `exit_error`."""


class FleetDisplay:
    """Says what happens to each target, and to all of them. May be told from several threads."""

    def __init__(
        self, display: Display, fleet: Fleet, *, is_json: bool, verbosity: int, again: str = ""
    ) -> None:
        """Start.

        Args:
            display: of the whole.
            fleet: what is done.
            is_json: every line is JSON, with its target.
            verbosity: 0, 1 or 2; below that errors, and what was left out.
            again: how to say the same again; safe to print.
        """
        self._is_dry = fleet.dry_run
        self._last = Phase.VERIFY if fleet.compares else Phase.SEND
        self._stage = Phase.CHECK
        self.whole = display
        self._is_json = is_json
        self._verbosity = verbosity
        self._lock = threading.RLock()
        self._known: dict[str, Status] = {}
        self._before = (0, 0)
        self._again = f"to go on: {again}"
        self.without: list[LeftOut] = []
        """What was left out."""
        self._arrived: dict[str, Summary] = {}

    def of(self, name: str, *, is_checked: bool) -> Progress:
        """Return who is told about one target.

        Args:
            name: the target's.
            is_checked: it is only planned: little is said of that.
        """
        environment, verbosity = self.whole.environment, self._verbosity
        self._stage = Phase.CHECK if is_checked else self._last
        is_silent = is_checked and not self._is_dry
        is_quiet = verbosity < 0
        one: Display
        if self._is_json:
            one = _JsonOfOne(
                environment,
                verbosity,
                target=name,
                is_silent=is_silent,
                is_quiet=is_quiet,
                arrived=self._arrived,
            )
        else:
            one = _TextOfOne(self, name, verbosity, is_checked=is_checked)
        return cast("Progress", _Guarded(one, self._lock))

    def tick(self) -> None:
        """Called while waiting, so that a display can move."""
        with self._lock:
            if not self._is_json:
                self.whole.tick()

    def take(self, name: str, status: Status) -> None:
        """Take one target's counts into the total."""
        last = self._known.get(name)
        if last is not None and last.phase is not status.phase and last.phase is Phase.SEND:
            self._before = (
                self._before[0] + last.done_bytes,
                self._before[1] + last.done_files,
            )
        self._known[name] = status
        if not self._is_json:
            self.whole.status(self._total())

    def forget(self, name: str) -> None:
        """One target has ended."""
        self._known.pop(name, None)

    def _total(self) -> Status:
        if self._stage is not Phase.SEND:
            return Status(self._stage)
        sending = {name: one for name, one in self._known.items() if one.phase is Phase.SEND}
        done = sum(one.done_bytes for one in sending.values())
        total = sum(one.total_bytes or 0 for one in sending.values())
        lanes = tuple(
            Carried(number, one.done_bytes, one.total_bytes or 0, one.current, name)
            for number, (name, one) in enumerate(sending.items(), 1)
        )
        return Status(
            Phase.SEND,
            done_bytes=self._before[0] + done,
            total_bytes=self._before[0] + total,
            done_files=self._before[1] + sum(one.done_files for one in sending.values()),
            lanes=lanes,
        )

    def left_out(self, found: Sequence[LeftOut]) -> None:
        """Say what has no counterpart, or does not run, also where little is said."""
        self.without += found
        for text in (f"left out: {one.reason}" for one in found):
            if self._verbosity < 0 and not self._is_json:
                coloured = self.whole.environment.coloured
                self.whole.say(message_text(Level.WARNING, text, coloured=coloured))
            else:
                self.whole.message(Level.WARNING, text)

    def checked(self, results: Sequence[Result]) -> None:
        """Say what is planned for each."""
        if not self._is_json and all(one.error is None for one in results):
            self.whole.close()
            self.whole.message(Level.INFO, _table(results).rstrip("\n"))

    def ended(self, results: Sequence[Result]) -> None:
        """Say what came of each, and of all."""
        display = self.whole
        display.close()
        errors = [(one.pair.name, one.error) for one in results if one.error is not None]
        is_ended = any(isinstance(error, SignalledError) for _, error in errors)
        if self._is_json:
            for _, error in errors:
                if isinstance(error, SignalledError):
                    error.fix = error.fix or self._again
            made = _fields(results, self.without, self._arrived, dry_run=self._is_dry)
            display.environment.result(json_line(made))
            return
        for name, error in errors:
            display.say(_about(name, error_text(error, coloured=display.environment.coloured)))
        text = self._sum(results)
        if errors or (self._verbosity < 0 and self.without):
            display.say(text)
        elif self._verbosity >= 0:
            display.environment.result(text)
        if is_ended:
            display.say(f"Fix: {self._again}\n")

    def _sum(self, results: Sequence[Result]) -> str:
        """Return the last line."""
        failed = [one for one in results if one.error is not None]
        idle = [one for one in results if not one.is_begun]
        done = len(results) - len(failed) - len(idle)
        total = len(results) + sum(one.targets for one in self.without)
        verb = "planned" if self._is_dry else "right" if _is_compared(results) else "restored"
        parts = [f"{done} of {counted(total, 'target')} {verb}"]
        if not self._is_dry and self._stage is Phase.CHECK:
            parts = ["nothing was changed"]
        if failed:
            codes = ", ".join(f"{one.pair.name} (exit {one.exit_code})" for one in failed)
            parts.append(f"failed: {codes}")
        if idle:
            parts.append(f"not begun: {', '.join(one.pair.name for one in idle)}")
        if self.without:
            parts.append(f"left out: {', '.join(one.name for one in self.without)}")
        return "; ".join(parts) + "\n"

    def result(self, text: str) -> None:
        """Say something on stdout."""
        self.whole.close()
        if self._verbosity >= 0:
            self.whole.environment.result(text)


class _Guarded:
    """Hands every call on, one at a time."""

    def __init__(self, progress: Display, lock: threading.RLock) -> None:
        self._progress = progress
        self._lock = lock

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self._progress, name)

        def guarded(*given: object, **named: object) -> object:
            with self._lock:
                return method(*given, **named)

        return guarded


class _TextOfOne(Display):
    """One target's words, with its name before them."""

    def __init__(self, fleet: FleetDisplay, name: str, verbosity: int, *, is_checked: bool) -> None:
        super().__init__(fleet.whole.environment, verbosity)
        self._fleet = fleet
        self._name = name
        self._is_checked = is_checked

    def header(self, header: Header) -> None:
        """Say it with -v alone: the table has it."""
        before, self._header = self._header, header
        self.warn_of_place(before, header)

    def status(self, status: Status) -> None:
        """Add it to the total; while plans are made nothing is sent."""
        self._fleet.take(self._name, status)

    def tick(self) -> None:
        """Draw when it is time."""
        self._fleet.whole.tick()

    def planned(self, steps: Iterable[Step]) -> None:
        """Say each step, if the user wants that much."""
        if self.wants(Level.DETAIL):
            for step in steps:
                self._fleet.result(_about(self._name, step_line(step)))

    def differs(self, finding: Finding) -> None:
        """Say it."""
        self._fleet.result(_about(self._name, finding_line(finding)))

    def contents(self, difference: TextDiff) -> None:
        """Say it."""
        coloured = self.environment.colours_result
        self._fleet.result(_about(self._name, "".join(diff_lines(difference, coloured=coloured))))

    def compared(self, comparison: Comparison) -> None:
        """Say the result."""
        self._fleet.forget(self._name)
        self._fleet.result(_about(self._name, comparison_text(comparison)))

    def message(self, level: Level, text: str) -> None:
        """Say it; while plans are made warnings alone."""
        if self.wants(level) and (level is Level.WARNING or not self._is_checked):
            self.say(message_text(level, text, coloured=self.environment.coloured))

    def retrying(self, left: float, count: str) -> None:
        """Draw when it is time: a message has said it."""
        del left, count
        self.tick()

    def foreign(self, data: bytes) -> None:
        """Pass on what a credential plugin says."""
        self._fleet.whole.foreign(data)

    def hold(self, *, is_held: bool) -> None:
        """Leave the terminal to a plugin."""
        self._fleet.whole.hold(is_held=is_held)

    def finished(self, summary: Summary) -> None:
        """Say the result; a plan is told in the table."""
        self._fleet.forget(self._name)
        if not self._is_checked:
            self._fleet.result(_about(self._name, result(summary)))

    def broken_off(self, summary: Summary) -> None:
        """Say what had arrived."""
        self._fleet.forget(self._name)
        if self.wants(Level.INFO):
            super().broken_off(summary)

    def say(self, text: str) -> None:
        """Write to stderr, above what is drawn."""
        self._fleet.whole.say(_about(self._name, text))

    def close(self) -> None:
        """Take away what is drawn."""
        self._fleet.whole.close()


class _JsonOfOne(JsonLines):
    """One target's lines, each with its name."""

    def __init__(
        self,
        environment: Environment,
        verbosity: int,
        *,
        target: str,
        is_silent: bool,
        is_quiet: bool,
        arrived: dict[str, Summary],
    ) -> None:
        super().__init__(environment, verbosity, statuses=not (is_silent or is_quiet))
        self._target = target
        self._is_silent = is_silent
        self._of_all = arrived

    def broken_off(self, summary: Summary) -> None:
        """Keep it: the last line says it."""
        self._of_all[self._target] = summary

    def _put(self, made: Mapping[str, Any]) -> None:
        if not self._is_silent or made.get("level") == Level.WARNING:
            super()._put({**made, "target": self._target})

    def _end_with(self, made: Mapping[str, Any]) -> None:
        if not self._is_silent:
            super()._end_with({**made, "target": self._target})


def _about(name: str, text: str) -> str:
    return "".join(f"{shown_text(name)}: {line}\n" for line in text.splitlines())


def _is_compared(results: Sequence[Result]) -> bool:
    return any(isinstance(one.done, Comparison) for one in results)


def _table(results: Sequence[Result]) -> str:
    """Return what is planned for each target."""
    rows: list[tuple[str, ...]] = [
        ("TARGET", "BACKUP", "RESTORES", "SIZE", "REPLACES", "DELETES", "RIGHT")
    ]
    for one in results:
        done = one.done
        assert isinstance(done, Summary)  # noqa: S101 - a plan's
        numbers = (done.replaced, done.deleted, done.same)
        rows.append(
            (
                shown_text(one.pair.name),
                shown_text(one.pair.backup),
                f"{done.files:,}",
                as_size(done.bytes),
                *(f"{number:,}" for number in numbers),
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        + "\n"
        for row in rows
    )


def _fields(
    results: Sequence[Result],
    left_out: Sequence[LeftOut],
    arrived: Mapping[str, Summary],
    *,
    dry_run: bool,
) -> dict[str, Any]:
    return {
        "message_type": "fleet",
        "dry_run": dry_run,
        "exit_code": max((one.exit_code for one in results), default=0),
        "targets": [_fields_of(one, arrived.get(one.pair.name)) for one in results],
        "left_out": [one.as_json() for one in left_out],
    }


def _fields_of(one: Result, arrived: Summary | None) -> dict[str, Any]:
    done, error = one.done, one.error
    made: dict[str, Any] = {
        "target": one.pair.name,
        "backup": shown_text(one.pair.backup),
        "exit_code": one.exit_code if one.is_begun else None,
    }
    if isinstance(done, Summary):
        made |= {"files": done.files, "bytes": done.bytes}
    if error is not None:
        fields = exit_error_fields(error, arrived)
        made |= {name: fields[name] for name in _OF_AN_ERROR if name in fields}
    return made


def error_of(results: Sequence[Result]) -> RestoreError | None:
    """Return the worst of the errors; None without one."""
    errors = [one.error for one in results if one.error is not None]
    return max(errors, key=lambda one: int(one.exit_code), default=None)
