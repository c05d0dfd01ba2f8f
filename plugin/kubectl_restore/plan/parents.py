"""Whom directories belong to that a backup needs and does not name. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kubectl_restore.archive.stream.layout import parents
from kubectl_restore.plan.operation import Action

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_restore.plan.attributes import Attributes
    from kubectl_restore.plan.plan import Plan

Owner = tuple[int, int]
"""Numeric user and group."""


def owners_below(plan: Plan) -> dict[bytes, Counter[Owner]]:
    """Return whom the backup's members below each of these directories belong to.

    Args:
        plan: whose `parents` these are.
    """
    if not plan.parents:
        return {}
    found: dict[bytes, Counter[Owner]] = {path: Counter() for path in plan.parents}
    columns = plan.members.columns
    owners = [(one.uid, one.gid) for one in columns.known_owners]
    for first, end, directory in plan.members.runs():
        above = [found[path] for path in parents(directory + b"/") if path in found]
        for number, count in Counter(columns.owners[first:end]).items() if above else ():
            for counts in above:
                counts[owners[number]] += count
    return found


def owners_of_parents(plan: Plan, attributes: Attributes) -> dict[bytes, Owner]:
    """Return the owners that directories get which are made: of all below, where they can have it.

    Args:
        plan: of which members are sent.
        attributes: what owner can be there.
    """
    return {
        path: owner
        for path, owners in owners_below(plan).items()
        if plan.parents[path].action is Action.CREATE
        and (owner := only(owners)) is not None
        and attributes.can_own(path, *owner)
    }


def only(owners: Mapping[Owner, int]) -> Owner | None:
    """Return the owner that all have; None where they have several, or there are none."""
    return next(iter(owners)) if len(owners) == 1 else None
