"""Numbers and lists as messages say them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

LISTED: Final = 10
"""How many names a message lists."""


def counted(number: int, one: str, many: str = "") -> str:
    """Return `1 file`, `2 files`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(lines: Sequence[str]) -> str:
    """Return the first lines, and how many more there are."""
    some = list(lines[:LISTED])
    if len(lines) > LISTED:
        some.append(f"and {len(lines) - LISTED:,} more")
    return "\n".join(some)
