"""A plan as it is shown: what would be done about each path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.plan.operation import Action
from kubectl_restore.progress import Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_restore.plan.operation import Operation
    from kubectl_restore.plan.plan import Plan

DELETE = "delete"


def operations_of(plan: Plan) -> dict[str, int]:
    """Return how many paths something is done about, by action."""
    counts = {action.value: count for action, count in plan.outcomes().items()}
    return {**counts, DELETE: len(plan.extras)}


def steps_of(plan: Plan) -> Iterator[Step]:
    """Return each path's step: what is in the way first, then what is changed and deleted."""
    for one in plan.operations_about(Action.REFUSE):
        yield _step(plan, one)
    for outcome in (Action.REPLACE, Action.ADJUST):
        for one in plan.operations_about(Action.REPLACE, Action.ADJUST):
            if one.outcome is outcome:
                yield _step(plan, one)
    for path, is_directory in plan.extras:
        yield Step(DELETE, path, Kind.DIRECTORY.value if is_directory else "", None)
    for one in plan.operations_about(Action.SKIP, Action.CREATE, Action.KEEP):
        member = one.member
        if member is None and one.action is Action.KEEP:
            # A directory that the backup needs, does not have, and that stands there.
            continue
        yield _step(plan, one)


def _step(plan: Plan, one: Operation) -> Step:
    kind = Kind.DIRECTORY if one.member is None else one.member.kind
    size = one.member.size if one.member is not None and kind is Kind.FILE else None
    return Step(one.outcome.value, one.path, kind.value, size, reason_of(plan, one))


def reason_of(plan: Plan, one: Operation) -> str:
    """Return why something is done about a path, and how what stands there differs."""
    return ": ".join(filter(None, (one.reason, plan.differences.get(one.path, ""))))
