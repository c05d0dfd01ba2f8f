"""The step that saves what will be replaced, before anything is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.undo.replaced import Replaced
from kubectl_restore.undo.save import foresee_saving, save_replaced

if TYPE_CHECKING:
    from kubectl_restore.plan.plan import Plan
    from kubectl_restore.restore.lanes.lane import Lane
    from kubectl_restore.restore.ledger import Ledger
    from kubectl_restore.restore.run import Run


def save(run: Run, lane: Lane, ledger: Ledger, plan: Plan) -> None:
    """Save what a plan replaces, if the user wants it; in a dry run say what that would be.

    Later attempts do not save again: what stands there then is the restore's own.

    Raises:
        UsageError, VerificationError: it could not be saved.
    """
    if ledger.attempts.is_saved:
        return
    action = foresee_saving if run.request.dry_run else save_replaced
    # A directory comes before what stands in it.
    further = [path for path, _ in reversed(plan.extras)]
    ledger.saved = action(
        run.request,
        Replaced(plan, plan.contents, further=further),
        lane.questions.silent(),
        algorithm=lane.capabilities.algorithm,
        progress=run.progress,
    )
    ledger.attempts.is_saved = not run.request.dry_run
