"""The directories that the members of an index have or need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.stream.layout import parents
from kubectl_restore.container.opened import LISTED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubectl_restore.archive.members.member import Member


def closes(mode: int) -> bool:
    """Tell whether a directory's mode keeps its own owner from listing it, or from looking in."""
    return mode & LISTED != LISTED


def directories_of(members: Iterable[Member]) -> dict[bytes, int]:
    """Return each directory that members have or need, with its member's number, or -1."""
    found: dict[bytes, int] = {}
    last = b""
    for number, member in enumerate(members):
        path = member.path
        parent = path.rpartition(b"/")[0]
        if parent != last:
            last = parent
            for one in parents(path):
                found.setdefault(one, -1)
        if path and member.kind is Kind.DIRECTORY:
            found[path] = number
    return found
