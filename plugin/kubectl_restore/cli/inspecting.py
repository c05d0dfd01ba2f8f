"""What `kubectl restore inspect` does: read a backup as a restore would, and say what it holds."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.cache import IndexCache
from kubectl_restore.archive.choosing import choose
from kubectl_restore.archive.integrity import read_proved
from kubectl_restore.archive.report import report_on
from kubectl_restore.archive.source import BackupFile
from kubectl_restore.errors import ExitCode
from kubectl_restore.ui.inspection import Inspection, member_fields
from kubectl_restore.ui.json_fields import json_line
from kubectl_restore.ui.listing import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kubectl_restore.archive.index import Member
    from kubectl_restore.cli.inspect import InspectRequest
    from kubectl_restore.progress import Progress
    from kubectl_restore.watch import Watch

_OFTEN: Final = 1024
"""Members between two looks at the watch."""
_PAGE: Final = 512
"""Lines that are written at a time."""


def inspect(
    request: InspectRequest, progress: Progress, watch: Watch, write: Callable[[str], bool]
) -> ExitCode:
    """Write what a restore with the same flags would take; say whether it would take it.

    Args:
        request: what to look at.
        progress: told how far the reading is.
        watch: may end it.
        write: takes the result, piece by piece; tells whether anybody reads it.

    Returns:
        RESTORED when a restore could begin; BACKUP_UNUSABLE when something in it is refused.

    Raises:
        BackupError: the backup is cut or corrupt, or not what is claimed.
        UsageError: it has nothing of what is wanted.
        TimedOutError, SignalledError: the watch ended the run.
    """
    with BackupFile.open(request.backup) as backup:
        index, integrity = read_proved(
            backup,
            request.checksum,
            allow_missing_end=request.allow_missing_end,
            progress=progress,
            watch=watch,
            cache=IndexCache() if request.cache else None,
        )

        def beat() -> None:
            watch.check()
            progress.tick()

        chosen = choose(index, request.selection, beat=beat)
        members = chosen.index.members
        progress.tick()
        if request.members and not _pour(_lines(members, watch, request), write):
            # Whoever read it has seen enough (`| head`).
            return ExitCode.RESTORED
        if not request.members or request.as_json:
            found = Inspection(
                backup=request.backup,
                parts=len(backup.parts),
                size=backup.size,
                compression=index.compression.value,
                is_complete=not index.missing_end,
                integrity=integrity,
                report=report_on(members, chosen.refused),
                notes=(*index.warnings, *chosen.warnings, *chosen.notes),
            )
            write(found.json() if request.as_json else found.text())
    unusable = chosen.refused and not request.selection.skip_unsafe
    return ExitCode.BACKUP if unusable else ExitCode.RESTORED


def _lines(members: Iterable[Member], watch: Watch, request: InspectRequest) -> Iterator[str]:
    for number, one in enumerate(members):
        if number % _OFTEN == 0:
            watch.check()
        yield json_line(member_fields(one)) if request.as_json else f"{listed(one)}\n"


def _pour(lines: Iterable[str], write: Callable[[str], bool]) -> bool:
    """Write many lines at a time; tell whether they were all taken."""
    while page := "".join(islice(lines, _PAGE)):
        if not write(page):
            return False
    return True
