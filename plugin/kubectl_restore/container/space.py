"""How much room is left at the target: the reading of `df -P`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_FIGURES: Final = re.compile(rb"\s(\d+)\s+(\d+)\s+(-?\d+)\s+(?:\d+%|-)\s+/[^\n]*\s*$")
"""Total, used and available, before the last line's share and mount point (POSIX df -P)."""


@dataclass(frozen=True, slots=True)
class Space:
    """What is left, as far as the container can tell.

    Attributes:
        free: KiB that we may use, and all there are.
        inodes: files that can still be made, and all that there can be.
    """

    free: tuple[int, int] | None = None
    inodes: tuple[int, int] | None = None
    reserved: int = 0
    """KiB beyond these that only root may use."""

    def __str__(self) -> str:
        """Return the figures as a sentence; empty where the container cannot tell."""
        return ", ".join(
            f"{left:,} of {all_:,} {what} are free"
            for found, what in ((self.free, "KiB"), (self.inodes, "inodes"))
            if found is not None
            for left, all_ in (found,)
        )


def read_space(records: Iterable[tuple[bytes, bytes]]) -> Space:
    """Read what the agent's `space` says."""
    answers = dict(records)
    figures = [_FIGURES.search(answers.get(word, b"")) for word in (b"space", b"inodes")]
    # A total of 0 (network and FUSE file systems) means that nothing is known.
    space, inodes = (
        None if found is None or not int(found[1]) else (int(found[3]), int(found[1]))
        for found in figures
    )
    first = figures[0]
    reserved = 0 if first is None else int(first[1]) - int(first[2]) - int(first[3])
    return Space(space, inodes, max(0, reserved))
