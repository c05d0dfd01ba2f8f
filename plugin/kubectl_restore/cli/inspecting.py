"""What `kubectl restore inspect` does: read a backup as a restore would, and say what it holds."""

from __future__ import annotations

import shlex
from dataclasses import replace
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.heartbeat import beat_of
from kubectl_restore.archive.index.cache import IndexCache
from kubectl_restore.archive.salvage.report import report_lines, restored_so
from kubectl_restore.archive.salvage.salvage import salvage
from kubectl_restore.archive.select.choose import choose
from kubectl_restore.archive.select.directories import directories_in
from kubectl_restore.archive.select.report import report_on
from kubectl_restore.archive.source.opening import open_backup
from kubectl_restore.archive.trust.integrity import Integrity, read_proved
from kubectl_restore.archive.trust.safety import unsafe
from kubectl_restore.errors import DamagedError, ExitCode, RestoreError
from kubectl_restore.plan.policy import Salvage
from kubectl_restore.progress import Level
from kubectl_restore.ui.inspection import DEPTH_OF_BARS, Inspection, member_fields
from kubectl_restore.ui.json_fields import json_line
from kubectl_restore.ui.listing import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.salvage.salvage import Salvaged
    from kubectl_restore.archive.trust.safety import Refusal
    from kubectl_restore.cli.inspect import InspectRequest
    from kubectl_restore.deadline import Watch
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Progress
    from kubectl_restore.restore.foreseen import Foreseen

_OFTEN: Final = 1024
"""Members between two looks at the watch."""
_PAGE: Final = 512
"""Lines that are written at a time."""


def inspect(
    request: InspectRequest,
    progress: Progress,
    watch: Watch,
    write: Callable[[str], bool],
    foresee: Callable[[RestoreRequest], Foreseen],
) -> ExitCode:
    """Write what a restore with the same flags would take; say whether it would take it.

    Args:
        request: what to look at.
        progress: told how far the reading is.
        watch: may end it.
        write: takes the result, piece by piece; tells whether anybody reads it.
        foresee: asks a pod how much of the backup is right there.

    Returns:
        RESTORED when a restore could begin; BACKUP when something in it is refused.

    Raises:
        BackupError: the backup is cut or corrupt, which is raised when what can be read was
            written; or not what is claimed; or something in it is refused, and only a list was
            wanted.
        UsageError: it has nothing of what is wanted.
        RestoreError: the pod could not be asked, which is raised when the rest was written.
        TimedOutError, SignalledError: the watch ended the run.
    """
    with open_backup(request.backup, progress, watch) as backup:
        damage: DamagedError | None = None
        salvaged: Salvaged | None = None
        lost: tuple[str, ...] = ()
        try:
            index, integrity = read_proved(
                backup,
                request.checksum,
                allow_missing_end=request.allow_missing_end,
                require_checksum=request.require_checksum,
                progress=progress,
                watch=watch,
                cache=IndexCache() if request.cache else None,
            )
        except DamagedError as error:
            damage, salvaged = error, salvage(backup, error, progress, watch)
            index, integrity = salvaged.index, Integrity()
            # A list has every member; elsewhere some and their number will do.
            lost = tuple(
                line.text
                for line in report_lines(salvaged)
                if not (line.is_count if request.members else line.is_detail)
            )
            damage.fix += f"\nto restore what can be read of it: {restored_so(request.backup)}"
        chosen = choose(
            index, request.selection, beat=beat_of(watch, progress), backup=request.backup
        )
        members = chosen.index.members
        # What was to be left out is not there, as for a restore.
        refused = () if request.selection.skip_unsafe else chosen.refused
        progress.tick()
        notes = (*index.warnings, *lost, *chosen.warnings, *chosen.notes)
        if request.members and not request.as_json:
            for note in notes:
                progress.message(Level.WARNING, note)
        if request.members and not _pour(_lines(members, refused, watch, request), write):
            # Whoever read it has seen enough (`| head`).
            return ExitCode.RESTORED
        if not request.members or request.as_json:
            foreseen, failure = _foreseen(request, damage, foresee, progress)
            inspection = Inspection(
                backup=request.backup,
                parts=backup.part_count,
                size=backup.size,
                compression=index.compression.value,
                is_complete=not index.missing_end,
                integrity=integrity,
                report=report_on(members, chosen.refused),
                directories=tuple(
                    directories_in(members, request.tree or DEPTH_OF_BARS, beat_of(watch, progress))
                ),
                depth=request.tree,
                notes=notes,
                salvaged=salvaged,
                against=foreseen,
            )
            write(inspection.json() if request.as_json else inspection.text())
            if failure is not None:
                raise failure
            # It has said what is refused, and why.
            return ExitCode.BACKUP if refused else ExitCode.RESTORED
        if damage is not None:
            raise damage
    if refused:
        raise unsafe(refused, lambda flag: shlex.join([*request.command, flag]))
    return ExitCode.RESTORED


def _foreseen(
    request: InspectRequest,
    damage: DamagedError | None,
    foresee: Callable[[RestoreRequest], Foreseen],
    progress: Progress,
) -> tuple[Foreseen | None, RestoreError | None]:
    """Return what a pod says of the backup, and what is to be raised in the end.

    Of a damaged backup it is asked about what can be had of it; that it is damaged is what counts.
    """
    against = request.against
    if against is None:
        return None, damage
    if damage is not None:
        against = replace(against, salvage=Salvage.WHOLE)
    try:
        return foresee(against), damage
    except RestoreError as error:
        if damage is None:
            return None, error
        progress.message(Level.WARNING, f"--against: {error.what}: {error.reason}")
        return None, damage


def _lines(
    members: Iterable[Member], refused: Sequence[Refusal], watch: Watch, request: InspectRequest
) -> Iterator[str]:
    """Return a line about each member, in the archive's order: those that are refused say why."""
    reasons = {one.member.offset: one.reason for one in refused}
    all_of_them = merge(members, (one.member for one in refused), key=attrgetter("offset"))
    for number, one in enumerate(all_of_them):
        if number % _OFTEN == 0:
            watch.check()
        reason = reasons.get(one.offset, "")
        if request.as_json:
            yield json_line(member_fields(one) | ({"refused": reason} if reason else {}))
        else:
            yield f"{listed(one)}  [refused: {reason}]\n" if reason else f"{listed(one)}\n"


def _pour(lines: Iterable[str], write: Callable[[str], bool]) -> bool:
    """Write many lines at a time; tell whether they were all taken."""
    while page := "".join(islice(lines, _PAGE)):
        if not write(page):
            return False
    return True
