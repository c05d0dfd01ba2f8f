"""A plan's stream, cut into shares that lanes carry side by side."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Kind, normal_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_restore.archive.stream.layout import Layout
    from kubectl_restore.plan.plan import Plan

_EACH: Final = 16 * 1024
"""Bytes that a member costs beside its own: making a file takes as long as writing these."""


@dataclass(frozen=True, slots=True)
class Share:
    """Some members of a plan, in the order of their data, that one lane carries.

    Attributes:
        number: counts the shares of a plan.
        layout: their stream.
        start: how many members the streams of the shares before it carry.
        comes_last: it may be sent only when all others have arrived.
        is_whole: it is the whole stream.
    """

    number: int
    layout: Layout
    start: int = 0
    comes_last: bool = False
    is_whole: bool = False


def cut(plan: Plan, count: int) -> list[Share]:
    """Return a plan's stream as at most `count` shares of about the same cost.

    A hard link whose content comes in another share is sent after all others: it can be made only
    where that content stands. Directories that two shares need are in both; they get their own
    modes and times at the very end (archive/stream/layout.py).

    Args:
        plan: one that nothing is in the way of.
        count: 1 for the stream as it is.
    """
    layout = plan.layout
    if layout is None:
        return []
    if count <= 1:
        return [Share(0, layout, is_whole=True)]
    carried = plan.carried()
    pieces = [piece for piece in _pieces(plan, carried, count) if piece]
    late = _late(plan, pieces)
    if late:
        pieces = [array("I", (one for one in piece if one not in late)) for piece in pieces]
    shares: list[Share] = []
    start = 0
    for piece in [*filter(None, pieces), array("I", (one for one in carried if one in late))]:
        if piece:
            part = layout.part(piece)
            comes_last = bool(late) and piece[0] in late
            shares.append(Share(len(shares), part, start, comes_last))
            start += len(part.files)
    return shares


def _pieces(plan: Plan, carried: array[int], count: int) -> Iterator[array[int]]:
    """Return the members in pieces of about the same cost, in their order."""
    whole = sum(plan.member(number).length + _EACH for number in carried)
    piece, cost, done = array("I"), 0, 0
    for number in carried:
        piece.append(number)
        cost += plan.member(number).length + _EACH
        if cost * count >= whole * (done + 1):
            done += 1
            yield piece
            piece = array("I")
    yield piece


def _late(plan: Plan, pieces: list[array[int]]) -> set[int]:
    """Return the hard links to what comes in another piece, and the links to these."""
    piece_of = {number: at for at, piece in enumerate(pieces) for number in piece}
    links = {
        number: normal_path(member.link)
        for number in plan.members.of_kind(Kind.HARDLINK)
        if number in piece_of and (member := plan.member(number)).kind is Kind.HARDLINK
    }
    wanted = set(links.values())
    sent = ((plan.member(number).path, number) for number in piece_of) if links else ()
    known = {path: number for path, number in sent if path in wanted}
    late: set[int] = set()
    while found := {
        number
        for number, path in links.items()
        if number not in late
        and (target := known.get(path)) is not None
        and (target in late or piece_of[target] != piece_of[number])
    }:
        late |= found
    return late
