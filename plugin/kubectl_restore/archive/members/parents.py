"""Which members stand below others, found without a table of all paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.archive.heartbeat import no_beat, with_beat
from kubectl_restore.archive.members.member import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from kubectl_restore.archive.heartbeat import Beat
    from kubectl_restore.archive.members.members import Members


def parent_of(path: bytes) -> bytes:
    """Return the directory above; empty for what stands in the target itself."""
    return path[: max(0, path.rfind(b"/"))]


def obstructing(members: Members, beat: Beat = no_beat) -> set[bytes]:
    """Return the paths that are no directories although members stand below them."""
    standing = members.standing()
    directories = (parent for *_, parent in members.runs(beat))
    suspects = {one for one in _parents(directories) if one in standing}
    if not suspects:
        return suspects
    return {
        path
        for number, path in members.among(suspects)
        if members.kind(number) is not Kind.DIRECTORY
    }


def below(
    members: Members, paths: AbstractSet[bytes], beat: Beat = no_beat
) -> Iterator[tuple[int, bytes]]:
    """Return each member that stands below one of some paths, and which: the outermost."""
    known: bytes | None = None
    last = b""
    for number, path in enumerate(with_beat(members.paths(), beat)):
        parent = parent_of(path)
        if parent != last:
            last = parent
            known = next((one for one in _from_the_top(parent) if one in paths), None)
        if known is not None:
            yield number, known


def _from_the_top(path: bytes) -> Iterator[bytes]:
    at = path.find(b"/")
    while at >= 0:
        yield path[:at]
        at = path.find(b"/", at + 1)
    if path:
        yield path


def _parents(directories: Iterable[bytes]) -> Iterator[bytes]:
    """Return the directories and those above them, but for those above the one before."""
    last = b"/"
    for directory in directories:
        parent, before, last = directory, last, directory + b"/"
        while parent and not before.startswith(parent + b"/"):
            yield parent
            parent = parent_of(parent)
