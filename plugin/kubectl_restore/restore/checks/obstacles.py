"""What keeps a plan from being carried out, known before the pod is touched."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.checksums import Algorithm
from kubectl_restore.archive.members.member import Kind
from kubectl_restore.cluster.limits import limit_at
from kubectl_restore.container.capabilities import ANOTHER_CONTAINER
from kubectl_restore.container.opened import WRITTEN
from kubectl_restore.container.space import Space
from kubectl_restore.errors import InTheWayError, NotWritableError, PodCannotError
from kubectl_restore.plan.operation import Action
from kubectl_restore.plan.policy import Comparison, Verification
from kubectl_restore.plan.steps import reason_of
from kubectl_restore.text import LISTED, counted, leave_them_out, listed, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kubectl_restore.cluster.limits import Limit
    from kubectl_restore.container.capabilities import Capabilities
    from kubectl_restore.container.questions import Questions
    from kubectl_restore.plan.plan import Plan
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.restore.checks.volumes import KnownVolumes

_COMPRESSING: Final = frozenset({"btrfs", "zfs"})
"""File systems that may keep a file in fewer bytes than it has."""


_CHANGING: Final = frozenset({Action.CREATE, Action.REPLACE, Action.REFUSE})


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume that something is written to.

    Attributes:
        path: below the target; empty for the target's own.
        kind: of its file system; empty where unknown.
        space: what is left.
        limit: what may stand there before the kubelet evicts the pod; None where none is known.
    """

    path: bytes
    kind: str
    space: Space
    limit: Limit | None = None


def require_way(
    plan: Plan, with_force: str, so_far: str, *, is_noted: bool = True, is_dry: bool = False
) -> None:
    """Return when nothing is in the way.

    Args:
        plan: what would be done.
        with_force: the same command with --force, for the fix.
        so_far: what became of the pod until now ("nothing was changed").
        is_noted: the pod knows what an earlier run left unfinished, or there is no need to.
        is_dry: nothing is to be changed by that command either.

    Raises:
        InTheWayError: something is; the pod is as it was.
    """
    if not plan.is_refused:
        return
    blocked = list(islice((one for one in plan.refused() if not one.needs_force), LISTED))
    named = blocked or list(islice(plan.refused(), LISTED))
    count = plan.count(Action.REFUSE)
    fix = (
        f"{'to see what would be replaced' if is_dry else 'to replace what is there'}: {with_force}"
    )
    reason = listed(
        [f"{shown(one.path)}: {reason_of(plan, one)}" for one in named], count - len(named)
    )
    if not is_noted and not blocked and _looks_broken_off(plan):
        reason += (
            "\nno record of an earlier run of this backup is in the container; if one was broken "
            "off here, its record went with the container, or with another restore to this target, "
            "and what it left needs --force"
        )
    if blocked:
        fix = "move them away in the container, then run the command again"
        if any("symlink" in one.reason for one in blocked):
            fix += (
                "\nto go through symbolic links that stay inside the target: "
                "--keep-directory-symlinks"
            )
    raise InTheWayError(
        f"{counted(count, 'path')} in the way; {so_far}",
        reason=reason,
        fix=fix,
    )


def _looks_broken_off(plan: Plan) -> bool:
    """Tell whether an earlier run may have ended in the middle: some of it is right, some missing.

    Where nothing is right nobody has restored this backup, where nothing is missing a run was done.
    """
    return plan.figures.same > 0 and plan.count(Action.CREATE) > 0


def require_no_mounts(
    plan: Plan, mounts: Iterable[bytes], without: Callable[..., str], so_far: str
) -> None:
    """Return when no mount point has to become a file, a link or a device.

    None can be replaced from inside (a ConfigMap's key by subPath, /etc/hosts).

    Args:
        plan: what would be done.
        mounts: mount points below the target.
        without: returns the same command with further flags, for the fix.
        so_far: see `require_way`.

    Raises:
        InTheWayError: one has.
    """
    blocked = []
    for path in mounts:
        for number in plan.members.at(path):
            is_changed = plan.action(number) in _CHANGING
            if is_changed and plan.members.kind(number) is not Kind.DIRECTORY:
                blocked.append(path)
    if blocked:
        names = [re.sub(rb"([\\*?\[])", rb"\\\1", path) for path in blocked]
        flags = [f"--exclude={name.decode('utf-8', 'surrogateescape')}" for name in names]
        raise InTheWayError(
            f"{counted(len(blocked), 'mount point')} would have to be replaced; {so_far}",
            reason=listed([f"{shown(path)}: another volume is mounted there" for path in blocked]),
            fix=f"to leave them out: {without(*flags)}",
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
    raise NotWritableError(
        f"{where} cannot be written to; {so_far}",
        reason=f"the container runs as uid {uid}\n{listed(reasons)}",
        fix="name a directory that can be written to: -t PATH, or another container: -c CONTAINER",
    )


def require_devices(
    plan: Plan, capabilities: Capabilities, so_far: str, *, deletes: bool = False
) -> None:
    """Return when no device node has to be made, or they may be made.

    busybox's tar says that it could not, and ends with 0.

    Raises:
        PodCannotError: they may not.
    """
    if capabilities.makes_devices:
        return
    if not plan.touched.devices:
        return
    who = f"the container runs as uid {capabilities.uid}, without CAP_MKNOD"
    raise PodCannotError(
        f"the container may not make device nodes; {so_far}",
        reason=f"{who}\n{listed([shown(path) for path in plan.touched.devices])}",
        fix=f"{leave_them_out(deletes=deletes)}, or name a container that may make them: "
        "-c CONTAINER",
    )


def require_tools_to_delete(plan: Plan, capabilities: Capabilities, so_far: str) -> None:
    """Return when nothing has to be deleted, or the container can do that.

    Raises:
        PodCannotError: it lacks the tool.
    """
    wanted = {"rmdir" if is_directory else "rm" for _, is_directory in plan.extras}
    lacking = sorted(wanted & capabilities.without)
    if lacking:
        raise PodCannotError(
            f"nothing can be deleted in the container; {so_far}",
            reason=f"it has no {' and no '.join(lacking)}\n"
            + listed([shown(path) for path, _ in plan.extras]),
            fix=f"leave --delete out, or {ANOTHER_CONTAINER}",
        )


def require_room(
    plan: Plan, volumes: Sequence[Volume], so_far: str, capabilities: Capabilities
) -> None:
    """Return when what is made and replaced has room in the pod.

    A few KiB of a backup can say that a file of many TiB is a hole; where the container's tar
    knows no holes, that many zeros are written.

    Args:
        plan: what would be done.
        volumes: those that it is done on, the innermost first.
        so_far: see `require_way`.
        capabilities: root may use what is reserved.

    Raises:
        PodCannotError: there is less room, or there are fewer inodes, than are needed.
    """
    is_root, unpacker = capabilities.uid == 0, capabilities.unpacker
    needed = plan.needed([one.path for one in volumes])
    for volume in volumes:
        size, count = needed[volume.path]
        space = volume.space
        if volume.kind in _COMPRESSING:
            # What they will need nobody can tell.
            continue
        where = f"the volume at {shown(volume.path)}" if volume.path else "the volume"
        free = None if space.free is None else space.free[0] + (space.reserved if is_root else 0)
        reason = ""
        if free is not None and size > free * 1024:
            reason = f"{-(-size // 1024):,} KiB are needed\n{space}"
        elif space.inodes is not None and space.inodes[1] > 0 and count > space.inodes[0]:
            reason = f"{count:,} inodes are needed\n{space}"
        if reason and plan.figures.filled:
            reason = f"{unpacker} can make no holes, so they are filled with zeros: {reason}"
        if reason:
            holes = (
                "; holes stay holes with GNU tar, bsdtar or toybox tar"
                if plan.figures.filled
                else ""
            )
            raise PodCannotError(
                f"{where} has no room for the backup; {so_far}",
                reason=reason,
                fix="make room there, restore less (--include, --exclude), or name another "
                f"container (-c CONTAINER){holes}",
            )
        # Last: where df knows of the limit (a volume in memory), nobody is evicted.
        _require_within(volume.limit, size, where, so_far)


def _require_within(limit: Limit | None, size: int, where: str, so_far: str) -> None:
    """Return when what is made stays below a limit of the pod.

    What stands there already is not counted: to measure it may take longer than the restore.
    """
    if limit is None or limit.size is None or size <= limit.size:
        return
    raise PodCannotError(
        f"{where} may not hold the backup; {so_far}",
        reason=f"{-(-size // 1024):,} KiB are needed, and {limit.what} is "
        f"{limit.size // 1024:,} KiB: the kubelet would evict the pod",
        fix="restore less (--include, --exclude), name a directory on another volume (-t PATH), or "
        "raise the limit and restore into the pod's successor",
    )


def require_check_sums(capabilities: Capabilities, request: RestoreRequest, container: str) -> None:
    """Return when contents need not be compared, or the container has a tool for that.

    Raises:
        PodCannotError: it has none.
    """
    if capabilities.algorithm is not None:
        return
    flag = ""
    if request.verify is Verification.CHECKSUM:
        flag = "--verify"
    if request.compare is Comparison.CHECKSUM:
        flag = "--compare"
    if flag:
        tools = ", ".join(Algorithm)
        raise PodCannotError(
            f"container {container} has no tool for checksums; nothing was changed",
            reason=f"{flag} checksum needs one of: {tools}",
            fix=f"leave {flag} checksum out, or name a container that has one: -c CONTAINER",
        )


def require_possible(
    request: RestoreRequest,
    questions: Questions,
    capabilities: Capabilities,
    plan: Plan,
    known: KnownVolumes,
    *,
    limits: Sequence[Limit],
    so_far: str,
    is_noted: bool,
) -> None:
    """Return when nothing keeps a plan from being carried out.

    Args:
        request: what the user wants.
        questions: ask which directories take nothing from us, and what room is left.
        capabilities: of the container.
        plan: what would be done.
        known: the volumes at the target and below it.
        limits: the container's.
        so_far: what became of the pod until now.
        is_noted: see `require_way`.

    Raises:
        InTheWayError: something is in the way.
        PodCannotError: something has to be made where we may make nothing, or there is no room.
    """
    inner = [one.path for one in known.mounts if one.path]
    require_no_mounts(plan, inner, request.command_leaving_out, so_far)
    require_way(
        plan,
        request.command_with("--force"),
        so_far,
        is_noted=is_noted,
        is_dry=request.dry_run,
    )
    require_devices(plan, capabilities, so_far, deletes=request.delete)
    require_tools_to_delete(plan, capabilities, so_far)
    closed = questions.closed(sorted(plan.touched.written_to))
    # Those whose mode the backup closes, and sets again in the end.
    ours = [path for path in closed if plan.sets_mode_of(path)]
    if ours and questions.opener.open_ours(ours, WRITTEN):
        closed = questions.closed(closed)
    others = [] if capabilities.uid in {0, None} else plan.touched.out_of_reach
    require_writable(request.target_path, capabilities.uid, closed, others, so_far)
    if plan.layout is not None and plan.count(Action.CREATE, Action.REPLACE):
        volumes = [
            replace(one, limit=limit_at(limits, _absolute(request.target_path, one.path)))
            for one in _volumes(questions, known, plan)
        ]
        require_room(plan, volumes, so_far, capabilities)


def _absolute(target: str, path: bytes) -> str:
    return f"{target}/{os.fsdecode(path)}"


def _volumes(questions: Questions, known: KnownVolumes, plan: Plan) -> list[Volume]:
    """Return the volumes that a plan writes to: the target's, and those that stand below it."""
    kinds = {one.path: one.kind for one in known.mounts}
    paths = [b"", *(path for path in kinds if path and plan.has_directory(path))]
    rooms = questions.rooms(paths)
    return [Volume(path, kinds.get(path, ""), rooms.get(path, Space())) for path in paths]
