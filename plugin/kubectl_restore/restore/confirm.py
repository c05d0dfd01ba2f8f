"""What the person at the terminal is asked before something is replaced or deleted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from kubectl_restore.errors import InTheWayError
from kubectl_restore.plan.operation import Action
from kubectl_restore.plan.policy import Overwrite
from kubectl_restore.plan.steps import reason_of
from kubectl_restore.resume.attempts import require_no_more
from kubectl_restore.text import counted, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kubectl_restore.plan.batch import Batch
    from kubectl_restore.plan.plan import Plan
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Hint
    from kubectl_restore.restore.lanes.lane import Lane
    from kubectl_restore.restore.run import Run
    from kubectl_restore.restore.survey import Surveyor
    from kubectl_restore.resume.attempts import Attempts

_NAMED: Final = 5
_CHANGES: Final = (Action.REPLACE, Action.ADJUST)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a person is asked about.

    Attributes:
        batch: of the backup.
        plan: what would be done with it, or forbids it.
        hints: what they may have meant otherwise.
    """

    batch: Batch
    plan: Plan
    hints: tuple[Hint, ...] = ()


def has_to_be_asked(offer: Offer, request: RestoreRequest) -> bool:
    """Tell whether a yes changes what happens, something is deleted, or it may not be meant."""
    plan = offer.plan
    if request.overwrite is not Overwrite.REFUSE:
        return False
    if plan.is_refused:
        return all(one.needs_force for one in plan.refused())
    makes = plan.count(Action.CREATE, Action.REPLACE) > 0
    return bool(plan.extras or (offer.hints and makes))


def question(plan: Plan, target: str, hints: Sequence[Hint] = ()) -> str:
    """Return what may be meant otherwise, then counts and first names of what is changed."""
    lines = [str(hint) for hint in hints]
    counts = plan.outcomes()
    for outcome, what in (
        (Action.REPLACE, "be replaced"),
        (Action.ADJUST, "be given the backup's mode, owner and time"),
    ):
        count = counts[outcome]
        if count:
            lines.append(f"{counted(count, 'path')} below {target} would {what}:")
            lines += _each(plan, outcome, count)
    if plan.extras:
        names = _named((path for path, _ in plan.extras), len(plan.extras))
        lines.append(f"{counted(len(plan.extras), 'path')} would be deleted: {names}")
    return "\n".join([*lines, "Go on?"])


def _each(plan: Plan, outcome: Action, count: int) -> list[str]:
    """Return a line about each of the first paths: its name, and how it differs."""
    found = (one for one in plan.operations_about(*_CHANGES) if one.outcome is outcome)
    lines = []
    for one in islice(found, _NAMED):
        reason = reason_of(plan, one)
        lines.append(f"  {shown(one.path)}: {reason}" if reason else f"  {shown(one.path)}")
    return [*lines, f"  and {count - len(lines):,} more"] if count > len(lines) else lines


def _named(paths: Iterable[bytes], count: int) -> str:
    names = [shown(path) for path in islice(paths, _NAMED)]
    further = [f"and {count - len(names):,} more"] if count > len(names) else []
    return ", ".join([*names, *further])


def declined(plan: Plan, hints: Sequence[Hint] = ()) -> InTheWayError:
    """Return what a no ends the restore with."""
    count = plan.count(*_CHANGES) + len(plan.extras)
    if hints:
        return InTheWayError(
            "nothing was changed",
            reason=f"{hints[0].text}; the answer was no",
            fix=hints[0].fix,
        )
    without = ", without --delete" if plan.extras else ""
    return InTheWayError(
        "nothing was changed",
        reason=f"{counted(count, 'path')} would have been replaced or deleted; the answer was no",
        fix=f"to restore only what is missing: --overwrite never{without}",
    )


def confirm(run: Run, lane: Lane, attempts: Attempts, surveyor: Surveyor, offer: Offer) -> Plan:
    """Ask the person at the terminal; return the plan that they agreed to.

    Args:
        run: whose progress asks.
        lane: kept alive meanwhile.
        attempts: told what was agreed to.
        surveyor: plans once more what a yes means.
        offer: what has to be asked about.

    Raises:
        InTheWayError: they said no, or by then there was more to replace or to delete.
    """
    batch, plan = offer.batch, offer.plan
    overwrite = Overwrite.IF_CHANGED if plan.is_refused else run.request.overwrite
    # What would be done after a yes is what is asked about.
    offered = surveyor.plan(batch, overwrite) if plan.is_refused else plan
    if not _agreed(run, lane, question(offered, run.request.target_path, offer.hints)):
        raise declined(offered, offer.hints)
    # They may have thought for long.
    agreed = surveyor.plan(batch, overwrite)
    require_no_more(offered, agreed, so_far="nothing was changed")
    attempts.has_agreed = True
    if plan.is_refused:
        attempts.agreed = overwrite
    return agreed


def _agreed(run: Run, lane: Lane, asked: str) -> bool:
    run.progress.ask(asked)
    while (said := run.progress.answer()) is None:
        lane.questions.keep_alive()
    return said
