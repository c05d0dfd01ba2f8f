"""A plan as data: what is done about each member of a backup, and the stream that does it."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.members.members import CODES
from kubectl_restore.archive.stream.passed_on import PassedOn
from kubectl_restore.plan.decided import Decided
from kubectl_restore.plan.figures import Figures
from kubectl_restore.plan.operation import Action
from kubectl_restore.plan.room import Room

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from kubectl_restore.archive.index.index import Index
    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.stream.layout import Layout
    from kubectl_restore.container.survey import Entry, Standing
    from kubectl_restore.plan.contents import Contents
    from kubectl_restore.plan.operation import Operation, Resumed

_DIRECTORY: Final = CODES[Kind.DIRECTORY]
_CARRIED: Final = frozenset({Action.CREATE, Action.REPLACE})


@dataclass(slots=True)
class Touched:
    """What a stream touches besides its members.

    Attributes:
        written_to: directories that stand there and in which something is made or replaced; the
            target is the empty path.
        out_of_reach: what we may not replace: another's things in another's sticky directory.
        through_links: a symbolic link stays, and members go through it.
        removed_first: symlinks that are removed before the stream comes; see `Policy`.
        owners: whom the members that are sent belong to.
        devices: device nodes that are made.
        closing: directories that are sent, and whose mode keeps their own owner out.
    """

    written_to: set[bytes] = field(default_factory=set)
    out_of_reach: list[bytes] = field(default_factory=list)
    through_links: bool = False
    removed_first: list[bytes] = field(default_factory=list)
    owners: set[tuple[int, int]] = field(default_factory=set)
    devices: list[bytes] = field(default_factory=list)
    closing: list[bytes] = field(default_factory=list)


class Plan:
    """What a restore will do, and the stream that does it.

    Attributes:
        members: the index's.
        contents: finds the member that carries a hard link's content.
        parents: directories that the archive needs and has no member for.
        parent_owners: the owners that some of those get that are made.
        layout: the stream; None for a plan that is refused.
        figures: the members that are sent, counted.
        room: what they need.
        touched: what the stream touches besides.
        root: the archive's own entry for the target, and what the target is: it is left as it is.
        extras: what is deleted: paths, and whether they are directories, these behind what is in
            them.
        differences: how the first ones of what stands there differ, by path; the rest is not kept.
        resumed: large files that go on where they stopped, by number.
        copied: hard links that become files of their own, as the volume has none, by number.
        settled: files that an earlier run may have left unfinished, and are whole, by number.
    """

    def __init__(self, index: Index, contents: Contents) -> None:
        """Decide nothing yet."""
        self.members = index.members
        self.contents = contents
        self.parents: dict[bytes, Operation] = {}
        self.parent_owners: dict[bytes, tuple[int, int]] = {}
        self.layout: Layout | None = None
        self.figures = Figures()
        self.room = Room(len(self.members))
        self.touched = Touched()
        self.root: tuple[Member, Entry] | None = None
        self.extras: list[tuple[bytes, bool]] = []
        self.differences: dict[bytes, str] = {}
        self.resumed: dict[int, Resumed] = {}
        self.settled: set[int] = set()
        self.copied: set[int] = set()
        self._decided = Decided(len(self.members))
        self._changed: dict[int, Member] = {}
        self._sent: dict[int, Member] = {}

    def change(self, number: int, member: Member) -> None:
        """Send something else for a member."""
        self._changed[number] = member

    def member(self, number: int) -> Member:
        """Return what is sent for a member."""
        return self._changed.get(number) or self.members[number]

    @property
    def changed(self) -> Collection[int]:
        """The numbers of members for which something else is sent than the index has."""
        return self._changed.keys()

    @property
    def passed_on(self) -> PassedOn | None:
        """What is sent as it stands in the archive; None where data changes places."""
        return None if self._changed else PassedOn(self.members, self._sent)

    def send(self, number: int, member: Member) -> None:
        """Send another header for a member than what it is to be in the end."""
        self._sent[number] = member

    def sent(self, number: int) -> Member:
        """Return what stands in the stream for a member."""
        return self._sent.get(number) or self.member(number)

    def decide(self, number: int, operation: Operation) -> None:
        """Note what is done about a member; see `Decided`."""
        self._decided.decide(number, operation)

    def decide_all(
        self, numbers: Sequence[int], action: Action, stands: Standing | None = None
    ) -> None:
        """Note that the same is done about some members; see `Decided`."""
        self._decided.decide_all(numbers, action, stands)

    def action(self, number: int) -> Action | None:
        """Return what is done about a member; None for the target itself."""
        return self._decided.action(number)

    def operation(self, number: int) -> Operation | None:
        """Return what is done about a member; None for the target itself."""
        return self._decided.operation(number, self.member(number))

    def operations(self) -> Iterator[Operation]:
        """Return all of them: parents without a member, then the members in their order."""
        yield from self.parents.values()
        for number in range(len(self.members)):
            operation = self.operation(number)
            if operation is not None:
                yield operation

    def operations_about(self, *actions: Action) -> Iterator[Operation]:
        """Return the operations that are one of these, in the order of `operations`."""
        yield from (one for one in self.parents.values() if one.action in actions)
        for number in self._decided.numbers(actions):
            if (operation := self.operation(number)) is not None:
                yield operation

    def directories(self) -> Iterator[Operation]:
        """Return the operations about directories, in the order of `operations`."""
        yield from self.parents.values()
        for number in self.members.of_kind(Kind.DIRECTORY):
            if (operation := self.operation(number)) is not None:
                yield operation

    def promised(self, actions: Iterable[Action]) -> Sequence[int]:
        """Return the members other than directories about which one of these is done."""
        numbers = self._decided.numbers(actions)
        kinds = self.members.columns.kinds
        return array("I", (one for one in numbers if kinds[one] != _DIRECTORY))

    def carried(self) -> array[int]:
        """Return the numbers of the members that are sent, in the order of their data."""
        found = array("I", self._decided.numbers(_CARRIED))
        if self.copied:
            found = array("I", (number for number in found if number not in self.copied))
        if self._changed:
            return array("I", sorted(found, key=lambda number: self.member(number).offset))
        return found

    def carried_out(self) -> Iterator[Operation]:
        """Return the operations that send something."""
        yield from (one for one in self.parents.values() if one.action in _CARRIED)
        for number in self.carried():
            operation = self.operation(number)
            if operation is not None:
                yield operation

    def has_directory(self, path: bytes) -> bool:
        """Tell whether something of the backup stands below a path."""
        if path in self.parents:
            return True
        return any(self.members.kind(number) is Kind.DIRECTORY for number in self.members.at(path))

    def sets_mode_of(self, path: bytes) -> bool:
        """Tell whether a directory gets the backup's mode in the end."""
        return any(self.action(number) in _CARRIED for number in self.members.at(path))

    def needed(self, volumes: Sequence[bytes]) -> dict[bytes, tuple[int, int]]:
        """Return the bytes and inodes that are needed on each volume, beyond what becomes free.

        File systems give out blocks of 4 KiB; what is replaced is deleted first.

        Args:
            volumes: their paths, among them the empty one, the target's own.
        """
        found = dict.fromkeys(volumes, (0, 0))
        most = dict.fromkeys(volumes, 0)
        inner = sorted((path for path in volumes if path), key=len, reverse=True)
        if not inner:
            return {b"": (self.room.most, self.room.inodes)}
        for number in self.carried():
            path = self.member(number).path
            volume = next((p for p in inner if path.startswith(p + b"/")), b"")
            size, count = found[volume]
            more, is_new = self.needed_for(number)
            found[volume] = (size + more, count + is_new)
            most[volume] = max(most[volume], size + more)
        return {path: (most[path], count) for path, (_, count) in found.items()}

    def needed_for(self, number: int) -> tuple[int, int]:
        """Return the bytes and inodes that a member needs; see `Room`."""
        is_created = self.action(number) is Action.CREATE
        return self.room.needed_for(number, self.member(number), is_created=is_created)

    def count(self, *actions: Action) -> int:
        """Return how many paths something is done about, parents among them."""
        counts = self._decided.counts()
        return sum(counts[one] for one in actions) + sum(
            one.action in actions for one in self.parents.values()
        )

    def count_of(self, numbers: Iterable[int], action: Action) -> int:
        """Return about how many of some members something is done."""
        return self._decided.counts(numbers)[action]

    def outcomes(self) -> dict[Action, int]:
        """Return how many paths come out how: as `Operation.outcome` tells them apart."""
        found = {one: self.count(one) for one in Action}
        stay = self._decided.counts(self.members.of_kind(Kind.DIRECTORY))[Action.REPLACE]
        found[Action.REPLACE] -= stay
        found[Action.ADJUST] += stay
        return found

    def reasons(self, action: Action) -> Counter[str]:
        """Return how many members it is done about for which reason."""
        return self._decided.reasons(action)

    @property
    def finds_anything(self) -> bool:
        """Tell whether something stands at any of the paths."""
        return self.count(*(one for one in Action if one is not Action.CREATE)) > 0

    @property
    def changes_anything(self) -> bool:
        """Tell whether carrying it out changes anything there."""
        changes = self.count(Action.CREATE, Action.REPLACE, Action.ADJUST)
        return bool(changes or self.resumed or self.extras)

    @property
    def is_refused(self) -> bool:
        """Tell whether something forbids the restore."""
        return self.count(Action.REFUSE) > 0

    def refused(self) -> Iterator[Operation]:
        """Return the operations that forbid the restore."""
        yield from self.operations_about(Action.REFUSE)
