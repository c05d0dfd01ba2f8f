"""A million members in little memory: columns of numbers, and a `Member` when one is asked for.

A member costs 52 bytes and its name here; as an object with its numbers it would be 500.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, compress, islice, pairwise, takewhile
from operator import eq, sub
from typing import TYPE_CHECKING, Final, overload
from zlib import crc32

from kubectl_restore.archive.heartbeat import no_beat, with_beat
from kubectl_restore.archive.members.columns import COMMON, Columns, Owner
from kubectl_restore.archive.members.member import Extra, Kind, Member, normal_path
from kubectl_restore.archive.members.names import all_paths, paths_between, starts_of_runs
from kubectl_restore.archive.members.repeated import buckets_for, repeated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from typing import Self

    from kubectl_restore.archive.heartbeat import Beat

_KINDS: Final = tuple(Kind)
CODES: Final = {kind: code for code, kind in enumerate(_KINDS)}
"""Kinds as numbers, in the column of kinds."""
_EXTRAS: Final = [Extra(value) for value in range(1 << len(Extra))]
_OFTEN: Final = 32
"""Questions for a path from which on it is worth while to sort the hashes of all."""
_SET_IDS: Final = 0o6000
_MAY_READ: Final = 0o444


class Standing:
    """Paths, of which it is known where there is none: a table of one byte for some hashes."""

    def __init__(self, most: int, hashes: Iterable[int]) -> None:
        """Take the paths' hashes, and how many they may be."""
        self._buckets = buckets_for(most)
        self._table = bytearray(self._buckets)
        for value in hashes:
            self._table[value % self._buckets] = 1

    def __contains__(self, path: bytes) -> bool:
        """Tell whether a path may be among them."""
        return bool(self._table[_hash(path) % self._buckets])


def _hash(path: bytes) -> int:
    # The same in every process, so that it may be stored; that many paths can be made to share one
    # costs time and no more.
    return crc32(path)


class Members(Sequence[Member]):
    """The members of an archive, in its order."""

    def __init__(self, columns: Columns | None = None) -> None:
        """Have none, or those of some columns."""
        self._columns = columns or Columns()
        self._by_hash: array[int] | None = None
        self._runs: array[int] | None = None
        self._runs_of = 0
        self._asked = 0
        self._owner_numbers = {
            (one.uid, one.gid, one.user, one.group): number
            for number, one in enumerate(self._columns.known_owners)
        }

    @property
    def columns(self) -> Columns:
        """What is known of them, to be stored."""
        return self._columns

    @classmethod
    def of(cls, members: Iterable[Member]) -> Self:
        """Return these members."""
        own = cls()
        for member in members:
            own.append(member)
        return own

    def append(self, member: Member) -> None:
        """Take one more."""
        columns = self._columns
        self._by_hash = None
        number = len(columns.kinds)
        columns.hashes.append(_hash(member.path))
        columns.names += member.name
        columns.name_ends.append(len(columns.names))
        columns.kinds.append(CODES[member.kind])
        flags = member.extras.value
        columns.flags.append(flags | COMMON if member.is_common else flags)
        columns.modes.append(member.mode)
        owner = self.owner_number(member.uid, member.gid, member.user, member.group)
        columns.owners.append(owner)
        columns.offsets.append(member.offset)
        columns.lengths.append(member.length)
        columns.prefixes.append(member.prefix)
        columns.sizes.append(member.size)
        columns.mtimes.append(member.mtime)
        columns.nanoseconds.append(member.nanoseconds)
        if member.link:
            columns.links[number] = member.link
        if member.extents is not None:
            columns.extents[number] = member.extents
        if member.records:
            columns.records[number] = member.records
        if member.device:
            columns.devices[number] = member.device

    def owner_number(self, uid: int, gid: int, user: bytes, group: bytes) -> int:
        """Return the number of an owner in the columns; a new one where there is none."""
        owner = (uid, gid, user, group)
        number = self._owner_numbers.get(owner)
        if number is None:
            number = self._owner_numbers[owner] = len(self._columns.known_owners)
            self._columns.known_owners.append(Owner(*owner))
        return number

    def owners(self) -> set[tuple[int, int]]:
        """Return the numeric owners that there are: user and group."""
        known = self._columns.known_owners
        return {known[number][:2] for number in set(self._columns.owners)}

    def __len__(self) -> int:
        return len(self._columns.kinds)

    @overload
    def __getitem__(self, number: int) -> Member: ...
    @overload
    def __getitem__(self, number: slice) -> list[Member]: ...
    def __getitem__(self, number: int | slice) -> Member | list[Member]:
        if isinstance(number, slice):
            return [self._member(one) for one in range(*number.indices(len(self)))]
        if not -len(self) <= number < len(self):
            raise IndexError(number)
        return self._member(number % len(self))

    def __iter__(self) -> Iterator[Member]:
        return map(self._member, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Members):
            return NotImplemented
        return len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment] # they grow

    def _member(self, number: int) -> Member:
        columns = self._columns
        name = self.name(number)
        flags = columns.flags[number]
        owner = columns.known_owners[columns.owners[number]]
        return Member(
            name,
            normal_path(name),
            _KINDS[columns.kinds[number]],
            columns.offsets[number],
            columns.lengths[number],
            columns.prefixes[number],
            columns.sizes[number],
            columns.modes[number],
            columns.mtimes[number],
            owner.uid,
            owner.gid,
            columns.links.get(number, b""),
            flags >= COMMON,
            columns.extents.get(number),
            _EXTRAS[flags & ~COMMON],
            columns.records.get(number, b""),
            columns.nanoseconds[number],
            owner.user,
            owner.group,
            columns.devices.get(number, 0),
        )

    def name(self, number: int) -> bytes:
        """Return a member's name as recorded."""
        start = self._columns.name_ends[number - 1] if number else 0
        return bytes(self._columns.names[start : self._columns.name_ends[number]])

    def path(self, number: int) -> bytes:
        """Return a member's path."""
        return normal_path(self.name(number))

    def is_found(self, number: int) -> bool:
        """Tell whether a member is looked for where it is."""
        return self._columns.hashes[number] == _hash(self.path(number))

    def kind(self, number: int) -> Kind:
        """Return what a member is."""
        return _KINDS[self._columns.kinds[number]]

    def paths(self) -> Iterator[bytes]:
        """Return each member's path, in order."""
        return all_paths(self._columns)

    def paths_of(self, numbers: Sequence[int]) -> list[bytes]:
        """Return the paths of some members; quick where they rise, and few are left out."""
        if not numbers:
            return []
        first, span = numbers[0], numbers[-1] + 1 - numbers[0]
        if not len(numbers) <= span <= 2 * len(numbers):
            return [self.path(number) for number in numbers]
        paths = paths_between(self._columns, first, first + span)
        return paths if span == len(numbers) else [paths[number - first] for number in numbers]

    def runs(self, beat: Beat = no_beat) -> Iterator[tuple[int, int, bytes]]:
        """Return members that stand in one directory: the first, the one behind the last, where."""
        for first, end in pairwise(chain(self._starts(beat), (len(self),))):
            yield first, end, self.path(first).rpartition(b"/")[0]

    def end_of_run(self, number: int) -> int:
        """Return the number behind the last member that stands beside one, in their order."""
        starts = self._starts()
        place = bisect_right(starts, number)
        return starts[place] if place < len(starts) else len(self)

    def _starts(self, beat: Beat = no_beat) -> array[int]:
        """Return where runs start; looked for once, until there are other members."""
        if self._runs is None or self._runs_of != len(self):
            self._runs, self._runs_of = starts_of_runs(self._columns, beat), len(self)
        return self._runs

    def of_kind(self, *kinds: Kind) -> list[int]:
        """Return the numbers of all members of some kinds, rising."""
        codes = {CODES[kind] for kind in kinds}
        table = bytes(code in codes for code in range(256))
        return list(compress(range(len(self)), self._columns.kinds.translate(table)))

    def kinds(self) -> Iterator[Kind]:
        """Return what each member is, in order."""
        return map(_KINDS.__getitem__, self._columns.kinds)

    def count_absolute(self) -> int:
        """Return how many names begin with a slash."""
        names, starts = self._columns.names, chain((0,), self._columns.name_ends)
        return sum(names.startswith(b"/", start) for start in starts)

    def at(self, path: bytes) -> list[int]:
        """Return the numbers of the members that stand at a path."""
        value, hashes = _hash(path), self._columns.hashes
        self._asked += 1
        if self._by_hash is None and self._asked > _OFTEN:
            self._by_hash = array("I", sorted(range(len(self)), key=hashes.__getitem__))
        if self._by_hash is not None:
            near = bisect_left(self._by_hash, value, key=hashes.__getitem__)
            alike = takewhile(
                lambda number: hashes[number] == value, islice(self._by_hash, near, None)
            )
            return [number for number in alike if self.path(number) == path]
        found, start = [], 0
        for _ in range(hashes.count(value)):
            start = hashes.index(value, start) + 1
            if self.path(start - 1) == path:
                found.append(start - 1)
        return found

    def among(self, paths: AbstractSet[bytes]) -> Iterator[tuple[int, bytes]]:
        """Return the numbers of the members that stand at one of some paths, rising; and which."""
        wanted = set(map(_hash, paths))
        for number, value in enumerate(self._columns.hashes):
            if value in wanted and (path := self.path(number)) in paths:
                yield number, path

    def renamed(
        self,
        path_of: Callable[[bytes], bytes],
        link_of: Callable[[bytes], bytes],
        beat: Beat = no_beat,
    ) -> Self:
        """Return the members under other paths; not to be used together with these.

        Args:
            path_of: returns the path for a recorded name.
            link_of: returns a hard link's target for a recorded one.
            beat: see `with_beat`.
        """
        old = self._columns
        names, ends, hashes = bytearray(), array("q"), array("I")
        flags = bytearray(old.flags)
        start = 0
        for number, end in enumerate(with_beat(old.name_ends, beat)):
            name = bytes(old.names[start:end])
            start = end
            path = path_of(name)
            if path != name and path != normal_path(name):
                # The target itself has a name too.
                name = path or b"./"
                flags[number] &= ~COMMON
            names += name
            ends.append(len(names))
            hashes.append(_hash(path))
        links = dict(old.links)
        for number in with_beat(self.of_kind(Kind.HARDLINK), beat):
            link = link_of(links[number])
            if link != links[number]:
                links[number] = link
                flags[number] &= ~COMMON
        columns = replace(old, names=names, name_ends=ends, hashes=hashes, flags=flags, links=links)
        return type(self)(columns)

    def lengths_of_names(self) -> tuple[int, int]:
        """Return how many bytes the shortest and the longest name have."""
        ends = self._columns.name_ends
        lengths = set(map(sub, ends, chain((0,), ends)))
        return (min(lengths), max(lengths)) if lengths else (1, 1)

    def in_names(self, *texts: bytes) -> bool:
        """Tell whether one of these is in a name; may be wrong in saying so."""
        return any(text in self._columns.names for text in texts)

    def standing(self) -> Standing:
        """Return what tells quickly where something other than a directory may stand."""
        directory = CODES[Kind.DIRECTORY]
        pairs = zip(self._columns.kinds, self._columns.hashes, strict=True)
        return Standing(len(self), (value for kind, value in pairs if kind != directory))

    def repeated(self) -> dict[bytes, list[int]]:
        """Return the paths that occur more than once, each with its members' numbers."""
        twice = repeated(self._columns.hashes)
        found: dict[bytes, list[int]] = {}
        if twice:
            for number, value in enumerate(self._columns.hashes):
                if value in twice:
                    found.setdefault(normal_path(self.name(number)), []).append(number)
        return {path: numbers for path, numbers in found.items() if len(numbers) > 1}

    def with_changes(self, changes: Mapping[int, Member]) -> Self:
        """Return the members with some others in their places."""
        own = type(self)()
        for number in range(len(self)):
            own.append(changes.get(number) or self._member(number))
        return own

    def reduce_to(self, stays: bytearray) -> None:
        """Keep only some, in place: for each, one or zero says whether it stays."""
        self._by_hash = self._runs = None
        self._columns.reduce_to(stays)

    def give_to(self, uid: int, gid: int) -> int:
        """Make all of them somebody's; their headers have to be written anew.

        A program that becomes another's loses its set-id bits and its capabilities: else it would
        run as somebody whom its owner never named.

        Returns:
            How many programs lost some of it.
        """
        disarmed = self._disarm(uid, gid)
        self._columns.known_owners = [Owner(uid, gid)]
        self._owner_numbers = {Owner(uid, gid): 0}
        self._columns.owners = array("I", bytes(self._columns.owners.itemsize * len(self)))
        self._columns.flags = self._columns.flags.translate(_UNCOMMON)
        return disarmed

    def make_searchable(self) -> None:
        """Let whoever may list a directory look into it, too: x where r is."""
        columns = self._columns
        for number in self.of_kind(Kind.DIRECTORY):
            mode = columns.modes[number]
            columns.modes[number] = mode | (mode & _MAY_READ) >> 2

    def _disarm(self, uid: int, gid: int) -> int:
        columns, count = self._columns, 0
        others = {
            number
            for number, one in enumerate(columns.known_owners)
            if (one.uid, one.gid) != (uid, gid)
        }
        for number, owner in enumerate(columns.owners):
            if owner not in others or self.kind(number) is Kind.DIRECTORY:
                continue
            has_capabilities = columns.flags[number] & Extra.CAPABILITIES.value
            if has_capabilities or columns.modes[number] & _SET_IDS:
                columns.flags[number] &= ~Extra.CAPABILITIES.value
                columns.modes[number] &= ~_SET_IDS
                count += 1
        return count


_UNCOMMON: Final = bytes(value & ~COMMON for value in range(256))
