"""How much of a backup stands below each of its directories."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kubectl_restore.archive.heartbeat import no_beat, with_beat
from kubectl_restore.archive.members.member import Kind

if TYPE_CHECKING:
    from kubectl_restore.archive.heartbeat import Beat
    from kubectl_restore.archive.members.members import Members


class Directory(NamedTuple):
    """What stands below one directory, at any depth.

    Attributes:
        path: of it, raw.
        size: bytes of the files' contents.
        files: regular ones.
    """

    path: bytes
    size: int
    files: int


def directories_in(members: Members, depth: int, beat: Beat = no_beat) -> list[Directory]:
    """Return the directories that have files below them, down to a depth, the biggest first.

    Args:
        members: the backup's, by their paths.
        depth: components of a path; 1 for the first directories alone.
        beat: called now and then; what it raises ends the work.
    """
    found: dict[bytes, list[int]] = {}
    sizes = members.columns.sizes
    for number in with_beat(members.of_kind(Kind.FILE), beat):
        *above, _ = members.path(number).split(b"/", depth)
        for count in range(1, len(above) + 1):
            totals = found.setdefault(b"/".join(above[:count]), [0, 0])
            totals[0] += sizes[number]
            totals[1] += 1
    made = [Directory(path, size, files) for path, (size, files) in found.items()]
    return sorted(made, key=lambda one: (-one.size, one.path))
