"""Which chunks are packed for the way: what measures faster."""

from __future__ import annotations

import os

import pytest

from kubectl_restore.pipe.transit import Transit, packed

CHUNK = 1 << 20


class Link:
    """Takes chunks at one rate as they are, at another when they are packed."""

    def __init__(self, loose: float, tight: float, *, ahead: int = 4) -> None:
        self.rates = {False: loose, True: tight}
        self.transit = Transit()
        self.time = 0.0
        self.under_way: list[bool] = []
        self.ahead = ahead

    def run(self, seconds: float) -> float:
        """Send for some time; return which part of the chunks was packed."""
        until, ways = self.time + seconds, []
        while self.time < until:
            while len(self.under_way) < self.ahead:
                self.transit.sent()
                self.under_way.append(self.transit.packs)
            way = self.under_way.pop(0)
            self.time += CHUNK / self.rates[way]
            ways.append(way)
            self.transit.acknowledged(CHUNK, self.time)
        return sum(ways) / len(ways)


@pytest.mark.parametrize("rate", [1e6, 5e6, 40e6])
def test_over_a_slow_link_chunks_are_packed(rate: float) -> None:
    link = Link(rate, 3 * rate)
    link.run(20 * CHUNK / rate + 4)
    assert link.run(20) > 0.9
    assert link.transit.packs


def test_over_a_fast_link_nothing_is_even_tried() -> None:
    assert Link(200e6, 400e6).run(200) == 0


@pytest.mark.parametrize("tight", [1e6, 20e6, 22e6])
def test_where_it_is_no_gain_it_is_tried_for_a_moment_only(tight: float) -> None:
    link = Link(20e6, tight)
    link.run(20)
    assert not link.transit.packs
    assert link.run(40) == 0


def test_when_the_link_changes_the_other_way_is_found() -> None:
    link = Link(20e6, 10e6)
    link.run(30)
    link.rates = {False: 2e6, True: 6e6}
    link.run(80)
    assert link.run(20) > 0.9
    link.rates = {False: 50e6, True: 8e6}
    link.run(80)
    assert link.run(20) == 0


def test_a_chunk_that_hardly_shrinks_is_left_as_it_is() -> None:
    assert packed(os.urandom(100_000)) is None
    assert packed(bytes(100_000)) is not None
