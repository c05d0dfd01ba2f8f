"""What is said in one exec: ask, plan, stream, ask again; for each batch, and once at the end."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.index import Extra, Kind
from kubectl_restore.archive.layout import DirectoryLayout
from kubectl_restore.archive.outgoing import read_literals
from kubectl_restore.archive.rewriting import Dialect
from kubectl_restore.obstacles import require_devices, require_room, require_way, require_writable
from kubectl_restore.operation import Action
from kubectl_restore.outcome import Tally, error_of, is_full
from kubectl_restore.pipe.questions import Questions
from kubectl_restore.pipe.session import Answer
from kubectl_restore.planning import TOGETHER, Planner
from kubectl_restore.pod.capabilities import Tar, read_probe, require_target, require_tools
from kubectl_restore.pod.survey import Standing
from kubectl_restore.progress import Level, Phase, Status
from kubectl_restore.restored import Restored
from kubectl_restore.sameness import Policy
from kubectl_restore.verify import Proof, amendments, compare
from kubectl_restore.watch import as_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kubectl_restore.archive.index import Index, Member
    from kubectl_restore.archive.outgoing import Segment, Zeros
    from kubectl_restore.contents import Contents
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
        self._contents: Contents | None = None
        self._attributed = False
        self._through_links = False
        # Of a file everything is known at once; of a pipe directories come again and again.
        self._restored = Restored() if request.is_piped else None
        self._directories: dict[bytes, Member] = {}
        self._settled: dict[bytes, Operation] = {}
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
        return self._stream(batch, plan)

    def settle(self, answer: Answer) -> None:
        """Prove what a batch has brought before the next one comes; directories wait for the end.

        Args:
            answer: how its stream ended.

        Raises:
            VerificationError, PodCannotError, InterruptedRestoreError: it cannot be proved.
        """
        plan = self.plan
        if self._restored is not None:
            self._restored.add(plan.operations())
        self._put_directories_off(plan)
        others = (one for one in plan.operations() if not _is_directory(one))
        self._prove(answer, others, plan.count(*Action))
        self._settle_plan(plan)

    def finish(self, answer: Answer) -> None:
        """Give directories their modes and times, and prove everything that is not yet proved.

        Args:
            answer: how the last stream ended.

        Raises:
            VerificationError, PodCannotError, InterruptedRestoreError: it cannot be proved.
        """
        plan = self.plan
        layout = None if plan.layout is None else plan.layout.directories
        owners, operations = plan.owners, plan.operations()
        if self._restored is not None:
            self._put_directories_off(plan)
            layout = DirectoryLayout(self._directories.values(), _dialect(self.capabilities))
            owners = {(one.uid, one.gid) for one in self._directories.values()}
            others = (one for one in plan.operations() if not _is_directory(one))
            operations = chain(self._settled.values(), others)
        if layout is not None and layout.total and answer.is_whole and answer.consumer == 0:
            again = self._session.feed(
                self._command(owners), read_literals(layout.segments()), layout.total
            )
            answer = replace(again, lines=answer.lines + again.lines, said=answer.said + again.said)
        self._prove(answer, operations, plan.count(*Action) + len(self._settled))
        self._settle_plan(plan)

    @property
    def plan(self) -> Plan:
        """What is done about the batch at hand."""
        if self._plan is None:
            raise RuntimeError("nothing was sent yet")
        return self._plan

    def _put_directories_off(self, plan: Plan) -> None:
        """Remember a batch's directories: members of later batches still change their times."""
        for one in plan.operations():
            if _is_directory(one):
                self._settled[one.path] = one
                if one.member is not None and one.action in {Action.CREATE, Action.REPLACE}:
                    self._directories[one.path] = one.member

    def _settle_plan(self, plan: Plan) -> None:
        self._tally.take_plan(plan)
        self._plan = None

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
        arrived = layout.members_until(self._acknowledged) if layout is not None else ()
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
        planner = Planner(index, self._policy(), self._before)
        directories = planner.directories
        total = len(index.members)
        before = questions.survey(Phase.SURVEY, [b"", *directories], total=total)
        links: dict[bytes, bytes] = {}
        if self._request.keep_directory_symlinks:
            links = questions.leads([p for p in directories if _is_link(before.get(p))])
        planner.take_directories(before, links)
        asked = len(directories)
        for numbers in planner.questions():
            paths = [index.members.path(number) for number in numbers]
            found = questions.survey(Phase.SURVEY, paths, done=asked, total=max(total, asked))
            asked += len(numbers)
            unsure = [index.members.path(number) for number in planner.unsure(numbers, found)]
            planner.take(numbers, found, questions.texts(unsure) if unsure else None)
        self._contents = planner.contents
        plan = planner.finish()
        so_far = self._state_of_the_pod
        require_way(plan, self._request.command_with("--force"), so_far)
        require_devices(plan, capabilities, so_far)
        closed = questions.closed(sorted(plan.written_to))
        others = [] if capabilities.uid in {0, None} else plan.out_of_reach
        require_writable(self._request.target_path, capabilities.uid, closed, others, so_far)
        if plan.filled and plan.layout is not None:
            require_room(plan.layout.total, questions.space(), so_far)
        return plan

    def _policy(self) -> Policy:
        capabilities = self.capabilities
        same_owner = self._request.same_owner
        return Policy(
            overwrite=self._request.overwrite,
            dialect=_dialect(capabilities),
            owner=self._request.owner or (0, 0),
            uid=None if capabilities.uid == 0 else capabilities.uid,
            ours=frozenset() if self._restored is None else self._restored,
            owns=lambda uid, gid: same_owner and capabilities.may_own(uid, gid),
            distrusts_size=capabilities.tar is Tar.BSD,
        )

    def _before(self, path: bytes) -> Member | None:
        """Return what an earlier batch has restored at a path."""
        return None if self._restored is None else self._restored.member(path)

    def _stream(self, batch: Batch, plan: Plan) -> Answer:
        """Send the plan's stream and return how the pod's tar ended."""
        layout = plan.layout
        if layout is None or not plan.count(Action.CREATE, Action.REPLACE):
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
        self._through_links = self._through_links or plan.through_links
        self._attributed = self._attributed or bool(plan.attributed)
        self.has_begun = True
        return self._session.feed(
            self._command(plan.owners),
            batch.read(layout.segments()),
            layout.total,
            on_acknowledged=acknowledged,
        )

    def _command(self, owners: Iterable[tuple[int, int]]) -> bytes:
        """Return the agent's command, with options that all four tars know but for the last."""
        capabilities = self.capabilities
        options = ["extract", "-p", "--numeric-owner"]
        if not all(capabilities.may_own(uid, gid) for uid, gid in owners):
            # It would fail for each; what may be given away is given away afterwards.
            options.append("-o")
        if self._attributed and capabilities.tar is Tar.GNU:
            options += ["--xattrs", "--xattrs-include=*", "--acls"]
        if self._through_links and capabilities.tar is Tar.BSD:
            # It refuses to go through links that stand there, even those found to be safe.
            options.append("-P")
        return " ".join(options).encode()

    def _prove(self, answer: Answer, operations: Iterable[Operation], total: int) -> None:
        """Ask what stands there now, and hold it against what was promised.

        Args:
            answer: how the stream ended.
            operations: what was promised.
            total: about how many these are.

        Raises:
            VerificationError, PodCannotError, InterruptedRestoreError: it is not there.
        """
        proof = Proof()
        done = 0
        wanted = (one for one in operations if one.action is not Action.SKIP)
        while some := list(islice(wanted, TOGETHER)):
            proof.take(self._proved(answer, some, done, total))
            done += len(some)
        space = str(self._questions.space()) if is_full(answer) else ""
        again = self._request.command_with("--force")
        failure = error_of(answer, proof, again=again, space=space)
        if failure is not None:
            raise failure
        self._tally.take_answer(answer)
        self._tally.take_proof(proof)

    def _proved(self, answer: Answer, some: list[Operation], done: int, total: int) -> Verdict:
        """Compare some of what was promised, and put right what can be put right."""
        questions, owners = self._questions, self._request.same_owner
        content_of = _itself if self._contents is None else self._contents.of
        paths = [one.path for one in some]
        after = questions.survey(Phase.VERIFY, paths, done=done, total=max(total, done))
        failed = answer.consumer != 0
        verdict = compare(some, after, content_of, owners=owners, suspicious=failed)
        if not answer.is_whole or verdict.differences:
            return verdict
        touched = self._amend(verdict)
        if touched:
            after.update(questions.survey(Phase.VERIFY, touched, done=done, total=max(total, done)))
        return compare(some, after, content_of, owners=owners)

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


def _itself(member: Member) -> Member:
    return member


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
