"""One writer to a target: who is there already is found, waited for, and told apart from the dead.

An agent whose client is gone and whose link was never closed lives on, and could still write. Its
guard notes every two seconds for how long nothing has moved. A client that lives is heard from at
least every few seconds: bytes of the stream, questions, or a ping.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from kubectl_restore.container.leases import Leases
from kubectl_restore.errors import TakenError
from kubectl_restore.pipe.child import now
from kubectl_restore.progress import Level

if TYPE_CHECKING:
    from kubectl_restore.container.leases import Lease
    from kubectl_restore.container.questions import Questions
    from kubectl_restore.progress import Progress

_MOVES: Final = 4
"""Times that one has to be seen moving, after the first look, to be there: what was under way when
it went moves until it is dealt with, four seconds at the most (pipe/window.py)."""
_GONE_AFTER: Final = 8
"""Seconds without a move after which nobody is there."""
_LONGEST_WAIT: Final = 14.0
"""Seconds: more than both take. Where a machine has no time for its guard, what was seen counts."""
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
    looks: dict[bytes, _Look] = {}
    # What has no lease of its own is ended when this run takes its own.
    ended = {b"", restore.encode()}
    while True:
        others = _others(leases)
        is_long = now() - started > _LONGEST_WAIT
        for one in others:
            look = looks.setdefault(one.token, _Look(one.beats))
            look.take(one)
            is_gone = one.still >= _GONE_AFTER or (is_long and one.still > 0)
            if (one.token in own or is_gone) and not look.is_given_up:
                # One that hangs in the kernel does not end, whatever we do.
                look.is_given_up = is_long
                ended.add(one.restore)
                questions.evict(one.restore)
            elif look.is_given_up or look.moves >= _MOVES or is_long:
                raise _taken(one, restore, so_far)
        if not others:
            record = next((one for one in leases.records if one.name == name.encode()), None)
            state, leases = _hold(questions, record, restore, ended)
            if state == b"held" and (faster := _others(leases)):
                # Both look after they have taken theirs, so at least one of two sees the other.
                questions.release()
                raise _taken(faster[0], restore, so_far)
            if state != b"taken":
                return state == b"held"
            continue
        if not is_told and any(one.token not in own for one in others):
            is_told = True
            progress.message(
                Level.INFO,
                "another restore has a process in the container; looking for some seconds whether "
                "anybody is still behind it",
            )
        _pause(questions)
        leases = questions.leases()


def _hold(
    questions: Questions, record: Lease | None, restore: str, ended: set[bytes]
) -> tuple[bytes, Leases]:
    """Take the lease after whoever is gone; see `Questions.hold`.

    Args:
        questions: asked through the open exec.
        record: what stands where ours will.
        restore: which restore this is.
        ended: restores of which nothing runs any more; one more is added here.
    """
    if record is not None and record.is_alive:
        # The path led elsewhere when that one began: the record stays its own.
        questions.evict(restore.encode())
        return b"unplaced", Leases()
    if record is not None and record.restore not in ended:
        # Its first exec is gone; further ones of the same run may not have noticed yet.
        ended.add(record.restore)
        questions.evict(record.restore)
    after = b"" if record is None else record.token
    return questions.hold(restore.encode(), after, int(time.time()))


def _others(leases: Leases) -> list[Lease]:
    """Return those who may write where we do."""
    return [one for one in leases.records if one.is_alive and one.overlaps(leases.here)]


@dataclass(slots=True)
class _Look:
    """What was seen of another's agent: at how many of its guard's beats something had moved."""

    beats: int
    moves: int = 0
    was_still: bool = False
    is_given_up: bool = False

    def take(self, lease: Lease) -> None:
        if lease.beats > self.beats:
            self.beats = lease.beats
            # What moves again after it was still has somebody behind it.
            self.moves += _MOVES if self.was_still and not lease.still else not lease.still
        self.was_still = self.was_still or lease.still > 0


def _pause(questions: Questions) -> None:
    until = now() + _BETWEEN
    while now() < until:
        questions.keep_alive()


def _taken(other: Lease, restore: str, so_far: str) -> TakenError:
    since = ""
    if other.since is not None:
        began = datetime.fromtimestamp(other.since, UTC)
        since = f" since {began:%Y-%m-%d %H:%M:%S} UTC"
    same = other.restore == restore.encode()
    which = "the same backup" if same else "another backup"
    return TakenError(
        f"another restore writes there; {so_far}",
        reason=f"a restore of {which} has been under way in this container{since}",
        fix="wait until it has ended, then run the command again",
    )
