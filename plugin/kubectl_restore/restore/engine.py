"""The restore, step by step. Says what happens through the progress interface; prints nothing.

    ask the cluster who the pod is (beside the next step)
    read the whole backup: it is complete and sane, or nothing happens
    open one exec; ask the container what it can do
    ask what stands at every path of the backup
    plan; stop here if anything is in the way
    stream
    ask again; only when everything is there: restored

The pod is touched by the stream alone, so everything that can fail before it leaves the pod as it
was. What breaks the stream leaves whole members behind it, and a note of those in flight; the next
attempt, or the same command again, sends what is not there yet.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeVar

from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.cluster.kubectl import (
    child_environment,
    find_kubectl,
)
from kubectl_restore.cluster.messages import AGAIN
from kubectl_restore.container.agent import (
    agent_command,
    agent_script,
    idle_seconds,
    lease_name,
    restore_identity,
)
from kubectl_restore.container.questions import Questions
from kubectl_restore.deadline import as_duration
from kubectl_restore.errors import (
    AnotherPodError,
    InterruptedRestoreError,
    InTheWayError,
    PodCannotError,
    RestoreError,
    SignalledError,
    TargetError,
    VerificationError,
    WarningsError,
)
from kubectl_restore.pipe.exec import Exec
from kubectl_restore.pipe.loop import Loop
from kubectl_restore.pipe.mark import Mark
from kubectl_restore.pipe.query import Query
from kubectl_restore.pipe.session import Session
from kubectl_restore.progress import Header, Level, Silence, Summary
from kubectl_restore.report.receipt import Receipt, not_written, require_receipt
from kubectl_restore.restore.conversation import Conversation
from kubectl_restore.restore.merged_progress import Onward
from kubectl_restore.restore.read import Supply
from kubectl_restore.restore.resolve import Meeting, meet_again
from kubectl_restore.resume.retry import insist
from kubectl_restore.text import counted, listed, shown
from kubectl_restore.undo.save import require_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kubectl_restore.cluster.place import PinnedTarget
    from kubectl_restore.container.capabilities import Capabilities
    from kubectl_restore.deadline import Watch
    from kubectl_restore.plan.batch import Batch
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Comparison, Progress

T = TypeVar("T")
_CLEAN_UP: Final = 5.0
"""Seconds for ending what a broken run may have left in the pod."""
_LINK_KEPT: Final = (
    AnotherPodError,
    InTheWayError,
    PodCannotError,
    TargetError,
    VerificationError,
)
"""What ends a restore although the exec is in order."""


def restore(request: RestoreRequest, progress: Progress, watch: Watch) -> Summary:
    """Restore the backup and return what was done, once it is proved.

    Raises:
        RestoreError: anything that kept the backup from being restored whole.
    """
    require_receipt(request)
    run = _Run(request, progress, watch)
    summary: Summary | None = None
    try:
        summary = run.around(run.restore)
        _require_no_warnings(request, summary)
    except BaseException as error:
        if summary is not None:
            progress.finished(summary)
        try:
            run.receipt.write(summary=summary, error=error)
        except OSError as lost:
            said = f"the receipt could not be written: {lost.strerror}"
            progress.message(Level.WARNING, said)
        raise
    progress.finished(summary)
    try:
        run.receipt.write(summary=summary, error=None)
    except OSError as error:
        raise not_written(error) from error
    return summary


def _require_no_warnings(request: RestoreRequest, summary: Summary) -> None:
    if request.strict and summary.warnings and not request.dry_run:
        raise WarningsError(
            "restored, but not everything is as the backup has it",
            reason=listed(summary.warnings),
            fix="without --strict this is a success",
        )


def verify(request: RestoreRequest, progress: Progress, watch: Watch) -> Comparison:
    """Hold the pod against the backup; write nothing.

    Raises:
        RestoreError: anything that kept it from being compared; VerificationError when the pod has
            something otherwise than the backup.
    """
    run = _Run(request, progress, watch, compares=True)

    def converse(talk: Conversation, batches: Iterable[Batch], supply: Supply) -> Comparison:
        (batch,) = batches
        run.connect(talk)
        comparison = talk.audit(batch)
        return replace(comparison, notes=(*supply.left_out, *comparison.notes))

    comparison = run.around(converse)
    progress.compared(comparison)
    total = sum(comparison.findings.values())
    if total:
        again = run.request.command_with("--dry-run").replace(" verify ", " ", 1)
        raise VerificationError(
            f"the pod is not as the backup: {counted(total, 'difference')}",
            reason="\n".join(f"{count:,} {kind}" for kind, count in comparison.findings.items()),
            fix=f"to see what a restore would do: {again}",
        )
    return comparison


class _Run:
    """The state of one run."""

    def __init__(
        self, request: RestoreRequest, progress: Progress, watch: Watch, *, compares: bool = False
    ) -> None:
        self._compares = compares
        self._is_reading = compares or request.dry_run
        self.request = request
        self._progress = Onward(progress) if request.is_piped else progress
        self._watch = watch
        self._program = find_kubectl(request.kubectl)
        self._environment = child_environment()
        self._identity = ""
        self._lease = ""
        self._place: PinnedTarget | None = None
        self._session: Session | None = None
        self._tokens: set[bytes] = set()
        self._may_be_left = False
        self.receipt = Receipt(request)

    def around(self, converse: Callable[[Conversation, Iterable[Batch], Supply], T]) -> T:
        """Do what comes before a conversation and after it."""
        request, progress, watch = self.request, self._progress, self._watch
        require_file(request)
        with ExitStack() as stack:
            backup: BackupFile | None = None
            if not request.is_piped:
                backup = stack.enter_context(BackupFile.open(request.backup))
            header = self._header(backup)
            meeting = Meeting(request, self._program, self._environment, progress, watch)
            stack.enter_context(meeting)
            meeting.introduce(header)
            if meeting.known is not None:
                request = request.pinned(meeting.known.kubectl)
            supply = Supply(request, progress, watch)
            batches = supply.of_pipe() if backup is None else supply.of_file(backup)
            first = next(batches)
            self._place = place = meeting.met(header)
            self.request = request = self.request.pinned(place.kubectl)
            self._note(meeting, place, supply)
            words = [place.uid, place.container, request.target_path, supply.identity]
            if self._is_reading:
                # It ends nothing that an earlier run has left, or that another one does.
                words.append(os.urandom(8).hex())
            self._identity = restore_identity(words)
            self._lease = lease_name(place.uid, place.container, request.target_path)
            talk = Conversation(request, progress, watch)
            try:
                done = converse(talk, chain([first], batches), supply)
            except _LINK_KEPT:
                self._close()
                raise
            except BaseException:
                self._abort()
                if self._may_be_left:
                    self._clean_up(place)
                raise
            self._close()
        return done

    # Step 1: who is the pod

    def _header(self, backup: BackupFile | None) -> Header:
        """Return what is known without the cluster."""
        named = shown(bytes(self.request.backup))
        if backup is not None and backup.is_split:
            named += f" and {counted(len(backup.parts) - 1, 'further part')}"
        return Header(
            backup="standard input" if backup is None else named,
            backup_size=None if backup is None else backup.size,
            pod=self.request.pod.name,
            path=self.request.target_path,
            context=self.request.kubectl.context,
            namespace=self.request.kubectl.namespace,
            container=self.request.container,
            is_compared=self._compares,
        )

    # Step 2: one exec

    def connect(self, talk: Conversation) -> None:
        """Open an exec, if none is open, and have the conversation go on in it.

        Raises:
            RestoreError: the pod is gone, the cluster does not answer, or another restore writes.
        """
        place = self._place
        if self._session is not None or place is None:
            return
        if self._tokens:
            self.receipt.retries += 1
            self._meet_again(place)
        mark = Mark.new(self._identity)
        earlier = set(self._tokens)
        self._tokens.add(mark.token)
        self._session = session = self._open(place, mark, self._watch, self._progress)
        session.exec.open()
        talk.begin(session, place, self._require_place)
        if not self._is_reading:
            talk.hold(self._lease, self._identity, earlier)
            self._may_be_left = False

    def _meet_again(self, place: PinnedTarget) -> None:
        with Query(place.pod_command(self._program), self._environment, self._progress) as query:
            meet_again(query, place, self._watch)

    def _require_place(self, place: PinnedTarget, capabilities: Capabilities) -> None:
        """Return when the exec that is open has led to the pod that was found.

        Raises:
            AnotherPodError: another pod has its name by now; nothing was written in it.
        """
        if not place.is_shown_by(capabilities.mounted):
            self._meet_again(place)

    def _open(self, place: PinnedTarget, mark: Mark, watch: Watch, progress: Progress) -> Session:
        limit = self.request.stall_timeout
        path = self.request.target_path
        command = agent_command(mark, path, limit, self._lease)
        channel = Exec(
            place.exec_command(self._program, command),
            self._environment,
            mark,
            agent_script(),
            loop=Loop(watch, progress),
            stall_timeout=limit,
        )
        return Session(channel)

    def _close(self) -> None:
        if self._session is not None:
            self._session.exec.close()
        self._session = None

    def _abort(self) -> None:
        """End the exec that is broken; something of it may be left in the pod."""
        session, self._session = self._session, None
        if session is not None:
            session.exec.abort()
            self._may_be_left = self._may_be_left or session.exec.agent_is_up

    def _note(self, meeting: Meeting, place: PinnedTarget, supply: Supply) -> None:
        """Keep what a receipt says of the pod and the backup."""
        receipt = self.receipt
        receipt.place = place
        receipt.backup = supply.about
        receipt.kubectl = meeting.kubectl_version()

    def restore(self, talk: Conversation, batches: Iterable[Batch], supply: Supply) -> Summary:
        """Survey, plan and stream each batch; prove what has arrived; return what was done.

        Raises:
            RestoreError: any step failed.
        """
        try:
            for batch in batches:
                self._insist(talk, batch)
                if self.request.dry_run:
                    break
        except RestoreError as error:
            if talk.has_begun:
                self.receipt.arrived = arrived = talk.so_far()
                self._progress.broken_off(arrived)
                self._say_how_to_go_on(error, is_noted=talk.is_noted)
            raise
        finally:
            self.receipt.operations = talk.operations
        summary = talk.summary(supply.left_out)
        return replace(summary, warnings=(*supply.doubts, *summary.warnings))

    def _insist(self, talk: Conversation, batch: Batch) -> None:
        """Restore a batch, and go on with it when the link is lost."""

        def attempt() -> None:
            self.connect(talk)
            talk.prepare(batch)
            if self.request.dry_run:
                return
            answer = talk.send()
            if batch.is_last:
                talk.finish(answer)
            else:
                talk.settle(answer)

        def lost() -> tuple[str, bool]:
            self._abort()
            return talk.lost()

        insist(
            attempt,
            # Of a pipe the bytes have gone by.
            retries=self.request.retries if batch.is_kept else 0,
            lost=lost,
            progress=self._progress,
            watch=self._watch,
        )

    # When it breaks

    def _clean_up(self, place: PinnedTarget) -> None:
        """End what the broken exec may have left in the pod: a new exec begins with just that.

        Where even that cannot reach the pod, the agent ends by itself (its idle limit).
        """
        mark = Mark.new(self._identity)
        limit = self.request.stall_timeout
        try:
            session = self._open(place, mark, self._watch.aftermath(_CLEAN_UP), Silence())
        except RestoreError:
            return
        try:
            session.exec.open()
            Questions(session, Silence()).evict(self._identity.encode())
        except RestoreError:
            session.exec.abort()
            self._progress.message(
                Level.WARNING,
                "the pod could not be reached again to end what runs there; it ends by itself "
                f"within {as_duration(idle_seconds(limit))}",
            )
        else:
            session.exec.close()

    def _say_how_to_go_on(self, error: RestoreError, *, is_noted: bool) -> None:
        again = self.request.command_to_go_on(is_noted=is_noted)
        if self.request.is_piped:
            again = f"the same backup | {again}"
        if isinstance(error, (InterruptedRestoreError, SignalledError)) and again not in error.fix:
            known = error.fix not in {"", AGAIN}
            error.fix = f"{error.fix}\nto go on: {again}" if known else f"to go on: {again}"
