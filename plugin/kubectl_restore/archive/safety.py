"""What is refused before the pod is touched, with the reason.

The rule for links is stricter than tars are: nothing may stand below a symbolic link of the
archive's own. A tar of a real tree never holds such a member, and tars differ in what they do with
one (GNU delays the link, busybox follows it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.index import Kind, normal_path

if TYPE_CHECKING:
    from kubectl_restore.archive.index import Index, Member

_LONGEST_PATH: Final = 4095
"""Bytes (PATH_MAX less the final NUL; Linux limits.h)."""
_LONGEST_COMPONENT: Final = 255
"""Bytes (NAME_MAX)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A member that is not restored, and why."""

    member: Member
    reason: str


def refusals(index: Index) -> list[Refusal]:
    """Return every member that is not safe to restore; empty for ordinary backups."""
    links = {member.path: member.link for member in index.members if member.kind is Kind.SYMLINK}
    last = {member.path: member for member in index.members}
    solid = {path for path, member in last.items() if path and member.kind is not Kind.DIRECTORY}
    known: dict[bytes, Kind] = {}
    found: list[Refusal] = []
    for member in index.members:
        reason = (
            _name_reason(member)
            or _kind_reason(member)
            or _parent_reason(member.path, links, solid)
            or (_hard_link_reason(member, known, links) if member.kind is Kind.HARDLINK else "")
        )
        if reason:
            found.append(Refusal(member, reason))
        else:
            known[member.path] = member.kind
    return found


def _name_reason(member: Member) -> str:
    parts = member.name.split(b"/")
    if b".." in parts:
        return "its name leads out of the target with .."
    if not member.name or b"\x00" in member.name:
        return "it has no name, or a NUL in it"
    if not member.path and member.kind is not Kind.DIRECTORY:
        return "it would replace the target itself"
    if len(member.path) > _LONGEST_PATH:
        return f"its path is longer than {_LONGEST_PATH} bytes"
    if any(len(part) > _LONGEST_COMPONENT for part in parts):
        return f"a part of its path is longer than {_LONGEST_COMPONENT} bytes"
    return ""


def _kind_reason(member: Member) -> str:
    match member.kind:
        case Kind.CHARACTER_DEVICE | Kind.BLOCK_DEVICE | Kind.FIFO:
            return f"it is a {member.kind.value}"
        case Kind.OTHER:
            return "it is of a type that is not known"
        case Kind.SYMLINK if not member.link:
            return "it is a link to nothing"
        case _:
            return ""


def _parent_reason(path: bytes, links: dict[bytes, bytes], solid: set[bytes]) -> str:
    at = path.find(b"/")
    while at >= 0:
        parent = path[:at]
        if parent in links:
            where = "leads outside" if _leads_outside(parent, links[parent]) else "stays inside"
            return f"it stands behind a symbolic link of the backup's own, which {where}"
        if parent in solid:
            return "the backup has something else where its directory has to be"
        at = path.find(b"/", at + 1)
    return ""


def _leads_outside(path: bytes, link: bytes) -> bool:
    if link.startswith(b"/"):
        return True
    depth = path.count(b"/")
    for part in link.split(b"/"):
        if part == b"..":
            depth -= 1
            if depth < 0:
                return True
        elif part not in {b"", b"."}:
            depth += 1
    return False


def _hard_link_reason(member: Member, known: dict[bytes, Kind], links: dict[bytes, bytes]) -> str:
    if b".." in member.link.split(b"/"):
        return "it is a hard link out of the target"
    target = normal_path(member.link)
    kind = known.get(target)
    if kind is None or target == member.path:
        return "it is a hard link to something that is not before it in the backup"
    if kind is Kind.DIRECTORY:
        return "it is a hard link to a directory"
    return _parent_reason(target, links, set())
