"""What keeps a plan from being carried out, known before the pod is touched."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from kubectl_restore.errors import InTheWayError, PodCannotError
from kubectl_restore.names import shown
from kubectl_restore.operation import Action
from kubectl_restore.phrases import LISTED, counted, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_restore.plan import Plan
    from kubectl_restore.pod.capabilities import Capabilities
    from kubectl_restore.pod.space import Space


def require_way(plan: Plan, with_force: str, so_far: str) -> None:
    """Return when nothing is in the way.

    Args:
        plan: what would be done.
        with_force: the same command with --force, for the fix.
        so_far: what became of the pod until now ("nothing was changed").

    Raises:
        InTheWayError: something is; the pod is as it was.
    """
    if not plan.is_refused:
        return
    blocked = list(islice((one for one in plan.refused() if not one.needs_force), LISTED))
    named = blocked or list(islice(plan.refused(), LISTED))
    count = plan.count(Action.REFUSE)
    fix = f"to replace what is there: {with_force}"
    if blocked:
        fix = "move them away in the container, then run the command again"
        if any("symlink" in one.reason for one in blocked):
            fix += (
                "\nto go through symbolic links that stay inside the target: "
                "--keep-directory-symlinks"
            )
    raise InTheWayError(
        f"{counted(count, 'path')} in the way; {so_far}",
        reason=listed([f"{shown(one.path)}: {one.reason}" for one in named], count - len(named)),
        fix=fix,
    )


def require_writable(
    target: str,
    uid: int | None,
    closed: Sequence[bytes],
    out_of_reach: Sequence[bytes],
    so_far: str,
) -> None:
    """Return unless something has to be made where we may make nothing.

    Args:
        target: the target's path, for messages.
        uid: who we are in the container.
        closed: directories that take nothing from us; the empty one is the target.
        out_of_reach: paths that belong to others, in others' sticky directories.
        so_far: see `require_way`.

    Raises:
        PodCannotError: there are such.
    """
    if not closed and not out_of_reach:
        return
    where = target if b"" in closed else f"something below {target}"
    reasons = [
        f"{shown(path) or target}: read-only, or belongs to somebody else" for path in closed
    ]
    reasons += [f"{shown(path)}: belongs to somebody else" for path in out_of_reach]
    raise PodCannotError(
        f"{where} cannot be written to; {so_far}",
        reason=f"the container runs as uid {uid}\n{listed(reasons)}",
        fix="name a directory that can be written to: -t PATH, or another container: -c CONTAINER",
    )


def require_devices(plan: Plan, capabilities: Capabilities, so_far: str) -> None:
    """Return when no device node has to be made, or they may be made.

    busybox's tar says that it could not, and ends with 0.

    Raises:
        PodCannotError: they may not.
    """
    if capabilities.makes_devices:
        return
    if not plan.devices:
        return
    who = f"the container runs as uid {capabilities.uid}, without CAP_MKNOD"
    raise PodCannotError(
        f"the container may not make device nodes; {so_far}",
        reason=f"{who}\n{listed([shown(path) for path in plan.devices])}",
        fix="leave them out: --exclude NAME, or name a container that may make them: -c CONTAINER",
    )


def require_room(needed: int, space: Space, so_far: str) -> None:
    """Return when a stream in which holes are filled with zeros has room in the pod.

    A few KiB of a backup can say that a file of many TiB is a hole.

    Raises:
        PodCannotError: there is less room than `needed` bytes.
    """
    if space.free is not None and needed > space.free[0] * 1024:
        raise PodCannotError(
            f"the volume has no room for the backup's holes; {so_far}",
            reason="the container's tar knows no holes, so they are filled with zeros: "
            f"{-(-needed // 1024):,} KiB are needed\n{space}",
            fix="name a container with GNU tar, bsdtar or toybox tar: -c CONTAINER",
        )
