"""Sentences, amounts, layers and rates."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.errors import TargetError
from kubectl_restore.progress import Header, Level, Phase, Status, Summary
from kubectl_restore.text import counted
from kubectl_restore.ui.amounts import as_rate, as_size, as_time
from kubectl_restore.ui.messages import error_text, message_text
from kubectl_restore.ui.texts import counts, first_line, news, result, so_far
from kubectl_restore.ui.tracker import Tracker
from tests.unit.ui.screens import Clock


def test_the_first_line_names_everything() -> None:
    header = Header(
        "dir/b.tar.gz", 1536, "db-0", "/data", "kind", "prod", "app",
        container_is_default=True, other_containers=("log", "proxy"),
    )  # fmt: skip
    assert first_line(header) == (
        "Restoring dir/b.tar.gz (1.5 KiB) to pod db-0, container app (kubectl's default; there is "
        "also log, proxy), path /data, namespace prod, context kind"
    )


def test_a_container_that_was_named_or_is_the_only_one() -> None:
    named = Header("b", 0, "p", "/", container="app", other_containers=("log",))
    assert first_line(named) == "Restoring b (0 B) to pod p, container app, path /"
    only = Header("b", 0, "p", "/", container="app", container_is_default=True)
    assert first_line(only) == "Restoring b (0 B) to pod p, container app (the only one), path /"


@given(*[st.text(max_size=10)] * 2)
def test_the_first_line_is_one_line_and_harmless(context: str, container: str) -> None:
    header = Header("a\\nb", 9, "p", "/", context=context, container=container)
    for line in (first_line(header), news(Header("a\\nb", 9, "p", "/"), header)):
        assert line.isprintable()
    assert first_line(header).startswith("Restoring a\\nb (9 B) to ")


def test_news_are_only_what_is_new() -> None:
    before = Header("b", 0, "p", "/", namespace="n")
    assert news(before, before) == ""
    assert news(before, Header("b", 0, "p", "/", namespace="n", context="k")) == "context k"
    assert news(before, Header("b", 0, "p", "/", namespace="m", container="c")) == (
        "container c, namespace m"
    )


def test_the_result() -> None:
    assert result(Summary("/data", 1, 1, 5, 0.5)) == "Restored 1 file, 5 B to /data in 0.5s\n"
    assert result(
        Summary("/data", 1204, 1200, 3 << 20, 75, links=1, devices=1, kept=1, replaced=2,
                notes=("n",), next_steps=("s",))
    ) == (
        "Restored 1,200 files, 2 directories, 1 link and 1 device or FIFO, 3.0 MiB to /data "
        "in 1m15s\n"
        "2 paths were replaced\nNote: n\nNext: s\n"
    )  # fmt: skip
    assert result(Summary("/data", 2, 1)).startswith("Restored 1 file and 1 directory, ")
    assert result(Summary("/data")) == "Nothing to restore to /data\n"


def test_what_had_arrived() -> None:
    assert so_far(Summary("/data")) == "Not one member had arrived whole\n"
    assert so_far(Summary("/data", 1, 1, 5)) == (
        "Arrived in the pod before it ended: 1 member, 5 B; not verified\n"
    )


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KiB"), (1536, "1.5 KiB"), (12 << 20, "12.0 MiB"),
     (300 * 1024, "300 KiB"), (1023 * 1024, "1.0 MiB"), (1024**2 - 1, "1.0 MiB"),
     (102349, "100 KiB"), (5 << 40, "5.0 TiB")],
)  # fmt: skip
def test_sizes(number: int, text: str) -> None:
    assert as_size(number) == text
    assert as_rate(number) == f"{text}/s"


@given(st.integers(0, 999 << 40))
def test_a_size_has_three_digits_at_most_before_its_point(number: int) -> None:
    assert re.fullmatch(r"\d{1,3} B|\d{1,2}\.\d [KMGT]iB|[1-9]\d\d [KMGT]iB", as_size(number))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0s"), (0.44, "0.4s"), (9.94, "9.9s"), (9.96, "10s"), (59.4, "59s"), (59.6, "1m00s"),
     (185, "3m05s"), (3599.6, "1h00m"), (7380, "2h03m")],
)  # fmt: skip
def test_times(seconds: float, text: str) -> None:
    assert as_time(seconds) == text


def test_counts() -> None:
    assert counted(1, "file") == "1 file"
    assert counted(1234, "file") == "1,234 files"
    assert counted(2, "directory", "directories") == "2 directories"


def test_an_error_has_three_layers_a_line_each() -> None:
    error = TargetError("no pod", reason="kubectl said\nno", fix="kubectl get pods")
    assert error_text(error) == (
        "Error: no pod\nReason: kubectl said\n  no\nFix: kubectl get pods\n"
    )
    assert error_text(TargetError("no pod")) == "Error: no pod\n"
    coloured = error_text(error, coloured=True)
    assert coloured != error_text(error)
    assert re.sub(r"\x1b\[\d+m", "", coloured) == error_text(error)


@given(st.text())
def test_no_message_can_harm_a_terminal(text: str) -> None:
    for said in (
        error_text(TargetError(text, reason=text, fix=text)),
        message_text(Level.WARNING, text),
    ):
        assert all(character.isprintable() or character == "\n" for character in said)


def test_names_that_are_escaped_already_stay_as_they_are() -> None:
    assert (
        error_text(TargetError("x", reason=r"a\nb\x1b\\c")) == "Error: x\nReason: a\\nb\\x1b\\\\c\n"
    )


def test_messages() -> None:
    assert message_text(Level.WARNING, "a\nb") == "Warning: a\n  b\n"
    assert message_text(Level.INFO, "a\nb") == "a\nb\n"


# Rates


def test_the_rate_is_that_of_the_last_ten_seconds() -> None:
    clock = Clock()
    tracker = Tracker(clock)
    done = 0
    for per_second in (1000, 10):
        for _ in range(20):
            tracker.update(Status(Phase.SEND, done, 100_000))
            clock.now += 1
            done += per_second
    tracker.update(Status(Phase.SEND, done, 100_000))
    assert tracker.rate == pytest.approx(10)
    assert tracker.left == pytest.approx((100_000 - done) / 10)
    assert tracker.share == pytest.approx(done / 100_000)


def test_a_stall_lowers_the_rate() -> None:
    clock = Clock()
    tracker = Tracker(clock)
    tracker.update(Status(Phase.SEND, 0, 1000))
    clock.now += 1
    tracker.update(Status(Phase.SEND, 500, 1000))
    assert tracker.rate == pytest.approx(500)
    clock.now += 4
    assert tracker.rate == pytest.approx(100)


def test_what_stands_still_has_no_rate_and_no_time_left() -> None:
    clock = Clock()
    tracker = Tracker(clock)
    tracker.update(Status(Phase.SEND, 0, 1000))
    clock.now += 1
    tracker.update(Status(Phase.SEND, 500, 1000))
    assert counts(tracker) == "50%, 500 B of 1.0 KiB, 500 B/s, 1.0s left"
    for _ in range(12):
        clock.now += 1
        tracker.update(Status(Phase.SEND, 500, 1000))
    assert counts(tracker) == "50%, 500 B of 1.0 KiB, nothing has moved for 12s"
    tracker.update(Status(Phase.SEND, 600, 1000))
    assert "nothing" not in counts(tracker)


def test_a_new_phase_starts_anew() -> None:
    clock = Clock()
    tracker = Tracker(clock)
    assert not tracker.update(Status(Phase.CONNECT))
    assert tracker.update(Status(Phase.CHECK, 0, 100))
    clock.now += 1
    assert not tracker.update(Status(Phase.CHECK, 100, 100))
    assert tracker.left == 0
    assert tracker.update(Status(Phase.SEND, 0, 100))
    rates = [tracker.rate, tracker.left]
    assert rates == [None, None]
    assert tracker.elapsed == pytest.approx(1)


def test_the_share_by_files_where_bytes_are_not_known() -> None:
    def share(status: Status) -> float | None:
        tracker = Tracker(Clock())
        tracker.update(status)
        return tracker.share

    assert Tracker(Clock()).share is None
    assert share(Status(Phase.SURVEY, done_files=1, total_files=4)) == pytest.approx(0.25)
    assert share(Status(Phase.SEND, 5, 4)) == 1
    assert share(Status(Phase.SEND, 0, 0)) is None
