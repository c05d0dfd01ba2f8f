"""The steps behind the stream: a batch is proved; in the end directories, deletion, the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.archive.stream.layout import DirectoryLayout
from kubectl_restore.archive.stream.segments import read_literals
from kubectl_restore.errors import PodCannotError, VerificationError
from kubectl_restore.pipe.payload import Payload
from kubectl_restore.plan.operation import Action
from kubectl_restore.progress import Level, Phase
from kubectl_restore.restore.checks.extras import Listing
from kubectl_restore.restore.closing import waves
from kubectl_restore.restore.dialect import dialect_of
from kubectl_restore.restore.prove import Prover
from kubectl_restore.restore.send import command, intend
from kubectl_restore.resume.in_flight import settled_lines
from kubectl_restore.session.answer import Answer
from kubectl_restore.text import counted, listed, shown
from kubectl_restore.undo.saved import contents_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubectl_restore.plan.compare import Proof
    from kubectl_restore.plan.operation import Operation
    from kubectl_restore.plan.plan import Plan
    from kubectl_restore.restore.lanes.lane import Lane
    from kubectl_restore.restore.ledger import Ledger
    from kubectl_restore.restore.run import Run
    from kubectl_restore.restore.send import Sent


def prove_members(run: Run, lane: Lane, ledger: Ledger, sent: Sent) -> None:
    """Prove all of a batch but its directories, contents too.

    Raises:
        VerificationError, PodCannotError, InterruptedRestoreError: it cannot be proved.
    """
    plan, prover = sent.plan, Prover.of(run, lane, ledger)
    _take(ledger, sent.answer, prover.prove_members(sent.answer, plan))
    prover.prove_contents(sent.answer, plan, sent.batch, sent.checksum)


def settle(run: Run, lane: Lane, ledger: Ledger, sent: Sent) -> None:
    """Prove what a batch has brought before the next one comes; directories wait for the end.

    Raises:
        VerificationError, PodCannotError, InterruptedRestoreError: it cannot be proved.
    """
    plan = sent.plan
    if ledger.restored is not None:
        ledger.restored.add(plan.operations())
    ledger.postponed.add(plan)
    ledger.parents.take(plan)
    prove_members(run, lane, ledger, sent)
    _note_what_is_left(lane, ledger, sent)
    ledger.close(plan)


def finish(run: Run, lane: Lane, ledger: Ledger, sent: Sent) -> None:
    """Prove the last batch, delete what is to be deleted, give directories modes and times.

    Raises:
        VerificationError, PodCannotError, InterruptedRestoreError: it cannot be proved.
    """
    plan = sent.plan
    prove_members(run, lane, ledger, sent)
    ledger.parents.take(plan)
    ledger.parents.give(lane.questions, ledger.attributes)
    if not ledger.unmade.reasons:
        _delete(run, lane, ledger, plan)
    ledger.one_name.require_listed(lane.questions)
    _finish_directories(run, lane, ledger, plan)
    _require_deleted(run, ledger)
    if ledger.unmade.reasons:
        # The same command finishes it: what its tar has left half done is its own.
        _note_what_is_left(lane, ledger, sent)
    elif ledger.is_noted or lane.has_record:
        # Else the agent does it when it goes.
        lane.questions.release()
    ledger.close(plan)
    if ledger.unmade.reasons:
        # The next run tries what was not made, and says nothing of the rest again.
        for note in ledger.tally.losses(lane.capabilities):
            run.progress.message(Level.INFO, f"Note: {note}")
    ledger.unmade.require_none(run.request)
    if run.request.sync and not lane.questions.sync():
        raise PodCannotError(
            "everything is restored, but the container could not sync its disks",
            reason="it has no sync, or may not use it",
            fix="leave --sync out",
        )


def _note_what_is_left(lane: Lane, ledger: Ledger, sent: Sent) -> None:
    """Have it noted what is in doubt of a batch that is proved: directories, what was not made."""
    if lane.holds and ledger.is_noted:
        plan = sent.plan
        unmade = ledger.unmade.numbers(plan)
        intend(lane, sent.batch, settled_lines(plan, ledger.doubt, unmade))


def _finish_directories(run: Run, lane: Lane, ledger: Ledger, plan: Plan) -> None:
    """Give directories their own modes and times, and prove them, before they are closed."""
    members = [] if plan.layout is None else plan.layout.directories.members
    owners = plan.touched.owners
    directories: Iterable[Operation] = plan.directories()
    total = plan.count(*Action)
    if ledger.restored is not None:
        ledger.postponed.add(plan)
        members = list(ledger.postponed.members.values())
        owners = {(one.uid, one.gid) for one in members}
        directories = ledger.postponed.operations.values()
        total = len(ledger.postponed.operations)
    opener = lane.questions.opener
    line = command(ledger, lane.capabilities, owners)
    for wave in waves(members, opener.opened.modes, directories):
        for mode, paths in wave.closed_again.items():
            lane.questions.amend(b"chmod 0%04o" % mode, paths)
        opener.opened.leave(wave.paths)
        layout = DirectoryLayout(wave.members, dialect_of(lane.capabilities))
        ended = Answer.of_nothing()
        if layout.total:
            ledger.has_begun = True
            payload = Payload(read_literals(layout.segments()), layout.total)
            ended = lane.session.feed(line, payload)
        prover, ended = Prover.of(run, lane, ledger), ledger.unmade.forgive(ended)
        _prove(prover, ledger, plan, ended, operations=wave.operations, total=total)
    opener.forget()


def _prove(
    prover: Prover,
    ledger: Ledger,
    plan: Plan,
    answer: Answer,
    *,
    operations: Iterable[Operation],
    total: int,
) -> None:
    _take(ledger, answer, prover.prove(answer, operations, total, plan.contents.of))


def _take(ledger: Ledger, answer: Answer, proof: Proof) -> None:
    """Count what came of a stream, and of its proof."""
    ledger.tally.take_answer(answer)
    ledger.tally.take_proof(proof)


def _delete(run: Run, lane: Lane, ledger: Ledger, plan: Plan) -> None:
    """Delete what is not in the backup, what is in a directory before it."""
    if not plan.extras:
        return
    ledger.has_begun = True
    questions, paths = lane.questions, [path for path, _ in plan.extras]
    changed: set[bytes] = set()
    if run.request.save_replaced is not None:
        # Written to while the backup was sent: what was saved is not what would go.
        found = questions.survey(Phase.VERIFY, paths)
        digests = contents_of(found, questions, lane.capabilities.algorithm)
        changed.update(ledger.saved.changed(found, digests))
    extras = [one for one in plan.extras if one[0] not in changed]
    questions.remove(b"rm -f", [path for path, is_one in extras if not is_one])
    questions.remove(b"rmdir", [path for path, is_one in extras if is_one])
    _require_kept(run, lane, plan, {path.rpartition(b"/")[0] for path in paths})
    for path in sorted(questions.survey(Phase.VERIFY, paths)):
        is_new = path in changed
        ledger.undeleted[path] = (
            "changed after it was saved, so it stays" if is_new else "still there"
        )


def _require_kept(run: Run, lane: Lane, plan: Plan, directories: set[bytes]) -> None:
    """Return when nothing of the backup went with what was deleted: two names may be one file.

    Raises:
        VerificationError: something did.
    """
    lost = Listing(lane.questions).lost(
        one.path
        for one in plan.operations()
        if one.path.rpartition(b"/")[0] in directories and one.action is not Action.SKIP
    )
    if lost:
        raise VerificationError(
            f"{counted(len(lost), 'path')} of the backup went with what was deleted",
            reason=listed([f"{shown(path)}: missing" for path in lost]),
            fix=f"to restore it again: {run.request.command_leaving_out()}",
        )


def _require_deleted(run: Run, ledger: Ledger) -> None:
    left = ledger.undeleted
    if left:
        raise VerificationError(
            f"{counted(len(left), 'path')} could not be deleted; the backup is restored",
            reason=listed([f"{shown(path)}: {why}" for path, why in left.items()]),
            fix=f"see who owns it, or writes there, then: {run.request.command_with()}",
        )
