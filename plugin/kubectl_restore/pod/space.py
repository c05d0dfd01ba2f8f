"""How much room is left at the target: the reading of `df -P`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_FIGURES: Final = re.compile(rb"\s(\d+)\s+(\d+)\s+(-?\d+)\s+(?:\d+%|-)\s+/[^\n]*\s*$")
"""Total, used and available, before the last line's share and mount point (POSIX df -P)."""


def read_space(records: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the figures as a sentence; empty where the container cannot tell."""
    answers = dict(records)
    parts = []
    for word, what in ((b"space", "KiB"), (b"inodes", "inodes")):
        found = _FIGURES.search(answers.get(word, b""))
        if found is not None:
            parts.append(f"{int(found[3]):,} of {int(found[1]):,} {what} are free")
    return ", ".join(parts)
