"""Where `--log-file` may write: never into what is read, or written otherwise, by the same run."""

from __future__ import annotations

import os
import stat
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.source.parts import find_parts
from kubectl_restore.archive.trust.sidecars import LISTS, META, SUM, beside
from kubectl_restore.errors import BackupError, UsageError
from kubectl_restore.text import pasteable, shown
from kubectl_restore.ui.logged import LONGEST_TIME, begins_as_log

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kubectl_restore.archive.source.location import BackupName
    from kubectl_restore.cli.argv import Parsed

_OTHERS: Final = ("save-replaced", "receipt", "map")
"""Flags that name a file of this machine."""


def require_place_for_log(path: Path, parsed: Parsed, backups: Iterable[BackupName]) -> None:
    """Return when a log can be appended to a file without harm to another one.

    Files are compared by device and inode, and by name where they are still to be made.

    Args:
        path: of the log.
        parsed: whose flags name other files.
        backups: what is read.

    Raises:
        OSError, ValueError: the file cannot be looked at.
        UsageError: it is the backup, part of it, a file that says something of it, or one that
            another flag names; or has content, and is no log.
    """
    for other, what in _taken(parsed, backups):
        if _is_same(path, other):
            raise _refused(path, f"is {what}", "the log is a file of its own")
    if path.exists() and stat.S_ISREG(path.stat().st_mode):
        with path.open("rb") as file:
            head = file.read(LONGEST_TIME)
        if head and not begins_as_log(head):
            raise _refused(
                path,
                "is there already, and is no log",
                "a log is appended to, and what stands there does not begin as one",
            )


def _taken(parsed: Parsed, backups: Iterable[BackupName]) -> Iterator[tuple[Path, str]]:
    """Return the files that are no place for a log, and what each of them is."""
    for name in _OTHERS:
        value = parsed.value(name)
        if value:
            yield Path(value), f"what --{name} names too"
    for backup in backups:
        if isinstance(backup, Path):
            yield from _of_backup(backup)


def _of_backup(backup: Path) -> Iterator[tuple[Path, str]]:
    yield backup, "the backup itself"
    try:
        found = find_parts(backup)
    except BackupError:
        # The run ends with it, and says it better.
        names: tuple[Path, ...] = (backup,)
    else:
        names = (found.whole, *found.paths)
        for part in (*found.paths, *found.next):
            yield part, "a part of the backup, or would be read as one"
    for name in {*names, Path(os.path.realpath(backup))}:
        beside_it = (beside(name, SUM), beside(name, META), *map(name.with_name, LISTS))
        for sidecar in beside_it if name.name else ():
            yield sidecar, "where a checksum of the backup is looked for"


def _is_same(one: Path, other: Path) -> bool:
    """Tell whether two names lead to one file, which need not be there yet."""
    try:
        return one.samefile(other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


def _refused(path: Path, what: str, reason: str) -> UsageError:
    names = (path.with_name(f"{path.name}{number or ''}.log") for number in count())
    free = next(one for one in names if not os.path.lexists(one))
    return UsageError(
        f"--log-file {shown(os.fsencode(path))} {what}; nothing was written",
        reason=reason,
        fix=f"--log-file {pasteable(free)}",
    )
