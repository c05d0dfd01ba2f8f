"""Ranges of an object: the right bytes whatever is read, few requests, bounded memory."""

from __future__ import annotations

import random
import threading
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubectl_restore.archive.source.objects import ranges
from kubectl_restore.archive.source.objects.ranges import RangeReader, Workers, together
from kubectl_restore.errors import BackupError, SignalledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONTENT = random.Random(3).randbytes(5_000)  # noqa: S311 - content, no secret
SMALL = {"PIECE": 256, "FIRST": 64, "_LEAST": 16, "_NEAR": 128, "_GAP": 32, "BEHIND": 128}


@pytest.fixture(autouse=True)
def _small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SMALL.items():
        monkeypatch.setattr(ranges, name, value)


class Source:
    """An object in memory."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []
        self.workers = Workers(self.fetch)

    def fetch(self, offset: int, length: int, _is_wanted: Callable[[], bool]) -> bytearray:
        self.asked.append((offset, offset + length))
        return bytearray(CONTENT[offset : offset + length])

    def reader(self, wanted: list[tuple[int, int]] | None = None) -> RangeReader:
        return RangeReader(
            self.workers, len(CONTENT), lambda: None, opening=CONTENT[:64], wanted=wanted
        )


@pytest.fixture
def source() -> Iterator[Source]:
    one = Source()
    yield one
    one.workers.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5_200), st.integers(0, 700)), max_size=12))
def test_whatever_is_read_comes_right(reads: list[tuple[int, int]]) -> None:
    one = Source()
    reader = one.reader()
    for offset, length in reads:
        assert reader.read(offset, length) == CONTENT[offset : offset + length]
    one.workers.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 700)), max_size=12))
def test_what_was_announced_is_fetched_and_nothing_else(gaps: list[tuple[int, int]]) -> None:
    one, wanted, at = Source(), [], 0
    for gap, length in gaps:
        if at + gap + length > len(CONTENT):
            break
        wanted.append((at + gap, length))
        at += gap + length
    reader = one.reader(wanted)
    for offset, length in wanted:
        assert reader.read(offset, length) == CONTENT[offset : offset + length]
    one.workers.close()
    needed = {byte for offset, length in wanted for byte in range(offset, offset + length)}
    fetched = [byte for start, end in one.asked for byte in range(start, end)]
    assert len(fetched) == len(set(fetched)), "a byte was fetched twice"
    beside = len(set(fetched) - needed)
    assert beside <= SMALL["_GAP"] * len(wanted)


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 600)), max_size=20))
def test_ranges_that_nearly_touch_are_one(gaps: list[tuple[int, int]]) -> None:
    wanted, at = [], 0
    for gap, length in gaps:
        wanted.append((at + gap, length))
        at += gap + length
    found = list(together(wanted))
    assert all(0 < end - start <= ranges.PIECE for start, end in found)
    assert all(one[1] <= other[0] for one, other in pairwise(found))
    covered = {byte for start, end in found for byte in range(start, end)}
    assert all(set(range(at, at + length)) <= covered for at, length in wanted)


def test_where_nothing_more_is_near_nobody_looks_further() -> None:
    def wanted() -> Iterator[tuple[int, int] | None]:
        yield 0, 10
        yield None
        raise AssertionError("it was looked at although nobody needs it yet")

    assert next(together(wanted())) == (0, 10)


def test_headers_far_apart_cost_little(source: Source) -> None:
    reader = source.reader()
    for offset in range(0, 5_000, 1_000):
        reader.read(offset, 10)
    fetched = sum(end - start for start, end in source.asked)
    assert fetched <= 5 * 16


def test_reading_on_and_on_is_done_in_large_ranges_ahead(source: Source) -> None:
    reader = source.reader()
    read = b"".join(reader.read(offset, 50) for offset in range(0, 5_000, 50))
    assert read == CONTENT
    sizes = [end - start for start, end in source.asked]
    assert max(sizes) == 256
    assert len(sizes) < 25
    assert sum(sizes) <= len(CONTENT) - 64


def test_no_more_is_at_hand_than_is_bounded() -> None:
    """Nothing is answered before all that may be under way at once was asked for."""
    asked: list[int] = []
    go = threading.Event()

    def fetch(offset: int, length: int, _is_wanted: Callable[[], bool]) -> bytearray:
        asked.append(length)
        go.wait(20)
        return bytearray(CONTENT[offset : offset + length])

    workers = Workers(fetch)
    waited = [0]

    def pulse() -> None:
        waited[0] += 1
        if waited[0] > 3:
            go.set()

    reader = RangeReader(workers, len(CONTENT), pulse, wanted=[(0, len(CONTENT))])
    assert reader.read(0, 10) == CONTENT[:10]
    assert 1 < len(asked) <= ranges.AHEAD + 1
    workers.close()


def test_a_failure_is_raised_where_its_bytes_are_read() -> None:
    def fetch(offset: int, length: int, _is_wanted: Callable[[], bool]) -> bytearray:
        if offset >= 512:
            raise BackupError("gone")
        return bytearray(CONTENT[offset : offset + length])

    workers = Workers(fetch)
    reader = RangeReader(workers, len(CONTENT), lambda: None, wanted=[(0, 2_000)])
    assert reader.read(0, 512) == CONTENT[:512]
    with pytest.raises(BackupError, match="gone"):
        reader.read(512, 1)
    workers.close()


def test_who_waits_can_be_interrupted() -> None:
    held = threading.Event()

    def fetch(_offset: int, length: int, _is_wanted: Callable[[], bool]) -> bytearray:
        held.wait(20)
        return bytearray(length)

    def pulse() -> None:
        raise SignalledError("interrupted", number=2)

    workers = Workers(fetch)
    reader = RangeReader(workers, len(CONTENT), pulse)
    with pytest.raises(SignalledError):
        reader.read(0, 10)
    held.set()
    workers.close()


def test_what_is_not_wanted_any_more_is_given_up() -> None:
    seen: list[bool] = []
    begun, go = threading.Event(), threading.Event()

    def fetch(_offset: int, length: int, is_wanted: Callable[[], bool]) -> bytearray:
        begun.set()
        go.wait(20)
        seen.append(is_wanted())
        return bytearray(length)

    workers = Workers(fetch)

    def pulse() -> None:
        begun.wait(20)
        reader.close()
        raise SignalledError("interrupted", number=2)

    reader = RangeReader(workers, len(CONTENT), pulse, wanted=[(0, 100)])
    with pytest.raises(SignalledError):
        reader.read(0, 10)
    go.set()
    workers.close()
    for _ in range(200):
        if seen:
            break
        threading.Event().wait(0.05)
    assert seen == [False]
