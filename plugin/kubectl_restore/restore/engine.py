"""The restore, step by step. Says what happens through the progress interface; prints nothing.

    resolve   ask the cluster who the pod is (beside the next step)
    read      the whole backup: it is complete and sane, or nothing happens
    open      one exec; ask the container what it can do; nobody else writes there
    plan      survey: what stands at every path; stop here if anything is in the way
    confirm   a person at a terminal agrees to what is replaced or deleted
    before    a command of the user's, if there is one; then it is planned once more
    save      what will be replaced, if that is wanted
    send      what is not there yet, over one lane or several
    go on     behind what could not be made
    prove     ask again what stands there
    finish    delete; directories' modes and times; only when everything is there: restored
    after     a command of the user's, if there is one
    report    the summary and the receipt

The pod is touched from `send` on, so everything that can fail before it leaves the pod as it was.
What breaks the stream leaves whole members behind it, and a note of those in flight; the next
attempt, or the same command again, plans anew and sends what is not there yet.

What outlives a step is the `Run` (facts), the `Plan`, and the `Ledger` (what was done so far).
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.source.opening import open_backup
from kubectl_restore.cluster.via import Via
from kubectl_restore.errors import (
    AnotherPodError,
    InTheWayError,
    PodCannotError,
    RestoreError,
    TargetError,
    VerificationError,
)
from kubectl_restore.progress import Header, Level
from kubectl_restore.report.receipt import Receipt, not_written, require_receipt
from kubectl_restore.restore.checks.restored import Restored
from kubectl_restore.restore.comparing import audit, require_alike
from kubectl_restore.restore.comparing import diff as audit_and_show
from kubectl_restore.restore.finish import finish, settle
from kubectl_restore.restore.foreseen import foresee as foreseen
from kubectl_restore.restore.go_on import go_on_behind
from kubectl_restore.restore.hooks import Hooks, require_finished
from kubectl_restore.restore.lanes.lanes import Lanes
from kubectl_restore.restore.lanes.merged_progress import MergedProgress
from kubectl_restore.restore.ledger import Ledger
from kubectl_restore.restore.plan import give_away, plan_batch
from kubectl_restore.restore.reach.offers import offering_others
from kubectl_restore.restore.reach.scaled_down import ScaledDown
from kubectl_restore.restore.read import Supply
from kubectl_restore.restore.report import (
    is_broken_off,
    require_no_warnings,
    say_how_to_go_on,
    so_far,
    summary_of,
)
from kubectl_restore.restore.resolve import Resolution
from kubectl_restore.restore.run import Kubectl, Run
from kubectl_restore.restore.save import save
from kubectl_restore.restore.send import send
from kubectl_restore.restore.whole_commands import WholeCommands
from kubectl_restore.resume.retry import insist
from kubectl_restore.text import counted, shown
from kubectl_restore.undo.save import require_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kubectl_restore.archive.source.opening import OpenBackup
    from kubectl_restore.cluster.location import Location
    from kubectl_restore.deadline import Watch
    from kubectl_restore.plan.batch import Batch
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Comparison, Progress, Summary
    from kubectl_restore.restore.foreseen import Foreseen
    from kubectl_restore.restore.lanes.lane import Lane

_LINK_KEPT: Final = (
    AnotherPodError,
    InTheWayError,
    PodCannotError,
    TargetError,
    VerificationError,
)
"""What ends a restore although the exec is in order."""


def ignore(_: Location) -> None:
    """Take note of nothing."""


def restore(
    request: RestoreRequest,
    progress: Progress,
    watch: Watch,
    found: Callable[[Location], None] = ignore,
) -> Summary:
    """Restore the backup and return what was done, once it is proved.

    Args:
        request: what is restored to where.
        progress: told what happens.
        watch: the time limit and the signals.
        found: told where the target really is, before anything is asked of its container.

    Raises:
        RestoreError: anything that kept the backup from being restored whole.
    """
    require_receipt(request)
    kubectl = Kubectl.found(request.kubectl)
    receipt = Receipt(request)
    summary: Summary | None = None
    try:
        summary, failure = _restore(request, kubectl, progress, watch, receipt, found)
        require_finished(failure)
        require_no_warnings(request, summary)
    except BaseException as error:
        if summary is not None:
            progress.finished(summary)
        try:
            receipt.write(summary=summary, error=error)
        except OSError as lost:
            said = f"the receipt could not be written: {lost.strerror}"
            progress.message(Level.WARNING, said)
        raise
    progress.finished(summary)
    try:
        receipt.write(summary=summary, error=None)
    except OSError as error:
        raise not_written(error) from error
    return summary


def verify(request: RestoreRequest, progress: Progress, watch: Watch) -> Comparison:
    """Hold the pod against the backup; write nothing.

    Raises:
        RestoreError: anything that kept it from being compared; VerificationError when the pod has
            something otherwise than the backup.
    """
    return _compare(request, progress, watch, audit)


def diff(request: RestoreRequest, progress: Progress, watch: Watch) -> Comparison:
    """Show how the pod differs from the backup, path by path; write nothing. See `verify`."""
    return _compare(request, progress, watch, audit_and_show)


def _compare(
    request: RestoreRequest,
    progress: Progress,
    watch: Watch,
    compare: Callable[[Run, Lane, Batch], Comparison],
) -> Comparison:
    kubectl, receipt = Kubectl.found(request.kubectl), Receipt(request)
    begun = _begun(request, kubectl, progress, watch, receipt, is_compared=True)
    with begun as (run, batches, supply):
        (batch,) = batches
        with _lanes(run) as lanes:
            lane = lanes.first(has_begun=False)
            give_away(batch.index, run.request, lane.capabilities)
            comparison = compare(run, lane, batch)
    lost = tuple(supply.doubts) if comparison.is_salvaged else ()
    comparison = replace(comparison, notes=(*lost, *supply.left_out, *comparison.notes))
    progress.compared(comparison)
    require_alike(run.request, comparison, lost)
    return comparison


def foresee(request: RestoreRequest, progress: Progress, watch: Watch) -> Foreseen:
    """Return how much of a backup is right in the pod already, and what would be done.

    What is to be said of the backup itself was said by whoever asks.

    Raises:
        RestoreError: anything that kept it from being found out.
    """
    kubectl, receipt = Kubectl.found(request.kubectl), Receipt(request)
    begun = _begun(request, kubectl, progress, watch, receipt, is_compared=True, is_known=True)
    with begun as (run, batches, _supply):
        (batch,) = batches
        with _lanes(run) as lanes:
            return foreseen(run, lanes.first(has_begun=False), batch)


@contextmanager
def _begun(
    request: RestoreRequest,
    kubectl: Kubectl,
    progress: Progress,
    watch: Watch,
    receipt: Receipt,
    *,
    is_compared: bool = False,
    is_known: bool = False,
    scaled: ScaledDown | None = None,
) -> Iterator[tuple[Run, Iterator[Batch], Supply]]:
    """Resolve the target while the backup is read: both are known, or it ends here."""
    with ExitStack() as stack:
        said = stack.enter_context(WholeCommands(request))
        backup: OpenBackup | None = None
        if not request.is_piped:
            backup = open_backup(request.backup, progress, watch)
            stack.enter_context(backup)
        header = _header(request, backup, is_compared=is_compared)
        only_reads = is_compared or request.dry_run
        supplied: tuple[Supply, Iterator[Batch], Batch] | None = None
        if scaled is not None:
            stack.enter_context(scaled)
            progress.header(header)
            request = said.request = scaled.look()
            # Nothing is taken away for a backup that is no good.
            supplied = _supplied(request, backup, progress, watch)
            scaled.down(request)
        resolution = stack.enter_context(
            Resolution(request, kubectl, header, progress, watch, only_reads=only_reads)
        )
        resolution.introduce()
        if supplied is None:
            supplied = _supplied(resolution.known, backup, progress, watch, is_known=is_known)
        supply, batches, first = supplied
        said.request = resolution.known
        place = receipt.place = resolution.place(_owners(request, first))
        receipt.path = resolution.known.target_path
        receipt.backup = supply.about
        receipt.kubectl = resolution.kubectl_version()
        run = Run.of(
            request=resolution.known,
            progress=progress,
            watch=watch,
            kubectl=kubectl,
            place=place,
            backup=supply.identity,
            only_reads=only_reads,
        )
        yield run, chain([first], batches), supply


def _supplied(
    request: RestoreRequest,
    backup: OpenBackup | None,
    progress: Progress,
    watch: Watch,
    *,
    is_known: bool = False,
) -> tuple[Supply, Iterator[Batch], Batch]:
    """Return what is restored: the first batch is read, of a file the only one."""
    supply = Supply(request, progress, watch, is_known=is_known)
    batches = supply.of_pipe() if backup is None else supply.of_file(backup)
    first = next(batches)
    return supply, batches, first


def _owners(request: RestoreRequest, batch: Batch) -> set[tuple[int, int]]:
    """Return the numeric owners of what is restored."""
    return {request.owner} if request.owner else batch.index.members.owners()


def _header(request: RestoreRequest, backup: OpenBackup | None, *, is_compared: bool) -> Header:
    """Return what is known without the cluster."""
    named = shown(bytes(request.backup))
    if backup is not None and backup.is_split:
        named += f" and {counted(backup.part_count - 1, 'further part')}"
    pod = request.target.pod_name
    return Header(
        backup="standard input" if backup is None else named,
        backup_size=None if backup is None else backup.size,
        pod=pod,
        named="" if pod is not None else str(request.target),
        path=None if request.finds_its_path else request.target_path,
        context=request.kubectl.context,
        namespace=request.kubectl.namespace,
        container=request.container,
        is_compared=is_compared,
    )


@contextmanager
def _lanes(run: Run) -> Iterator[Lanes]:
    """Have lanes, and leave nothing of them in the pod."""
    lanes = Lanes(run)
    try:
        with offering_others(run):
            yield lanes
    except _LINK_KEPT:
        lanes.close()
        raise
    except BaseException:
        lanes.abort()
        lanes.clean_up()
        raise
    lanes.close()


def _restore(  # noqa: PLR0917 - one step of restore
    request: RestoreRequest,
    kubectl: Kubectl,
    progress: Progress,
    watch: Watch,
    receipt: Receipt,
    found: Callable[[Location], None],
) -> tuple[Summary, RestoreError | None]:
    """Restore; return what was done, and why what was to follow is not done, if it is not."""
    require_file(request)
    # Of a file everything is known at once; of a pipe directories come again and again.
    ledger = Ledger(Restored() if request.is_piped else None)
    progress = MergedProgress(progress) if request.is_piped else progress
    scaled = ScaledDown(request, kubectl, progress, watch) if request.scale_down else None
    begun = _begun(request, kubectl, progress, watch, receipt, scaled=scaled)
    with begun as (run, batches, supply), _lanes(run) as lanes:
        if run.place.location is not None:
            found(run.place.location)
        hooks = Hooks(run, lanes)
        receipt.hooks = hooks.runs
        try:
            _carry_out(run, lanes, ledger, hooks, batches)
        except RestoreError as error:
            hooks.explain(error)
            if ledger.has_begun:
                if is_broken_off(error):
                    receipt.arrived = arrived = so_far(run, ledger)
                    progress.broken_off(arrived)
                # What was noted in a helper pod goes with it.
                is_noted = ledger.is_noted and run.place.via is not Via.HELPER
                say_how_to_go_on(run.request, error, is_noted=is_noted)
            raise
        finally:
            receipt.operations = ledger.operations
            receipt.retries = lanes.reopened
            if scaled is not None:
                scaled.has_written = ledger.has_begun
        capabilities = lanes.first(has_begun=True).capabilities
        failure = hooks.after()
        summary = summary_of(run, ledger, capabilities, supply)
        notes = summary.notes + hooks.notes
        summary = replace(summary, notes=notes, hooks=tuple(hooks.runs))
    if scaled is not None:
        failure = failure or scaled.failure
        notes, warnings = summary.notes + scaled.notes, summary.warnings + scaled.warnings
        summary = replace(summary, notes=notes, warnings=warnings)
    return summary, failure


def _carry_out(
    run: Run, lanes: Lanes, ledger: Ledger, hooks: Hooks, batches: Iterable[Batch]
) -> None:
    """Restore batch after batch; each is gone on with when the link is lost."""
    for batch in batches:

        def attempt(batch: Batch = batch) -> None:
            _attempt(run, lanes, ledger, hooks, batch)

        def lost() -> tuple[str, bool]:
            lanes.abort()
            return ledger.broke()

        insist(
            attempt,
            # Of a pipe the bytes have gone by.
            retries=run.request.retries if batch.is_kept else 0,
            lost=lost,
            progress=run.progress,
            watch=run.watch,
        )
        if run.request.dry_run:
            break


def _attempt(run: Run, lanes: Lanes, ledger: Ledger, hooks: Hooks, batch: Batch) -> None:
    """Take a batch from the question what is there to the proof that it is."""
    lane = lanes.first(has_begun=ledger.has_begun)
    plan = plan_batch(run, lane, ledger, batch)
    if run.request.dry_run:
        hooks.foresee(plan)
    elif hooks.before(plan):
        # What has been quieted has written its last, and that is what is to be saved.
        plan = plan_batch(run, lane, ledger, batch, plan)
    save(run, lane, ledger, plan)
    if run.request.dry_run:
        return
    sent = go_on_behind(run, lanes, ledger, send(run, lanes, ledger, batch, plan))
    close = finish if batch.is_last else settle
    close(run, lane, ledger, sent)
