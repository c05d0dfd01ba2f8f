"""Which pod, container and directory a claim means: one that mounts it, or a helper pod.

All pods that mount a claim see one volume, so the first that is ready will do.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from kubectl_restore.cluster.helper_pod import MOUNT, HelperPod
from kubectl_restore.cluster.labels import is_helper, is_ours, is_readers
from kubectl_restore.cluster.via import Via
from kubectl_restore.cluster.workload import (
    Choice,
    Workload,
    has_ended,
    is_below,
    live,
    reading,
)
from kubectl_restore.errors import NoDirectoryError, NoPodError, PodCannotError, TakenError
from kubectl_restore.text import counted, shown_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kubectl_restore.cluster.pod import PodFacts
    from kubectl_restore.cluster.target import Target

_ONE_NODE: Final = "ReadWriteOnce"
_ONE_POD: Final = "ReadWriteOncePod"
_READS: Final = "ReadOnlyMany"


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a container has the claim.

    Attributes:
        container: its name.
        path: where it stands in it.
        part: of the claim; empty for the whole.
        read_only: nothing can be written there.
    """

    container: str
    path: str
    part: str
    read_only: bool


def parse_claim(target: Target, text: bytes) -> Workload:
    """Read `kubectl get pvc NAME -o json`: any pod of its namespace may mount it.

    Raises:
        PodCannotError: it is a bare device.
        InterruptedRestoreError: `text` is no claim.
    """
    with reading(target):
        found = json.loads(text)
        if found["spec"].get("volumeMode") == "Block":
            raise PodCannotError(
                f"{target} is a bare device, and an archive goes into a file system",
                reason="its volumeMode is Block",
                fix=f"kubectl describe pvc {target.name}",
            )
        modes = frozenset(map(str, found["spec"].get("accessModes") or ()))
        return Workload("", namespace=str(found["metadata"]["namespace"]), modes=modes)


def choose_mount(
    target: Target,
    claim: Workload,
    text: bytes,
    *,
    path: str | None,
    container: str | None,
    wish: HelperPod,
    via: Via,
    at: str,
) -> Choice | HelperPod:
    """Return the pod, the container and the directory by which a claim is written to.

    Args:
        target: the claim.
        claim: what its object says.
        text: `kubectl get pods -o json` of its namespace.
        path: where in the container the backup goes, as somebody named it: on the claim.
        container: as somebody named it.
        wish: what a helper pod would be.
        via: how the claim is to be reached.
        at: flags that lead to the cluster and the namespace, for the fix, a blank before each.

    Returns:
        The choice; or the helper pod that has to be made first.

    Raises:
        NoPodError: no pod that runs mounts the claim, and none may be made.
        NoDirectoryError: those that do have it somewhere else, or a part of it only.
        TakenError: a pod has the claim for itself.
        InterruptedRestoreError: the answer cannot be read.
    """
    with reading(target):
        items = json.loads(text)["items"]
        mounting = live(
            one
            for one in items
            if not is_readers(one) and any(True for _ in _mounts(one, target.name))
        )
        helpers = [pair for pair in mounting if is_helper(pair[1])]
        others = [pair for pair in mounting if not is_helper(pair[1])]
        ready = [pair for pair in helpers if pair[0].running]
        # One that a broken run has left knows what was in flight.
        found = ready if via is Via.HELPER else [*ready, *others]
        if not found and via is Via.EXEC:
            raise NoPodError(
                f"no pod that runs mounts {target}",
                reason="a restore goes through a container that mounts it, and --via exec makes "
                "no helper pod",
                fix="start what uses it, or leave --via out: a helper pod is made then",
            )
        if not found:
            return _wanted(target, claim, wish, others, path=path, at=at)
        by_pod = [(facts, list(_mounts(pod, target.name))) for facts, pod in found]
    return _chosen(target, by_pod, path=path, container=container, at=at)


def _wanted(
    target: Target,
    claim: Workload,
    wish: HelperPod,
    others: Sequence[tuple[PodFacts, dict[str, Any]]],
    *,
    path: str | None,
    at: str,
) -> HelperPod:
    """Return the helper pod that has to be made; see `choose_mount`."""
    if path is not None and not is_below(path, wish.mount):
        raise NoDirectoryError(
            f"{target} does not stand where it is wanted",
            reason=f"a helper pod has it at {wish.mount}, and {shown_text(path)} is not below that",
            fix=f"leave -t out, or name a directory of the claim: -t {MOUNT}/DIRECTORY",
        )
    if claim.modes == {_READS} and not wish.reads:
        raise PodCannotError(
            f"{target} can only be read",
            reason=f"its access mode is {_READS}",
            fix=f"kubectl{at} describe pvc {target.name}",
        )
    wish = replace(wish, claim=target.name)
    if not others:
        return wish
    facts, pod = others[0]
    if _ONE_POD in claim.modes:
        raise TakenError(
            f"pod {facts.name} has {target} for itself",
            reason=f"its access mode is {_ONE_POD}: no other pod can mount it meanwhile",
            fix="leave --via helper out: the restore goes through that pod then",
        )
    node = str(pod["spec"].get("nodeName") or "")
    if claim.modes - {_READS} != {_ONE_NODE} or not node:
        return wish
    return replace(wish, node=node, tolerations=tuple(pod["spec"].get("tolerations") or ()))


def _chosen(
    target: Target,
    found: Sequence[tuple[PodFacts, Sequence[Mount]]],
    *,
    path: str | None,
    container: str | None,
    at: str,
) -> Choice:
    """Return the first pod and container that has the claim where it is wanted."""
    for facts, mounts in found:
        usable = [one for one in mounts if not one.part and container in {None, one.container}]
        usable = [one for one in usable if path is None or is_below(path, one.path)]
        # Where it can be written to first; then kubectl's default container.
        usable.sort(key=lambda one: (one.read_only, one.container != facts.default))
        if usable:
            how = "mounts it" if len(found) == 1 else f"the first of {len(found)} that mount it"
            chosen = usable[0]
            where = path or chosen.path
            return Choice(facts, f"{how}: {target}", chosen.container, where, chosen.path)
    facts, mounts = found[0]
    there = [
        f"{one.path} of container {one.container}" + (f" (only {one.part} of it)" * bool(one.part))
        for one in mounts
    ]
    raise NoDirectoryError(
        f"{target} does not stand where it is wanted",
        reason=shown_text(
            f"{counted(len(found), 'pod')} with it; pod {facts.name} has it at {', '.join(there)}"
        ),
        fix=f"to remove that helper pod: kubectl restore status{at} --cleanup"
        if facts.is_helper
        else f"name pod, container and directory: kubectl{at} describe pod {facts.name}",
    )


def pods_with(target: Target, text: bytes) -> list[dict[str, Any]]:
    """Return the pods of others that have a claim and have not ended, those that end too.

    Args:
        target: the claim.
        text: `kubectl get pods -o json` of its namespace.

    Raises:
        InterruptedRestoreError: the answer cannot be read.
    """
    with reading(target):
        items: list[dict[str, Any]] = json.loads(text)["items"]
        found = (one for one in items if not (has_ended(one) or is_ours(one)))
        return [one for one in found if _volumes(one, target.name)]


def _volumes(pod: dict[str, Any], claim: str) -> dict[str, bool]:
    """Return the volumes of a pod that are a claim, and whether they are read-only."""
    volumes: dict[str, bool] = {}
    for one in pod["spec"].get("volumes") or ():
        source = one.get("persistentVolumeClaim") or {}
        # The claim of a generic ephemeral volume is called so (pkg/controller/volume/ephemeral).
        own = f"{pod['metadata']['name']}-{one['name']}" if one.get("ephemeral") else None
        if claim in {source.get("claimName"), own}:
            volumes[one["name"]] = bool(source.get("readOnly"))
    return volumes


def _mounts(pod: dict[str, Any], claim: str) -> Iterator[Mount]:
    """Yield where a pod's containers have a claim."""
    volumes = _volumes(pod, claim)
    for container in pod["spec"]["containers"]:
        for mount in container.get("volumeMounts") or ():
            path = str(mount["mountPath"]).rstrip("/")
            # What no target path can be (cli/reading.py) is none here either.
            if mount["name"] in volumes and path.isprintable() and ".." not in path.split("/"):
                yield Mount(
                    container["name"],
                    path or "/",
                    str(mount.get("subPath") or mount.get("subPathExpr") or ""),
                    volumes[mount["name"]] or bool(mount.get("readOnly")),
                )
