"""What a backup holds, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from heapq import nlargest
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Extra, Kind

if TYPE_CHECKING:
    from kubectl_restore.archive.members.columns import Columns
    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.members.members import Members
    from kubectl_restore.archive.trust.safety import Refusal

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


def report_on(members: Members, refused: tuple[Refusal, ...] = ()) -> Report:
    """Count members, column by column; `refused` are not among them."""
    columns = members.columns
    files = members.of_kind(Kind.FILE)
    root = set(members.at(b""))
    named = (number for number in range(len(members)) if number not in root)
    flags = Counter(columns.flags)
    return Report(
        kinds=Counter(members.kinds()),
        content=sum(map(columns.sizes.__getitem__, files)),
        stored=sum(columns.lengths),
        # Of equals the first ones.
        biggest=[members[one] for one in nlargest(NAMED, files, columns.sizes.__getitem__)],
        newest=[members[one] for one in nlargest(NAMED, named, columns.mtimes.__getitem__)],
        oldest=min(columns.mtimes, default=None),
        owners=_owners(columns),
        extras=Counter({one: count for one in Extra if (count := _with(flags, one))}),
        sparse=len(columns.extents),
        absolute=members.count_absolute(),
        root=bool(root),
        refused=refused,
    )


def _owners(columns: Columns) -> Counter[tuple[int, int, bytes, bytes]]:
    owners: Counter[tuple[int, int, bytes, bytes]] = Counter()
    for number, count in Counter(columns.owners).items():
        owners[columns.known_owners[number]] += count
    return owners


def _with(flags: Counter[int], extra: Extra) -> int:
    return sum(count for value, count in flags.items() if value & extra.value)
