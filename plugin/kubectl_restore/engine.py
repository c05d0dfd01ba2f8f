"""The restore, step by step. Says what happens through the progress interface; prints nothing.

    ask the cluster who the pod is (beside the next step)
    read the whole backup: it is complete and sane, or nothing happens
    open one exec; ask the container what it can do
    ask what stands at every path of the backup
    plan; stop here if anything is in the way
    stream
    ask again; only when everything is there: restored

The pod is touched by the stream alone, so everything that can fail before it leaves the pod as it
was. What breaks the stream leaves whole members behind it; the same command with --force sends
everything again.
"""

from __future__ import annotations

from contextlib import ExitStack
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.cache import IndexCache
from kubectl_restore.archive.choosing import choose, is_device
from kubectl_restore.archive.integrity import read_proved
from kubectl_restore.archive.outgoing import read_segments
from kubectl_restore.archive.source import BackupFile
from kubectl_restore.conversation import Batch, Conversation
from kubectl_restore.errors import (
    BackupError,
    InterruptedRestoreError,
    InTheWayError,
    PodCannotError,
    RestoreError,
    SignalledError,
    TargetError,
    VerificationError,
)
from kubectl_restore.meeting import Meeting
from kubectl_restore.names import shown
from kubectl_restore.phrases import counted, listed
from kubectl_restore.pipe.session import Session
from kubectl_restore.pod.agent import Mark, agent_command, idle_seconds, restore_identity
from kubectl_restore.pod.kubectl import (
    child_environment,
    exec_command,
    find_kubectl,
)
from kubectl_restore.pod.kubectl_messages import AGAIN
from kubectl_restore.progress import Header, Level, Silence, Summary
from kubectl_restore.watch import as_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kubectl_restore.archive.index import Index
    from kubectl_restore.archive.outgoing import Segment, Zeros
    from kubectl_restore.archive.safety import Refusal
    from kubectl_restore.pod.facts import PodFacts
    from kubectl_restore.progress import Progress
    from kubectl_restore.request import RestoreRequest
    from kubectl_restore.watch import Watch

_FIRST_LINE: Final = 0.2
"""Seconds that the first line waits for the cluster's answer."""
_CLEAN_UP: Final = 5.0
"""Seconds for ending what a broken run may have left in the pod."""
_ESTIMATE_AFTER: Final = 5.0
"""Seconds of streaming before an estimate is worth a warning."""


_LINK_KEPT: Final = (InTheWayError, PodCannotError, TargetError, VerificationError)
"""What ends a restore although the exec is in order."""


def restore(request: RestoreRequest, progress: Progress, watch: Watch) -> Summary:
    """Restore the backup and return what was done, once it is proved.

    Raises:
        RestoreError: anything that kept the backup from being restored whole.
    """
    return _Restore(request, progress, watch).run()


class _Restore:
    """The state of one run."""

    def __init__(self, request: RestoreRequest, progress: Progress, watch: Watch) -> None:
        self._request = request
        self._progress = progress
        self._watch = watch
        self._program = find_kubectl(request.kubectl)
        self._environment = child_environment()
        self._identity = ""
        self._warned_of_time = False
        self._acknowledged = 0
        self._left_out: tuple[str, ...] = ()

    def run(self) -> Summary:
        with ExitStack() as stack:
            backup = stack.enter_context(BackupFile.open(self._request.backup))
            header = self._header(backup)
            meeting = stack.enter_context(
                Meeting(
                    self._request, self._program, self._environment, self._progress, self._watch
                )
            )
            meeting.introduce(header)
            index = self._check(backup)
            facts, container = meeting.met(header)
            self._identity = restore_identity(
                (facts.uid, container, self._request.target_path, _digest(index))
            )
            session = self._session(facts, container)
            try:
                session.open()
                summary = self._converse(session, backup, index, facts, container)
            except _LINK_KEPT:
                session.close()
                raise
            except BaseException:
                session.abort()
                if session.agent_is_up:
                    self._clean_up(facts, container)
                raise
            session.close()
        self._progress.finished(summary)
        return summary

    # Step 1: who is the pod

    def _header(self, backup: BackupFile) -> Header:
        """Return what is known without the cluster."""
        return Header(
            backup=shown(bytes(self._request.backup)),
            backup_size=backup.size,
            pod=self._request.pod.name,
            path=self._request.target_path,
            context=self._request.kubectl.context,
            namespace=self._request.kubectl.namespace,
            container=self._request.container,
        )

    # Step 2: is the backup whole and sane

    def _check(self, backup: BackupFile) -> Index:
        """Read the whole index, and prove what is claimed about the backup.

        Raises:
            BackupError: the backup is cut, corrupt, hostile, or not what is claimed.
            UsageError: the backup has nothing of what is wanted.
        """
        index, integrity = read_proved(
            backup,
            self._request.checksum,
            allow_missing_end=self._request.allow_missing_end,
            progress=self._progress,
            watch=self._watch,
            cache=IndexCache() if self._request.cache else None,
        )
        chosen = choose(index, self._request.selection)
        for warning in (*index.warnings, *chosen.warnings):
            self._progress.message(Level.WARNING, warning)
        if integrity.claims:
            self._progress.message(Level.INFO, integrity.in_short())
        for line in integrity.lines() or ["no check sum of the backup was found"]:
            self._progress.message(Level.DETAIL, line)
        if chosen.refused and not self._request.selection.skip_unsafe:
            raise self._unsafe(chosen.refused)
        for one in chosen.refused:
            said = f"left out: {shown(one.member.name)}: {one.reason}"
            self._progress.message(Level.WARNING, said)
        self._left_out = chosen.notes
        return chosen.index

    def _unsafe(self, refused: Sequence[Refusal]) -> BackupError:
        fixes = [f"to leave them out: {self._request.command_with('--skip-unsafe')}"]
        if any(is_device(one.member) for one in refused):
            fixes.append(f"to restore devices and FIFOs: {self._request.command_with('--devices')}")
        return BackupError(
            f"the backup is not safe to restore: {counted(len(refused), 'member')} refused; "
            "nothing was changed",
            reason=listed([f"{shown(one.member.name)}: {one.reason}" for one in refused]),
            fix="\n".join(fixes),
        )

    # Step 3: one exec

    def _session(self, facts: PodFacts, container: str) -> Session:
        mark = Mark.new(self._identity)
        path, limit = self._request.target_path, self._request.stall_timeout
        command = exec_command(
            self._request.kubectl,
            self._program,
            facts.name,
            container,
            agent_command(mark, path, limit),
        )
        return Session(
            command,
            self._environment,
            mark,
            watch=self._watch,
            progress=self._progress,
            stall_timeout=limit,
        )

    def _converse(
        self, session: Session, backup: BackupFile, index: Index, facts: PodFacts, container: str
    ) -> Summary:
        """Probe, survey, plan, stream, survey again.

        Raises:
            RestoreError: any step failed.
        """
        talk = Conversation(session, self._request, self._progress, self._watch)

        def read(segments: Iterable[Segment]) -> Iterator[memoryview | Zeros]:
            return read_segments(
                backup,
                index.compression,
                segments,
                self._watch,
                to_the_end=index.is_remembered,
            )

        try:
            talk.begin(facts.name, container)
            talk.finish(talk.send(Batch(index, read)))
        except RestoreError as error:
            if talk.has_begun:
                self._progress.broken_off(talk.so_far())
                self._say_how_to_go_on(error)
            raise
        return talk.summary(self._left_out)

    # When it breaks

    def _clean_up(self, facts: PodFacts, container: str) -> None:
        """End what the broken exec may have left in the pod: a new exec begins with just that.

        Where even that cannot reach the pod, the agent ends by itself (its idle limit).
        """
        mark = Mark.new(self._identity)
        path, limit = self._request.target_path, self._request.stall_timeout
        command = agent_command(mark, path, limit)
        try:
            session = Session(
                exec_command(self._request.kubectl, self._program, facts.name, container, command),
                self._environment,
                mark,
                watch=self._watch.aftermath(_CLEAN_UP),
                progress=Silence(),
                stall_timeout=limit,
            )
        except RestoreError:
            return
        try:
            session.open()
        except RestoreError:
            session.abort()
            self._progress.message(
                Level.WARNING,
                "the pod could not be reached again to end what runs there; it ends by itself "
                f"within {as_duration(idle_seconds(limit))}",
            )
        else:
            session.close()

    def _say_how_to_go_on(self, error: RestoreError) -> None:
        again = self._request.command_with("--force")
        if isinstance(error, (InterruptedRestoreError, SignalledError)) and again not in error.fix:
            known = error.fix not in {"", AGAIN}
            error.fix = f"{error.fix}\nto go on: {again}" if known else f"to go on: {again}"


def _digest(index: Index) -> str:
    """Return what tells this archive from others: all that its headers say."""
    digest = sha256()
    for one in index.members:
        digest.update(b"%d %d %d " % (one.offset, one.size, one.mtime) + one.path + b"\0")
    return digest.hexdigest()
