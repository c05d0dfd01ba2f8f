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

import json
import os
import shlex
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.cache import IndexCache
from kubectl_restore.archive.choosing import choose, is_device
from kubectl_restore.archive.index import Extra
from kubectl_restore.archive.integrity import read_proved
from kubectl_restore.archive.outgoing import read_segments
from kubectl_restore.archive.rewriting import Dialect
from kubectl_restore.archive.source import BackupFile
from kubectl_restore.errors import (
    BackupError,
    InterruptedRestoreError,
    InTheWayError,
    OldKubectlError,
    PodCannotError,
    RestoreError,
    SignalledError,
    TargetError,
    VerificationError,
)
from kubectl_restore.names import shown
from kubectl_restore.obstacles import require_devices, require_room, require_way, require_writable
from kubectl_restore.outcome import error_of, is_full, so_far, summary_of
from kubectl_restore.phrases import counted, listed
from kubectl_restore.pipe.child import now
from kubectl_restore.pipe.kubectl_version import LIMIT, version_in
from kubectl_restore.pipe.query import Query
from kubectl_restore.pipe.questions import Questions
from kubectl_restore.pipe.session import Answer, Session
from kubectl_restore.plan import (
    Policy,
    directories_written_to,
    make_plan,
    out_of_reach,
    paths_to_survey,
)
from kubectl_restore.pod.agent import Mark, agent_command, idle_seconds, restore_identity
from kubectl_restore.pod.capabilities import Tar, read_probe, require_target, require_tools
from kubectl_restore.pod.facts import choose_container, parse_pod
from kubectl_restore.pod.kubectl import (
    OLDEST_TEXT,
    child_environment,
    config_command,
    exec_command,
    find_kubectl,
    pod_command,
    version_command,
)
from kubectl_restore.pod.kubectl_messages import AGAIN, error_from
from kubectl_restore.pod.survey import Standing
from kubectl_restore.progress import Header, Level, Phase, Silence, Status, Summary
from kubectl_restore.verify import amendments, compare
from kubectl_restore.watch import as_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_restore.archive.index import Index
    from kubectl_restore.archive.safety import Refusal
    from kubectl_restore.plan import Plan
    from kubectl_restore.pod.capabilities import Capabilities
    from kubectl_restore.pod.facts import PodFacts
    from kubectl_restore.pod.survey import Entry
    from kubectl_restore.progress import Progress
    from kubectl_restore.request import RestoreRequest
    from kubectl_restore.verify import Verdict
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
            kubectl = self._request.kubectl
            about = stack.enter_context(self._query(config_command(kubectl, self._program)))
            pod = stack.enter_context(
                self._query(pod_command(kubectl, self._program, self._request.pod.name))
            )
            # The cluster usually answers before a person would notice; the first line waits that
            # long for it, and no longer.
            deadline = self._watch.started + _FIRST_LINE
            header = self._known_header(backup)
            met = None
            if pod.wait(self._watch, deadline=deadline, beside=about):
                met = self._meet(about, pod, header)
            else:
                self._progress.header(header)
            index = self._check(backup)
            facts, container = met or self._meet(about, pod, header)
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

    def _query(self, command: list[str]) -> Query:
        return Query(command, self._environment, self._progress)

    def _known_header(self, backup: BackupFile) -> Header:
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

    def _meet(self, about: Query, pod: Query, header: Header) -> tuple[PodFacts, str]:
        """Hear who the pod is, and choose the container.

        Raises:
            RestoreError: there is no such pod or container, or nothing can run in it.
        """
        if not pod.turn(0):
            self._progress.status(Status(Phase.CONNECT))
            pod.wait(self._watch, beside=about)
        # The context's name is only told; nobody waits long for it.
        known = about.wait(self._watch, deadline=now() + _FIRST_LINE)
        context = _context(about) if known and about.succeeded else None
        if not pod.succeeded:
            self._progress.header(replace(header, context=header.context or context))
            error = error_from(pod.said, otherwise="the cluster did not say anything about the pod")
            if isinstance(error, OldKubectlError):
                error.reason = self._known_of_kubectl() or error.reason
            raise error
        facts = parse_pod(pod.answer)
        container = choose_container(facts, self._request.container)
        self._progress.header(
            replace(
                header,
                context=header.context or context,
                namespace=facts.namespace,
                container=container,
                container_is_default=self._request.container is None,
                other_containers=tuple(one for one in facts.containers if one != container),
            )
        )
        if facts.terminating:
            self._progress.message(Level.WARNING, f"pod {facts.name} is being deleted")
        return facts, container

    def _known_of_kubectl(self) -> str:
        """Return what a kubectl that is too old says of itself; empty when it does not say."""
        with self._query(version_command(self._program)) as query:
            query.wait(self._watch, deadline=now() + LIMIT)
            version = version_in(query.answer)
        if version is None:
            return ""
        return f"{shown(os.fsencode(self._program))} is {version}, older than {OLDEST_TEXT}"

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
        fixes = [f"to leave them out: {self._command_with('--skip-unsafe')}"]
        if any(is_device(one.member) for one in refused):
            fixes.append(f"to restore devices and FIFOs: {self._command_with('--devices')}")
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
        capabilities = read_probe(session.ask(b"probe").records)
        session.frame(capabilities.framing)
        self._progress.message(
            Level.DETAIL,
            f"the container has {capabilities.tar_version}, we are uid {capabilities.uid} in it; "
            f"one framed and acknowledged exec, its chunks are taken by {capabilities.framing}",
        )
        require_tools(capabilities, container)
        where = ["kubectl", *self._request.kubectl.to_show(), "exec", facts.name, "-c", container]
        make_it = shlex.join([*where, "--", "mkdir", "-p", self._request.target_path])
        require_target(capabilities, self._request.target_path, make_it)
        questions = Questions(session, self._progress)
        self._give_away(index, capabilities)
        plan = self._plan(questions, index, capabilities)
        paths = [one.path for one in plan.operations]
        compare_owners = self._request.same_owner
        try:
            answer = self._stream(session, backup, index, plan, capabilities)
            after = questions.survey(Phase.VERIFY, paths)
            failed = answer.consumer != 0
            verdict = compare(plan.operations, after, owners=compare_owners, suspicious=failed)
            if answer.is_whole and not verdict.differences:
                touched = self._amend(questions, verdict, capabilities)
                after.update(questions.survey(Phase.VERIFY, touched) if touched else {})
                verdict = compare(plan.operations, after, owners=compare_owners)
            space = str(questions.space()) if is_full(answer) else ""
        except RestoreError as error:
            self._progress.broken_off(self._so_far(plan))
            self._say_how_to_go_on(error)
            raise
        failure = error_of(answer, verdict, again=self._command_with("--force"), space=space)
        if failure is not None:
            self._progress.broken_off(self._so_far(plan))
            raise failure
        return summary_of(
            plan,
            verdict,
            answer,
            capabilities,
            path=self._request.target_path,
            seconds=self._watch.elapsed,
            left_out=self._left_out,
        )

    def _give_away(self, index: Index, capabilities: Capabilities) -> None:
        """Give every member the owner that the user asked for."""
        owner = self._request.owner
        if owner is None and not self._request.same_owner and capabilities.uid == 0:
            owner = (0, capabilities.gid or 0)
        if owner is not None:
            index.members.give_to(*owner)

    def _plan(self, questions: Questions, index: Index, capabilities: Capabilities) -> Plan:
        """Ask what is there, and plan.

        Raises:
            InTheWayError: something is in the way.
            PodCannotError: something has to be made where we may make nothing, or holes have to be
                filled and there is no room for that.
        """
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
        )
        plan = make_plan(index, before, policy)
        require_way(plan, self._command_with("--force"))
        require_devices(plan, capabilities)
        closed = questions.closed(directories_written_to(plan.operations, before))
        others = [] if uid in {0, None} else out_of_reach(plan.operations, before, uid or 0)
        require_writable(self._request.target_path, uid, closed, others)
        if plan.filled and plan.layout is not None:
            require_room(plan.layout.total, questions.space())
        return plan

    def _stream(
        self,
        session: Session,
        backup: BackupFile,
        index: Index,
        plan: Plan,
        capabilities: Capabilities,
    ) -> Answer:
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
        command = b"extract " + " ".join(_options(capabilities, plan)).encode()
        answer = session.feed(
            command,
            read_segments(
                backup,
                index.compression,
                layout.segments(),
                self._watch,
                to_the_end=index.is_remembered,
            ),
            layout.total,
            on_acknowledged=acknowledged,
        )
        if layout.directories_total and answer.is_whole and answer.consumer == 0:
            again = session.feed(
                command,
                read_segments(backup, index.compression, layout.directories(), self._watch),
                layout.directories_total,
            )
            answer = replace(again, lines=answer.lines + again.lines, said=answer.said + again.said)
        return answer

    def _amend(
        self, questions: Questions, verdict: Verdict, capabilities: Capabilities
    ) -> list[bytes]:
        """Put right what the pod's tar did not do; return the paths to look at again."""
        touched: list[bytes] = []
        for one in amendments(verdict, capabilities.may_own):
            questions.amend(one.command, one.paths, one.words)
            touched += one.paths
        return touched

    def _warn_of_time(self, done: int, total: int, seconds: float) -> None:
        """Say early, and once, that the time limit will not do."""
        left = self._watch.left
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

    def _so_far(self, plan: Plan) -> Summary:
        return so_far(plan, self._acknowledged, self._request.target_path, self._watch.elapsed)

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
        if isinstance(error, (InterruptedRestoreError, SignalledError)):
            again = f"to go on: {self._command_with('--force')}"
            known = error.fix not in {"", AGAIN}
            error.fix = f"{error.fix}\n{again}" if known else again

    def _command_with(self, flag: str) -> str:
        words = self._request.command
        has_it = flag in words or (flag == "--force" and self._request.force)
        return shlex.join(words if has_it else (*words, flag))


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


def _options(capabilities: Capabilities, plan: Plan) -> list[str]:
    """Return the options of the container's tar, which all four know but for the last ones."""
    options = ["-p", "--numeric-owner"]
    owners = [one.member for one in plan.carried_out if one.member is not None]
    if not all(capabilities.may_own(one.uid, one.gid) for one in owners):
        # It would fail for each; what may be given away is given away afterwards.
        options.append("-o")
    if plan.attributed and capabilities.tar is Tar.GNU:
        options += ["--xattrs", "--xattrs-include=*", "--acls"]
    through_links = any(one.stands is Standing.SYMLINK for one in plan.operations)
    if capabilities.tar is Tar.BSD and through_links:
        # It refuses to go through links that stand there, even those that were found to be safe.
        options.append("-P")
    return options


def _context(about: Query) -> str | None:
    with suppress(ValueError, AttributeError):
        name = json.loads(about.answer).get("current-context")
        return name if isinstance(name, str) and name else None
    return None


def _digest(index: Index) -> str:
    """Return what tells this archive from others: all that its headers say."""
    digest = sha256()
    for one in index.members:
        digest.update(b"%d %d %d " % (one.offset, one.size, one.mtime) + one.path + b"\0")
    return digest.hexdigest()
