"""The members of an archive, and where each stands on the stream.

One pass, before the pod is touched: header check sums, lengths that fit, both blocks of zeros at
the end, and for compressed files every check sum of the compressor. What cannot be shown to be
whole is an error; a tar in the pod would take a cut at a member's edge for the end and exit 0.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.compression.detect import recognise
from kubectl_restore.archive.index.index import Index
from kubectl_restore.archive.index.walker import MOST_PADDING, Walker
from kubectl_restore.archive.members.hard_links import with_contents_moved
from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.refusals import only_zeros, zeros_behind
from kubectl_restore.errors import BackupError
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from kubectl_restore.archive.index.cache import IndexCache
    from kubectl_restore.archive.members.members import Members
    from kubectl_restore.archive.source.file import BackupFile
    from kubectl_restore.archive.source.magic import Compression
    from kubectl_restore.deadline import Watch
    from kubectl_restore.progress import Progress

_USUAL_PADDING: Final = 64 * 1024
"""Bytes: tars fill records of 10 KiB, some of 32 or 64."""


def read_index(
    backup: BackupFile,
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
    backup: BackupFile,
    allow_missing_end: bool,  # noqa: FBT001 - handed through
    progress: Progress,
    watch: Watch,
) -> Index:
    compression = recognise(backup)
    walker = Walker(backup, compression, progress, watch)
    ended = walker.read_members(allow_missing_end=allow_missing_end)
    stream_length = walker.stream.position
    if ended and walker.headers == 1 and walker.stream.is_plain and backup.size > _USUAL_PADDING:
        # Whatever else is in it, `require_end` would say the same; a sparse file may be endless.
        raise only_zeros(backup.size)
    stray = walker.read_rest() if ended else None
    require_end(walker, stream_length, stray, allow_missing_end=allow_missing_end or not ended)
    padding = walker.stream.position - stream_length
    backup.check_unchanged()
    walker.report()
    index = taken_from(walker, compression)
    doubts = doubts_of_end(ended=ended, stray=stray, padding=padding)
    return replace(
        index,
        stream_length=stream_length,
        missing_end=not ended or (stray is None and padding > MOST_PADDING),
        warnings=(
            *index.warnings,
            *doubts,
            *([] if index.members else ["the backup has no members"]),
        ),
        doubts=tuple(doubts),
    )


def taken_from(walker: Walker, compression: Compression) -> Index:
    """Return the members that a walker has read since this was last called."""
    warnings = []
    if walker.labels:
        warnings.append(
            f"the archive is labelled {shown(walker.labels[0])}; a label is not restored"
        )
        walker.labels.clear()
    members, again = last_of_each(walker.take_members())
    if again:
        warnings.append(
            f"{again} member(s) of the backup are replaced by later ones of the same name,"
            " as in tar"
        )
    return Index(members, walker.stream.position, compression, warnings=tuple(warnings))


def require_end(walker: Walker, end: int, stray: int | None, *, allow_missing_end: bool) -> None:
    """Return when what follows an archive's end is what an archive has there.

    Args:
        walker: it has read to the end of the file.
        end: where the archive ends, in bytes.
        stray: where something else than zeros follows.
        allow_missing_end: any number of zeros may follow.

    Raises:
        BackupError: it is not.
    """
    length = walker.stream.position
    if walker.headers == 1 and (stray is not None or length > _USUAL_PADDING):
        raise only_zeros(length)
    if stray is None and length - end > MOST_PADDING and not allow_missing_end:
        raise zeros_behind(end, length - end)


def doubts_of_end(*, ended: bool, stray: int | None, padding: int) -> list[str]:
    """Return what is to be said of an archive's end: was it marked, what follows it.

    Args:
        ended: it was.
        stray: where something else than zeros follows.
        padding: bytes behind the marker.
    """
    if not ended:
        return ["the backup has no end marker; whether it is whole cannot be told"]
    if stray is None and padding > _USUAL_PADDING:
        much = f"{padding:,} bytes of zeros follow the archive's end; tars rarely pad so much"
        return [f"{much}, but a download that was broken off leaves such a tail: is it whole?"]
    if stray is None:
        return []
    where = f"bytes from {stray} on follow the archive's end and are not restored"
    return [f"{where} (a second archive appended to the first?)"]


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
