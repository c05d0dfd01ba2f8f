"""The last step: what was done, once it is proved; or what had arrived, and how to go on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kubectl_restore.cluster.messages import AGAIN
from kubectl_restore.cluster.via import Via
from kubectl_restore.errors import (
    BackupError,
    DamagedError,
    InterruptedRestoreError,
    SignalledError,
    WarningsError,
)
from kubectl_restore.plan.policy import Verification
from kubectl_restore.text import listed

if TYPE_CHECKING:
    from kubectl_restore.container.capabilities import Capabilities
    from kubectl_restore.errors import RestoreError
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Summary
    from kubectl_restore.restore.ledger import Ledger
    from kubectl_restore.restore.read import Supply
    from kubectl_restore.restore.run import Run


def summary_of(run: Run, ledger: Ledger, capabilities: Capabilities, supply: Supply) -> Summary:
    """Return what was done, once it is proved; or what would be done."""
    if ledger.plan is not None:
        ledger.close(ledger.plan)
    request = run.request
    verified = {Verification.SIZE: "size", Verification.NONE: ""}.get(
        request.verify, str(capabilities.algorithm)
    )
    summary = ledger.tally.summary(
        capabilities,
        path=request.target_path,
        seconds=run.watch.elapsed,
        left_out=supply.left_out,
        verified=verified,
        dry_run=request.dry_run,
    )
    saved = ledger.saved
    return replace(
        summary,
        notes=summary.notes + saved.notes + ledger.parents.notes(run) + _left(run),
        next_steps=summary.next_steps + saved.next_steps + _in_earnest(request, ledger, summary),
        warnings=(*supply.doubts, *summary.warnings),
        is_salvaged=supply.is_salvaged,
    )


def _left(run: Run) -> tuple[str, ...]:
    """Return what of ours stays in the cluster."""
    if run.place.via is not Via.EPHEMERAL:
        return ()
    name = run.place.container
    return (f"the entry of ephemeral container {name}, which has ended, stays in the pod's object",)


def _in_earnest(request: RestoreRequest, ledger: Ledger, summary: Summary) -> tuple[str, ...]:
    """Return how to do what a dry run has shown, where that is something."""
    is_something = summary.files or summary.adjusted or summary.deleted
    if not request.dry_run or not is_something or ledger.tally.hints:
        return ()
    return (f"to do it: {request.command_in_earnest()}",)


def is_broken_off(error: RestoreError) -> bool:
    """Tell whether the stream broke: then what the pod has taken is all that is known of it.

    Where a tool there has failed it may have taken all and made nothing: the error names what.
    """
    return isinstance(error, (InterruptedRestoreError, SignalledError, BackupError))


def so_far(run: Run, ledger: Ledger) -> Summary:
    """Return what had arrived."""
    return ledger.tally.so_far(ledger.arrived(), run.request.target_path, run.watch.elapsed)


def say_how_to_go_on(request: RestoreRequest, error: RestoreError, *, is_noted: bool) -> None:
    """Have an error that interrupts a restore name the command that goes on."""
    again = request.command_to_go_on(is_noted=is_noted)
    if request.is_piped:
        again = f"the same backup | {again}"
    if isinstance(error, (InterruptedRestoreError, SignalledError)) and again not in error.fix:
        known = error.fix not in {"", AGAIN}
        error.fix = f"{error.fix}\nto go on: {again}" if known else f"to go on: {again}"
    elif isinstance(error, DamagedError) and request.is_piped:
        error.fix = f"pipe the whole backup, which goes on: {again.replace('same', 'whole', 1)}"


def require_no_warnings(request: RestoreRequest, summary: Summary) -> None:
    """Return when there is nothing that --strict, or what a damaged backup lacks, makes an error.

    Raises:
        WarningsError: there is.
    """
    if (request.strict or summary.is_salvaged) and summary.warnings and not request.dry_run:
        whole = "with a whole backup: the same command without --salvage"
        raise WarningsError(
            "restored, but not everything is as the backup has it",
            reason=listed(summary.warnings),
            fix=whole if summary.is_salvaged else "without --strict this is a success",
        )
