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


def listed(lines: Sequence[str], further: int = 0) -> str:
    """Return the first lines, and how many more there are, `further` of them not given here."""
    some = list(lines[:LISTED])
    more = len(lines) - len(some) + further
    if more:
        some.append(f"and {more:,} more")
    return "\n".join(some)


def leave_them_out(*, deletes: bool) -> str:
    """Return how to leave members out of a restore; --delete would delete what is left out."""
    return "leave them out: --exclude NAME" + (" without --delete" if deletes else "")
