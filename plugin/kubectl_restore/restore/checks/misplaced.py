"""A backup whose names all begin with a directory that the target is already."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kubectl_restore.archive.select.level import common_level
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from kubectl_restore.archive.members.members import Members
    from kubectl_restore.container.questions import Questions
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Phase


def misplaced(members: Members, request: RestoreRequest, questions: Questions, phase: Phase) -> str:
    """Return what is to be said of a directory too many, of a backup of which nothing stands there.

    It is one too many where the target has its name, or has already what the backup has below it.
    The pod is asked in the second case only.

    Args:
        members: of the whole backup, under the paths where they would go.
        request: names the target.
        questions: asked what stands there.
        phase: for the progress.

    Returns:
        Two lines, the second a command; empty where there is no sign of it.
    """
    level = common_level(members.paths())
    target = request.target_path
    if level is None or target == "/":
        return ""
    name = shown(level.first)
    if os.fsencode(target).rpartition(b"/")[2] == level.first:
        why = f"{target} has that name already"
    else:
        found = questions.survey(phase, level.below, done=len(members), total=len(members))
        if 2 * len(found) < len(level.below):
            return ""
        why = f"{target} has what stands below it already"
    more = request.selection.mapping.strip + 1
    again = request.command_stripping(more)
    return (
        f"all names of the backup begin with {name}/, and {why}: it would go to {target}/{name}\n"
        f"to leave {name}/ out: {again}"
    )
