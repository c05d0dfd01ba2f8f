"""What hard links become when the file that they link to is not restored.

A hard link has no content of its own: it stands with the first of its names in the archive. When
that one is left out (a later member replaces it, the user excludes it), the first link that stays
takes its place: the content is sent where it stands, under that link's name, and the other links
lead to that one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.archive.members.member import Kind, Member, normal_path
from kubectl_restore.archive.refusals import corrupt
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from kubectl_restore.archive.members.members import Members


def with_contents_moved(members: Members, stays: bytearray) -> Members:
    """Return the members that stay, in order, first links in the places of contents that do not.

    Each hard link that stays leads to the member that carries its content, by that one's name. One
    whose content is not known (it leads nowhere, or to what comes later) is as it was.

    Args:
        members: all of the archive; not to be used any more.
        stays: for each, whether it stays: one or zero.

    Raises:
        BackupError: a content would come under a name that an earlier hard link has looked for in
            vain.
    """
    changed = _changed(members, stays)
    changes = {number: one for number, one in changed.items() if one is not None}
    if changes:
        members = members.with_changes(changes)
    for number, one in changed.items():
        stays[number] = one is not None
    members.reduce_to(stays)
    return members


def _changed(members: Members, stays: bytearray) -> dict[int, Member | None]:
    """Return what becomes of contents and links, by their numbers; None for a link that went."""
    changed: dict[int, Member | None] = {}
    links = members.of_kind(Kind.HARDLINK)
    if not links:
        return changed
    targets = {normal_path(members[number].link) for number in links}
    concerned = {number for number, _ in members.among(targets)}
    contents: dict[bytes, int] = {}
    names: dict[int, bytes] = {}
    in_vain: set[bytes] = set()
    for number in sorted(concerned.union(links)):
        member = members[number]
        at = None
        if member.kind is Kind.HARDLINK:
            target = normal_path(member.link)
            at = contents.get(target)
            if at is None:
                in_vain.add(target)
        if number in concerned:
            contents[member.path] = number if at is None else at
        if at is None or not stays[number]:
            continue
        content = members[at]
        name = content.name if stays[at] else names.get(at)
        if name is None:
            if member.path in in_vain:
                raise corrupt(f"a hard link to {shown(member.name)} stands before it")
            names[at] = member.name
            changed[at] = content._replace(name=member.name, path=member.path, is_common=False)
            changed[number] = None
        elif name != member.link:
            changed[number] = member._replace(link=name)
    return changed
