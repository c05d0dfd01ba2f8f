"""A backup whose names all begin with a directory that the target is already."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kubectl_restore.archive.select.level import common_level, components_to_strip
from kubectl_restore.progress import Hint, HintKind
from kubectl_restore.text import shown, shown_text

if TYPE_CHECKING:
    from kubectl_restore.archive.members.members import Members
    from kubectl_restore.container.questions import Questions
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Phase


def misplaced(
    members: Members, request: RestoreRequest, questions: Questions, phase: Phase
) -> Hint | None:
    """Return what is to be said of a directory too many, of a backup of which nothing stands there.

    It is one too many where the target has its name, or has already what the backup has below it.
    The pod is asked in the second case only.

    Args:
        members: of the whole backup, under the paths where they would go.
        request: names the target.
        questions: asked what stands there.
        phase: for the progress.

    Returns:
        The hint; None where there is no sign of it, or somebody has said where the names go.
    """
    mapping, target = request.selection.mapping, request.target_path
    level = None if mapping.prefixes else common_level(members.paths())
    if level is None or target == "/":
        return None
    name = shown(level.first)
    if os.fsencode(target).rpartition(b"/")[2] == level.first:
        why = f"{target} has that name already"
    else:
        found = questions.survey(phase, level.below, done=len(members), total=len(members))
        if 2 * len(found) < len(level.below):
            return None
        why = f"{target} has what stands below it already"
    count = components_to_strip(map(members.name, range(len(members))), mapping.strip)
    if count is not None:
        again = request.command_stripping(count)
    elif b"=" not in level.first:
        again = request.command_moving(level.first)
    else:
        return None
    return Hint(
        HintKind.LEADING_DIRECTORY,
        f"all names of the backup begin with {name}/, and {why}: as it is, it goes to "
        f"{target}/{name}",
        shown_text(f"to leave {name}/ out: {again}"),
    )
