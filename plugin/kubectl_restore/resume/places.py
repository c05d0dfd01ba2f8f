"""What is noted of a backup that comes through a pipe: its members by their place in the stream.

Where a batch of a pipe ends depends on how fast it comes (archive/trust/stdin_batches.py), so the
batches of the next run are others, and numbers in them mean nothing to it. A member's place does:
the block of the archive that its data begins at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.tar.header import BLOCK
from kubectl_restore.resume.in_flight import CARRIED, DIRECTORIES, EARLIER, Doubt, spans_of
from kubectl_restore.resume.runs import read_runs, write_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kubectl_restore.archive.members.members import Members

_LARGEST: Final = 1 << 55
"""Blocks: no archive is longer (offsets are numbers of 64 bits)."""
_MOST: Final = 4_000_000
"""Members that one batch can note; more make no sense of what is noted."""


@dataclass(slots=True)
class Notes:
    """What earlier runs of a restore have noted, as the pod has it.

    Attributes:
        planned: the lines of each batch's plan.
        flights: what was in flight, of all batches; see `read_doubt`.
    """

    planned: dict[bytes, list[bytes]] = field(default_factory=dict)
    flights: list[bytes] = field(default_factory=list)


def with_places(lines: bytes, members: Members) -> bytes:
    """Return lines of a plan (`plan_lines`) with places instead of numbers."""
    offsets, made = members.columns.offsets, []
    for line in lines.splitlines():
        kind, _, runs = line.partition(b" ")
        numbers = read_runs(runs.decode("ascii"), len(members))
        places = write_runs(offsets[number] // BLOCK for number in numbers)
        made += [b"%s %s\n" % (kind, one.encode("ascii")) for one in places]
    return b"".join(made)


def doubt_by_place(notes: Notes, members: Members) -> Doubt:
    """Return what earlier runs may have left unfinished of some members.

    A batch whose lines make no sense says nothing. What one batch has left unfinished is in doubt,
    whatever another one says: which came first is not known.
    """
    here: dict[int, list[int]] = {}
    for number, offset in enumerate(members.columns.offsets):
        here.setdefault(offset // BLOCK, []).append(number)
    doubt = Doubt(is_noted=bool(notes.planned))
    for batch, lines in notes.planned.items():
        try:
            known = _read(lines)
        except ValueError:
            continue
        doubt.numbers.update(_here(known[EARLIER], here))
        doubt.directories.update(_here(known[DIRECTORIES], here))
        one = Doubt()
        for first, last, start, count in spans_of(notes.flights, batch):
            carried = known[CARRIED][start : start + count]
            before = _here(carried[:first], here)
            under_way = _here(carried[first : last + 1], here)
            end = len(before) + len(under_way)
            one.go_on(members, [*before, *under_way], len(before), end - 1)
        doubt.numbers |= one.numbers
        doubt.made = doubt.made or bytearray(len(one.made))
        for number, is_made in enumerate(one.made):
            doubt.made[number] |= is_made
    for number in doubt.numbers if doubt.made else ():
        doubt.made[number] = 0
    return doubt


def _read(lines: Iterable[bytes]) -> Mapping[str, list[int]]:
    """Return the places of a batch's lines, by their kind.

    Raises:
        ValueError: they make no sense.
    """
    known: dict[str, list[int]] = {EARLIER: [], CARRIED: [], DIRECTORIES: []}
    for line in lines:
        kind, _, runs = line.decode("ascii").partition(" ")
        if kind not in known:
            raise ValueError(f"{kind!r} is no kind of line")
        known[kind] += islice(read_runs(runs, _LARGEST), _MOST)
        if len(known[kind]) >= _MOST:
            raise ValueError("so many members are in no batch")
    return known


def _here(places: Iterable[int], here: Mapping[int, list[int]]) -> list[int]:
    return list(chain.from_iterable(here.get(place, ()) for place in places))
