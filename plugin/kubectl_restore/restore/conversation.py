"""What is said in an exec: ask, plan, stream, ask again; for each batch, and once at the end.

When the exec breaks, another one takes over: the pod is asked anew, and what has arrived is kept.
"""

from __future__ import annotations

import shlex
import time
from collections import Counter
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.stream.layout import DirectoryLayout
from kubectl_restore.archive.stream.segments import pauses_in, read_literals
from kubectl_restore.archive.trust.content_checksums import Fingerprints
from kubectl_restore.container.capabilities import Tar, require_target, require_tools
from kubectl_restore.container.leases import Leases
from kubectl_restore.container.questions import Questions
from kubectl_restore.container.space import Space
from kubectl_restore.deadline import as_duration
from kubectl_restore.errors import PodCannotError, VerificationError
from kubectl_restore.pipe.answer import Answer
from kubectl_restore.plan.attributes import Attributes
from kubectl_restore.plan.operation import Action
from kubectl_restore.plan.policy import Overwrite, Verification
from kubectl_restore.plan.steps import operations_of, steps_of
from kubectl_restore.progress import Comparison, Level, Phase, Status
from kubectl_restore.report.outcome import Tally
from kubectl_restore.restore.audit import Auditor
from kubectl_restore.restore.confirm import declined, has_to_be_asked, question
from kubectl_restore.restore.obstacles import (
    Volume,
    require_check_sums,
    require_devices,
    require_room,
    require_way,
    require_writable,
)
from kubectl_restore.restore.prove import Prover
from kubectl_restore.restore.restored import Restored
from kubectl_restore.restore.survey import Surveyor, dialect_of
from kubectl_restore.restore.volumes import KnownVolumes, attributes_of
from kubectl_restore.resume.attempts import Attempts, require_no_more
from kubectl_restore.resume.in_flight import Doubt, InFlight, plan_lines, read_doubt, settled_lines
from kubectl_restore.resume.lease import take_lease
from kubectl_restore.resume.settle import rest_of
from kubectl_restore.text import counted, listed, shown
from kubectl_restore.undo.replaced import Replaced
from kubectl_restore.undo.save import Saved, contents_of, foresee_saving, save_replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kubectl_restore.archive.index.index import Index
    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.cluster.place import PinnedTarget
    from kubectl_restore.container.capabilities import Capabilities
    from kubectl_restore.deadline import Watch
    from kubectl_restore.pipe.session import Session
    from kubectl_restore.plan.batch import Batch
    from kubectl_restore.plan.operation import Operation
    from kubectl_restore.plan.plan import Plan
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Progress, Summary

_ESTIMATE_AFTER: Final = 5.0
"""Seconds of streaming before an estimate is worth a warning."""


class Conversation:
    """The talk with one agent after the other, from the first hello to the proof.

    Every method raises RestoreError when its step fails; `so_far` says what had arrived by then.
    """

    def __init__(self, request: RestoreRequest, progress: Progress, watch: Watch) -> None:
        """Know nobody yet."""
        self._opened: Session | None = None
        self._request = request
        self._progress = progress
        self._watch = watch
        self._capabilities: Capabilities | None = None
        self._tally = Tally()
        self._plan: Plan | None = None
        self._acknowledged = 0
        self._warned_of_time = False
        self._batch: Batch | None = None
        self._sent: Fingerprints | None = None
        self._saved = Saved()
        self._attributed = False
        self._through_links = False
        self._known_volumes = KnownVolumes()
        self._attributes = Attributes()
        # Of a file everything is known at once; of a pipe directories come again and again.
        self._restored = Restored() if request.is_piped else None
        self._directories: dict[bytes, Member] = {}
        self._settled: dict[bytes, Operation] = {}
        self._attempts = Attempts()
        self._doubt = Doubt()
        self._in_flight: InFlight | None = None
        self._leases = Leases()
        self._is_held = False
        self._has_record = False
        self._is_noted = False
        self._has_appended = False
        self._left: dict[bytes, str] = {}
        self.has_begun = False
        """Whether the pod may have been changed."""

    @property
    def capabilities(self) -> Capabilities:
        """What the container can do, once `begin` has asked it."""
        if self._capabilities is None:
            raise RuntimeError("nobody has asked yet")
        return self._capabilities

    @property
    def _session(self) -> Session:
        if self._opened is None:
            raise RuntimeError("no exec is open")
        return self._opened

    @property
    def _questions(self) -> Questions:
        return Questions(self._session, self._progress)

    @property
    def is_noted(self) -> bool:
        """Tell whether the pod has a record of what is in flight."""
        return self._is_noted

    def begin(
        self,
        session: Session,
        place: PinnedTarget,
        require_place: Callable[[PinnedTarget, Capabilities], None],
    ) -> None:
        """Take a session that is open, and ask what the container can do.

        Args:
            session: the exec.
            place: where it should lead.
            require_place: returns when it has led there.

        Raises:
            AnotherPodError: it has not; nothing was written.
            PodCannotError: it has no tar, or no such target.
        """
        self._opened = session
        self._is_held = False
        found, self._leases = self._questions.introduce()
        self._capabilities = found
        self._session.frame(found.framing)
        self._progress.message(
            Level.DETAIL,
            f"the container has {found.tar_version}, we are uid {found.uid} in it; "
            f"one framed and acknowledged exec, its chunks are taken by {found.framing}",
        )
        require_place(place, found)
        require_tools(found, place.container)
        where = ["kubectl", *place.kubectl.to_show(), "exec", place.pod, "-c", place.container]
        make_it = shlex.join([*where, "--", "mkdir", "-p", self._request.target_path])
        require_target(found, self._request.target_path, make_it)
        require_check_sums(found, self._request, place.container)

    def hold(self, name: str, restore: str, own: set[bytes]) -> None:
        """Become the only one who writes to the target; see `take_lease`.

        Raises:
            TargetError: another restore writes there.
        """
        so_far = "what was restored until then stays" if self.has_begun else "nothing was changed"
        self._is_held = take_lease(
            self._questions,
            self._leases,
            name=name,
            restore=restore,
            own=own,
            so_far=so_far,
            progress=self._progress,
        )
        self._has_record = any(one.name == name.encode() for one in self._leases.records)
        if not self._is_held:
            self._progress.message(
                Level.DETAIL,
                "the container has no place for a record of what is in flight (/dev/shm or /tmp): "
                "after a break of this program another run of it will need --force",
            )

    def lost(self) -> tuple[str, bool]:
        """Take it that the exec is broken.

        Returns:
            How far it was, for people, and whether it brought something that stays.
        """
        brought = self._has_appended
        if self._in_flight is not None and self._plan is not None:
            self._in_flight.settle(self._acknowledged)
            self._attempts.broke(self._plan, self._in_flight, self._acknowledged)
            brought = brought or self._in_flight.first > 0
        self._in_flight = None
        self._has_appended = False
        self._plan = None
        self._opened = None
        return self._attempts.how_far(), brought

    def prepare(self, batch: Batch) -> Plan:
        """Ask what is there, and return the plan; the person at the terminal is asked, too.

        Raises:
            InTheWayError: something is in the way, and is not to be replaced.
            PodCannotError: something has to be made where we may make nothing, or there is no room.
        """
        if self._restored is not None:
            self._restored.require_targets(batch.index)
        self._give_away(batch.index)
        if batch is not self._batch:
            self._attempts = Attempts()
        self._batch = batch
        self._sent = None
        self._acknowledged = 0
        members, batch_id = batch.index.members, batch.identity.encode()

        def noted() -> Doubt:
            return read_doubt(*self._questions.doubt(batch_id), batch_id, members)

        self._doubt = self._attempts.doubt(noted, members)
        volumes = self._known_volumes.for_members(
            members, self._questions, self.capabilities, self._progress
        )
        self._attributes = attributes_of(self._request, self.capabilities, volumes)
        surveyor = Surveyor(
            self._questions,
            self._request,
            self.capabilities,
            self._restored,
            self._progress,
            self._doubt,
            self._attempts.brought(self._request.overwrite, members),
            self._attributes,
        )
        overwrite = self._attempts.agreed or self._request.overwrite
        self._plan = plan = surveyor.plan(batch, overwrite)
        self._attempts.require_no_more(plan)
        if self._request.dry_run:
            self._progress.planned(steps_of(plan))
        elif (
            self._request.asks
            and has_to_be_asked(plan, self._request)
            and not self._attempts.has_agreed
        ):
            self._plan = plan = self._asked(batch, plan, surveyor)
        self._require(plan)
        if self._request.dry_run:
            self._saved = self._save(plan, foresee_saving)
        self._attempts.began(plan)
        return plan

    def _asked(self, batch: Batch, plan: Plan, surveyor: Surveyor) -> Plan:
        """Ask the person at the terminal; return the plan that they agreed to.

        Raises:
            InTheWayError: they said no, or by then there was more to replace or to delete.
        """
        overwrite = Overwrite.IF_CHANGED if plan.is_refused else self._request.overwrite
        # What would be done after a yes is what is asked about.
        offered = surveyor.plan(batch, overwrite) if plan.is_refused else plan
        if not self._agreed(question(offered, self._request.target_path)):
            raise declined(offered)
        # They may have thought for long.
        agreed = surveyor.plan(batch, overwrite)
        require_no_more(offered, agreed, so_far="nothing was changed")
        self._attempts.has_agreed = True
        if plan.is_refused:
            self._attempts.agreed = overwrite
        return agreed

    def audit(self, batch: Batch) -> Comparison:
        """Compare a backup's only batch with what stands there; nothing is written."""
        self._give_away(batch.index)
        auditor = Auditor(
            self._questions, self._request, self.capabilities, self._progress, self._known_volumes
        )
        auditor.audit(batch)
        notes = []
        uid = self.capabilities.uid
        notes += [
            f"{counted(count, 'path')} without the backup's {what}, which uid {uid} there may "
            "not set, or the volume does not keep"
            for what, count in auditor.lacking.items()
        ]
        if self._request.selection.is_partial:
            notes.append("what is not in the backup was not looked for: some of it was left out")
        is_size = self._request.verify is Verification.SIZE
        return Comparison(
            path=self._request.target_path,
            members=auditor.members,
            findings=auditor.found,
            verified="size" if is_size else str(self.capabilities.algorithm),
            seconds=self._watch.elapsed,
            notes=tuple(notes),
        )

    def send(self) -> Answer:
        """Save what is to be replaced, then stream what the plan says; not proved yet.

        Raises:
            UsageError, VerificationError: what is replaced could not be saved.
        """
        plan, batch = self.plan, self.batch
        if not self._attempts.is_saved:
            self._saved = self._save(plan, save_replaced)
            self._attempts.is_saved = True
        changes = bool(plan.resumed) or plan.count(Action.CREATE, Action.REPLACE) > 0
        if self._is_held and changes:
            lines = plan_lines(plan, self._doubt)
            self._is_noted = self._questions.intend(batch.identity.encode(), lines)
        self._append(batch, plan)
        return self._stream(batch, plan)

    def _save(self, plan: Plan, save: Callable[..., Saved]) -> Saved:
        # A directory comes before what stands in it.
        further = [path for path, _ in reversed(plan.extras)]
        return save(
            self._request,
            Replaced(plan, plan.contents, further=further),
            self._session,
            algorithm=self.capabilities.algorithm,
            progress=self._progress,
        )

    def _append(self, batch: Batch, plan: Plan) -> None:
        """Have large files go on where they stopped.

        Raises:
            VerificationError: one could not be written to, or is another one by now.
        """
        for number, resumed in plan.resumed.items():
            member = plan.members[number]
            self.has_begun = True
            self._progress.message(
                Level.INFO,
                f"{shown(member.path)} goes on at {resumed.start * 100 // member.size} %: what is "
                "there has the backup's check sum",
            )

            def acknowledged(
                count: int, start: int = resumed.start, whole: Member = member
            ) -> None:
                self._has_appended = True
                self._progress.status(
                    Status(Phase.SEND, start + count, whole.size, 0, 1, whole.path)
                )

            answer = self._session.append(
                member.path,
                resumed.inode,
                rest_of(batch, member, resumed),
                member.size - resumed.start,
                acknowledged,
            )
            self._prover.require(answer)

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
        self._prove_members(answer)
        if self._is_held and self._is_noted:
            self._questions.intend(self.batch.identity.encode(), settled_lines(plan, self._doubt))
        self._settle_plan(plan)

    def finish(self, answer: Answer) -> None:
        """Delete what is to be deleted, give directories their modes and times, prove everything.

        Args:
            answer: how the last stream ended.

        Raises:
            VerificationError, PodCannotError, InterruptedRestoreError: it cannot be proved.
        """
        plan = self.plan
        self._prove_members(answer)
        self._delete(plan)
        layout = None if plan.layout is None else plan.layout.directories
        owners = plan.owners
        directories: Iterable[Operation] = filter(_is_directory, plan.operations())
        total = plan.count(*Action)
        if self._restored is not None:
            self._put_directories_off(plan)
            layout = DirectoryLayout(self._directories.values(), dialect_of(self.capabilities))
            owners = {(one.uid, one.gid) for one in self._directories.values()}
            directories, total = self._settled.values(), len(self._settled)
        ended = Answer(consumer=0, received=0)
        if layout is not None and layout.total:
            self.has_begun = True
            ended = self._session.feed(
                self._command(owners), read_literals(layout.segments()), layout.total
            )
        self._prove(ended, directories, total)
        self._require_deleted()
        if self._is_noted or self._has_record:
            # Else the agent does it when it goes.
            self._questions.release()
        self._settle_plan(plan)
        if self._request.sync and not self._questions.sync():
            raise PodCannotError(
                "everything is restored, but the container could not sync its disks",
                reason="it has no sync, or may not use it",
                fix="leave --sync out",
            )

    def _prove_members(self, answer: Answer) -> None:
        """Prove all but the directories, contents too."""
        plan = self.plan
        others = (one for one in plan.operations() if not _is_directory(one))
        self._prove(answer, others, plan.count(*Action))
        self._prover.prove_contents(answer, plan, self.batch, self._sent)

    def _prove(self, answer: Answer, operations: Iterable[Operation], total: int) -> None:
        proof = self._prover.prove(answer, operations, total, self.plan.contents.of)
        self._tally.take_answer(answer)
        self._tally.take_proof(proof)

    @property
    def _prover(self) -> Prover:
        return Prover(
            self._questions, self._request, self.capabilities, self._progress, self._attributes
        )

    def _delete(self, plan: Plan) -> None:
        """Delete what is not in the backup, what is in a directory before it."""
        if not plan.extras:
            return
        self.has_begun = True
        questions, paths = self._questions, [path for path, _ in plan.extras]
        changed: set[bytes] = set()
        if self._request.save_replaced is not None:
            # Written to while the backup was sent: what was saved is not what would go.
            found = questions.survey(Phase.VERIFY, paths)
            digests = contents_of(found, questions, self.capabilities.algorithm)
            changed.update(self._saved.changed(found, digests))
        extras = [one for one in plan.extras if one[0] not in changed]
        questions.remove(b"rm -f", [path for path, is_directory in extras if not is_directory])
        questions.remove(b"rmdir", [path for path, is_directory in extras if is_directory])
        for path in sorted(questions.survey(Phase.VERIFY, paths)):
            is_new = path in changed
            self._left[path] = (
                "changed after it was saved, so it stays" if is_new else "still there"
            )

    def _require_deleted(self) -> None:
        if self._left:
            raise VerificationError(
                f"{counted(len(self._left), 'path')} could not be deleted; the backup is restored",
                reason=listed([f"{shown(path)}: {why}" for path, why in self._left.items()]),
                fix=f"see who owns it, or writes there, then: {self._request.command_with()}",
            )

    def _agreed(self, asked: str) -> bool:
        self._progress.ask(asked)
        while (said := self._progress.answer()) is None:
            self._session.keep_alive()
        return said

    @property
    def batch(self) -> Batch:
        """The batch at hand."""
        if self._batch is None:
            raise RuntimeError("nothing was planned yet")
        return self._batch

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
        first = self._attempts.first or plan
        self._tally.take_plan(first)
        self._tally.operations.update(operations_of(first))
        self._plan = None
        self._in_flight = None
        self._attempts = Attempts()

    def summary(self, left_out: Sequence[str]) -> Summary:
        """Return what was done, once it is proved; or what would be done."""
        if self._plan is not None:
            self._settle_plan(self._plan)
        verified = {Verification.SIZE: "size", Verification.NONE: ""}.get(
            self._request.verify, str(self.capabilities.algorithm)
        )
        summary = self._tally.summary(
            self.capabilities,
            path=self._request.target_path,
            seconds=self._watch.elapsed,
            left_out=left_out,
            verified=verified,
            dry_run=self._request.dry_run,
        )
        saved = self._saved
        return replace(
            summary,
            notes=summary.notes + saved.notes,
            next_steps=summary.next_steps + saved.next_steps,
        )

    @property
    def operations(self) -> dict[str, int]:
        """How many paths something was planned for, by action."""
        found = Counter(self._tally.operations)
        plan = self._attempts.first or self._plan
        if plan is not None:
            found.update(operations_of(plan))
        return {action: count for action, count in sorted(found.items()) if count}

    def so_far(self) -> Summary:
        """Return what had arrived."""
        layout = self._plan.layout if self._plan is not None else None
        arrived = layout.members_until(self._acknowledged) if layout is not None else ()
        return self._tally.so_far(
            chain(self._attempts.arrived(), arrived),
            self._request.target_path,
            self._watch.elapsed,
        )

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

    def _require(self, plan: Plan) -> None:
        """Return when nothing keeps the plan from being carried out.

        Raises:
            InTheWayError: something is in the way.
            PodCannotError: something has to be made where we may make nothing, or there is no room.
        """
        questions, capabilities = self._questions, self.capabilities
        so_far = self._state_of_the_pod
        require_way(
            plan,
            self._request.command_in_earnest("--force"),
            so_far,
            is_noted=self._doubt.is_noted or self._request.dry_run,
        )
        require_devices(plan, capabilities, so_far, deletes=self._request.delete)
        closed = questions.closed(sorted(plan.written_to))
        others = [] if capabilities.uid in {0, None} else plan.out_of_reach
        require_writable(self._request.target_path, capabilities.uid, closed, others, so_far)
        if plan.layout is not None and plan.count(Action.CREATE, Action.REPLACE):
            require_room(plan, self._volumes(plan), so_far, is_root=capabilities.uid == 0)

    def _volumes(self, plan: Plan) -> list[Volume]:
        """Return the volumes that a plan writes to: the target's, and those that stand below it."""
        kinds = {one.path: one.kind for one in self._known_volumes.mounts}
        paths = [b"", *(path for path in kinds if path and plan.has_directory(path))]
        rooms = self._questions.rooms(paths)
        return [Volume(path, kinds.get(path, ""), rooms.get(path, Space())) for path in paths]

    def _stream(self, batch: Batch, plan: Plan) -> Answer:
        """Send the plan's stream and return how the pod's tar ended."""
        layout = plan.layout
        if layout is None or not plan.count(Action.CREATE, Action.REPLACE):
            # toybox's tar takes an archive without members for an error.
            return Answer(consumer=0, received=0)
        started = time.monotonic()

        before = self._attempts.sent_before
        total, total_files = before.bytes + layout.total, before.files + layout.total_files

        def acknowledged(count: int) -> None:
            self._acknowledged = count
            done, current = layout.position(count)
            self._progress.status(
                Status(
                    Phase.SEND,
                    before.bytes + count,
                    total,
                    before.files + done,
                    total_files,
                    current,
                )
            )
            self._warn_of_time(count, layout.total, time.monotonic() - started)

        self._progress.status(Status(Phase.SEND, before.bytes, total, before.files, total_files))
        session, is_noted = self._session, self._is_held and self._is_noted
        flight = InFlight(layout, batch.identity.encode(), lambda: session.exec.complaints)
        self._in_flight = flight

        def in_flight(done: int, end: int) -> bytes:
            noted = flight.note(done, end)
            return noted if is_noted else b""

        self._through_links = self._through_links or plan.through_links
        self._attributed = self._attributed or bool(plan.attributed)
        self.has_begun = True
        self._questions.remove(b"rm -f", plan.removed_first)
        tap = None
        algorithm = self.capabilities.algorithm
        if self._request.verify is Verification.CHECKSUM and algorithm is not None:
            files = (n for n in plan.carried() if plan.member(n).kind is Kind.FILE)
            self._sent = Fingerprints(algorithm, plan.member, files)
            tap = self._sent.take
        return self._session.feed(
            self._command(plan.owners),
            batch.read(layout.segments(), tap),
            layout.total,
            on_acknowledged=acknowledged,
            in_flight=in_flight,
            pauses=pauses_in(layout.segments()) if batch.is_packed else (),
            packs=batch.is_packed and self.capabilities.unpacks,
        )

    def _command(self, owners: Iterable[tuple[int, int]]) -> bytes:
        """Return the agent's command, with options that all four tars know but for the last."""
        capabilities = self.capabilities
        options = ["extract", "-p", "--numeric-owner"]
        if not all(self._attributes.can_own_everywhere(*owner) for owner in owners):
            # It would fail for each; what may be given away is given away afterwards.
            options.append("-o")
        if self._attributes.volumes.has_no_times:
            options.append("-m")
        if self._attributed and capabilities.tar is Tar.GNU:
            options += ["--xattrs", "--xattrs-include=*", "--acls"]
        if self._through_links and capabilities.tar is Tar.BSD:
            # It refuses to go through links that stand there, even those found to be safe.
            options.append("-P")
        return " ".join(options).encode()

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


def _is_directory(operation: Operation) -> bool:
    return operation.member is None or operation.member.kind is Kind.DIRECTORY
