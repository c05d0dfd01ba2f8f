"""A plan as data: what is done about each member of a backup, in two bytes for each."""

from __future__ import annotations

from array import array
from collections import Counter
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.plan.operation import Action, Operation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kubectl_restore.archive.index.index import Index
    from kubectl_restore.archive.members.member import Extra, Member
    from kubectl_restore.archive.stream.layout import Layout
    from kubectl_restore.container.survey import Entry, Standing
    from kubectl_restore.plan.contents import Contents
    from kubectl_restore.plan.operation import Resumed

_ACTIONS: Final = tuple(Action)
_CODES: Final = {action: code for code, action in enumerate(_ACTIONS, 1)}
"""0 stands for the target itself, about which nothing is done."""
_CARRIED: Final = frozenset({Action.CREATE, Action.REPLACE})
_MOST_REASONS: Final = 255
_MOST_BLOCKS: Final = 0xFFFF_FFFF
_BLOCK: Final = 4096
"""Bytes that a file takes at least, on nearly all file systems."""


class Plan:
    """What a restore will do, and the stream that does it.

    Attributes:
        members: the index's.
        parents: directories that the archive needs and has no member for.
        parent_owners: the owners that some of those get that are made.
        layout: the stream; None for a plan that is refused.
        lost: how many members have what the pod's tar cannot keep, by kind.
        filled: how many members have holes that are written out.
        fills_holes: whether holes are written out.
        room: bytes that what is sent needs, beyond what becomes free.
        inodes: that it needs.
        attributed: how many members have attributes or ACLs that the pod's tar is given.
        root: the archive's own entry for the target, and what the target is: it is left as it is.
        regular_files: of the members that are sent.
        bytes: of their content, as restored.
        same: members other than directories that are right already.
        owners: whom the members that are sent belong to.
        written_to: directories that stand there and in which something is made or replaced; the
            target is the empty path.
        out_of_reach: what we may not replace: another's things in another's sticky directory.
        devices: device nodes that are made.
        closing: directories that are sent, and whose mode keeps their own owner out.
        through_links: a symbolic link stays, and members go through it.
        removed_first: symlinks that are removed before the stream comes; see `Policy`.
        extras: what is deleted: paths, and whether they are directories, these behind what is in
            them.
        resumed: large files that go on where they stopped, by number.
        copied: hard links that become files of their own, as the volume has none, by number.
        settled: files that an earlier run may have left unfinished, and are whole, by number.
        contents: finds the member that carries a hard link's content.
    """

    def __init__(self, index: Index, contents: Contents) -> None:
        """Decide nothing yet."""
        self.members = index.members
        self.contents = contents
        self.parents: dict[bytes, Operation] = {}
        self.parent_owners: dict[bytes, tuple[int, int]] = {}
        self.layout: Layout | None = None
        self.lost: Counter[Extra] = Counter()
        self.filled = 0
        self.attributed = 0
        self.root: tuple[Member, Entry] | None = None
        self.regular_files = 0
        self.bytes = 0
        self.same = 0
        self.owners: set[tuple[int, int]] = set()
        self.written_to: set[bytes] = set()
        self.out_of_reach: list[bytes] = []
        self.devices: list[bytes] = []
        self.closing: list[bytes] = []
        self.through_links = False
        self.removed_first: list[bytes] = []
        self.extras: list[tuple[bytes, bool]] = []
        self.resumed: dict[int, Resumed] = {}
        self.settled: set[int] = set()
        self.copied: set[int] = set()
        self.fills_holes = False
        self.room = 0
        self._room = 0
        self.inodes = 0
        self._freed = array("I", bytes(4 * len(self.members)))
        self._actions = bytearray(len(self.members))
        self._reasons = bytearray(len(self.members))
        self._texts: list[str] = [""]
        self._forceable: set[int] = set()
        self._stands: dict[int, Standing] = {}
        self._changed: dict[int, Member] = {}
        self._sent: dict[int, Member] = {}

    def free(self, number: int, blocks: int) -> None:
        """Note how many blocks of 512 bytes become free when something is replaced."""
        self._freed[number] = min(blocks, _MOST_BLOCKS)

    def change(self, number: int, member: Member) -> None:
        """Send something else for a member."""
        self._changed[number] = member

    def member(self, number: int) -> Member:
        """Return what is sent for a member."""
        return self._changed.get(number) or self.members[number]

    def send(self, number: int, member: Member) -> None:
        """Send another header for a member than what it is to be in the end."""
        self._sent[number] = member

    def sent(self, number: int) -> Member:
        """Return what stands in the stream for a member."""
        return self._sent.get(number) or self.member(number)

    def decide(self, number: int, operation: Operation) -> None:
        """Note what is done about a member."""
        self._actions[number] = _CODES[operation.action]
        if operation.reason:
            self._reasons[number] = self._numbered(operation.reason)
        if operation.needs_force:
            self._forceable.add(number)
        if operation.stands is not None:
            self._stands[number] = operation.stands

    def _numbered(self, reason: str) -> int:
        try:
            return self._texts.index(reason)
        except ValueError:
            if len(self._texts) > _MOST_REASONS:
                raise ValueError("a reason has to be one of a few") from None
            self._texts.append(reason)
            return len(self._texts) - 1

    def action(self, number: int) -> Action | None:
        """Return what is done about a member; None for the target itself."""
        code = self._actions[number]
        return _ACTIONS[code - 1] if code else None

    def operation(self, number: int) -> Operation | None:
        """Return what is done about a member; None for the target itself."""
        action = self.action(number)
        if action is None:
            return None
        member = self.member(number)
        return Operation(
            member.path,
            action,
            member,
            self._texts[self._reasons[number]],
            number in self._forceable,
            self._stands.get(number),
        )

    def operations(self) -> Iterator[Operation]:
        """Return all of them: parents without a member, then the members in their order."""
        yield from self.parents.values()
        for number in range(len(self.members)):
            operation = self.operation(number)
            if operation is not None:
                yield operation

    def carried(self) -> array[int]:
        """Return the numbers of the members that are sent, in the order of their data."""
        codes = {_CODES[one] for one in _CARRIED}
        found = array("I", (number for number, code in enumerate(self._actions) if code in codes))
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
            return {b"": (self.room, self.inodes)}
        for number in self.carried():
            member = self.member(number)
            volume = next((p for p in inner if member.path.startswith(p + b"/")), b"")
            size, count = found[volume]
            more, is_new = self._needed_for(number, member)
            found[volume] = (size + more, count + is_new)
            most[volume] = max(most[volume], size + more)
        return {path: (most[path], count) for path, (_, count) in found.items()}

    def _needed_for(self, number: int, member: Member) -> tuple[int, int]:
        is_new = self.action(number) is Action.CREATE and member.kind is not Kind.HARDLINK
        return self._blocks(member) - self._freed[number] * 512, int(is_new)

    def take_room(self, number: int, member: Member) -> None:
        """Count what a member that is sent needs."""
        size, count = self._needed_for(number, member)
        self._room += size
        self.room = max(self.room, self._room)
        self.inodes += count

    def take_rest(self, number: int) -> None:
        """Count what a file needs that goes on where it stopped."""
        member = self.members[number]
        self._room += self._blocks(member) - self.resumed[number].start
        self.room = max(self.room, self._room)
        self.regular_files += 1
        self.bytes += member.size

    def take_copy(self, number: int) -> None:
        """Count what a copy in the place of a hard link needs."""
        self._room += self._blocks(self.contents.of(self.member(number)))
        self.room = max(self.room, self._room)
        self.inodes += 1

    def _blocks(self, member: Member) -> int:
        if member.kind is not Kind.FILE:
            return 0
        size = member.size
        if member.extents is not None and not self.fills_holes:
            size = sum(member.extents[1::2])
        return size + -size % _BLOCK

    def count(self, *actions: Action) -> int:
        """Return how many paths something is done about, parents among them."""
        codes = Counter(self._actions)
        return sum(codes[_CODES[one]] for one in actions) + sum(
            one.action in actions for one in self.parents.values()
        )

    def outcomes(self) -> dict[Action, int]:
        """Return how many paths come out how: as `Operation.outcome` tells them apart."""
        found = {one: self.count(one) for one in Action}
        codes = Counter(self._actions[number] for number in self.members.of_kind(Kind.DIRECTORY))
        stay = codes[_CODES[Action.REPLACE]]
        found[Action.REPLACE] -= stay
        found[Action.ADJUST] += stay
        return found

    def reasons(self, action: Action) -> Counter[str]:
        """Return how many members it is done about for which reason."""
        found: Counter[str] = Counter()
        for (code, reason), count in Counter(
            zip(self._actions, self._reasons, strict=True)
        ).items():
            if code == _CODES[action] and reason:
                found[self._texts[reason]] += count
        return found

    @property
    def is_refused(self) -> bool:
        """Tell whether something forbids the restore."""
        return self.count(Action.REFUSE) > 0

    def refused(self) -> Iterator[Operation]:
        """Return the operations that forbid the restore."""
        yield from (one for one in self.parents.values() if one.action is Action.REFUSE)
        code = _CODES[Action.REFUSE]
        for number, own in enumerate(self._actions):
            if own == code and (operation := self.operation(number)) is not None:
                yield operation
