"""Going on after a lost link: how often, what of it is said, and that nobody waits for nothing.

Nothing rests here: the watch's clock is moved on instead.
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.deadline import TICK, Watch
from kubectl_restore.errors import (
    AnotherPodError,
    BackupError,
    InterruptedRestoreError,
    InTheWayError,
    NotAllowedError,
    OutOfTimeError,
    PodCannotError,
    SignalledError,
    TargetError,
    TimedOutError,
    VerificationError,
)
from kubectl_restore.progress import Level
from kubectl_restore.resume.retry import insist
from tests.unit.resume.making import Heard

if TYPE_CHECKING:
    from collections.abc import Callable

LOST = InterruptedRestoreError("the link was lost", reason="kubectl said: EOF")


class Hurried(Watch):
    """A watch whose rests take no time."""

    def __init__(self, limit: float | None = None) -> None:
        self.now = 0.0
        self.rests: list[float] = []
        self.then: Callable[[], None] = lambda: None
        super().__init__(limit, clock=lambda: self.now)

    def rest(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.now += seconds
        self.then()


class Attempt:
    """What goes wrong so many times, then works; pauses are those before each time but the first.

    Attributes:
        times: it was done.
        lost: it was told that it went wrong.
        pauses: seconds between.
    """

    def __init__(
        self,
        watch: Hurried,
        errors: list[Exception],
        far: str = "",
        further: list[bool] | None = None,
    ) -> None:
        self.times = self.lost = 0
        self.pauses: list[float] = []
        self.heard = Heard()
        self._watch = watch
        self._errors = errors
        self._far = far
        self._further = further or []
        self._failed_at = 0.0

    def run(self, retries: int = 5) -> str:
        return insist(
            self._try, retries=retries, lost=self._take, progress=self.heard, watch=self._watch
        )

    def _try(self) -> str:
        self.times += 1
        if self.times > 1:
            self.pauses.append(self._watch.now - self._failed_at)
        if self.times <= len(self._errors):
            self._failed_at = self._watch.now
            raise self._errors[self.times - 1]
        return "restored"

    def _take(self) -> tuple[str, bool]:
        self.lost += 1
        return self._far, self.lost <= len(self._further) and self._further[self.lost - 1]


def test_what_works_at_once_waits_for_nothing() -> None:
    watch = Hurried()
    attempt = Attempt(watch, [])
    assert attempt.run() == "restored"
    assert (attempt.times, attempt.lost, attempt.heard.said, watch.rests) == (1, 0, [], [])


@pytest.mark.parametrize(
    "error",
    [
        BackupError("it changes"),
        TargetError("no such pod"),
        NotAllowedError("forbidden"),
        InTheWayError("something stands there"),
        PodCannotError("no tar"),
        VerificationError("not what was sent"),
        AnotherPodError("another pod"),
        OutOfTimeError("timed out"),
        SignalledError("interrupted", number=2),
        ValueError("a bug of ours"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_will_not_pass_is_not_tried_again(error: Exception) -> None:
    watch = Hurried()
    attempt = Attempt(watch, [error])
    with pytest.raises(type(error)) as caught:
        attempt.run()
    assert caught.value is error
    assert (attempt.times, attempt.lost, attempt.heard.said, watch.rests) == (1, 0, [], [])


@pytest.mark.parametrize("error", [LOST, TimedOutError("no answer")])
def test_what_may_pass_is_tried_again(error: Exception) -> None:
    attempt = Attempt(Hurried(), [error])
    assert attempt.run() == "restored"
    assert (attempt.times, attempt.lost) == (2, 1)


def test_an_error_that_is_final_ends_it_whatever_came_before() -> None:
    final = AnotherPodError("another pod")
    attempt = Attempt(Hurried(), [LOST, final])
    with pytest.raises(AnotherPodError):
        attempt.run()
    assert (attempt.times, attempt.lost) == (2, 1)


def test_the_last_thing_that_went_wrong_is_what_is_said() -> None:
    errors: list[Exception] = [InterruptedRestoreError(str(number)) for number in range(9)]
    attempt = Attempt(Hurried(), errors)
    with pytest.raises(InterruptedRestoreError) as caught:
        attempt.run(retries=3)
    assert caught.value is errors[3]
    # What was lost the last time counts, too: how far it was is said in the end.
    assert (attempt.times, attempt.lost) == (4, 4)


@given(st.integers(0, 6), st.lists(st.booleans(), max_size=20))
def test_progress_starts_the_count_anew(retries: int, further: list[bool]) -> None:
    attempt = Attempt(Hurried(), [LOST] * len(further), further=further)
    left, ended, counts = retries, False, []
    for is_further in further:
        left = retries if is_further else left
        if not left:
            ended = True
            break
        left -= 1
        counts.append(retries - left)
    if ended:
        with pytest.raises(InterruptedRestoreError):
            attempt.run(retries)
    else:
        assert attempt.run(retries) == "restored"
    assert attempt.times == len(counts) + 1
    said = [re.findall(r"(\d+) of (\d+)$", text.split("\n")[0]) for _, text in attempt.heard.said]
    assert said == [[(str(count), str(retries))] for count in counts]
    # The pauses begin anew with the count.
    for count, pause in zip(counts, attempt.pauses, strict=False):
        shortest = min(30, 2 ** (count - 1))
        assert shortest <= round(pause, 6) <= shortest + 1


def test_pauses_do_not_grow_for_ever() -> None:
    attempt = Attempt(Hurried(), [LOST] * 12)
    attempt.run(retries=12)
    assert [round(pause) for pause in attempt.pauses[5:]] == [30] * 7


@pytest.mark.parametrize(
    ("error", "far", "expected"),
    [
        (LOST, "61 %", "the link was lost at 61 %, trying again in 1s, 1 of 5\nkubectl said: EOF"),
        (LOST, "", "the link was lost, trying again in 1s, 1 of 5\nkubectl said: EOF"),
        (
            InterruptedRestoreError("no answer", fix="try it"),
            "",
            "no answer, trying again in 1s, 1 of 5",
        ),
    ],
)
def test_the_user_is_told_what_went_wrong_and_when_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, error: Exception, far: str, expected: str
) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, _high: low)
    attempt = Attempt(Hurried(), [error], far)
    attempt.run()
    assert attempt.heard.said == [(Level.WARNING, expected)]


def test_nothing_is_announced_that_does_not_come() -> None:
    attempt = Attempt(Hurried(), [LOST, LOST, LOST])
    with pytest.raises(InterruptedRestoreError):
        attempt.run(retries=2)
    assert [text.split(",")[-1].split("\n")[0] for _, text in attempt.heard.said] == [
        " 1 of 2",
        " 2 of 2",
    ]
    attempt = Attempt(Hurried(), [LOST])
    with pytest.raises(InterruptedRestoreError):
        attempt.run(retries=0)
    assert attempt.heard.said == []


def test_a_display_moves_during_the_pause() -> None:
    watch = Hurried()
    attempt = Attempt(watch, [LOST])
    attempt.run()
    assert len(watch.rests) >= 10
    assert all(0 < seconds <= TICK for seconds in watch.rests)
    lefts = [left for left, _ in attempt.heard.retries]
    assert len(lefts) == len(watch.rests) + 1
    assert lefts == sorted(lefts, reverse=True)
    assert lefts[-1] == 0
    assert {count for _, count in attempt.heard.retries} == {"1 of 5"}


def test_a_signal_during_the_pause_ends_it() -> None:
    watch = Hurried()

    def signal() -> None:
        if len(watch.rests) == 3:
            watch.signalled = 15

    watch.then = signal
    attempt = Attempt(watch, [LOST])
    with pytest.raises(SignalledError) as caught:
        attempt.run()
    assert caught.value.number == 15
    assert (attempt.times, len(watch.rests)) == (1, 3)


def test_the_time_limit_holds_during_the_pauses() -> None:
    watch = Hurried(limit=5.0)
    attempt = Attempt(watch, [LOST] * 9)
    with pytest.raises(OutOfTimeError):
        attempt.run(retries=9)
    assert watch.now < 5.0 + 2 * TICK
