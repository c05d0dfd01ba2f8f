"""The members of an archive, and where each stands on the stream.

One pass, before the pod is touched: header check sums, lengths that fit, both blocks of zeros at
the end, and for compressed files every check sum of the compressor. What cannot be shown to be
whole is an error; a tar in the pod would take a cut at a member's edge for the end and exit 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.archive.codec import recognise
from kubectl_restore.archive.member import Index, Kind, Member, Need, normal_path
from kubectl_restore.archive.walker import Walker
from kubectl_restore.errors import BackupError

if TYPE_CHECKING:
    from kubectl_restore.archive.source import BackupFile
    from kubectl_restore.progress import Progress
    from kubectl_restore.watch import Watch

__all__ = ["Index", "Kind", "Member", "Need", "normal_path", "read_index"]


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
    return Index(
        walker.members,
        tuple(walker.globals),
        stream_length,
        compression,
        missing_end=not ended,
        warnings=tuple(warnings),
    )
