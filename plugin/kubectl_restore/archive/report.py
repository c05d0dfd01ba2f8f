"""What a backup holds, counted in one pass: no member is kept but the few that are named."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.index import Extra, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kubectl_restore.archive.index import Member
    from kubectl_restore.archive.safety import Refusal

NAMED: Final = 10
"""Members that are named as the biggest, or the newest."""


@dataclass(slots=True)
class Report:
    """What a backup holds, as a restore with the same flags would take it.

    Attributes:
        kinds: how many members of each kind.
        content: bytes of the files, holes included.
        stored: bytes of the archive stream that the members take.
        biggest: files, the biggest first.
        newest: members, the newest first.
        oldest: seconds since 1970; None for an empty backup.
        owners: how many members belong to whom: number and name of user and group.
        extras: how many members have what some tars cannot keep, by kind.
        sparse: files with holes.
        absolute: members whose names begin with a slash, which is left out.
        root: the archive has an entry for the target itself.
        refused: what is not safe to restore.
    """

    kinds: Counter[Kind] = field(default_factory=Counter)
    content: int = 0
    stored: int = 0
    biggest: list[Member] = field(default_factory=list)
    newest: list[Member] = field(default_factory=list)
    oldest: int | None = None
    owners: Counter[tuple[int, int, bytes, bytes]] = field(default_factory=Counter)
    extras: Counter[Extra] = field(default_factory=Counter)
    sparse: int = 0
    absolute: int = 0
    root: bool = False
    refused: tuple[Refusal, ...] = ()

    @property
    def members(self) -> int:
        """How many there are."""
        return self.kinds.total()


def report_on(members: Iterable[Member], refused: tuple[Refusal, ...] = ()) -> Report:
    """Count members; `refused` are not among them."""
    report = Report(refused=refused)
    biggest: list[Member] = []
    newest: list[Member] = []
    for one in members:
        _count(one, report)
        if one.kind is Kind.FILE:
            _among(biggest, one, _size)
        if one.path:
            _among(newest, one, _time)
    report.biggest = sorted(biggest, key=_size, reverse=True)
    report.newest = sorted(newest, key=_time, reverse=True)
    return report


def _among(best: list[Member], one: Member, key: Callable[[Member], int]) -> None:
    """Put one among the best, if it is; of equals the first ones stay."""
    if len(best) < NAMED:
        best.append(one)
        return
    last = min(best, key=key)
    if key(one) > key(last):
        best[best.index(last)] = one


def _size(one: Member) -> int:
    return one.size


def _time(one: Member) -> int:
    return one.mtime


def _count(one: Member, report: Report) -> None:
    report.kinds[one.kind] += 1
    report.stored += one.length
    if one.kind is Kind.FILE:
        report.content += one.size
    report.oldest = one.mtime if report.oldest is None else min(report.oldest, one.mtime)
    report.owners[one.uid, one.gid, one.user, one.group] += 1
    for extra in one.extras:
        report.extras[extra] += 1
    report.sparse += one.extents is not None
    report.absolute += one.name[:1] == b"/"
    report.root = report.root or not one.path
