"""The window: what is under way drains in time on any sink, and a fast one is not held back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.pipe.window import BLOCK, LARGEST, SMALLEST, Window


def drain(rate: float, seconds: float, delay: float = 0.0) -> tuple[Window, float]:
    """Drive a window against a sink of `rate` bytes a second for some seconds of its time.

    Returns:
        The window, and the longest time that something was under way.
    """
    window, time, longest = Window(), 0.0, 0.0
    free_at = 0.0
    queue: list[tuple[float, int, float]] = []
    while time < seconds:
        while window.has_room():
            length = window.chunk
            window.sent(length, time)
            free_at = max(free_at, time) + length / rate
            queue.append((free_at + delay, length, time))
        due, length, sent_at = queue.pop(0)
        time = max(time, due)
        longest = max(longest, time - sent_at)
        assert window.acknowledge(length, time)
    return window, longest


@given(st.floats(20e3, 1e9))
def test_what_is_under_way_drains_long_before_kubectl_gives_up(rate: float) -> None:
    _, longest = drain(rate, 300)
    assert longest < 45  # kubectl over WebSocket ends after 61 s (docs/architecture.md, 1.4)


def test_a_slow_sink_is_acknowledged_every_second_or_so() -> None:
    window, _ = drain(60e3, 120)
    assert window.chunk == BLOCK
    assert window.limit <= 2 * SMALLEST


def test_a_fast_sink_gets_the_largest_window() -> None:
    window, _ = drain(300e6, 10)
    assert window.limit == LARGEST


def test_a_long_link_is_filled() -> None:
    window, _ = drain(80e6, 20, delay=0.2)
    assert window.limit >= 80e6 * 0.2


def test_one_chunk_may_always_go_when_nothing_is_under_way() -> None:
    window = Window()
    chunk = window.chunk
    while window.has_room():
        window.sent(chunk, 0.0)
    assert window.outstanding <= window.limit
    while window.outstanding:
        assert window.acknowledge(chunk, 1000.0)
    assert window.has_room()


def test_an_acknowledgement_that_was_not_due_is_noticed() -> None:
    window = Window()
    assert not window.acknowledge(5, 0.0)
    window.sent(BLOCK, 0.0)
    assert not window.acknowledge(BLOCK - 1, 0.0)
    assert window.acknowledge(BLOCK, 0.0)
