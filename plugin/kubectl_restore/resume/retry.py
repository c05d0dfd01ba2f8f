"""Going on after a lost link: how often, how long in between, and what the user sees of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from kubectl_restore.deadline import TICK, as_duration
from kubectl_restore.errors import RestoreError
from kubectl_restore.progress import Level

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import RetryCallState

    from kubectl_restore.deadline import Watch
    from kubectl_restore.progress import Progress

T = TypeVar("T")
_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 30.0
_JITTER: Final = 1.0
"""Seconds: many restores that lost the same API server do not all come back at once."""


def insist(
    attempt: Callable[[], T],
    *,
    retries: int,
    lost: Callable[[], tuple[str, bool]],
    progress: Progress,
    watch: Watch,
) -> T:
    """Do something until it works, unless what went wrong will not pass by itself.

    Args:
        attempt: does it, each time from the beginning.
        retries: how often it is done again without getting any further, at most.
        lost: told that it went wrong; returns how far it was, or nothing, and whether that is
            further than before.
        progress: told that, and when it is done again.
        watch: the time limit.

    Raises:
        RestoreError: the last thing that went wrong.
    """
    try:
        return attempt()
    except RestoreError as error:
        if not error.may_pass:
            raise
        how_far = lost()
        if not retries:
            raise
        insistence = _Insistence(attempt, retries, lost, progress, watch, how_far, error)
    return insistence.go_on()


@dataclass(slots=True)
class _Insistence(Generic[T]):
    """The attempts after one that went wrong; see `insist`."""

    _attempt: Callable[[], T]
    _retries: int
    _lost: Callable[[], tuple[str, bool]]
    _progress: Progress
    _watch: Watch
    _how_far: tuple[str, bool]
    _first: RestoreError | None
    _count: str = ""

    def go_on(self) -> T:
        # Loaded when it is needed: it would make every start slower by a tenth.
        from tenacity import (  # noqa: PLC0415
            Retrying,
            stop_after_attempt,
            wait_exponential_jitter,
        )

        retrying = Retrying(
            stop=stop_after_attempt(self._retries + 1),
            wait=wait_exponential_jitter(multiplier=_FIRST_WAIT, max=_LONGEST_WAIT, jitter=_JITTER),
            retry=self._may_pass,
            before_sleep=self._tell,
            sleep=self._pause,
            reraise=True,
        )
        return retrying(self._once_more)

    def _once_more(self) -> T:
        first, self._first = self._first, None
        if first is not None:
            # It is the first of the attempts that are counted.
            raise first
        try:
            return self._attempt()
        except RestoreError as error:
            if error.may_pass:
                self._how_far = self._lost()
            raise

    def _may_pass(self, state: RetryCallState) -> bool:
        error = _error_of(state)
        if error is None or not error.may_pass:
            return False
        if self._how_far[1]:
            # It has got further: count and pauses begin anew.
            state.attempt_number = 1
        return True

    def _tell(self, state: RetryCallState) -> None:
        error = _error_of(state)
        if error is None or state.next_action is None:
            return
        far, _ = self._how_far
        where = f" at {far}" if far else ""
        pause = as_duration(max(1, round(state.next_action.sleep)))
        self._count = count = f"{state.attempt_number} of {self._retries}"
        said = f"{error.what}{where}, trying again in {pause}, {count}"
        reason = f"\n{error.reason}" if error.reason else ""
        self._progress.message(Level.WARNING, said + reason)

    def _pause(self, seconds: float) -> None:
        watch = self._watch
        until = watch.elapsed + seconds
        while (left := until - watch.elapsed) > 0:
            self._progress.retrying(left, self._count)
            watch.check()
            watch.rest(min(TICK, left))
        self._progress.retrying(0, self._count)


def _error_of(state: RetryCallState) -> RestoreError | None:
    error = state.outcome.exception() if state.outcome is not None else None
    return error if isinstance(error, RestoreError) else None
