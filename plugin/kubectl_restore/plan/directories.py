"""The directories that the members of an index have or need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.archive.heartbeat import no_beat
from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.stream.layout import parents
from kubectl_restore.container.opened import LISTED

if TYPE_CHECKING:
    from kubectl_restore.archive.heartbeat import Beat
    from kubectl_restore.archive.members.members import Members


def closes(mode: int) -> bool:
    """Tell whether a directory's mode keeps its own owner from listing it, or from looking in."""
    return mode & LISTED != LISTED


def directories_of(members: Members, beat: Beat = no_beat) -> dict[bytes, int]:
    """Return each directory that members have or need, with its member's number, or -1."""
    found: dict[bytes, int] = {}
    for *_, parent in members.runs(beat):
        if parent and parent not in found:
            for one in parents(parent + b"/"):
                found.setdefault(one, -1)
    numbers = members.of_kind(Kind.DIRECTORY)
    found.update(zip(members.paths_of(numbers), numbers, strict=True))
    # The target itself.
    found.pop(b"", None)
    return found
