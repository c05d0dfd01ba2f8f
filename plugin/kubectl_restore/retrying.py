"""Going on after a lost link: how often, how long in between, and what the user sees of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    stop_after_attempt,
    wait_exponential_jitter,
)

from kubectl_restore.errors import RestoreError
from kubectl_restore.progress import Level
from kubectl_restore.watch import TICK, as_duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_restore.progress import Progress
    from kubectl_restore.watch import Watch

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
    far = ""

    def may_pass(state: RetryCallState) -> bool:
        nonlocal far
        error = state.outcome.exception() if state.outcome is not None else None
        if not isinstance(error, RestoreError) or not error.may_pass:
            return False
        far, is_further = lost()
        if is_further:
            # The pauses begin anew, too.
            state.attempt_number = 1
        return True

    def told(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        if not isinstance(error, RestoreError) or state.next_action is None:
            return
        where = f" at {far}" if far else ""
        pause = as_duration(max(1, round(state.next_action.sleep)))
        said = f"{error.what}{where}, trying again in {pause}, {state.attempt_number} of {retries}"
        progress.message(Level.WARNING, f"{said}\n{error.reason}" if error.reason else said)

    def pause(seconds: float) -> None:
        until = watch.elapsed + seconds
        while watch.elapsed < until:
            watch.check()
            watch.rest(min(TICK, max(0.0, until - watch.elapsed)))
            progress.tick()

    retrying = Retrying(
        stop=stop_after_attempt(retries + 1),
        wait=wait_exponential_jitter(initial=_FIRST_WAIT, max=_LONGEST_WAIT, jitter=_JITTER),
        retry=may_pass,
        before_sleep=told,
        sleep=pause,
        reraise=True,
    )
    return retrying(attempt)
