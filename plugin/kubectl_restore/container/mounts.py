"""Mount points at and below the target: the reading of the agent's answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_ESCAPE: Final = re.compile(rb"\\([0-7]{3})")
"""Blanks, tabs, newlines and backslashes in mountinfo (proc_pid_mountinfo(5))."""
_WHERE: Final = 4
"""The field of a line of mountinfo that has the mount point."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A mount point.

    Attributes:
        path: below the target; empty for the volume that the target stands on.
        kind: of its file system.
    """

    path: bytes
    kind: str


def read_mounts(records: Iterable[tuple[bytes, bytes]]) -> list[Mount]:
    """Return the target's volume, and the mount points below it, sorted by their paths.

    Args:
        records: `here PATH` (the target) and `mount LINE`, a line of mountinfo.
    """
    here = b""
    lines = []
    for word, rest in records:
        if word == b"here":
            here = rest.rstrip(b"/") + b"/"
        elif word == b"mount":
            lines.append(rest)
    found: dict[bytes, Mount] = {}
    above = b""
    for line in lines:
        before, _, behind = line.partition(b" - ")
        fields = before.split(b" ")
        if not here or len(fields) <= _WHERE or not behind:
            continue
        where = _ESCAPE.sub(lambda one: bytes([int(one[1], 8) & 0xFF]), fields[_WHERE])
        where = where.rstrip(b"/") + b"/"
        kind = behind.split(b" ")[0].decode("ascii", "replace")
        if here.startswith(where):
            # The longest one that leads to the target, and of those the one mounted last.
            if len(where) >= len(above):
                above = where
                found[b""] = Mount(b"", kind)
        elif where.startswith(here):
            path = where[len(here) : -1]
            found[path] = Mount(path, kind)
    return [found[path] for path in sorted(found)]
