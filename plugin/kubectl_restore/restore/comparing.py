"""A backup held against a pod: each difference, and of `diff` the contents of small text files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kubectl_restore.errors import VerificationError, WarningsError
from kubectl_restore.plan.policy import Extras, Verification
from kubectl_restore.progress import EXTRA, MISSING, Comparison
from kubectl_restore.restore.audit import Auditor
from kubectl_restore.restore.changed_texts import show_contents
from kubectl_restore.restore.grouped import Grouped
from kubectl_restore.text import counted, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kubectl_restore.plan.batch import Batch
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Finding
    from kubectl_restore.restore.lanes.lane import Lane
    from kubectl_restore.restore.run import Run


def audit(
    run: Run, lane: Lane, batch: Batch, *, tell: Callable[[Finding], None] | None = None
) -> Comparison:
    """Compare a backup's only batch with what stands there; nothing is written.

    Args:
        run: whose request it is.
        lane: asked through it.
        batch: the backup.
        tell: told each finding; the run's progress where nobody is named.

    Raises:
        RestoreError: see `Auditor.audit`.
    """
    request, capabilities = run.request, lane.capabilities
    tell = run.progress.differs if tell is None else tell
    auditor = Auditor(lane.questions, request, capabilities, run.progress, tell)
    auditor.audit(batch)
    uid = capabilities.uid
    notes = [
        f"{counted(count, 'path')} without the backup's {what}, which uid {uid} there may "
        "not set, or the volume does not keep"
        for what, count in auditor.lacking.items()
    ]
    if auditor.dated:
        notes.append(
            f"{counted(auditor.dated, 'directory', 'directories')} with another modification "
            "time: something is in there that is not in the backup"
        )
    is_salvaged = batch.index.is_salvaged
    if (request.selection.is_partial or is_salvaged) and request.extras is not Extras.IGNORE:
        why = "it is lost" if is_salvaged else "it was left out"
        notes.append(f"what is not in the backup was not looked for: some of {why}")
    is_size = request.verify is Verification.SIZE
    return Comparison(
        path=request.target_path,
        members=auditor.members,
        findings=auditor.found,
        hidden=auditor.hidden,
        hints=auditor.hints,
        is_salvaged=is_salvaged,
        tolerates_extras=request.extras is not Extras.FAIL,
        verified="size" if is_size else str(capabilities.algorithm),
        seconds=run.watch.elapsed,
        notes=tuple(notes),
    )


def require_alike(
    request: RestoreRequest, comparison: Comparison, lost: Sequence[str] = ()
) -> None:
    """Return when the pod is as the whole backup, but for what may stand beside it.

    Args:
        request: what is compared.
        comparison: what came of it.
        lost: what of a damaged backup could not be compared.

    Raises:
        VerificationError: it is not; the fix says what a restore would do about it.
        WarningsError: it is as what is left of a damaged backup.
    """
    failures = comparison.failures
    if not failures and comparison.is_salvaged:
        raise WarningsError(
            "the pod is as what is left of the backup, which is damaged",
            reason=listed(lost),
            fix="with a whole backup: the same command without --salvage",
        )
    if not failures:
        return
    flags = ["--dry-run"]
    if failures.keys() - {MISSING, EXTRA}:
        flags.append("--force")
    if comparison.hidden:
        # Size and time say that nothing is to be done.
        flags.append("--compare=checksum")
    if EXTRA in failures and request.target_path != "/":
        flags.append("--delete")
    raise VerificationError(
        f"the pod is not as the backup: {counted(sum(failures.values()), 'difference')}",
        reason="\n".join(f"{count:,} {kind}" for kind, count in failures.items()),
        fix=comparison.hints[0].fix
        if comparison.hints
        else f"to see what a restore would do: {request.command_of_a_restore(*flags)}",
    )


def diff(run: Run, lane: Lane, batch: Batch) -> Comparison:
    """Do the same, path by path: what is changed, what is missing, what is extra, the contents.

    Raises:
        RestoreError: see `audit`.
    """
    grouped = Grouped(run.progress)
    comparison = audit(run, lane, batch, tell=grouped.tell)
    grouped.close()
    notes = show_contents(run, lane, batch, grouped.contents)
    return replace(comparison, notes=(*comparison.notes, *notes), seconds=run.watch.elapsed)
