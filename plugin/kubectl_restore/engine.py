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
import shlex
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.index import Kind, Need, read_index
from kubectl_restore.archive.outgoing import read_segments
from kubectl_restore.archive.safety import refusals
from kubectl_restore.archive.source import BackupFile
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
from kubectl_restore.names import shown, shown_text
from kubectl_restore.operation import Action
from kubectl_restore.pipe.child import now
from kubectl_restore.pipe.query import Query
from kubectl_restore.pipe.session import Session
from kubectl_restore.plan import in_the_way, make_plan, paths_to_survey
from kubectl_restore.pod.agent import Mark, agent_command, idle_seconds, restore_identity
from kubectl_restore.pod.capabilities import Tar, read_probe, require_target, require_tools
from kubectl_restore.pod.facts import choose_container, parse_pod
from kubectl_restore.pod.kubectl import child_environment, exec_command, find_kubectl
from kubectl_restore.pod.kubectl_messages import AGAIN, error_from
from kubectl_restore.pod.survey import questions, read_entry
from kubectl_restore.progress import Header, Level, Phase, Silence, Status, Summary
from kubectl_restore.verify import amendments, compare
from kubectl_restore.watch import as_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_restore.archive.index import Index
    from kubectl_restore.operation import Operation
    from kubectl_restore.pipe.session import Answer
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
_KILLED: Final = 137
"""128 + SIGKILL."""
_LISTED: Final = 10
"""How many names an error lists."""
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

    def run(self) -> Summary:
        with ExitStack() as stack:
            backup = stack.enter_context(BackupFile.open(self._request.backup))
            about = stack.enter_context(self._query("config", "view", "--minify", "-o", "json"))
            pod = stack.enter_context(
                self._query("get", "pod", self._request.pod.name, "-o", "json")
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

    def _query(self, *words: str) -> Query:
        command = [self._program, *self._request.kubectl.common(), *words]
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
            raise error_from(pod.said, otherwise="the cluster did not say anything about the pod")
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

    # Step 2: is the backup whole and sane

    def _check(self, backup: BackupFile) -> Index:
        """Read the whole index.

        Raises:
            BackupError: the backup is cut, corrupt or hostile.
        """
        index = read_index(
            backup,
            allow_missing_end=self._request.allow_missing_end,
            progress=self._progress,
            watch=self._watch,
        )
        for warning in index.warnings:
            self._progress.message(Level.WARNING, warning)
        unsafe = refusals(index)
        if unsafe:
            raise BackupError(
                f"the backup is not safe to restore: {_count(len(unsafe), 'member')} refused",
                reason=_listed([f"{shown(one.member.name)}: {one.reason}" for one in unsafe]),
                fix="make a backup without them; nothing was changed in the pod",
            )
        return index

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
        self._progress.message(
            Level.DETAIL,
            f"the container has {capabilities.tar_version}, we are uid {capabilities.uid} in it; "
            "one framed and acknowledged exec",
        )
        require_tools(capabilities, container)
        where = ["kubectl", *self._request.kubectl.to_show(), "exec", facts.name, "-c", container]
        make_it = shlex.join([*where, "--", "mkdir", "-p", self._request.target_path])
        require_target(capabilities, self._request.target_path, make_it)
        _require_tar(capabilities, index)
        paths = paths_to_survey(index)
        before = self._survey(session, Phase.SURVEY, paths)
        plan = make_plan(index, before, force=self._request.force)
        self._require_way(plan)
        _require_writable(capabilities, plan, self._request.target_path)
        try:
            answer = self._stream(session, backup, index, plan, capabilities)
            after = self._survey(session, Phase.VERIFY, paths)
            verdict = compare(plan.operations, after)
            if answer.is_whole and not verdict.differences:
                verdict = self._amend(session, plan, after, verdict, capabilities)
        except RestoreError as error:
            self._progress.broken_off(self._so_far(plan, self._acknowledged))
            self._say_how_to_go_on(error)
            raise
        self._judge(plan, answer, verdict)
        return self._summary(plan, verdict, answer, capabilities)

    def _survey(self, session: Session, phase: Phase, paths: Sequence[bytes]) -> dict[bytes, Entry]:
        """Ask what stands at each path."""
        found: dict[bytes, Entry] = {}

        def take(word: bytes, rest: bytes) -> bool:
            entry = read_entry(rest) if word == b"stat" else None
            if entry is not None:
                found[entry[0]] = entry[1]
            return entry is not None

        self._progress.status(Status(phase, total_files=len(paths)))
        asked = 0
        for payload in questions(paths):
            answer = session.question(b"survey", payload, take)
            if not answer.is_whole:
                raise InterruptedRestoreError(
                    "the container did not hear the whole question",
                    reason=_listed(answer.lines) or f"the agent ended it with {answer.received}",
                    fix="run the same command again",
                )
            asked += payload.count(b"\0")
            self._progress.status(Status(phase, done_files=asked, total_files=len(paths)))
        return found

    def _stream(
        self,
        session: Session,
        backup: BackupFile,
        index: Index,
        plan: Plan,
        capabilities: Capabilities,
    ) -> Answer:
        """Send the plan's stream and return how the pod's tar ended."""
        started = time.monotonic()

        def acknowledged(count: int) -> None:
            self._acknowledged = count
            done, current = plan.position(count)
            self._progress.status(
                Status(Phase.SEND, count, plan.total, done, plan.total_files, current)
            )
            self._warn_of_time(count, plan.total, time.monotonic() - started)

        self._progress.status(Status(Phase.SEND, 0, plan.total, 0, plan.total_files))
        command = b"extract -p --numeric-owner" if capabilities.is_root else b"extract -p"
        answer = session.feed(
            command,
            read_segments(backup, index.compression, plan.segments, self._watch),
            plan.total,
            on_acknowledged=acknowledged,
        )
        if plan.directories and answer.is_whole and answer.consumer == 0:
            again = session.feed(
                command, iter([memoryview(plan.directories)]), len(plan.directories)
            )
            answer = replace(again, lines=answer.lines + again.lines, said=answer.said + again.said)
        return answer

    def _amend(
        self,
        session: Session,
        plan: Plan,
        after: dict[bytes, Entry],
        verdict: Verdict,
        capabilities: Capabilities,
    ) -> Verdict:
        """Put right what the pod's tar did not do, and look again at those paths."""
        touched: list[bytes] = []
        for command, paths in amendments(verdict, owners=capabilities.is_root):
            for payload in questions(paths):
                session.question(b"amend " + command, payload, lambda _word, _rest: False)
            touched += paths
        if not touched:
            return verdict
        again = self._survey(session, Phase.VERIFY, touched)
        return compare(plan.operations, {**after, **again})

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

    # Step 4: what came of it

    def _require_way(self, plan: Plan) -> None:
        """Return when nothing is in the way.

        Raises:
            InTheWayError: something is; the pod is as it was.
        """
        with_force, without = in_the_way(plan.operations)
        if not with_force and not without:
            return
        listed = without or with_force
        count = len(with_force) + len(without)
        raise InTheWayError(
            f"{_count(count, 'path')} in the way; nothing was changed",
            reason=_listed([f"{shown(one.path)}: {one.reason}" for one in listed]),
            fix="move them away in the container, then run the command again"
            if without
            else f"to replace what is there: {self._command_with('--force')}",
        )

    def _judge(self, plan: Plan, answer: Answer, verdict: Verdict) -> None:
        """Return when the restore is proved.

        Raises:
            PodCannotError: the pod's tar said why it could not.
            VerificationError: anything else that is not as it was sent.
        """
        if answer.is_whole and answer.consumer == 0 and not verdict.differences:
            return
        self._progress.broken_off(self._so_far(plan, self._acknowledged))
        differences = [f"{shown(one.path)}: {one.what}" for one in verdict.differences]
        words = [shown_text(line) for line in answer.lines if "previous errors" not in line]
        ended = "the container's tar did not finish"
        if answer.consumer is not None:
            ended = f"the container's tar ended with exit code {answer.consumer}"
        if answer.consumer == _KILLED:
            ended += ": it was killed (the container's memory limit?)"
        reason = "\n".join(
            [
                *([ended] if answer.consumer != 0 else []),
                *words[:_LISTED],
                *([_listed(differences)] if differences else []),
            ]
        )
        for signs, what in _POD_CANNOT.items():
            if any(sign in line for line in answer.lines for sign in signs):
                raise PodCannotError(
                    what,
                    reason=reason,
                    fix=f"put that right, then: {self._command_with('--force')}",
                )
        if not answer.is_whole and not answer.consumer:
            raise InterruptedRestoreError(
                "the stream did not arrive whole",
                reason=reason or f"the agent ended it with {answer.received}",
                fix=self._command_with("--force"),
            )
        raise VerificationError(
            "the pod does not hold what was sent"
            if verdict.differences
            else "the container's tar reported errors",
            reason=reason,
            fix=f"put that right, then: {self._command_with('--force')}",
        )

    def _so_far(self, plan: Plan, acknowledged: int) -> Summary:
        members = plan.members_until(acknowledged)
        return Summary(
            path=self._request.target_path,
            files=len(members),
            regular_files=sum(one.kind is Kind.FILE for one in members),
            bytes=sum(one.size for one in members if one.kind is Kind.FILE),
            seconds=self._watch.elapsed,
        )

    def _summary(
        self, plan: Plan, verdict: Verdict, answer: Answer, capabilities: Capabilities
    ) -> Summary:
        done: list[Operation] = plan.carried_out
        members = [one.member for one in done if one.member is not None]
        files = [one for one in members if one.kind is Kind.FILE]
        kept = sum(one.action is Action.KEEP and one.member is not None for one in plan.operations)
        notes = [shown_text(line) for line in answer.lines[:_LISTED]]
        if answer.said > _LISTED:
            notes.append(f"and {answer.said - _LISTED} more lines from the container's tar (-v)")
        who = "root" if capabilities.is_root else f"uid {capabilities.uid}"
        for count, name in (
            (len(verdict.modes), "mode"),
            (verdict.times, "modification time"),
            (len(verdict.owners), "owner"),
        ):
            if count:
                notes.append(f"{_count(count, 'path')} without the backup's {name} (we are {who})")
        if kept:
            notes.append(
                f"{_count(kept, 'directory', 'directories')} stood there already and kept mode and "
                "owner (--force sets the backup's)"
            )
        return Summary(
            path=self._request.target_path,
            files=len(done),
            regular_files=len(files),
            bytes=sum(one.size for one in files),
            seconds=self._watch.elapsed,
            kept=kept,
            replaced=sum(one.action is Action.REPLACE for one in done),
            notes=tuple(notes),
        )

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
        return shlex.join(words if flag in words or self._request.force else (*words, flag))


_POD_CANNOT: Final[dict[tuple[str, ...], str]] = {
    ("No space left on device", "Disk quota exceeded"): "the volume is full",
    ("Read-only file system",): "the container's file system is read-only there",
    ("Permission denied", "Operation not permitted"): "the container may not write there",
    ("Cannot allocate memory", "Out of memory"): "the container is out of memory",
}


def _require_tar(capabilities: Capabilities, index: Index) -> None:
    """Return when the container's tar reads everything that the archive uses.

    Raises:
        PodCannotError: it would restore wrong data (docs/architecture.md, "tar in the pod").
    """
    if capabilities.tar is Tar.GNU:
        return
    needs = ((Need.SPARSE, "sparse"), (Need.PAX_SIZE, "very large"), (Need.V7, "old (v7)"))
    for need, words in needs:
        members = [one for one in index.members if need in one.needs]
        if members:
            raise PodCannotError(
                f"the container's tar cannot restore {_count(len(members), f'{words} member')}",
                reason=f"it is {capabilities.tar_version}, which reads them wrong or not at all\n"
                + _listed([shown(one.name) for one in members]),
                fix="name a container with GNU tar: -c CONTAINER",
            )


def _require_writable(capabilities: Capabilities, plan: Plan, target: str) -> None:
    """Return unless something has to be made right in a target that takes nothing.

    Raises:
        PodCannotError: it is read-only, or not ours.
    """
    if capabilities.target == "ready":
        return
    at_the_top = [one for one in plan.carried_out if b"/" not in one.path]
    if at_the_top:
        raise PodCannotError(
            f"{target} cannot be written to; nothing was changed",
            reason=f"it is read-only or belongs to somebody else; the container runs as uid "
            f"{capabilities.uid}\n{_listed([shown(one.path) for one in at_the_top])}",
            fix="name a directory that can be written to: -t PATH",
        )


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


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one}" if number == 1 else f"{number} {many or one + 's'}"


def _listed(lines: Sequence[str]) -> str:
    shown_lines = list(lines[:_LISTED])
    if len(lines) > _LISTED:
        shown_lines.append(f"and {len(lines) - _LISTED} more")
    return "\n".join(shown_lines)
