"""One writer to a target: who is there already is found, waited for, and told apart from the dead.

An agent whose client is gone and whose link was never closed lives on, and could still write. Its
guard notes every two seconds for how long nothing has moved. A client that lives is heard from at
least every few seconds: bytes of the stream, questions, or a ping.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from kubectl_restore.errors import TargetError
from kubectl_restore.pipe.child import now
from kubectl_restore.progress import Level

if TYPE_CHECKING:
    from kubectl_restore.pipe.questions import Questions
    from kubectl_restore.pod.leases import Lease, Leases
    from kubectl_restore.progress import Progress

_ANSWERS_WITHIN: Final = 7.0
"""Seconds after which one that is alive has moved: two beats of its guard, and a bit."""
_STILL_THERE: Final = 2
"""Seconds without a move, by then, of one that is."""
_GONE_AFTER: Final = 8
"""Seconds without a move after which nobody is there."""
_LONGEST_WAIT: Final = 14.0
"""Seconds: more than both."""
_BETWEEN: Final = 0.5
"""Seconds between two looks."""


def take_lease(
    questions: Questions,
    leases: Leases,
    *,
    name: str,
    restore: str,
    own: set[bytes],
    so_far: str,
    progress: Progress,
) -> bool:
    """Become the only one who writes to the target; what others have left running is ended.

    Args:
        questions: asked through the open exec.
        leases: what they have just said.
        name: of the lease.
        restore: which restore this is.
        own: tokens of earlier execs of this very run: nobody is there any more.
        so_far: what became of the pod until now ("nothing was changed").
        progress: told why it takes a while.

    Returns:
        Whether the lease is ours: False where the container has no place for its record.

    Raises:
        TargetError: another restore writes there.
    """
    started = now()
    is_told = False
    while True:
        others = [one for one in leases.records if one.is_alive and one.overlaps(leases.here)]
        waited = now() - started
        for one in others:
            is_there = waited > _ANSWERS_WITHIN and one.still <= _STILL_THERE
            if waited > _LONGEST_WAIT or (is_there and one.token not in own):
                raise _taken(one, restore, so_far)
            if one.token in own or one.still >= _GONE_AFTER:
                questions.evict(one.restore)
        if not others:
            break
        if not is_told and any(one.token not in own for one in others):
            is_told = True
            progress.message(
                Level.INFO,
                "another restore has a process in the container; looking for some seconds whether "
                "anybody is still behind it",
            )
        _pause(questions)
        leases = questions.leases()
    known = next((one for one in leases.records if one.name == name.encode()), None)
    after = b"" if known is None else known.token
    return questions.hold(restore.encode(), after, int(time.time()))


def _pause(questions: Questions) -> None:
    until = now() + _BETWEEN
    while now() < until:
        questions.keep_alive()


def _taken(other: Lease, restore: str, so_far: str) -> TargetError:
    since = ""
    if other.since is not None:
        began = datetime.fromtimestamp(other.since, UTC)
        since = f" since {began:%Y-%m-%d %H:%M:%S} UTC"
    same = other.restore == restore.encode()
    which = "the same backup" if same else "another backup"
    return TargetError(
        f"another restore writes there; {so_far}",
        reason=f"a restore of {which} has been under way in this container{since}",
        fix="wait until it has ended, then run the command again",
    )
