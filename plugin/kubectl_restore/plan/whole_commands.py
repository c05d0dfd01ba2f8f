"""Fixes that the archive can only outline, because it knows no target: made whole commands. Pure.

    READER | kubectl restore POD - -t PATH     the pod, its path and the flags that were given
    ..., then run the same command again       the command itself

Where no word of the command is known to be the backup, the outline stays.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.source.change import AGAIN, AGAIN_BY_CONTENT, COMPLETE
from kubectl_restore.archive.source.location import PIPED, STANDARD_INPUT, backup_name
from kubectl_restore.errors import UsageError
from kubectl_restore.text import pasteable_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_restore.archive.source.location import BackupName

_FROM_A_PIPE: Final = os.fspath(STANDARD_INPUT)
_FETCHED: Final = "backup.tar"
_WITHOUT_PIPE: Final = (["verify"], ["diff"], ["inspect"], ["filesystem"])
"""Commands that read no standard input."""


def with_whole_commands(
    fix: str, command: Sequence[str], backup: BackupName, *, by_content: str = ""
) -> str:
    """Return a fix with what is known of the command put in.

    Args:
        fix: of an error.
        command: how the user's command is shown (`kubectl restore ...`).
        backup: which of its words is another one where the backup comes by a pipe.
        by_content: how to go on where what has arrived may be of another backup.
    """
    if list(command[2:3]) in _WITHOUT_PIPE:
        fetched = _naming(command, backup, _FETCHED)
        fix = fix.replace(f"| {PIPED}", f"> {_FETCHED} && {fetched}") if fetched else fix
    else:
        fix = fix.replace(PIPED, _naming(command, backup, _FROM_A_PIPE) or PIPED)
    if by_content:
        fix = fix.replace(f"{COMPLETE}{AGAIN_BY_CONTENT}", _once_complete(by_content))
    if fix == f"{COMPLETE}{AGAIN}":
        return _once_complete(pasteable_words(command))
    return fix


def _once_complete(command: str) -> str:
    return f"{command}  # once the backup is complete"


def _naming(command: Sequence[str], backup: BackupName, name: str) -> str:
    """Return the command with another backup; empty where no word of it is one."""
    found = [at for at in range(2, len(command)) if _names(command[at], backup)]
    if not found:
        return ""
    # What names the backup stands behind the pod.
    return pasteable_words((*command[: found[-1]], name, *command[found[-1] + 1 :]))


def _names(word: str, backup: BackupName) -> bool:
    try:
        return os.fspath(backup_name(word)) == os.fspath(backup)
    except UsageError:
        return False
