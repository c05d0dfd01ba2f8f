"""A plan as it is shown: what would be done about each path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.plan.operation import Action
from kubectl_restore.progress import Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_restore.plan.plan import Plan

DELETE = "delete"


def operations_of(plan: Plan) -> dict[str, int]:
    """Return how many paths something is done about, by action."""
    counts = {action.value: count for action, count in plan.outcomes().items()}
    return {**counts, DELETE: len(plan.extras)}


def steps_of(plan: Plan) -> Iterator[Step]:
    """Return each path's step; what is deleted comes last, as it is done."""
    for one in plan.operations():
        member = one.member
        if member is None and one.action is Action.KEEP:
            # A directory that the backup needs, does not have, and that stands there.
            continue
        kind = Kind.DIRECTORY if member is None else member.kind
        size = member.size if member is not None and kind is Kind.FILE else None
        yield Step(one.outcome.value, one.path, kind.value, size, one.reason)
    for path, is_directory in plan.extras:
        yield Step(DELETE, path, Kind.DIRECTORY.value if is_directory else "", None)
