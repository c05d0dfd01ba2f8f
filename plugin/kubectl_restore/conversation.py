"""What is said in one exec: ask, plan, stream, ask again; for each batch, and once at the end."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.index import Extra, Kind
from kubectl_restore.archive.layout import Layout
from kubectl_restore.archive.outgoing import read_literals
from kubectl_restore.archive.rewriting import Dialect
from kubectl_restore.obstacles import require_devices, require_room, require_way, require_writable
from kubectl_restore.outcome import Tally, error_of, is_full
from kubectl_restore.pipe.questions import Questions
from kubectl_restore.pipe.session import Answer
from kubectl_restore.plan import (
    Policy,
    directories_written_to,
    make_plan,
    out_of_reach,
    paths_to_survey,
)
from kubectl_restore.pod.capabilities import Tar, read_probe, require_target, require_tools
from kubectl_restore.pod.survey import Standing
from kubectl_restore.progress import Level, Phase, Status
from kubectl_restore.restored import Restored
from kubectl_restore.verify import amendments, compare
from kubectl_restore.watch import as_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kubectl_restore.archive.index import Index, Member
    from kubectl_restore.archive.outgoing import Segment, Zeros
    from kubectl_restore.operation import Operation
    from kubectl_restore.pipe.session import Session
    from kubectl_restore.plan import Plan
    from kubectl_restore.pod.capabilities import Capabilities
    from kubectl_restore.pod.survey import Entry
    from kubectl_restore.progress import Progress, Summary
    from kubectl_restore.request import RestoreRequest
    from kubectl_restore.verify import Verdict
    from kubectl_restore.watch import Watch

_ESTIMATE_AFTER: Final = 5.0
"""Seconds of streaming before an estimate is worth a warning."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some members of the backup, and how their bytes are read.

    Attributes:
        index: the members.
        is_last: no other comes after it.
        read: returns the bytes of segments, in blocks that are valid until the next is asked for.
    """

    index: Index
    is_last: bool
    read: Callable[[Iterable[Segment]], Iterator[memoryview | Zeros]]


class Conversation:
    """The talk with one agent, from its hello to the proof.

    Every method raises RestoreError when its step fails; `so_far` says what had arrived by then.
    """

    def __init__(
        self, session: Session, request: RestoreRequest, progress: Progress, watch: Watch
    ) -> None:
        """Take a session that is open."""
        self._session = session
        self._request = request
        self._progress = progress
        self._watch = watch
        self._questions = Questions(session, progress)
        self._capabilities: Capabilities | None = None
        self._tally = Tally()
        self._plan: Plan | None = None
        self._acknowledged = 0
        self._warned_of_time = False
        self._unproved: list[Operation] = []
        self._directories: dict[bytes, Member | None] = {}
        self._attributed = False
        self._through_links = False
        self._settled: list[Operation] = []
        # Of a file everything is known at once; nothing of it comes twice.
        self._restored = Restored() if request.is_piped else None
        self.has_begun = False
        """Whether the pod may have been changed."""

    @property
    def capabilities(self) -> Capabilities:
        """What the container can do, once `begin` has asked it."""
        if self._capabilities is None:
            raise RuntimeError("nobody has asked yet")
        return self._capabilities

    def begin(self, pod: str, container: str) -> None:
        """Ask what the container can do.

        Raises:
            PodCannotError: it has no tar, or no such target.
        """
        found = self._capabilities = read_probe(self._session.ask(b"probe").records)
        self._session.frame(found.framing)
        self._progress.message(
            Level.DETAIL,
            f"the container has {found.tar_version}, we are uid {found.uid} in it; "
            f"one framed and acknowledged exec, its chunks are taken by {found.framing}",
        )
        require_tools(found, container)
        where = ["kubectl", *self._request.kubectl.to_show(), "exec", pod, "-c", container]
        make_it = shlex.join([*where, "--", "mkdir", "-p", self._request.target_path])
        require_target(found, self._request.target_path, make_it)

    def send(self, batch: Batch) -> Answer:
        """Ask what is there, plan, and stream; not proved yet.

        Raises:
            InTheWayError: something is in the way.
            PodCannotError: something has to be made where we may make nothing, or holes have to be
                filled and there is no room for that.
        """
        if self._restored is not None:
            self._restored.require_targets(batch.index)
        self._give_away(batch.index)
        self._plan = plan = self._made_plan(batch.index)
        self._acknowledged = 0
        answer = self._stream(batch, plan)
        self._unproved += plan.operations
        for one in plan.carried_out:
            if one.member is not None and one.member.kind is Kind.DIRECTORY:
                self._directories[one.path] = one.member
        return answer

    def settle(self, answer: Answer) -> None:
        """Prove what a batch has brought before the next one comes; directories wait for the end.

        Args:
            answer: how its stream ended.

        Raises:
            VerificationError, PodCannotError, InterruptedRestoreError: it cannot be proved.
        """
        directories = [one for one in self._unproved if _is_directory(one)]
        self._unproved = [one for one in self._unproved if not _is_directory(one)]
        if self._restored is not None and self._plan is not None:
            self._restored.add(self._plan.operations)
        self._prove(answer)
        self._settled += directories

    def finish(self, answer: Answer) -> None:
        """Give directories their modes and times, and prove everything that is not yet proved.

        Args:
            answer: how the last stream ended.

        Raises:
            VerificationError, PodCannotError, InterruptedRestoreError: it cannot be proved.
        """
        last = {one.path: one for one in self._settled}
        last.update((one.path, one) for one in self._unproved)
        self._unproved = list(last.values())
        if self._directories and answer.is_whole and answer.consumer == 0:
            layout = Layout((), self._directories, _dialect(self.capabilities))
            owners = [one for one in self._directories.values() if one is not None]
            again = self._session.feed(
                self._command(owners),
                read_literals(layout.directories()),
                layout.directories_total,
            )
            answer = replace(again, lines=answer.lines + again.lines, said=answer.said + again.said)
        self._prove(answer)

    def summary(self, left_out: Sequence[str]) -> Summary:
        """Return what was done, once it is proved."""
        return self._tally.summary(
            self.capabilities,
            path=self._request.target_path,
            seconds=self._watch.elapsed,
            left_out=left_out,
        )

    def so_far(self) -> Summary:
        """Return what had arrived."""
        layout = self._plan.layout if self._plan is not None else None
        arrived = layout.members_until(self._acknowledged) if layout is not None else []
        return self._tally.so_far(arrived, self._request.target_path, self._watch.elapsed)

    def _give_away(self, index: Index) -> None:
        """Give every member the owner that the user asked for."""
        capabilities = self.capabilities
        owner = self._request.owner
        if owner is None and not self._request.same_owner and capabilities.uid == 0:
            owner = (0, capabilities.gid or 0)
        if owner is not None:
            index.members.give_to(*owner)

    @property
    def _state_of_the_pod(self) -> str:
        if not self.has_begun:
            return "nothing was changed"
        return "what came before it in the backup is restored"

    def _made_plan(self, index: Index) -> Plan:
        questions, capabilities = self._questions, self.capabilities
        paths = paths_to_survey(index)
        before = questions.survey(Phase.SURVEY, [b"", *paths])
        links: dict[bytes, bytes] = {}
        if self._request.keep_directory_symlinks:
            links = questions.leads([p for p in paths if _is_link(before.get(p))])
        uid = capabilities.uid
        policy = Policy(
            force=self._request.force,
            dialect=_dialect(capabilities),
            kept_links=links,
            owner=self._request.owner or (0, 0),
            uid=None if uid == 0 else uid,
            ours=frozenset() if self._restored is None else self._restored,
        )
        plan = make_plan(index, before, policy)
        so_far = self._state_of_the_pod
        require_way(plan, self._request.command_with("--force"), so_far)
        require_devices(plan, capabilities, so_far)
        closed = questions.closed(directories_written_to(plan.operations, before))
        others = [] if uid in {0, None} else out_of_reach(plan.operations, before, uid or 0)
        require_writable(self._request.target_path, uid, closed, others, so_far)
        if plan.filled and plan.layout is not None:
            require_room(plan.layout.total, questions.space(), so_far)
        return plan

    def _stream(self, batch: Batch, plan: Plan) -> Answer:
        """Send the plan's stream and return how the pod's tar ended."""
        layout = plan.layout
        if layout is None or not plan.carried_out:
            # toybox's tar takes an archive without members for an error.
            return Answer(consumer=0, received=0)
        started = time.monotonic()

        def acknowledged(count: int) -> None:
            self._acknowledged = count
            done, current = layout.position(count)
            self._progress.status(
                Status(Phase.SEND, count, layout.total, done, layout.total_files, current)
            )
            self._warn_of_time(count, layout.total, time.monotonic() - started)

        self._progress.status(Status(Phase.SEND, 0, layout.total, 0, layout.total_files))
        self._through_links = self._through_links or any(
            one.stands is Standing.SYMLINK for one in plan.operations
        )
        self._attributed = self._attributed or bool(plan.attributed)
        members = [one.member for one in plan.carried_out if one.member is not None]
        self.has_begun = True
        return self._session.feed(
            self._command(members),
            batch.read(layout.segments()),
            layout.total,
            on_acknowledged=acknowledged,
        )

    def _command(self, members: Sequence[Member]) -> bytes:
        """Return the agent's command, with options that all four tars know but for the last."""
        capabilities = self.capabilities
        options = ["extract", "-p", "--numeric-owner"]
        if not all(capabilities.may_own(one.uid, one.gid) for one in members):
            # It would fail for each; what may be given away is given away afterwards.
            options.append("-o")
        if self._attributed and capabilities.tar is Tar.GNU:
            options += ["--xattrs", "--xattrs-include=*", "--acls"]
        if self._through_links and capabilities.tar is Tar.BSD:
            # It refuses to go through links that stand there, even those found to be safe.
            options.append("-P")
        return " ".join(options).encode()

    def _prove(self, answer: Answer) -> None:
        """Ask what stands there now, and hold it against what was promised.

        Raises:
            VerificationError, PodCannotError, InterruptedRestoreError: it is not there.
        """
        operations, questions = self._unproved, self._questions
        owners = self._request.same_owner
        after = questions.survey(Phase.VERIFY, [one.path for one in operations])
        before = _nothing if self._restored is None else self._restored.member
        failed = answer.consumer != 0
        verdict = compare(operations, after, owners=owners, suspicious=failed, before=before)
        if answer.is_whole and not verdict.differences:
            touched = self._amend(verdict)
            after.update(questions.survey(Phase.VERIFY, touched) if touched else {})
            verdict = compare(operations, after, owners=owners, before=before)
        space = str(questions.space()) if is_full(answer) else ""
        again = self._request.command_with("--force")
        failure = error_of(answer, verdict, again=again, space=space)
        if failure is not None:
            raise failure
        if self._plan is not None:
            self._tally.take_plan(self._plan)
            self._plan = None
        self._tally.take_answer(answer)
        self._tally.take_verdict(verdict)
        self._unproved = []

    def _amend(self, verdict: Verdict) -> list[bytes]:
        """Put right what the pod's tar did not do; return the paths to look at again."""
        touched: list[bytes] = []
        for one in amendments(verdict, self.capabilities.may_own):
            self._questions.amend(one.command, one.paths, one.words)
            touched += one.paths
        return touched

    def _warn_of_time(self, done: int, total: int, seconds: float) -> None:
        """Say early, and once, that the time limit will not do."""
        left = self._watch.left
        if self._request.is_piped:
            # How much will come is not known.
            return
        if self._warned_of_time or left is None or seconds < _ESTIMATE_AFTER or not done:
            return
        needed = (total - done) * seconds / done
        if needed > left * 1.1:
            self._warned_of_time = True
            limit = as_duration(self._watch.limit or 0)
            self._progress.message(
                Level.WARNING,
                f"at this rate it takes {as_duration(round(needed))} more, but --timeout {limit} "
                f"ends it in {as_duration(round(left))}; --timeout 0 sets no limit",
            )


def _nothing(_path: bytes) -> None:
    """There was no batch before."""


def _is_directory(operation: Operation) -> bool:
    return operation.member is None or operation.member.kind is Kind.DIRECTORY


def _is_link(entry: Entry | None) -> bool:
    return entry is not None and entry.kind is Standing.SYMLINK


def _dialect(capabilities: Capabilities) -> Dialect:
    """Return what the container's tar reads beyond the common ground."""
    extras = Extra.NOTHING
    if capabilities.reads_records:
        extras = Extra.FRACTION | Extra.XATTRS | Extra.ACL
        if capabilities.sets_capabilities:
            extras |= Extra.CAPABILITIES
    return Dialect(holes=capabilities.reads_holes, extras=extras)
