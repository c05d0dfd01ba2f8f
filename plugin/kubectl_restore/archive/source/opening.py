"""A backup by its name: files on this machine, or an object in a store."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kubectl_restore.archive.heartbeat import beat_of
from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.source.location import Location
from kubectl_restore.progress import Level, Phase, Status

if TYPE_CHECKING:
    from kubectl_restore.archive.source.location import BackupName
    from kubectl_restore.archive.source.objects.backup import ObjectBackup
    from kubectl_restore.deadline import Watch
    from kubectl_restore.progress import Progress

    OpenBackup = BackupFile | ObjectBackup


def open_backup(name: BackupName, progress: Progress, watch: Watch) -> OpenBackup:
    """Open a backup for reading.

    Args:
        name: a file's, that of a split one's first part, or where an object is.
        progress: shows that something is waited for.
        watch: may end that.

    Raises:
        BackupError: it is missing, unreadable, empty, or cannot be a backup.
        RestoreError: of an object also what keeps us from its store.
        TimedOutError, SignalledError: the watch ended the run.
    """
    if not isinstance(name, Location):
        return BackupFile.open(name)
    # Loaded late: files need nothing of it.
    from kubectl_restore.archive.source.objects.backup import ObjectBackup  # noqa: PLC0415

    progress.status(Status(Phase.OPEN))
    return ObjectBackup(
        name,
        os.environ,
        beat_of(watch, progress),
        lambda text: progress.message(Level.DETAIL, text),
    )
