"""The members of an archive, and where each stands on the stream.

One pass, before the pod is touched: header checksums, lengths that fit, both blocks of zeros at
the end, and for compressed files every checksum of the compressor. What cannot be shown to be
whole is an error; a tar in the pod would take a cut at a member's edge for the end and exit 0.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kubectl_restore.archive.compression.detect import recognise
from kubectl_restore.archive.index.ending import (
    MOST_PADDING,
    USUAL_PADDING,
    doubts_of_end,
    notes_of_end,
    require_end,
)
from kubectl_restore.archive.index.index import Index
from kubectl_restore.archive.index.unread import unread_fields
from kubectl_restore.archive.index.volumes import require_own_files
from kubectl_restore.archive.index.walker import Walker
from kubectl_restore.archive.members.hard_links import with_contents_moved
from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.refusals import only_zeros, truncated
from kubectl_restore.errors import BackupError
from kubectl_restore.text import counted, shown

if TYPE_CHECKING:
    from kubectl_restore.archive.index.cache import IndexCache
    from kubectl_restore.archive.index.ending import Ending
    from kubectl_restore.archive.index.tail import Tail
    from kubectl_restore.archive.members.members import Members
    from kubectl_restore.archive.source.magic import Compression
    from kubectl_restore.archive.source.readable import Backup
    from kubectl_restore.deadline import Watch
    from kubectl_restore.progress import Progress


def read_index(
    backup: Backup,
    *,
    allow_missing_end: bool,
    progress: Progress,
    watch: Watch,
    cache: IndexCache | None = None,
) -> Index:
    """Read the whole archive's index, or take it from where it is remembered.

    Raises:
        BackupError: the backup is cut, corrupt, or of a kind that is not restored.
        TimedOutError, SignalledError: the watch ended the run.
    """
    remembered = cache.find(backup) if cache is not None else None
    if remembered is not None:
        backup.check_unchanged()
        return remembered
    try:
        index = _read(backup, allow_missing_end, progress, watch)
    except BackupError as error:
        # A backup that is still being written looks cut; that it changes says more.
        backup.check_unchanged()
        backup.note_parts(error)
        raise
    if cache is not None and not index.doubts:
        cache.keep(backup, index)
    return index


def _read(
    backup: Backup,
    allow_missing_end: bool,  # noqa: FBT001 - handed through
    progress: Progress,
    watch: Watch,
) -> Index:
    compression = recognise(backup)
    walker = Walker(backup, compression, progress, watch)
    ending = walker.read_members(allow_missing_end=allow_missing_end)
    if walker.headers == 1 and walker.stream.is_plain and backup.size > USUAL_PADDING:
        # Whatever else is in it, `require_end` would say the same; a sparse file may be endless.
        raise only_zeros(backup.size)
    tail = walker.read_rest(ending)
    walker.report()
    index = taken_from(walker, compression)
    index = finished(index, walker, ending, tail, allow_missing_end=allow_missing_end)
    backup.check_unchanged()
    if index.members:
        return index
    return replace(index, warnings=(*index.warnings, "the backup has no members"))


def finished(
    index: Index, walker: Walker, ending: Ending, tail: Tail, *, allow_missing_end: bool
) -> Index:
    """Say with the last members how the archive ends.

    Args:
        index: the last members.
        walker: it has read up to the end.
        ending: where that is.
        tail: what follows it.
        allow_missing_end: any number of zeros may follow, and no end marker need be there.

    Raises:
        BackupError: what follows shows that the backup is not whole, or would be left out.
    """
    garbage = walker.stream.garbage
    if garbage is not None and not ending.is_marked:
        raise truncated(f"the archive does not end before the compressed data does, at {garbage}")
    may_lack_end = allow_missing_end or not ending.is_certain
    require_end(ending, tail, walker.headers, allow_missing_end=may_lack_end)
    doubts = (
        *index.doubts,
        *walker.seams.doubts(),
        *doubts_of_end(ending, tail),
    )
    notes = [*walker.seams.notes(), *notes_of_end(ending, tail)]
    if garbage is not None:
        notes.append(
            f"what follows the compressed data from byte {garbage} on is no part of it, and was "
            "ignored; the archive is whole"
        )
    return replace(
        index,
        stream_length=ending.at,
        missing_end=not ending.is_certain or (tail.stray is None and _is_long(ending, tail)),
        warnings=(*index.warnings, *doubts[len(index.doubts) :], *notes),
        doubts=doubts,
    )


def _is_long(ending: Ending, tail: Tail) -> bool:
    return tail.end - ending.at > MOST_PADDING


def taken_from(walker: Walker, compression: Compression) -> Index:
    """Return the members that a walker has read since this was last called."""
    warnings = []
    if walker.labels:
        warnings.append(
            f"the archive is labelled {shown(walker.labels[0])}; a label is not restored"
        )
        walker.labels.clear()
    members, again = last_of_each(walker.take_members())
    require_own_files(members)
    if again:
        warnings.append(
            f"{counted(again, 'member')} of the backup replaced by later ones of the same name, "
            "as in tar"
        )
    unread = unread_fields(walker.unread)
    walker.unread.clear()
    return Index(
        members,
        walker.stream.position,
        compression,
        warnings=(*warnings, *unread),
        doubts=tuple(unread),
    )


def last_of_each(members: Members) -> tuple[Members, int]:
    """Return the members without those that a later one of the same path replaces.

    Tars differ in what they make of two that are not of one kind. What a hard link took from a
    file that is replaced later is kept: the link's path gets the content, where the file stood.

    Returns:
        The members that stay, and how many do not. Directories do not count: they are often there
        twice (several paths given to tar), which nobody need be told.
    """
    repeated = members.repeated()
    if not repeated:
        return members, 0
    gone = [number for numbers in repeated.values() for number in numbers[:-1]]
    stays = bytearray(b"\x01" * len(members))
    for number in gone:
        stays[number] = 0
    again = sum(members.kind(number) is not Kind.DIRECTORY for number in gone)
    return with_contents_moved(members, stays), again
