"""How the user wants to see it: from flags to types."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kubectl_restore.cli.argv import check_built
from kubectl_restore.cli.durations import parse_duration
from kubectl_restore.cli.values import choice, given
from kubectl_restore.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

    from kubectl_restore.cli.argv import Parsed

_DEFAULT_TIMEOUT: Final = "10m"
PROGRESS: Final = ("auto", "live", "plain", "none", "json")
_BESIDE_JSON: Final = ("auto", "none", "json")
"""Kinds of progress that leave stderr silent, as `-o json` has it."""
LOG_LEVELS: Final = ("debug", "info", "warn", "error", "fatal")
OUTPUTS: Final = ("text", "json")
LOG_FORMATS: Final = ("text", "json")


@dataclass(frozen=True, slots=True)
class Manner:
    """How the user wants to see the restore.

    Attributes:
        progress: auto, live, plain, none or json.
        output: text or json.
        quiet: errors only.
        verbosity: 0, 1 for details, 2 for everything.
        timeout: seconds for everything, None for no limit.
        older: the older spelling, with its lines.
        log_file: where its lines go too.
    """

    progress: str = "auto"
    output: str = "text"
    quiet: bool = False
    verbosity: int = 0
    timeout: float | None = None
    older: bool = False
    log_file: Path | None = None


def read_manner(parsed: Parsed, *, older: bool, also: Collection[str] = ()) -> Manner:
    """Return how the restore is to be shown; flags of `also` are built for this command only.

    Raises:
        UsageError: a value is none of those that a flag takes.
    """
    check_built(parsed, older=older, also=also)
    log_file = parsed.value("log-file")
    choice(parsed, "log-format", LOG_FORMATS)
    debug = parsed.is_set("debug") or choice(parsed, "log-level", LOG_LEVELS) == "debug"
    output = read_output(parsed, hint="; to replace what exists: --force (-f)")
    progress = choice(parsed, "progress", PROGRESS) or "auto"
    if output == "json" and progress not in _BESIDE_JSON:
        raise UsageError(
            f"--progress {progress} and -o json contradict each other",
            reason="with -o json everything is JSON lines on stdout, how far it is among them",
            fix="leave --progress out; without status lines: --progress none",
        )
    return Manner(
        progress=progress,
        output=output,
        quiet=parsed.is_set("quiet"),
        verbosity=2 if debug else min(2, parsed.count("verbose")),
        timeout=parse_duration(given(parsed, "timeout", _DEFAULT_TIMEOUT), "--timeout"),
        older=older,
        log_file=Path(log_file) if log_file else None,
    )


def read_output(parsed: Parsed, *, hint: str = "") -> str:
    """Return `text` or `json`.

    Args:
        parsed: the command line.
        hint: what may have been meant, added to the fix.

    Raises:
        UsageError: it is neither.
    """
    output = parsed.value("output")
    if output is not None and output not in OUTPUTS:
        raise UsageError(
            f"--output: {output!r} is not possible",
            reason=f"it is one of: {', '.join(OUTPUTS)}",
            fix=f"--output json{hint}",
        )
    return output or "text"
