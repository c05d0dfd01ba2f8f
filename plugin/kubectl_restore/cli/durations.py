"""Durations on the command line: `90s`, `10m`, `1h30m`, `0`, or plain seconds."""

from __future__ import annotations

import re
from typing import Final

from kubectl_restore.errors import UsageError

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST: Final = 100 * 365 * 24 * 3600.0
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")


def parse_duration(text: str, flag: str) -> float | None:
    """Return seconds, or None for `0`: no limit.

    Raises:
        UsageError: the text is no duration.
    """
    parts = _PART.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    elif text.isascii() and text.isdigit():
        seconds = float(text)
    else:
        raise UsageError(
            f"{flag}: {text!r} is no duration",
            reason="a duration is like 90s, 10m, 1h30m, or 0 for no limit",
            fix=f"{flag} 10m",
        )
    if seconds > _LONGEST:
        raise UsageError(
            f"{flag}: {text!r} is too long",
            reason="more than 100 years",
            fix=f"{flag} 0 for no limit",
        )
    return seconds or None
