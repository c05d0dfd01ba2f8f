"""So many at a time, so many on a node: one thread for each target under way.

Threads and not processes: what a restore waits for is kubectl, and Python's lock is free meanwhile;
a process for each would cost another 30 MiB.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.errors import RestoreError, SignalledError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kubectl_restore.deadline import Watch
    from kubectl_restore.fleet.pairs import Pair
    from kubectl_restore.progress import Comparison, Summary

_LOOK: Final = 0.1
"""Seconds between two looks: a signal's handler runs in the main thread alone."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one target.

    Attributes:
        pair: the target and its backup.
        done: what was done, or compared; None where that failed.
        error: why it failed; None where it did not.
        is_begun: it was tried.
    """

    pair: Pair
    done: Summary | Comparison | None = None
    error: RestoreError | None = None
    is_begun: bool = True

    @property
    def exit_code(self) -> int:
        """In the register; 0 where it was not tried."""
        return 0 if self.error is None else int(self.error.exit_code)


def run_side_by_side(
    pairs: Sequence[Pair],
    work: Callable[[Pair], Summary | Comparison],
    *,
    jobs: int,
    per_node: int,
    watch: Watch,
    tick: Callable[[], None],
) -> list[Result]:
    """Do the work for each pair, and return what came of it, in their order.

    Args:
        pairs: what is to be done.
        work: does it for one; called in a thread of its own.
        jobs: so many at a time at most.
        per_node: so many on one node at most.
        watch: after a signal nothing more is begun; the work sees it by a watch of its own.
        tick: called while waiting.
    """
    ended: dict[Pair, Result] = {}
    waiting = list(pairs)
    running: dict[Pair, threading.Thread] = {}
    news = threading.Event()

    def one(pair: Pair) -> None:
        try:
            ended[pair] = Result(pair, work(pair))
        except RestoreError as error:
            ended[pair] = Result(pair, error=error)
        except Exception as error:  # noqa: BLE001 - a thread has no other last resort
            what = f"an error that nobody thought of: {type(error).__name__}: {error}"
            ended[pair] = Result(pair, error=RestoreError(what, reason="this is a bug"))
        finally:
            news.set()

    while waiting or running:
        for pair in [one for one in running if not running[one].is_alive()]:
            running.pop(pair).join()
        on_node = Counter(pair.node for pair in running)
        for pair in list(waiting) if _goes_on(watch) else ():
            if len(running) >= jobs:
                break
            if pair.node and on_node[pair.node] >= per_node:
                continue
            waiting.remove(pair)
            on_node[pair.node] += 1
            running[pair] = threading.Thread(target=one, args=(pair,), name=pair.name)
            running[pair].start()
        if not running and not _goes_on(watch):
            break
        news.wait(_LOOK)
        news.clear()
        tick()
    return [ended.get(pair) or Result(pair, is_begun=False) for pair in pairs]


def _goes_on(watch: Watch) -> bool:
    try:
        watch.check()
    except SignalledError:
        return False
    return True
