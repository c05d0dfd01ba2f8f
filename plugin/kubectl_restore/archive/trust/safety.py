"""What is refused before the pod is touched, with the reason.

The rules are stricter than tars are, where tars differ (tried with GNU 1.34, busybox 1.35, bsdtar
3.6.2, toybox 0.8.9); a tar of a real tree breaks none of them.

Below a symbolic link of the archive's own nothing may stand: GNU delays the link, busybox too, but
only some of them, bsdtar replaces it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.heartbeat import no_beat, with_beat
from kubectl_restore.archive.members.member import Kind, normal_path
from kubectl_restore.archive.members.parents import below, obstructing
from kubectl_restore.errors import BackupError
from kubectl_restore.text import counted, listed, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kubectl_restore.archive.heartbeat import Beat
    from kubectl_restore.archive.index.index import Index
    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.members.members import Members

_LONGEST_PATH: Final = 4095
"""Bytes (PATH_MAX less the final NUL; Linux limits.h)."""
_LONGEST_COMPONENT: Final = 255
"""Bytes (NAME_MAX)."""
_MOST_LINKS: Final = 40
"""Symbolic links that Linux follows in one path (path_resolution(7))."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A member that is not restored, and why.

    Attributes:
        number: its place in the index.
        member: what it is.
        reason: a sentence about it.
    """

    number: int
    member: Member
    reason: str


def refusals(
    index: Index, *, devices: bool = False, is_part: bool = False, beat: Beat = no_beat
) -> list[Refusal]:
    """Return every member that is not safe to restore; empty for ordinary backups.

    Looks at each member only where the columns as a whole show that there may be something.

    Args:
        index: the members; each path once.
        devices: the user wants devices and FIFOs.
        is_part: others came before them; what a hard link to one of those is, is not judged here.
        beat: see `with_beat`.
    """
    members = index.members
    found: dict[int, str] = {}
    for number in with_beat(_odd_names(members), beat):
        _note(found, number, _name_reason(members[number]))
    for number in with_beat(members.of_kind(*_QUESTIONABLE), beat):
        _note(found, number, _kind_reason(members[number], devices=devices))
    blockers = obstructing(members, beat)
    if blockers:
        links = {members.path(one): members[one].link for one in members.of_kind(Kind.SYMLINK)}
        for number, blocker in below(members, blockers, beat):
            _note(found, number, _blocked_reason(blocker, links))
    _judge_hard_links(members, found, beat, is_part=is_part)
    return [Refusal(number, members[number], found[number]) for number in sorted(found)]


def unsafe(
    refused: Sequence[Refusal], again: Callable[[str], str], so_far: str = ""
) -> BackupError:
    """Return the error for a backup of which members are refused.

    Args:
        refused: the members.
        again: returns the command that was run, with one flag more.
        so_far: what became of the pod, or of what was to be written, until now.
    """
    fixes = [f"to leave them out: {again('--skip-unsafe')}"]
    if any(one.member.kind in _DEVICES for one in refused):
        fixes.append(f"to restore devices and FIFOs: {again('--devices')}")
    what = f"the backup is not safe to restore: {counted(len(refused), 'member')} refused"
    return BackupError(
        f"{what}; {so_far}" if so_far else what,
        reason=listed([f"{shown(one.member.name)}: {one.reason}" for one in refused]),
        fix="\n".join(fixes),
    )


def _note(found: dict[int, str], number: int, reason: str) -> None:
    if reason:
        found.setdefault(number, reason)


_DEVICES: Final = (Kind.CHARACTER_DEVICE, Kind.BLOCK_DEVICE, Kind.FIFO)
"""Restored with `devices` alone."""
_QUESTIONABLE: Final = (*_DEVICES, Kind.OTHER, Kind.SYMLINK)


def _odd_names(members: Members) -> range | list[int]:
    """Return the members whose names have to be looked at."""
    shortest, longest = members.lengths_of_names()
    if not shortest or longest > _LONGEST_COMPONENT or members.in_names(b"..", b"\x00"):
        return range(len(members))
    return members.at(b"")


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


def _kind_reason(member: Member, *, devices: bool) -> str:
    match member.kind:
        case Kind.CHARACTER_DEVICE | Kind.BLOCK_DEVICE if member.device < 0:
            return f"it is a {member.kind} whose numbers are none"
        case Kind.CHARACTER_DEVICE | Kind.BLOCK_DEVICE | Kind.FIFO if not devices:
            return f"it is a {member.kind}"
        case Kind.OTHER:
            return "it is of a type that is not known"
        case Kind.SYMLINK if not member.link:
            return "it is a link to nothing"
        case Kind.SYMLINK if len(member.link) > _LONGEST_PATH:
            return f"it is a link to more than {_LONGEST_PATH} bytes"
        case _:
            return ""


def _blocked_reason(blocker: bytes, links: Mapping[bytes, bytes]) -> str:
    if blocker in links:
        where = "leads outside" if _leads_outside(blocker, links) else "stays inside"
        return f"it stands behind a symbolic link of the backup's own, which {where}"
    return "the backup has something else where its directory has to be"


def _leads_outside(path: bytes, links: Mapping[bytes, bytes]) -> bool:
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


def _judge_hard_links(
    members: Members, found: dict[int, str], beat: Beat, *, is_part: bool
) -> None:
    """Refuse those that lead to what is not there before them, or is refused itself."""
    links = members.of_kind(Kind.HARDLINK)
    targets = {normal_path(members[number].link) for number in links}
    places = {path: number for number, path in members.among(targets)} if targets else {}
    for number in with_beat(links, beat):
        member = members[number]
        target = normal_path(member.link)
        place = places.get(target, number)
        is_elsewhere = target not in places or (target == member.path and place == number)
        if is_part and is_elsewhere and b".." not in member.link.split(b"/"):
            continue
        is_known = place < number and place not in found
        _note(found, number, _hard_link_reason(member, members[place] if is_known else None))


def _hard_link_reason(member: Member, before: Member | None) -> str:
    if b".." in member.link.split(b"/"):
        return "it is a hard link out of the target"
    if normal_path(member.link) == member.path:
        return "it is a hard link to itself"
    if before is None:
        return "it is a hard link to something that is not before it in the backup, or refused"
    if before.kind is Kind.DIRECTORY:
        return "it is a hard link to a directory"
    return ""
