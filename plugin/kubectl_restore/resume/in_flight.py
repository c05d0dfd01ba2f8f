"""What a restore that is broken off may leave unfinished, as it is noted in the pod beforehand.

A tar that loses its input leaves the file under way behind: short, or at its full size with zeros.
What comes before it in the stream is done once the pod's tar has read on far enough. So at every
moment some members are in doubt; they are noted in the pod before their bytes are sent, and the
next run of the same command takes them for its own: no --force is needed, and neither their size
nor their time is believed. So with directories, which get their modes and times at the very end.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Kind, normal_path
from kubectl_restore.plan.operation import Action
from kubectl_restore.resume.runs import read_runs, write_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kubectl_restore.archive.members.members import Members
    from kubectl_restore.plan.cut import Share
    from kubectl_restore.plan.plan import Plan

UNDER_WAY: Final = 1 << 20
"""Bytes that the pod may have acknowledged and its tar not dealt with: what the pipe between them
holds (64 KiB; a pipe's largest is 1 MiB), and the record at hand."""
_SENT: Final = frozenset({Action.CREATE, Action.REPLACE})
_DONE: Final = frozenset({None, Action.KEEP, Action.SKIP})
EARLIER, CARRIED, DIRECTORIES = "e", "c", "d"
"""What a line of a plan begins with."""


@dataclass(slots=True)
class Doubt:
    """Members that a run before this one, or an attempt, may have left unfinished.

    Attributes:
        numbers: theirs.
        made: for each member, whether it was made; some tars leave owners and times to be set
            in the end. Empty where none was.
        directories: those of directories without their own mode and time.
        is_noted: the pod had a record of an earlier run.
    """

    numbers: set[int] = field(default_factory=set)
    made: bytearray = field(default_factory=bytearray)
    directories: set[int] = field(default_factory=set)
    is_noted: bool = False

    def go_on(self, members: Members, carried: Sequence[int], first: int, last: int) -> None:
        """Take a stream that was broken off; see `unfinished`. What came before is settled."""
        self.numbers.difference_update(carried[:first])
        self.numbers.update(unfinished(members, carried, first, last))
        self.made = self.made or bytearray(len(members))
        for number in carried[:first]:
            self.made[number] = 1
        for number in self.numbers:
            self.made[number] = 0

    def unset(self, members: Members) -> frozenset[bytes]:
        """Return the paths of the directories without their own mode and time."""
        return frozenset(map(members.path, self.directories))


def read_doubt(
    planned: Iterable[bytes], flights: Iterable[bytes], batch: bytes, members: Members
) -> Doubt:
    """Read what the pod has noted.

    Args:
        planned: the lines of a plan; see `plan_lines`.
        flights: the newest two notes of each stream of what was in flight, each
            `BATCH FIRST LAST`, or `BATCH.NUMBER FIRST LAST START COUNT` of one of several.
        batch: whose.
        members: its.

    Returns:
        Nothing in doubt where the notes make no sense.
    """
    known: dict[str, list[int]] = {EARLIER: [], CARRIED: [], DIRECTORIES: []}
    doubt = Doubt()
    with suppress(ValueError, KeyError):
        for line in planned:
            kind, _, runs = line.decode("ascii").partition(" ")
            known[kind] += read_runs(runs, len(members))
            if len(known[kind]) > len(members):
                return Doubt()
        doubt.is_noted = any(known.values())
        carried = known[CARRIED]
        doubt.numbers.update(known[EARLIER])
        doubt.directories.update(known[DIRECTORIES])
        for first, last, start, count in spans_of(flights, batch):
            doubt.go_on(members, carried[start : start + count], first, last)
        return doubt
    return Doubt()


def spans_of(flights: Iterable[bytes], batch: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Return what was in flight of each stream of a batch.

    Args:
        flights: see `read_doubt`; of each stream the newest note may not have been written whole.
        batch: whose.

    Returns:
        Of each stream the first and the last member in flight, where it begins among those that
        the plan carries, and how long it is.
    """
    spans: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for flight in flights:
        if (span := _span(flight, batch)) is not None:
            first, last, start, count = span
            spans.setdefault((start, count), []).append((first, last))
    for (start, count), ends in spans.items():
        yield min(one for one, _ in ends), max(one for _, one in ends), start, count


def _span(flight: bytes, batch: bytes) -> tuple[int, int, int, int] | None:
    """Read a note: the first and the last in flight, and where its stream begins, how long it is.

    Both count members: the former those of the stream, the latter those that the plan carries.
    """
    whose, *words = flight.split(b" ")
    if len(words) not in {2, 4} or not all(map(bytes.isdigit, words)):
        return None
    if (whose if len(words) == 2 else whose.rpartition(b".")[0]) != batch:
        return None
    first, last, start, count = map(int, [*words, b"0", b"%d" % sys.maxsize][:4])
    return first, last, start, count


def unfinished(members: Members, carried: Sequence[int], first: int, last: int) -> set[int]:
    """Return which members are unfinished when the stream breaks.

    GNU tar and busybox make links with absolute or `..` targets when the stream has ended; until
    then GNU tar has an empty file in the place of each.

    Args:
        members: of the index.
        carried: their numbers, in the order of the stream.
        first: of these, the first in flight.
        last: the last one.
    """
    found = set(carried[first : last + 1])
    symlinks = set(members.of_kind(Kind.SYMLINK))
    late = {one for one in carried[:first] if one in symlinks and _is_late(members[one].link)}
    found |= late
    if late:
        # Other names of such a link, and of those.
        paths = {members.path(one) for one in late}
        links = set(members.of_kind(Kind.HARDLINK))
        for one in carried[:first]:
            if one in links and normal_path(members[one].link) in paths:
                paths.add(members.path(one))
                found.add(one)
    return found


def _is_late(target: bytes) -> bool:
    return target.startswith(b"/") or b".." in target.split(b"/")


def plan_lines(plan: Plan, doubt: Doubt, shares: Sequence[Share]) -> bytes:
    """Return what is noted before a plan is carried out: what stays in doubt, and what it sends."""
    made = (number for number, is_made in enumerate(doubt.made) if is_made)
    still = sorted(one for one in {*doubt.numbers, *made} if plan.action(one) not in _DONE)
    carried = (one for share in shares for one in share.layout.files)
    return _lines(EARLIER, still) + _lines(CARRIED, carried) + settled_lines(plan, doubt)


def settled_lines(plan: Plan, doubt: Doubt, unmade: Iterable[int] = ()) -> bytes:
    """Return what is noted when a plan was carried out and proved, but for its directories.

    Args:
        plan: it.
        doubt: what stood in doubt before.
        unmade: the numbers of members that could not be made: something of them may stand there.
    """
    return _lines(EARLIER, unmade) + _lines(
        DIRECTORIES,
        (
            one
            for one in plan.members.of_kind(Kind.DIRECTORY)
            if plan.action(one) in _SENT or one in doubt.directories
        ),
    )


def _lines(kind: str, numbers: Iterable[int]) -> bytes:
    return "".join(f"{kind} {runs}\n" for runs in write_runs(numbers)).encode("ascii")


class Stream:
    """One stream on its way to the pod: what of it has arrived, and what is in flight.

    Attributes:
        layout: of the stream.
        acknowledged: bytes that the pod has taken.
        first: of the members of the stream, the first that may be unfinished.
        last: the last one.
        safe: bytes of the stream of which nothing is in doubt.
    """

    def __init__(self, share: Share, batch: bytes, complaints: Callable[[], int]) -> None:
        """Have nothing in flight.

        Args:
            share: what the stream carries.
            batch: whose it is.
            complaints: returns how many lines the pod's tar has said: from the first on nothing is
                sure any more.
        """
        self.layout = share.layout
        self.acknowledged = 0
        self.safe = 0
        self.first, self.last = 0, -1
        self._share = share
        self._batch = batch
        self._complaints = complaints

    def note(self, acknowledged: int, end: int) -> bytes:
        """Return what is in flight when a chunk is sent; see `Pump`."""
        self._trust(acknowledged)
        self.first, self.last = self.layout.between(self.safe, end)
        if self.last < self.first:
            return b""
        share = self._share
        span = b"%d %d" % (self.first, self.last)
        if share.is_whole:
            return b"%s %s" % (self._batch, span)
        place = b"%d %d" % (share.start, len(self.layout.files))
        return b"%s.%d %s %s" % (self._batch, share.number, span, place)

    def settle(self) -> None:
        """Take what was acknowledged after the last chunk."""
        if not self._complaints():
            self._trust(self.acknowledged)
            self.first = max(self.first, self.layout.between(self.safe, self.safe)[0])

    def _trust(self, acknowledged: int) -> None:
        if not self._complaints():
            self.safe = max(self.safe, acknowledged - UNDER_WAY)
