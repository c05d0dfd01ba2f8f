"""A plan at once, for tests that know everything that stands there."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from kubectl_restore.plan.planner import Planner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_restore.archive.index.index import Index
    from kubectl_restore.container.survey import Entry
    from kubectl_restore.plan.plan import Plan
    from kubectl_restore.plan.sameness import Policy


def make_plan(
    index: Index,
    survey: Mapping[bytes, Entry],
    policy: Policy,
    kept_links: Mapping[bytes, bytes] | None = None,
) -> Plan:
    """Decide about each path of the archive, when everything that stands there is known.

    Args:
        index: whose paths are each there once.
        survey: what stands at each path; the empty one is the target.
        policy: what is allowed.
        kept_links: see `Planner.take_directories`.
    """
    planner = Planner(index, policy)
    directories = (b"", *planner.directories)
    planner.take_directories({p: survey[p] for p in directories if p in survey}, kept_links)
    for numbers in chain(planner.questions(), planner.link_questions()):
        planner.take(numbers, survey)
    return planner.finish()
