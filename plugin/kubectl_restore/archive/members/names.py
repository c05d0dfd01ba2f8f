"""The paths of many members at once, and which of them stand beside each other."""

from __future__ import annotations

from array import array
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.heartbeat import with_beat
from kubectl_restore.archive.members.member import normal_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_restore.archive.heartbeat import Beat
    from kubectl_restore.archive.members.columns import Columns

TOGETHER: Final = 8192
"""Names that are looked at in one go: a few hundred KiB."""
_ODD: Final = (b"//", b"/./", b"/.\x00", b"\x00./", b"\x00.\x00", b"\x00/", b"\x00\x00")
"""What is in no path, between NULs; `./` before and `/` behind a name are taken off first."""


def paths_between(columns: Columns, first: int, end: int) -> list[bytes]:
    """Return the paths of some members that follow each other: those of `normal_path`."""
    if first >= end:
        return []
    start = columns.name_ends[first - 1] if first else 0
    ends = columns.name_ends[first:end]
    names = bytes(columns.names[start : ends[-1]])
    each = [names[at - start : to - start] for at, to in pairwise(chain((start,), ends))]
    text = b"\x00%s\x00" % b"\x00".join(each)
    text = text.replace(b"\x00./", b"\x00").replace(b"/\x00", b"\x00")
    # The second of two slashes at an end is gone by now: the recorded names tell.
    if b"//" not in names and not any(odd in text for odd in _ODD):
        paths = text[1:-1].split(b"\x00")
        if len(paths) == len(each):
            return paths
    return list(map(normal_path, each))


def all_paths(columns: Columns) -> Iterator[bytes]:
    """Return each member's path, in order."""
    for first in range(0, len(columns.kinds), TOGETHER):
        yield from paths_between(columns, first, min(first + TOGETHER, len(columns.kinds)))


def starts_of_runs(columns: Columns, beat: Beat) -> array[int]:
    """Return the numbers of members that stand in another directory than the one before them."""
    starts = array("I")
    beside = b"/"
    length = len(beside)
    for number, path in enumerate(with_beat(all_paths(columns), beat)):
        if path.find(b"/", length) < 0 and path.startswith(beside):
            continue
        starts.append(number)
        length = path.rfind(b"/") + 1
        beside = path[:length]
    return starts
