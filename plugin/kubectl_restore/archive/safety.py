"""What is refused before the pod is touched, with the reason.

The rules are stricter than tars are, where tars differ (tried with GNU 1.34, busybox 1.35, bsdtar
3.6.2, toybox 0.8.9); a tar of a real tree breaks none of them.

Below a symbolic link of the archive's own nothing may stand: GNU delays the link, busybox too, but
only some of them, bsdtar replaces it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.member import Kind, normal_path

if TYPE_CHECKING:
    from kubectl_restore.archive.member import Index, Member

_LONGEST_PATH: Final = 4095
"""Bytes (PATH_MAX less the final NUL; Linux limits.h)."""
_LONGEST_COMPONENT: Final = 255
"""Bytes (NAME_MAX)."""
_MOST_LINKS: Final = 40
"""Symbolic links that Linux follows in one path (path_resolution(7))."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A member that is not restored, and why."""

    member: Member
    reason: str


def refusals(index: Index) -> list[Refusal]:
    """Return every member that is not safe to restore; empty for ordinary backups."""
    links = {one.path: one.link for one in index.members if one.kind is Kind.SYMLINK}
    last = {one.path: one for one in index.members}
    blocked = _blocked(last, links)
    known: dict[bytes, Member] = {}
    found: list[Refusal] = []
    for member in index.members:
        reason = (
            _name_reason(member)
            or _kind_reason(member)
            or blocked.get(member.path, "")
            or (_hard_link_reason(member, known) if member.kind is Kind.HARDLINK else "")
        )
        if reason:
            found.append(Refusal(member, reason))
        else:
            known[member.path] = member
    return found


def _name_reason(member: Member) -> str:
    if not member.name or b"\x00" in member.name:
        return "it has no name, or a NUL in it"
    if b".." in member.name:
        parts = member.name.split(b"/")
        if b".." in parts:
            return "its name leads out of the target with .."
    if not member.path and member.kind is not Kind.DIRECTORY:
        return "it would replace the target itself"
    if len(member.path) > _LONGEST_PATH:
        return f"its path is longer than {_LONGEST_PATH} bytes"
    if len(member.path) > _LONGEST_COMPONENT and any(
        len(part) > _LONGEST_COMPONENT for part in member.path.split(b"/")
    ):
        return f"a part of its path is longer than {_LONGEST_COMPONENT} bytes"
    return ""


def _kind_reason(member: Member) -> str:
    match member.kind:
        case Kind.CHARACTER_DEVICE | Kind.BLOCK_DEVICE | Kind.FIFO:
            return f"it is a {member.kind}"
        case Kind.OTHER:
            return "it is of a type that is not known"
        case Kind.SYMLINK if not member.link:
            return "it is a link to nothing"
        case Kind.SYMLINK if len(member.link) > _LONGEST_PATH:
            return f"it is a link to more than {_LONGEST_PATH} bytes"
        case _:
            return ""


def _blocked(last: dict[bytes, Member], links: dict[bytes, bytes]) -> dict[bytes, str]:
    """Return the paths that stand below something that is no directory, with the reason.

    Sorted by components, everything below a path follows it at once, so one look at the outermost
    path that blocks is enough for each: n log n, however deep the paths are.
    """
    found: dict[bytes, str] = {}
    below, reason = b"", ""
    for path in sorted(last, key=_by_components):
        if below and path.startswith(below):
            found[path] = reason
        elif path in links:
            where = "leads outside" if _leads_outside(path, links) else "stays inside"
            below = path + b"/"
            reason = f"it stands behind a symbolic link of the backup's own, which {where}"
        elif path and last[path].kind is not Kind.DIRECTORY:
            below = path + b"/"
            reason = "the backup has something else where its directory has to be"
    return found


def _by_components(path: bytes) -> bytes:
    return path.replace(b"/", b"\x00")


def _leads_outside(path: bytes, links: dict[bytes, bytes]) -> bool:
    """Follow a link through the archive's own links; one that goes in a circle leads nowhere."""
    at: list[bytes] = []
    ahead = path.split(b"/")[::-1]
    followed = 0
    while ahead:
        part = ahead.pop()
        if part in {b"", b"."}:
            continue
        if part == b"..":
            if not at:
                return True
            at.pop()
            continue
        link = links.get(b"/".join([*at, part]))
        if link is None:
            at.append(part)
            continue
        followed += 1
        if link.startswith(b"/") or followed > _MOST_LINKS:
            return link.startswith(b"/")
        ahead.extend(link.split(b"/")[::-1])
    return False


def _hard_link_reason(member: Member, known: dict[bytes, Member]) -> str:
    if b".." in member.link.split(b"/"):
        return "it is a hard link out of the target"
    target = normal_path(member.link)
    if target == member.path:
        return "it is a hard link to itself"
    before = known.get(target)
    if before is None:
        return "it is a hard link to something that is not before it in the backup"
    if before.kind is Kind.DIRECTORY:
        return "it is a hard link to a directory"
    return ""
