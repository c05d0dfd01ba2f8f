"""Bytes, rates and times as people read them."""

from __future__ import annotations

from typing import Final

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP: Final = 1024.0


def as_size(number: float) -> str:
    """Return bytes as `999 B`, `1.5 KiB`, `12 MiB`: three digits at most before the unit."""
    value = float(number)
    for unit in _UNITS:
        if value < 999.5 or unit == _UNITS[-1]:
            break
        value /= _STEP
    if unit == "B":
        return f"{value:.0f} B"
    return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"


def as_rate(per_second: float) -> str:
    """Return bytes a second."""
    return f"{as_size(per_second)}/s"


def as_time(seconds: float) -> str:
    """Return seconds as `0.4s`, `12s`, `3m05s`, `2h03m`."""
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m"
