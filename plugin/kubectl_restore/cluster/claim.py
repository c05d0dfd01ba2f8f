"""Which pod, container and directory a claim means: one that mounts it.

All pods that mount a claim see one volume, so the first that is ready will do.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kubectl_restore.cluster.workload import Choice, Workload, is_below, live, reading
from kubectl_restore.errors import NoDirectoryError, NoPodError, PodCannotError
from kubectl_restore.text import counted, shown_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_restore.cluster.target import Target


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
        return Workload("", namespace=str(found["metadata"]["namespace"]))


def choose_mount(
    target: Target, text: bytes, *, path: str | None, container: str | None, at: str
) -> Choice:
    """Return the pod, the container and the directory by which a claim is written to.

    Args:
        target: the claim.
        text: `kubectl get pods -o json` of its namespace.
        path: where in the container the backup goes, as somebody named it: on the claim.
        container: as somebody named it.
        at: flags that lead to the cluster and the namespace, for the fix, a blank before each.

    Raises:
        NoPodError: no pod that runs mounts the claim.
        NoDirectoryError: those that do have it somewhere else, or a part of it only.
        InterruptedRestoreError: the answer cannot be read.
    """
    with reading(target):
        items = json.loads(text)["items"]
        mounting = live(one for one in items if any(True for _ in _mounts(one, target.name)))
        found = [(facts, list(_mounts(pod, target.name))) for facts, pod in mounting]
    if not found:
        raise NoPodError(
            f"no pod that runs mounts {target}",
            reason="a restore goes through a container that mounts it",
            fix=f"start what uses it, or a pod for it: {_helper(target.name, at)}",
        )
    for facts, mounts in found:
        usable = [one for one in mounts if not one.part and container in {None, one.container}]
        usable = [one for one in usable if path is None or is_below(path, one.path)]
        # Where it can be written to first; then kubectl's default container.
        usable.sort(key=lambda one: (one.read_only, one.container != facts.default))
        if usable:
            how = "mounts it" if len(found) == 1 else f"the first of {len(found)} that mount it"
            chosen = usable[0]
            where = path or chosen.path
            return Choice(facts, f"{how}: {target}", chosen.container, where)
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
        fix=f"name pod, container and directory: kubectl{at} describe pod {facts.name}",
    )


def _mounts(pod: dict[str, Any], claim: str) -> Iterator[Mount]:
    """Yield where a pod's containers have a claim."""
    volumes: dict[str, bool] = {}
    for one in pod["spec"].get("volumes") or ():
        source = one.get("persistentVolumeClaim") or {}
        # The claim of a generic ephemeral volume is called so (pkg/controller/volume/ephemeral).
        own = f"{pod['metadata']['name']}-{one['name']}" if one.get("ephemeral") else None
        if claim in {source.get("claimName"), own}:
            volumes[one["name"]] = bool(source.get("readOnly"))
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


def _helper(claim: str, at: str) -> str:
    """Return the command that starts a pod with the claim at /data."""
    mount = {"name": "claim", "mountPath": "/data"}
    container = {
        "name": "restore",
        "image": "busybox:stable",
        "command": ["sleep", "86400"],
        "volumeMounts": [mount],
    }
    volume = {"name": "claim", "persistentVolumeClaim": {"claimName": claim}}
    overrides = {"spec": {"containers": [container], "volumes": [volume]}}
    return (
        f"kubectl{at} run restore --image=busybox:stable --restart=Never "
        f"--overrides='{json.dumps(overrides, separators=(',', ':'))}'"
    )
