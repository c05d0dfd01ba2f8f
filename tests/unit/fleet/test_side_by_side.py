"""So many at a time, so many on a node, and all of them."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_restore.deadline import Watch
from kubectl_restore.errors import BackupError, ExitCode
from kubectl_restore.fleet.pairs import Pair
from kubectl_restore.fleet.side_by_side import run_side_by_side
from kubectl_restore.progress import Summary


def no_tick() -> None:
    """Nothing moves."""


@settings(max_examples=25, deadline=None)
@given(
    nodes=st.lists(st.sampled_from(["", "a", "b"]), max_size=12),
    jobs=st.integers(1, 5),
    per_node=st.integers(1, 3),
)
def test_never_more_than_that(nodes: list[str], jobs: int, per_node: int) -> None:
    pairs = [Pair(f"pod/p{number}", "b", node) for number, node in enumerate(nodes)]
    lock, running = threading.Lock(), set()
    most, on_node = 0, Counter[str]()

    def work(pair: Pair) -> Summary:
        nonlocal most
        with lock:
            running.add(pair)
            most = max(most, len(running))
            for node, count in Counter(one.node for one in running).items():
                on_node[node] = max(on_node[node], count)
        with lock:
            running.discard(pair)
        return Summary(pair.name)

    results = run_side_by_side(
        pairs, work, jobs=jobs, per_node=per_node, watch=Watch(None), tick=no_tick
    )
    assert [one.pair for one in results] == pairs
    assert all(isinstance(one.done, Summary) and one.done.path == one.pair.name for one in results)
    assert most <= jobs
    assert all(count <= per_node for node, count in on_node.items() if node)


def test_what_fails_ends_no_other() -> None:
    def work(pair: Pair) -> Summary:
        if pair.name == "p1":
            raise BackupError("it is damaged")
        if pair.name == "p2":
            raise ZeroDivisionError("oh")
        return Summary("/")

    pairs = [Pair(f"pod/p{number}", "b") for number in range(4)]
    results = run_side_by_side(pairs, work, jobs=2, per_node=2, watch=Watch(None), tick=no_tick)
    assert [one.exit_code for one in results] == [0, ExitCode.BACKUP, ExitCode.BUG, 0]
    assert results[2].error is not None
    assert "ZeroDivisionError" in results[2].error.what


def test_after_a_signal_nothing_is_begun() -> None:
    watch = Watch(None)

    def work(pair: Pair) -> Summary:
        watch.signalled, watch.signals = 2, 1
        return Summary(pair.name)

    pairs = [Pair(f"pod/p{number}", "b") for number in range(5)]
    results = run_side_by_side(pairs, work, jobs=1, per_node=1, watch=watch, tick=no_tick)
    assert [one.is_begun for one in results] == [True, False, False, False, False]


def test_each_target_has_a_limit_of_its_own_and_sees_the_signal() -> None:
    now = [0.0]
    watch = Watch(None, clock=lambda: now[0])
    now[0] = 100.0
    one = watch.of_one(10)
    one.check()
    assert one.left == 10
    watch.signalled, watch.signals = 2, 1
    with pytest.raises(Exception, match="interrupted"):
        one.check()
