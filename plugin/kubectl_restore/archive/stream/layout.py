"""The stream that restores some of an archive's paths: laid out once, written as it is sent.

A directory comes twice: where it is first needed, writable for its owner, so that its children can
be made on every tar; and in an archive of its own that is extracted afterwards, the deepest first,
with its true mode and time. Its children changed its time, and tars make some links only when the
stream has ended (GNU and busybox those with absolute or `..` targets), so the end of the same
stream would be too early.

The headers of a million members would be a gigabyte: only lengths are kept.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.heartbeat import OFTEN, no_beat, with_beat
from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.stream.form import Item
from kubectl_restore.archive.stream.passed_on import Run
from kubectl_restore.archive.stream.segments import Extract, Literal, length_of
from kubectl_restore.archive.stream.shell_form import ShellForm
from kubectl_restore.archive.stream.tar_form import TarForm

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from kubectl_restore.archive.heartbeat import Beat
    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.stream.form import Form
    from kubectl_restore.archive.stream.normalise import Dialect
    from kubectl_restore.archive.stream.passed_on import PassedOn
    from kubectl_restore.archive.stream.segments import Segment

_NO_OWNERS: Final[dict[bytes, tuple[int, int]]] = {}


def parents(path: bytes) -> Iterator[bytes]:
    """Return the directories above `path`, the outermost first."""
    at = path.find(b"/")
    while at >= 0:
        yield path[:at]
        at = path.find(b"/", at + 1)


class Layout:
    """The stream for some members of an archive, with the directories that it needs.

    Attributes:
        total: bytes of the stream.
    """

    def __init__(
        self,
        member_of: Callable[[int], Member],
        carried: array[int],
        directories: Mapping[bytes, int],
        bare: Collection[bytes] = (),
        *,
        dialect: Dialect,
        owner: tuple[int, int] = (0, 0),
        owners: Mapping[bytes, tuple[int, int]] = _NO_OWNERS,
        passed_on: PassedOn | None = None,
        beat: Beat = no_beat,
    ) -> None:
        """Lay it out.

        Args:
            member_of: returns a member by its number.
            carried: the numbers of the members to send, in the order of their data.
            directories: those of the directories among them, by path.
            bare: directories to make that have no member.
            dialect: for which tar.
            owner: whom those belong to.
            owners: whom some of them belong to instead, by path.
            passed_on: which of the members are sent as they stand in the archive; their numbers
                rise in `carried`. None for looking at each.
            beat: called now and then meanwhile; what it raises ends the work.
        """
        self._member = member_of
        self._carried = carried
        self._bare = bare
        self._dialect = dialect
        self._owner = owner
        self._owners = owners
        self._numbers = directories
        self._form = _form_of(dialect)
        # A shell is told of each.
        self._passed_on = passed_on if dialect.shell is None else None
        self._ends = array("q")
        self._files = array("I")
        at = self._measure(beat)
        self._end = self._form.end(at)
        self.total = at + len(self._end)

    def _measure(self, beat: Beat) -> int:
        """Note where each member ends; return where the last one does."""
        at = due = 0
        for item in self._together(self._items(), beat):
            if len(self._files) >= due:
                due += OFTEN
                beat()
            if isinstance(item, Run):
                self._files.extend(item.numbers)
                ends = accumulate(self._of(item).lengths(item), initial=at)
                self._ends.extend(islice(ends, 1, None))
                at = self._ends[-1]
                continue
            for numbers, length in self._form.measure(item):
                at += length
                for number in numbers:
                    self._ends.append(at)
                    self._files.append(number)
        return at

    def _together(
        self, items: Iterable[Item | Run], beat: Beat = no_beat
    ) -> Iterator[Iterable[Item] | Run]:
        """Return what the form is told: all items at once, or those between runs one by one."""
        if self._passed_on is None:
            own = (item for item in items if not isinstance(item, Run))
            yield with_beat(own, beat)
            return
        for item in items:
            yield item if isinstance(item, Run) else (item,)

    def _of(self, _run: Run) -> PassedOn:
        if self._passed_on is None:
            raise RuntimeError("nothing is passed on together")
        return self._passed_on

    def part(self, carried: array[int]) -> Layout:
        """Return the stream for some of the members, with the directories that they need."""
        return Layout(
            self._member,
            carried,
            self._numbers,
            self._bare,
            dialect=self._dialect,
            owner=self._owner,
            owners=self._owners,
            passed_on=self._passed_on,
        )

    @property
    def directories(self) -> DirectoryLayout:
        """What gives directories their own modes and times, once all else is there."""
        return DirectoryLayout(map(self._member, self._numbers.values()), self._dialect)

    @property
    def files(self) -> array[int]:
        """The numbers of the members that the stream carries, in its order; no directories."""
        return self._files

    def between(self, start: int, end: int) -> tuple[int, int]:
        """Return which of `files` have a byte in a part of the stream: the first, and the last.

        The first is behind the last where there is none.
        """
        first, last = bisect_right(self._ends, start), bisect_left(self._ends, end)
        if last < len(self._ends):
            # Several may be done at once.
            last = bisect_right(self._ends, self._ends[last])
        return first, last - 1

    @property
    def total_files(self) -> int:
        """How many members the stream carries (directories come as part of the frame)."""
        return len(self._files)

    def position(self, acknowledged: int) -> tuple[int, bytes | None]:
        """Return how many members end within the first bytes, and the path under way after them."""
        done = bisect_right(self._ends, acknowledged)
        return done, self._member(self._files[done]).path if done < len(self._files) else None

    def members_until(self, acknowledged: int) -> Iterator[Member]:
        """Return the members whose last byte is among the first `acknowledged`."""
        return map(self._member, self._files[: bisect_right(self._ends, acknowledged)])

    def segments(self) -> Iterator[Segment]:
        """Return the stream, piece by piece."""
        return _joined(self._pieces())

    def _items(self) -> Iterator[Item | Run]:
        """Return what the stream carries, in order."""
        made: set[bytes] = set()
        last, place = b"", 0
        while place < len(self._carried):
            number = self._carried[place]
            run = self._passed_on and self._passed_on.run_at(self._carried, place)
            member = self._member(number)
            path = member.path
            parent = path.rpartition(b"/")[0]
            if parent != last:
                last = parent
                yield from self._parents(number, member, made)
            if run:
                yield run
                place += run.end - run.first
                continue
            place += 1
            if member.kind is not Kind.DIRECTORY:
                yield Item(number, member)
            elif path not in made:
                made.add(path)
                own = self._numbers.get(path)
                yield Item(number, member, path, self._owner_of(path) if own is None else None)

    def _parents(self, number: int, member: Member, made: set[bytes]) -> Iterator[Item]:
        """Return the directories that a member needs and that were not made before."""
        for above in parents(member.path):
            if above not in made and (above in self._bare or above in self._numbers):
                made.add(above)
                own = self._numbers.get(above)
                yield (
                    Item(number, member, above, self._owner_of(above))
                    if own is None
                    else Item(own, self._member(own), above)
                )

    def _owner_of(self, path: bytes) -> tuple[int, int]:
        """Return whom a directory belongs to that has no member."""
        return self._owners.get(path, self._owner)

    def _pieces(self) -> Iterator[Segment]:
        for item in self._together(self._items()):
            if isinstance(item, Run):
                yield from self._of(item).extracts(item)
            else:
                yield from self._form.write(item)
        yield Literal(self._end)


class DirectoryLayout:
    """The second stream: directories alone, the innermost first, with their own modes and times.

    Attributes:
        members: the directories.
        total: bytes of the stream; 0 where there is none.
    """

    def __init__(self, directories: Iterable[Member], dialect: Dialect) -> None:
        """Lay it out."""
        self.members = sorted(directories, key=lambda member: member.path, reverse=True)
        self._form = _form_of(dialect)
        length = sum(length_of(one) for one in self._form.finish(self.members))
        self._end = self._form.end(length)
        self.total = length + len(self._end) if self.members else 0

    def segments(self) -> Iterator[Segment]:
        """Return the stream, piece by piece."""
        if self.members:
            yield from self._form.finish(self.members)
            yield Literal(self._end)


def _form_of(dialect: Dialect) -> Form:
    """Return who writes for what the container has."""
    return TarForm(dialect) if dialect.shell is None else ShellForm(dialect.shell)


def _joined(segments: Iterable[Segment]) -> Iterator[Segment]:
    """Return the segments, neighbouring extracts as one."""
    held: Extract | None = None
    for segment in segments:
        if isinstance(segment, Extract):
            if held is not None and held.offset + held.length == segment.offset:
                held = Extract(held.offset, held.length + segment.length)
                continue
            if held is not None:
                yield held
            held = segment
            continue
        if held is not None:
            yield held
            held = None
        yield segment
    if held is not None:
        yield held
