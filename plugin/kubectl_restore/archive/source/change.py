"""The words for a backup that changes while it is read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from kubectl_restore.errors import BackupError
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from kubectl_restore.archive.source.location import BackupName

COMPLETE: Final = "wait until the backup is complete, then "
AGAIN: Final = "run the same command again"
# What has arrived may be of either; sizes and times do not tell.
AGAIN_BY_CONTENT: Final = f"{AGAIN} with --force --compare checksum"


def changed_error(path: BackupName, *, is_sending: bool) -> BackupError:
    """Return the error that says that a backup is not what it was.

    Who knows the command puts it in (plan/whole_commands.py).

    Args:
        path: the file or object.
        is_sending: some of it may be in the pod already.
    """
    return BackupError(
        "the backup changed while it was read",
        reason=f"{shown(os.fsencode(path))} is not the file that it was at the start",
        fix=f"{COMPLETE}{AGAIN_BY_CONTENT if is_sending else AGAIN}",
    )
