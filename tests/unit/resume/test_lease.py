"""One writer to a target: told apart from the dead, by a made-up pod with a clock of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.container.leases import Lease, Leases
from kubectl_restore.errors import TargetError
from kubectl_restore.progress import Level
from kubectl_restore.resume.lease import take_lease
from tests.unit.resume.making import Heard

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_restore.container.questions import Questions

LONGEST_WAIT = 14.0
LOOK = 0.7
"""Seconds from one look to the next, at most."""
SINCE = 1_600_000_000
NOTHING = "nothing was changed"


@dataclass
class Other:
    """Another exec, with a guard that looks at it every two seconds.

    Attributes:
        moves: whether something has moved before a beat that comes after we did, from 1 on.
        still: for how many seconds nothing had moved at the beat before we came.
        phase: seconds from that beat until we came.
        beats: how many there had been.
        every: seconds from one beat to the next; more where a machine has no time for it.
        is_stubborn: it cannot be ended.
    """

    token: bytes = b"aa"
    restore: bytes = b"bb"
    name: bytes = b"lease"
    path: bytes = b"/data"
    moves: Callable[[int], bool] = lambda _beat: True
    still: int = 0
    phase: float = 0.0
    beats: int = 5
    every: float = 2.0
    since: int | None = SINCE
    is_alive: bool = True
    is_stubborn: bool = False

    def lease(self, now: float) -> Lease:
        """Return what its guard has noted last."""
        beat, still = int((now + self.phase) / self.every), self.still
        for one in range(1, beat + 1):
            still = 0 if self.moves(one) else still + 2
        return Lease(
            name=self.name,
            is_alive=self.is_alive,
            token=self.token,
            restore=self.restore,
            since=self.since,
            still=still,
            beats=self.beats + beat,
            path=self.path,
        )


def never(_beat: int) -> bool:
    return False


def until(last: int) -> Callable[[int], bool]:
    """Return what moves until a beat."""
    return lambda beat: beat <= last


@dataclass
class Pod:
    """A container with some execs.

    Attributes:
        answers: what becomes of each `hold`, and who has come by then; the last one stays.
        evicted: restores whose processes were ended, each with the time.
        held: what the lease was asked for after, each with the restore and the time of day.
        released: how often the lease was given back.
    """

    others: list[Other] = field(default_factory=list)
    here: bytes = b"/data"
    answers: list[tuple[bytes, list[Other]]] = field(default_factory=lambda: [(b"held", [])])
    seconds: float = 0.0
    evicted: list[tuple[bytes, float]] = field(default_factory=list)
    held: list[tuple[bytes, bytes]] = field(default_factory=list)
    released: int = 0
    looks: int = 0

    def now(self) -> float:
        return self.seconds

    def keep_alive(self) -> None:
        self.seconds += 0.1
        # Whatever is there, nobody waits for longer.
        assert self.seconds < LONGEST_WAIT + 2 * LOOK

    def leases(self) -> Leases:
        self.looks += 1
        return Leases(tuple(one.lease(self.seconds) for one in self.others), self.here)

    def evict(self, restore: bytes) -> None:
        self.evicted.append((restore, self.seconds))
        for one in self.others:
            if one.restore == restore and not one.is_stubborn:
                one.is_alive = False

    def hold(self, restore: bytes, after: bytes, since: int) -> tuple[bytes, Leases]:
        assert since > SINCE
        self.held.append((restore, after))
        state, come = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.others = [*self.others, *come]
        return state, self.leases()

    def release(self) -> None:
        self.released += 1


def take(
    pod: Pod, own: set[bytes] | None = None, heard: Heard | None = None, so_far: str = NOTHING
) -> bool:
    """Take the lease `lease` for the restore `ours`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kubectl_restore.resume.lease.now", pod.now)
        return take_lease(
            cast("Questions", pod),
            pod.leases(),
            name="lease",
            restore="ours",
            own=own or set(),
            so_far=so_far,
            progress=heard or Heard(),
        )


def test_where_nobody_is_the_lease_is_ours_at_once() -> None:
    pod, heard = Pod(), Heard()
    assert take(pod, heard=heard)
    assert (pod.seconds, heard.said) == (0.0, [])
    # What has no record may still run, an exec before this one whose record went: `hold` is told
    # which restore this is.
    assert pod.held == [(b"ours", b"")]
    assert (pod.evicted, pod.released) == ([], 0)


def test_what_was_just_said_is_not_asked_once_more() -> None:
    pod = Pod()
    take(pod)
    # The one that the test gives to it, and the one that comes with the answer.
    assert pod.looks == 2


# Who is there


def test_a_live_one_is_left_alone_and_is_the_writer() -> None:
    pod, heard = Pod([Other()]), Heard()
    with pytest.raises(TargetError) as caught:
        take(pod, heard=heard)
    assert caught.value.what == "another restore writes there; nothing was changed"
    assert "another backup" in caught.value.reason
    assert "2020-09-13 12:26:40 UTC" in caught.value.reason
    assert caught.value.fix
    assert (pod.evicted, pod.held) == ([], [])
    # The user was told, once, why it took a while.
    assert [level for level, _ in heard.said] == [Level.INFO]


def test_it_takes_four_beats_to_tell_that_one_lives() -> None:
    pod = Pod([Other()])
    with pytest.raises(TargetError):
        take(pod)
    assert 8 <= pod.seconds <= 8 + LOOK


def test_what_was_under_way_when_a_client_went_is_no_sign_of_life() -> None:
    pod = Pod([Other(moves=until(3))])
    assert take(pod)
    assert [restore for restore, _ in pod.evicted][:1] == [b"bb"]


def test_one_that_has_moved_at_one_beat_alone_may_be_gone_all_the_same() -> None:
    # It moved just before its client went, and the guard saw that after we came.
    pod = Pod([Other(moves=until(1), phase=1.9)])
    assert take(pod)
    (restore, when), *_ = pod.evicted
    assert restore == b"bb"
    assert when >= 8


def test_what_was_noted_before_we_came_says_nothing_of_now() -> None:
    # The guard has no time: the same note, that all was well, is read over and over.
    pod = Pod([Other(moves=never, every=1000.0)])
    with pytest.raises(TargetError):
        take(pod)
    # Nothing has shown that it is gone: it is not ended. That takes as long as one waits at most.
    assert pod.seconds > LONGEST_WAIT
    assert (pod.evicted, pod.held) == ([], [])


def test_one_that_moves_again_after_a_while_is_alive() -> None:
    pod = Pod([Other(moves=lambda beat: beat > 2)])
    with pytest.raises(TargetError):
        take(pod)
    assert pod.evicted == []


def test_it_is_told_whose_backup_the_other_one_restores() -> None:
    pod = Pod([Other(restore=b"ours", since=None)])
    with pytest.raises(TargetError) as caught:
        take(pod)
    assert "a restore of the same backup" in caught.value.reason
    assert "since" not in caught.value.reason


def test_one_whose_process_is_gone_is_not_waited_for() -> None:
    pod, heard = Pod([Other(is_alive=False)]), Heard()
    assert take(pod, heard=heard)
    assert (pod.seconds, heard.said) == (0.0, [])
    # Of several that take it over from that one, one does.
    assert pod.held == [(b"ours", b"aa")]


def test_a_lease_of_another_target_is_not_taken_over() -> None:
    pod = Pod([Other(name=b"another", path=b"/elsewhere")])
    assert take(pod)
    assert pod.seconds == 0.0
    assert pod.held == [(b"ours", b"")]
    assert pod.evicted == []


def test_the_lease_of_one_that_lives_is_not_taken_over_when_a_link_leads_elsewhere_by_now() -> None:
    pod = Pod([Other(name=b"lease", path=b"/data/v1")], here=b"/data/v2")
    take(pod)
    assert (b"ours", b"aa") not in pod.held


def test_one_that_has_been_still_for_long_is_ended_at_once() -> None:
    pod = Pod([Other(moves=never, still=60)])
    assert take(pod)
    assert pod.evicted == [(b"bb", 0.0)]
    assert pod.held == [(b"ours", b"aa")]


def test_one_that_stays_still_is_waited_for_then_ended() -> None:
    pod = Pod([Other(moves=never)])
    assert take(pod)
    [(restore, when)] = pod.evicted
    assert restore == b"bb"
    assert 8 <= when <= 8 + LOOK


def test_an_earlier_exec_of_ours_is_ended_at_once_although_it_moves() -> None:
    pod, heard = Pod([Other(restore=b"ours")]), Heard()
    assert take(pod, own={b"aa", b"cc"}, heard=heard)
    assert pod.evicted == [(b"ours", 0.0)]
    assert pod.held == [(b"ours", b"aa")]
    # That is nothing that a user had to know.
    assert heard.said == []


@pytest.mark.parametrize(
    ("still", "own"), [(0, {b"aa"}), (60, set[bytes]()), (0, set[bytes]())], ids=["own", "", "late"]
)
def test_what_cannot_be_ended_is_a_writer_in_the_end(still: int, own: set[bytes]) -> None:
    # It hangs in the kernel, say, with its volume.
    pod = Pod([Other(moves=never, still=still, is_stubborn=True)])
    with pytest.raises(TargetError):
        take(pod, own=own)
    assert pod.held == []
    assert pod.evicted


@pytest.mark.parametrize("path", [b"/data", b"/data/inner", b"/", b"/data/", b""])
def test_a_target_in_anothers_target_is_the_same_one(path: bytes) -> None:
    pod = Pod([Other(name=b"another", path=path)])
    with pytest.raises(TargetError):
        take(pod)
    assert (pod.evicted, pod.held) == ([], [])


@pytest.mark.parametrize("path", [b"/data2", b"/dat", b"/other/data", b"/database/data"])
def test_a_target_beside_it_is_another_one(path: bytes) -> None:
    pod = Pod([Other(name=b"another", path=path)])
    assert take(pod)
    assert pod.seconds == 0.0
    assert pod.evicted == []


def test_the_live_one_counts_whoever_is_there_besides() -> None:
    gone = Other(b"dd", b"ours", moves=never, still=60)
    pod = Pod([gone, Other(name=b"outer", path=b"/")])
    with pytest.raises(TargetError):
        take(pod, own={b"dd"})
    assert b"bb" not in {restore for restore, _ in pod.evicted}
    assert pod.held == []


def test_one_that_comes_while_we_wait_has_its_beats_counted_from_then_on() -> None:
    pod = Pod([Other(moves=never)])
    late = Other(b"dd", b"ee", name=b"another", path=b"/data/inner", beats=900)
    leases = pod.leases

    def one_more() -> Leases:
        if pod.seconds > 3 and late not in pod.others:
            pod.others.append(late)
        return leases()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pod, "leases", one_more)
        with pytest.raises(TargetError):
            take(pod)
    # At beats of its own after we saw it: 900 beats before that are no sign of life now.
    assert pod.seconds >= 10
    assert b"ee" not in [restore for restore, _ in pod.evicted]


def test_what_was_done_until_then_is_said_as_it_was_given() -> None:
    with pytest.raises(TargetError, match="what was restored until then stays"):
        take(Pod([Other()]), so_far="what was restored until then stays")


@given(st.integers(0, 15), st.floats(0, 1.99), st.integers(0, 10**6))
def test_whoever_is_silent_is_ended_however_long_it_was(
    before: int, phase: float, beats: int
) -> None:
    pod = Pod([Other(moves=never, still=2 * before, phase=phase, beats=beats)])
    assert take(pod)
    [(restore, when)] = pod.evicted
    assert restore == b"bb"
    assert pod.others[0].lease(when).still >= 8
    # And not waited for any longer.
    assert when <= max(0, 8 - 2 * before) + LOOK
    assert pod.held == [(b"ours", b"aa")]


@given(
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.sampled_from([0, 2]),
    st.floats(0, 1.99),
)
def test_whoever_moves_every_few_seconds_is_never_ended(
    gaps: tuple[int, int], still: int, phase: float
) -> None:
    at = set(accumulate(gaps))
    pod = Pod([Other(moves=lambda beat: beat in at or beat > max(at), still=still, phase=phase)])
    with pytest.raises(TargetError):
        take(pod)
    assert (pod.evicted, pod.held) == ([], [])
    assert pod.seconds <= LONGEST_WAIT + LOOK


# What the container answers


@pytest.mark.parametrize("others", [[], [Other(is_alive=False)]])
def test_a_container_without_a_place_for_records_is_no_error(others: list[Other]) -> None:
    pod = Pod(others, answers=[(b"unplaced", [])])
    assert not take(pod)
    assert (pod.seconds, len(pod.held), pod.released) == (0.0, 1, 0)


def test_without_a_record_of_ours_nobody_is_turned_away_for_coming_later() -> None:
    # There is nothing that the other one could have seen, and nothing to give back.
    pod = Pod(answers=[(b"unplaced", [Other(name=b"outer", path=b"/")])])
    assert not take(pod)
    assert pod.released == 0


@pytest.mark.parametrize("path", [b"/", b"/data/inner", b""])
def test_of_two_at_once_the_one_that_sees_the_other_gives_its_lease_back(path: bytes) -> None:
    pod = Pod(answers=[(b"held", [Other(name=b"another", path=path)])])
    with pytest.raises(TargetError) as caught:
        take(pod)
    assert "another restore writes there" in caught.value.what
    assert (pod.released, pod.seconds, pod.evicted) == (1, 0.0, [])


@pytest.mark.parametrize(
    "other", [Other(path=b"/elsewhere"), Other(path=b"/data2"), Other(is_alive=False)]
)
def test_who_comes_with_another_target_or_is_gone_takes_nothing_away(other: Other) -> None:
    pod = Pod(answers=[(b"held", [other])])
    assert take(pod)
    assert pod.released == 0


def test_where_somebody_was_faster_it_is_looked_at_like_any_other() -> None:
    pod, heard = Pod(answers=[(b"taken", [Other()])]), Heard()
    with pytest.raises(TargetError):
        take(pod, heard=heard)
    assert len(pod.held) == 1
    assert pod.seconds >= 4
    # It is theirs: nothing of it is given back, and nobody is ended.
    assert (pod.released, pod.evicted) == (0, [])
    assert [level for level, _ in heard.said] == [Level.INFO]


def test_who_was_faster_and_is_gone_again_is_taken_over_from() -> None:
    faster = Other(b"ff", b"gg", moves=never)
    pod = Pod([Other(is_alive=False)], answers=[(b"taken", [faster]), (b"held", [])])
    pod.others[0].name = b"other"
    assert take(pod)
    assert pod.held == [(b"ours", b""), (b"ours", b"ff")]
    assert [restore for restore, _ in pod.evicted] == [b"gg"]


def test_who_was_faster_and_has_ended_by_then_leaves_it_to_us_at_once() -> None:
    pod = Pod(answers=[(b"taken", []), (b"held", [])])
    assert take(pod)
    assert (pod.seconds, pod.held) == (0.0, [(b"ours", b"")] * 2)


def test_further_execs_of_a_run_whose_first_one_is_gone_are_ended_before_its_record_is_taken() -> (
    None
):
    gone = Other(is_alive=False)
    pod = Pod([gone])
    assert take(pod)
    assert [restore for restore, _ in pod.evicted] == [gone.restore]
