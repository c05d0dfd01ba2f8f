"""The user's commands beside a restore: --before ahead of the first change, --after the proof.

Each runs in an exec of its own, in the container that is restored into. What it ended with is known
only by the record that follows it in the same stream (scripts/hook.sh); kubectl's exit code and an
end of its output are none. A command whose end did not come is not begun once more by itself: what
it has done is not known.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from kubectl_restore.container.hook import hook_command, hook_script
from kubectl_restore.errors import (
    OutOfTimeError,
    PodCannotError,
    RestoreError,
    SignalledError,
    UnansweredError,
)
from kubectl_restore.pipe.sayings import HookSayings
from kubectl_restore.progress import HookRun, Level, Phase, Status
from kubectl_restore.restore.resolve import held, resolve_again
from kubectl_restore.session.exec import Exec
from kubectl_restore.session.mark import Mark
from kubectl_restore.session.session import Session
from kubectl_restore.text import LISTED, listed, pasteable_words, shown, shown_text

if TYPE_CHECKING:
    from kubectl_restore.plan.plan import Plan
    from kubectl_restore.restore.lanes.lanes import Lanes
    from kubectl_restore.restore.run import Run
    from kubectl_restore.session.answer import Answer

_BEFORE: Final = "before"
_AFTER: Final = "after"
_KEPT: Final = 50
"""Lines of a command that are kept for the receipt, the last ones."""
_LONGEST: Final = 1_000
"""Characters of each."""


class Hooks:
    """The commands of one run.

    Attributes:
        runs: what came of each that was begun, in order.
        notes: what would be run, in a dry run; one sentence each, safe to print.
    """

    def __init__(self, run: Run, lanes: Lanes) -> None:
        """Run none yet; `lanes` are kept alive meanwhile."""
        self.runs: list[HookRun] = []
        self.notes: tuple[str, ...] = ()
        self._run = run
        self._lanes = lanes

    def before(self, plan: Plan) -> bool:
        """Run --before, once in a run, where a plan changes something.

        Returns:
            Whether it has run now, so that what stands there may be otherwise.

        Raises:
            PodCannotError: it failed.
            UnansweredError: it was begun, and its end is not known.
            RestoreError: it could not be begun, the time ran out or a signal came.
        """
        command = self._run.request.before
        if command is None or self.runs or not plan.changes_anything:
            return False
        ended = self._carried_out(_BEFORE, command)
        if ended.exit_code != 0:
            untouched = "\n--after was not run" if self._run.request.after is not None else ""
            raise PodCannotError(
                "--before failed; nothing was changed",
                reason=_evidence(ended) + untouched,
                fix=f"try it by hand: {self._by_hand(command)}",
            )
        return True

    def after(self) -> RestoreError | None:
        """Run --after, once everything is proved.

        Returns:
            Why it cannot be said that it has done its work; None where it has, or there is none.
        """
        request = self._run.request
        command = request.after
        if command is None or request.dry_run:
            return None
        fix = f"to run it by itself: {self._by_hand(command)}"
        try:
            ended = self._carried_out(_AFTER, command)
        except RestoreError as error:
            about = "" if isinstance(error, UnansweredError) else "--after is not done: "
            error.what = f"everything is restored and proved, but {about}{error.what}"
            error.fix = fix
            return error
        if ended.exit_code == 0:
            return None
        return PodCannotError(
            "everything is restored and proved, but --after failed",
            reason=_evidence(ended),
            fix=fix,
        )

    def foresee(self, plan: Plan) -> None:
        """Note what would be run."""
        request = self._run.request
        notes = []
        if request.before is not None and plan.changes_anything:
            notes.append(f"before the first change would run: {_shown(request.before)}")
        if request.after is not None:
            notes.append(f"after the proof would run: {_shown(request.after)}")
        self.notes = tuple(notes)

    def explain(self, error: RestoreError) -> None:
        """Have an error that ends a restore say which of the commands have run."""
        done = [one for one in self.runs if one.exit_code == 0]
        if not done:
            return
        further = ", --after has not" if self._run.request.after is not None else ""
        said = f"--before has run{further}"
        error.reason = f"{error.reason}\n{said}" if error.reason else said

    def _carried_out(self, when: str, command: str) -> HookRun:
        """Run a command to its end; see `before`."""
        run = self._run
        run.progress.status(Status(Phase(when)))
        run.progress.message(
            Level.INFO,
            f"running --{when} in container {run.place.container}: {_shown(command)}",
        )
        session = self._session(when, command)
        started = run.watch.elapsed

        def ended(answer: Answer, *, is_known: bool) -> HookRun:
            lines = [shown_text(line)[:_LONGEST] for line in answer.lines[-_KEPT:]]
            return HookRun(
                when=when,
                command=shown_text(command),
                exit_code=answer.consumer if is_known else None,
                seconds=run.watch.elapsed - started,
                output=tuple(lines),
                lines=answer.said,
            )

        try:
            session.begin(b"run")
            while session.exec.call.ends_due:
                session.exec.check()
                for lane in self._lanes.open:
                    # Nothing goes over it meanwhile, and its agent waits no longer than it has to.
                    lane.session.exec.ping()
                self._lanes.loop.turn()
        except BaseException as error:
            self.runs.append(ended(session.exec.taken(), is_known=False))
            session.exec.abort()
            again = run.request.command_with()
            raise _unanswered(error, when, again) from error
        self.runs.append(ended(session.exec.taken(), is_known=True))
        session.exec.close()
        return self.runs[-1]

    def _session(self, when: str, command: str) -> Session:
        """Open an exec that is ready to run a command, in the pod that was found.

        Raises:
            RestoreError: it cannot be opened, or leads to another pod; nothing was run.
        """
        run, place = self._run, self._run.place
        mark = Mark.new(run.identity)
        channel = Exec(
            run.transport.command(run.kubectl.program, place, hook_command(mark)),
            run.transport.environment(run.kubectl.environment),
            mark,
            hook_script(command),
            loop=self._lanes.loop,
            stall_timeout=run.request.stall_timeout,
            sayings=HookSayings(run.progress.message, f"--{when}"),
        )
        try:
            with held(run.progress, is_held=place.may_ask):
                channel.open()
            said = channel.call.answer.records
            if not place.is_shown_by(rest.strip() for word, rest in said if word == b"mounted"):
                resolve_again(run.kubectl, place, run.progress, run.watch)
        except BaseException:
            channel.abort()
            raise
        return Session(channel)

    def _by_hand(self, command: str) -> str:
        """Return the command that runs one with plain kubectl."""
        place = self._run.place
        where = ["kubectl", *place.kubectl.to_show(), "exec", place.pod, "-c", place.container]
        return pasteable_words([*where, "--", "sh", "-c", command])


def require_finished(failure: RestoreError | None) -> None:
    """Return when what was to follow the proof is done.

    Args:
        failure: why it is not; see `Hooks.after` and `ScaledDown.failure`.

    Raises:
        RestoreError: it is not.
    """
    if failure is not None:
        raise failure


def _unanswered(error: BaseException, when: str, again: str) -> BaseException:
    """Return what a command that was begun, and whose end did not come, ends a restore with.

    Args:
        error: what happened instead.
        when: which command it is.
        again: the restore's own command line, for the fix.
    """
    not_known = f"what --{when} has done by then is not known; it may still run in the container"
    if isinstance(error, (SignalledError, OutOfTimeError)):
        error.reason = f"{error.reason}; {not_known}"
        return error
    if not isinstance(error, RestoreError):
        return error
    return UnansweredError(
        f"the end of --{when} did not come: {error.what}",
        reason=f"{error.reason}\n{not_known}" if error.reason else not_known,
        fix=f"see what it has done, then run the same command again: {again}",
    )


def _evidence(ended: HookRun) -> str:
    """Return how a command ended, and its last words."""
    how = f"it ended with exit code {ended.exit_code}"
    if not ended.output:
        return f"{how}, and said nothing"
    return f"{how}; its last words:\n{listed(ended.output[-LISTED:])}"


def _shown(command: str) -> str:
    return shown(os.fsencode(command))
