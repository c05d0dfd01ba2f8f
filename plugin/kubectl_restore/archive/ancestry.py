"""Which members stand below others, found without a table of all paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.archive.member import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from kubectl_restore.archive.members import Members


def parent_of(path: bytes) -> bytes:
    """Return the directory above; empty for what stands in the target itself."""
    return path[: max(0, path.rfind(b"/"))]


def obstructing(members: Members) -> set[bytes]:
    """Return the paths that are no directories although members stand below them."""
    standing = members.standing()
    suspects = {parent for parent in _parents(members) if parent in standing}
    if not suspects:
        return suspects
    return {
        path
        for number, path in enumerate(members.paths())
        if path in suspects and members.kind(number) is not Kind.DIRECTORY
    }


def below(members: Members, paths: AbstractSet[bytes]) -> Iterator[tuple[int, bytes]]:
    """Return each member that stands below one of some paths, and which: the outermost."""
    known: bytes | None = None
    last = b""
    for number, path in enumerate(members.paths()):
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


def _parents(members: Members) -> Iterator[bytes]:
    """Return the directories above each member but those above the one before it."""
    last = b""
    for path in members.paths():
        parent = parent_of(path)
        if parent == last:
            continue
        before, last = last + b"/", parent
        while parent and not before.startswith(parent + b"/"):
            yield parent
            parent = parent_of(parent)
