"""The step that sends: a plan's shares, each on a lane of its own or one after the other."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Extra, Kind
from kubectl_restore.archive.trust.content_checksums import Fingerprints
from kubectl_restore.container.capabilities import Tar
from kubectl_restore.deadline import as_duration
from kubectl_restore.errors import RestoreError
from kubectl_restore.pipe.payload import Payload
from kubectl_restore.pipe.transit import Packing
from kubectl_restore.plan.cut import cut
from kubectl_restore.plan.operation import Action
from kubectl_restore.plan.policy import Verification
from kubectl_restore.progress import Carried, Level, Phase, Status
from kubectl_restore.restore.prove import Prover
from kubectl_restore.resume.in_flight import Stream, plan_lines
from kubectl_restore.resume.places import with_places
from kubectl_restore.resume.settle import rest_of
from kubectl_restore.session.answer import Answer
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.stream.layout import Layout
    from kubectl_restore.container.capabilities import Capabilities
    from kubectl_restore.plan.batch import Batch
    from kubectl_restore.plan.cut import Share
    from kubectl_restore.plan.plan import Plan
    from kubectl_restore.restore.lanes.lane import Lane
    from kubectl_restore.restore.lanes.lanes import Lanes
    from kubectl_restore.restore.ledger import Ledger
    from kubectl_restore.restore.run import Run

_ESTIMATE_AFTER: Final = 5.0
"""Seconds of streaming before an estimate is worth a warning."""
_EACH_LANE: Final = 3
"""Shares for each lane: the last ones to end leave the others idle for a third at most."""


@dataclass(slots=True)
class Sent:
    """What came of sending a plan.

    Attributes:
        batch: which was sent.
        plan: what was to be done about it.
        answer: how the streams ended, as one.
        checksums: of the contents of files, taken while they were sent; of each stream.
    """

    batch: Batch
    plan: Plan
    answer: Answer = field(default_factory=Answer.of_nothing)
    checksums: list[Fingerprints] = field(default_factory=list)

    def checksum(self, number: int) -> bytes | None:
        """Return the checksum of a file that was sent; None where it was not taken."""
        found = (one.digest(number) for one in self.checksums)
        return next((one for one in found if one is not None), None)


def send(run: Run, lanes: Lanes, ledger: Ledger, batch: Batch, plan: Plan) -> Sent:
    """Have a plan's bytes sent; that they have landed is not proved yet.

    Raises:
        RestoreError: the link was lost, the time ran out, a signal came, or the backup could not
            be read on.
    """
    lane = lanes.first(has_begun=ledger.has_begun)
    is_carried = plan.count(Action.CREATE, Action.REPLACE) > 0
    wanted = run.request.lanes if batch.is_kept else 1
    shares = cut(plan, wanted * _EACH_LANE if wanted > 1 else 1) if is_carried else []
    if lane.holds and (plan.resumed or shares):
        ledger.is_noted = intend(lane, batch, plan_lines(plan, ledger.doubt, shares))
    _append(run, lane, ledger, batch, plan)
    if not shares:
        # toybox's tar takes an archive without members for an error.
        return Sent(batch, plan)
    ledger.has_begun = True
    ledger.options.take(plan)
    lane.questions.remove(b"rm -f", plan.touched.removed_first)
    lanes.further(min(wanted, sum(not one.comes_last for one in shares)))
    lanes.choose(sum(one.layout.total for one in shares))
    return _Sending(run, lanes, ledger, batch, plan).send(shares)


def send_rest(run: Run, lanes: Lanes, ledger: Ledger, sent: Sent) -> Sent:
    """Have the plan's stream sent, as it was laid out anew, over one lane.

    Raises:
        RestoreError: as `send` does.
    """
    lane, batch, plan = lanes.first(has_begun=True), sent.batch, sent.plan
    shares = cut(plan, 1)
    if lane.holds:
        ledger.is_noted = intend(lane, batch, plan_lines(plan, ledger.doubt, shares))
    return _Sending(run, lanes, ledger, batch, plan).send(shares)


def intend(lane: Lane, batch: Batch, lines: bytes) -> bool:
    """Have it noted what is done about a batch; tell whether that could be noted."""
    if not batch.is_kept:
        lines = with_places(lines, batch.index.members)
    return lane.questions.intend(batch.identity.encode(), lines)


def command(ledger: Ledger, capabilities: Capabilities, owners: Iterable[tuple[int, int]]) -> bytes:
    """Return the agent's command for a stream, with options that all four tars know but the last.

    Args:
        ledger: what has come so far asks for some.
        capabilities: of the container.
        owners: whom the members of the stream belong to.
    """
    words = ["extract", "-p", "--numeric-owner"]
    if not all(ledger.attributes.can_own_everywhere(*owner) for owner in owners):
        # It would fail for each; what may be given away is given away afterwards.
        words.append("-o")
    if ledger.attributes.volumes.has_no_times:
        words.append("-m")
    if ledger.options.has_attributes and capabilities.tar is Tar.GNU:
        words += ["--xattrs", "--xattrs-include=*", "--acls"]
    if ledger.options.through_links and capabilities.tar is Tar.BSD:
        # It refuses to go through links that stand there, even those found to be safe.
        words.append("-P")
    return " ".join(words).encode()


def _append(run: Run, lane: Lane, ledger: Ledger, batch: Batch, plan: Plan) -> None:
    """Have large files go on where they stopped.

    Raises:
        VerificationError: one could not be written to, or is another one by now.
    """
    for number, resumed in plan.resumed.items():
        member = plan.members[number]
        ledger.has_begun = True
        run.progress.message(
            Level.INFO,
            f"{shown(member.path)} goes on at {resumed.start * 100 // member.size} %: what is "
            "there has the backup's checksum",
        )

        def acknowledged(count: int, start: int = resumed.start, whole: Member = member) -> None:
            ledger.has_appended = True
            run.progress.status(Status(Phase.SEND, start + count, whole.size, 0, 1, whole.path))

        rest = Payload(rest_of(batch, member, resumed), member.size - resumed.start)
        answer = lane.session.append(member.path, resumed.inode, rest, acknowledged)
        Prover.of(run, lane, ledger).require(answer)
        if not _has_fraction(lane, member):
            ledger.tally.figures.lost[Extra.FRACTION] += 1


def _has_fraction(lane: Lane, member: Member) -> bool:
    """Give a file that was gone on with its time at once, with the part of a second that it has.

    Returns:
        Whether it has none, or touch has taken it; whole seconds are set in the end in any case.
    """
    if not member.extras & Extra.FRACTION:
        return True
    if member.mtime < 0:
        return False
    word = b"@%d.%09d" % (member.mtime, member.nanoseconds)
    lane.questions.amend(b"touch -h -d", [member.path], [word])
    there = lane.questions.survey(Phase.VERIFY, [member.path]).get(member.path)
    return there is not None and there.mtime == member.mtime


class _Sending:
    """The streams of one plan, under way."""

    def __init__(self, run: Run, lanes: Lanes, ledger: Ledger, batch: Batch, plan: Plan) -> None:
        self._run = run
        self._lanes = lanes
        self._ledger = ledger
        self._meter = _Meter(run, ledger)
        self._sent = Sent(batch, plan)
        self._busy: dict[int, tuple[Lane, Stream]] = {}
        self._lost: RestoreError | None = None

    def send(self, shares: list[Share]) -> Sent:
        """Send them all; what comes last waits for the others.

        A lane that is lost takes its share with it, which is for the next attempt; the others carry
        what is left.

        Raises:
            RestoreError: a lane was lost, or something that ends the restore happened.
        """
        self._meter.begin(one.layout for one in shares)
        early = deque(one for one in shares if not one.comes_last)
        late = deque(one for one in shares if one.comes_last)
        for waiting in (early, late):
            self._carry(waiting)
            if self._lost is not None:
                raise self._lost
        return self._sent

    def _carry(self, waiting: deque[Share]) -> None:
        while waiting or self._busy:
            for lane in [*self._lanes.open]:
                if id(lane) in self._busy:
                    continue
                if waiting and lane in self._lanes.carrying:
                    self._begin(lane, waiting.popleft())
                else:
                    lane.session.exec.ping()
            if not self._busy:
                return
            self._lanes.loop.turn()
            for lane, stream in list(self._busy.values()):
                if self._has_ended(lane, stream) and self._sent.answer.consumer:
                    # The others' proof will say what is there; more would fail as well.
                    waiting.clear()

    def _begin(self, lane: Lane, share: Share) -> None:
        run, batch, layout = self._run, self._sent.batch, share.layout
        channel = lane.session.exec
        identity = batch.identity.encode()
        stream = Stream(share, identity, lambda: channel.complaints)
        self._ledger.streams.append(stream)
        self._busy[id(lane)] = lane, stream
        is_noted = self._ledger.is_noted

        def in_flight(done: int, end: int) -> bytes:
            noted = stream.note(done, end)
            return noted if is_noted else b""

        def acknowledged(count: int) -> None:
            stream.acknowledged = count
            self._meter.moved(stream, self._side_by_side())

        tap = None
        algorithm = lane.capabilities.algorithm
        if run.request.verify is Verification.CHECKSUM and algorithm is not None:
            plan = self._sent.plan
            files = (n for n in layout.files if plan.member(n).kind is Kind.FILE)
            self._sent.checksums.append(Fingerprints(algorithm, plan.member, files))
            tap = self._sent.checksums[-1].take
        payload = Payload(
            batch.read(layout.segments(), tap),
            layout.total,
            in_flight,
            batch.pauses(layout.segments()),
            packing=run.request.packing if lane.capabilities.unpacks else Packing.NONE,
        )
        line = command(self._ledger, lane.capabilities, self._sent.plan.touched.owners)
        lane.session.begin_feed(line, payload, acknowledged)

    def _side_by_side(self) -> list[tuple[int, Stream]]:
        """Return what several lanes carry, with their numbers; nothing where there is but one."""
        lanes = self._lanes.open
        if len(lanes) == 1:
            return []
        places = enumerate(map(id, lanes), 1)
        return [(number, self._busy[one][1]) for number, one in places if one in self._busy]

    def _has_ended(self, lane: Lane, stream: Stream) -> bool:
        try:
            answer = lane.session.result()
        except RestoreError as error:
            self._lanes.suspect(lane)
            if not error.may_pass or lane is self._lanes.open[0]:
                # Without the first one nobody holds the lease.
                raise
            self._lost = self._lost or error
            stream.settle()
            del self._busy[id(lane)]
            self._lanes.drop(lane)
            return False
        if answer is None:
            return False
        del self._busy[id(lane)]
        self._sent.answer = self._sent.answer.joined(answer)
        return True


class _Meter:
    """Adds up what the streams of a plan have brought, and says it."""

    def __init__(self, run: Run, ledger: Ledger) -> None:
        self._run = run
        self._ledger = ledger
        self._before = ledger.attempts.sent_before
        self._total = self._total_files = 0
        self._started = time.monotonic()

    def begin(self, layouts: Iterable[Layout]) -> None:
        """Say how much there is to send."""
        for one in layouts:
            self._total += one.total
            self._total_files += one.total_files
        self._say(0, 0, None)

    def moved(self, stream: Stream, lanes: Sequence[tuple[int, Stream]]) -> None:
        """Say how far it is, after something of one stream was acknowledged.

        Args:
            stream: it.
            lanes: those that are under way side by side, with their lanes' numbers.
        """
        done = files = 0
        numbers = {id(one): number for number, one in lanes}
        carried: list[Carried] = []
        current = None
        for one in self._ledger.streams:
            at, path = one.layout.position(one.acknowledged)
            done += one.acknowledged
            files += at
            current = path if one is stream else current
            if (number := numbers.get(id(one))) is not None:
                carried.append(Carried(number, one.acknowledged, one.layout.total, path))
        self._say(done, files, current, tuple(sorted(carried)))
        self._warn_of_time(done)

    def _say(
        self,
        done: int,
        files: int,
        current: bytes | None,
        lanes: tuple[Carried, ...] = (),
    ) -> None:
        before = self._before
        self._run.progress.status(
            Status(
                Phase.SEND,
                before.bytes + done,
                before.bytes + self._total,
                before.files + files,
                before.files + self._total_files,
                current,
                lanes,
            )
        )

    def _warn_of_time(self, done: int) -> None:
        """Say early, and once, that the time limit will not do."""
        run, seconds = self._run, time.monotonic() - self._started
        left = run.watch.left
        if run.request.is_piped:
            # How much will come is not known.
            return
        if self._ledger.warned_of_time or left is None or seconds < _ESTIMATE_AFTER or not done:
            return
        needed = (self._total - done) * seconds / done
        if needed > left * 1.1:
            self._ledger.warned_of_time = True
            limit = as_duration(run.watch.limit or 0)
            run.progress.message(
                Level.WARNING,
                f"at this rate it takes {as_duration(round(needed))} more, but --timeout {limit} "
                f"ends it in {as_duration(round(left))}; --timeout 0 sets no limit",
            )
