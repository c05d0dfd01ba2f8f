"""A lane: one open exec, what its container can do, and nothing of the restore."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from kubectl_restore.container.capabilities import (
    Tar,
    done_without,
    require_target,
    require_tools,
)
from kubectl_restore.container.questions import Questions
from kubectl_restore.container.toolbox import give_toolbox, suits
from kubectl_restore.errors import NoDirectoryError
from kubectl_restore.progress import Level
from kubectl_restore.restore.checks.obstacles import require_check_sums
from kubectl_restore.restore.resolve import require_place
from kubectl_restore.resume.lease import take_lease
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from kubectl_restore.container.capabilities import Capabilities
    from kubectl_restore.container.leases import Leases
    from kubectl_restore.container.opened import Opened
    from kubectl_restore.restore.run import Run
    from kubectl_restore.session.session import Session


_WAYS: Final = {
    "text": "its printf or tr is not exact, or there is none: each file takes a process",
    "fractions": "its touch sets whole seconds only",
    "holes": "it has no truncate and no dd: holes are filled with zeros",
    "beside": "it has no mv: files are written at their places, and may be seen half written",
}
"""What is done without it, where there is no tar."""


@dataclass(slots=True)
class Lane:
    """An exec that is open, in the place that it was to lead to.

    Attributes:
        session: the talk with its agent.
        capabilities: what the container can do.
        questions: asked through the session.
        holds: its agent has the run's lease.
        has_record: the pod has a record of an earlier run to this target.
    """

    session: Session
    capabilities: Capabilities
    questions: Questions
    holds: bool = False
    has_record: bool = False


def begin(run: Run, session: Session, opened: Opened, *, is_first: bool) -> tuple[Lane, Leases]:
    """Ask what the container can do, in an exec whose agent is up.

    Args:
        run: whose lane it is.
        session: the talk with the agent.
        opened: the directories that the run has opened.
        is_first: it is the run's first exec, so what concerns all of them is said.

    Returns:
        The lane, and which restores write in the container.

    Raises:
        AnotherPodError: the exec has not led to the pod that was found; nothing was written.
        PodCannotError: the container has no tar, or no such target.
    """
    questions = Questions(session, run.progress, opened)
    found, leases = questions.introduce()
    session.frame(found.framing)
    run.progress.message(
        Level.DETAIL,
        f"the container has {found.tar_version or found.tar}, and runs as uid {found.uid}; "
        f"one framed and acknowledged exec, its chunks are taken by {found.framing}",
    )
    place, request = run.place, run.request
    require_place(run, found)
    for sentence in done_without(found.without):
        run.progress.message(Level.DETAIL, sentence)
    require_tools(found, place.container)
    # Before anything is learned: in no such place the agent takes questions about itself only.
    where = ["kubectl", *place.kubectl.to_show(), "exec", place.pod, "-c", place.container]
    require_target(found, request.target_path, [*where, "--"])
    _require_on_claim(run, leases.here)
    own = found.uid or 0, found.gid or 0
    if found.tar is Tar.OTHER and not run.only_reads and not suits(session, own):
        if is_first:
            _say_that_it_is_not_used(run, found)
        found = replace(found, tar=Tar.SHELL)
    if found.tar is Tar.OTHER and request.dry_run:
        _say_that_it_is_not_tried(run, found)
    if found.tar is Tar.SHELL and (request.dry_run or not run.only_reads):
        found = replace(found, ways=give_toolbox(session))
        if is_first:
            _say_what_it_costs(run, found)
    require_check_sums(found, request, place.container)
    return Lane(session, found, questions), leases


def _require_on_claim(run: Run, here: bytes) -> None:
    """Return when the target is on the claim that a helper pod was made for, links followed.

    Raises:
        NoDirectoryError: a link leads away from it: what is written there goes with the pod.
    """
    mount = os.fsencode(run.place.mount).rstrip(b"/")
    if not mount or (here + b"/").startswith(mount + b"/"):
        return
    raise NoDirectoryError(
        f"{run.request.target_path} is not on the claim: a link leads away from it",
        reason=f"it leads to {shown(here)}, and the claim stands at {run.place.mount}",
        fix=f"name a directory of the claim itself: -t {run.place.mount}/DIRECTORY",
    )


def _say_that_it_is_not_used(run: Run, found: Capabilities) -> None:
    named = found.tar_version or "it does not say which it is"
    run.progress.message(
        Level.INFO,
        f"the tar of container {run.place.container} did not unpack an archive of ours right, so "
        f"it is not used ({named})",
    )


def _say_that_it_is_not_tried(run: Run, found: Capabilities) -> None:
    named = found.tar_version or "it does not say which it is"
    run.progress.message(
        Level.INFO,
        f"the tar of container {run.place.container} is not known ({named}): a restore tries it "
        "first; what it may not keep is counted as lost here",
    )


def _say_what_it_costs(run: Run, found: Capabilities) -> None:
    run.progress.message(
        Level.INFO,
        f"container {run.place.container} has no tar that we can use: its shell writes the files, "
        "which takes longer where they are small (some hundred a second)",
    )
    for way, lacking in _WAYS.items():
        if way not in found.ways:
            run.progress.message(Level.DETAIL, lacking)


def hold(run: Run, lane: Lane, leases: Leases, own: set[bytes], *, has_begun: bool) -> None:
    """Become the only restore that writes to the target; see `take_lease`.

    Args:
        run: whose lease it is.
        lane: its agent takes it.
        leases: which restores write in the container.
        own: tokens of this run's lanes that are gone.
        has_begun: the pod may have been changed.

    Raises:
        TargetError: another restore writes there.
    """
    lane.holds = take_lease(
        lane.questions,
        leases,
        name=run.lease,
        restore=run.identity,
        own=own,
        so_far="what was restored until then stays" if has_begun else "nothing was changed",
        progress=run.progress,
    )
    lane.has_record = any(one.name == run.lease.encode() for one in leases.records)
    if not lane.holds:
        run.progress.message(
            Level.DETAIL,
            "the container has no place for a record of what is in flight (/dev/shm or /tmp): "
            "after a break of this program another run of it will need --force",
        )
