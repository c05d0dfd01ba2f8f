"""The words for a backup that changes while it is read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kubectl_restore.errors import BackupError
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from kubectl_restore.archive.source.location import BackupName


def changed_error(path: BackupName, *, is_sending: bool) -> BackupError:
    """Return the error that says that a backup is not what it was.

    Args:
        path: the file or object.
        is_sending: some of it may be in the pod already.
    """
    again = "run the same command again"
    if is_sending:
        # What has arrived may be of either; sizes and times do not tell.
        again += " with --force --compare checksum"
    return BackupError(
        "the backup changed while it was read",
        reason=f"{shown(os.fsencode(path))} is not the file that it was at the start",
        fix=f"wait until the backup is complete, then {again}",
    )
