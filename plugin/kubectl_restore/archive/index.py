"""The members of an archive, and where each stands on the stream.

One pass, before the pod is touched: header check sums, lengths that fit, both blocks of zeros at
the end, and for compressed files every check sum of the compressor. What cannot be shown to be
whole is an error; a tar in the pod would take a cut at a member's edge for the end and exit 0.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kubectl_restore.archive.codec import recognise
from kubectl_restore.archive.member import Extra, Index, Kind, Member, normal_path
from kubectl_restore.archive.walker import Walker
from kubectl_restore.errors import BackupError

if TYPE_CHECKING:
    from kubectl_restore.archive.source import BackupFile
    from kubectl_restore.progress import Progress
    from kubectl_restore.watch import Watch

__all__ = ["Extra", "Index", "Kind", "Member", "normal_path", "read_index"]


def read_index(
    backup: BackupFile, *, allow_missing_end: bool, progress: Progress, watch: Watch
) -> Index:
    """Read the whole archive's index.

    Raises:
        BackupError: the backup is cut, corrupt, or of a kind that is not restored.
        TimedOutError, SignalledError: the watch ended the run.
    """
    try:
        return _read(backup, allow_missing_end, progress, watch)
    except BackupError:
        # A backup that is still being written looks cut; that it changes says more.
        backup.check_unchanged()
        raise


def _read(
    backup: BackupFile,
    allow_missing_end: bool,  # noqa: FBT001 - handed through
    progress: Progress,
    watch: Watch,
) -> Index:
    compression = recognise(backup)
    walker = Walker(backup, compression, progress, watch)
    ended = walker.read_members(allow_missing_end=allow_missing_end)
    stream_length = walker.stream.position
    warnings = []
    if ended:
        stray = walker.read_rest()
        if stray is not None:
            warnings.append(
                f"bytes from {stray} on follow the archive's end and are not restored"
                " (a second archive appended to the first?)"
            )
    else:
        warnings.append("the backup has no end marker; whether it is whole cannot be told")
    backup.check_unchanged()
    walker.report()
    members, again = _last_of_each(walker.members)
    if again:
        warnings.append(
            f"{again} member(s) of the backup are replaced by later ones of the same name,"
            " as in tar"
        )
    return Index(
        members,
        stream_length,
        compression,
        missing_end=not ended,
        warnings=tuple(warnings),
    )


def _last_of_each(members: list[Member]) -> tuple[list[Member], int]:
    """Return the members without those that a later one of the same path replaces.

    Tars differ in what they make of two that are not of one kind. What a hard link took from a
    file that is replaced later is kept: the link's path gets the content, where the file stood.
    """
    last = {member.path: member for member in members}
    if len(last) == len(members):
        return members, 0
    contents: dict[bytes, Member] = {}
    heirs: dict[int, Member] = {}
    changed: dict[int, Member | None] = {}
    for member in members:
        content = contents.get(normal_path(member.link)) if member.kind is Kind.HARDLINK else None
        contents[member.path] = content or member
        if content is None or last[member.path] is not member:
            continue
        if last[content.path] is content:
            changed[id(member)] = replace(member, link=content.name)
        elif (heir := heirs.get(id(content))) is not None:
            changed[id(member)] = replace(member, link=heir.name)
        else:
            heirs[id(content)] = member
            changed[id(content)] = replace(
                content, name=member.name, path=member.path, is_common=False
            )
            changed[id(member)] = None
    found = [
        changed.get(id(one), one)
        for one in members
        if last[one.path] is one or changed.get(id(one)) is not None
    ]
    # Directories are often there twice (several paths given to tar), which nobody need be told.
    again = sum(last[one.path] is not one and one.kind is not Kind.DIRECTORY for one in members)
    return [one for one in found if one is not None], again
