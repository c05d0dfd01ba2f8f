"""An ephemeral container: what reaches the volumes of a container that has no shell.

It gets the volumes of the target container at the same paths, and its security context. What it
runs ends by itself; the container's entry stays in the Pod object for ever, which only a new pod
mends (Kubernetes, "Ephemeral Containers").
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kubectl_restore.cluster.helper_pod import Seen, State, is_hopeless
from kubectl_restore.cluster.pod import facts_of
from kubectl_restore.cluster.workload import is_below
from kubectl_restore.errors import PodCannotError
from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_restore.cluster.helper_pod import HelperPod

_NAME: Final = re.compile(r"restore-([0-9a-f]{6})-(\d{1,9})")
_WAIT: Final = (
    'i=0; until [ -e "$1" ] || [ "$i" -ge "$2" ]; do sleep 1; i=$((i+1)); done; rm -f "$1"'
)
"""Ends when it is told so, or after its time. By a file in the pod's memory, which each of its
containers has: no signal can be sent where the pod's containers share their processes."""


@dataclass(frozen=True, slots=True)
class Ephemeral:
    """One that is wanted, or that is there.

    Attributes:
        name: the container's.
        image: what it runs.
        custom: the rest of its entry, as `kubectl debug --custom` takes it.
        is_there: it runs already, since an earlier run was killed.
        seconds: after which it ends by itself.
    """

    name: str
    image: str
    custom: Mapping[str, Any]
    is_there: bool
    seconds: int

    @property
    def ending(self) -> str:
        """The file that ends it."""
        return f"/dev/shm/{self.name}.end"  # noqa: S108 - in the pod

    @property
    def command(self) -> list[str]:
        """What it runs: nothing, until it is told to end, or its time is over."""
        return ["sh", "-c", _WAIT, "sh", self.ending, str(self.seconds)]

    def to_end(self) -> list[str]:
        """Return what ends it, run in it."""
        return ["sh", "-c", ': >"$1"', "sh", self.ending]


def wanted(
    text: bytes, *, container: str, path: str, wish: HelperPod, seconds: int, at: str
) -> Ephemeral:
    """Return what reaches a directory of a container.

    Args:
        text: `kubectl get pod NAME -o json`.
        container: whose volumes are meant.
        path: the directory; on one of them.
        wish: image, user (without one it runs as the container does), and whether it only reads.
        seconds: after which it is to end by itself.
        at: flags that lead to the cluster and the namespace, for the fix, a blank before each.

    Raises:
        PodCannotError: the directory is on none, or on a part of one.
        ValueError, KeyError, TypeError, AttributeError, IndexError: this is no Pod object.
    """
    pod = json.loads(text)
    kinds = ("containers", "initContainers", "ephemeralContainers")
    entries = {one["name"]: one for kind in kinds for one in pod["spec"].get(kind) or ()}
    entry = entries[container]
    mounts = entry.get("volumeMounts") or []
    _require_reached(mounts, container, path, pod["metadata"]["name"], at)
    security = dict(entry.get("securityContext") or {})
    if wish.user is not None:
        security |= {"runAsUser": wish.user.uid, "runAsGroup": wish.user.gid}
    elif "runAsUser" not in security:
        security |= _user_there(pod, container)
    custom = {
        "imagePullPolicy": "IfNotPresent",
        "securityContext": security,
        "volumeMounts": [
            {**one, "readOnly": True} if wish.reads else one for one in mounts if not _part_of(one)
        ],
    }
    digest = hashlib.sha256(json.dumps([container, wish.image, custom]).encode()).hexdigest()[:6]
    numbers = [0]
    running = facts_of(pod).running
    for name in entries:
        found = _NAME.fullmatch(name)
        if found and found[1] == digest:
            numbers.append(int(found[2]))
    last = f"restore-{digest}-{max(numbers)}"
    # One that reads belongs to the run that added it.
    is_there = last in running and not wish.reads
    name = last if is_there else f"restore-{digest}-{max(numbers) + 1}"
    return Ephemeral(name, wish.image, custom, is_there, seconds)


def seen_container(text: bytes, name: str) -> Seen:
    """Read of `kubectl get pod NAME -o json` how far one of its containers is.

    Raises:
        ValueError, KeyError, TypeError, AttributeError, IndexError: this is no Pod object.
    """
    facts = facts_of(json.loads(text))
    why = facts.states.get(name, "")
    if facts.terminating or facts.phase in {"Succeeded", "Failed"} or why.startswith("terminated"):
        return Seen(State.ENDED, facts.uid, why or facts.why)
    if name in facts.running:
        return Seen(State.RUNNING, facts.uid)
    return Seen(State.STARTING, facts.uid, why, is_hopeless(why))


def _part_of(mount: Mapping[str, Any]) -> str:
    return str(mount.get("subPath") or mount.get("subPathExpr") or "")


def _require_reached(
    mounts: list[dict[str, Any]], container: str, path: str, pod: str, at: str
) -> None:
    above = [one for one in mounts if is_below(path, str(one["mountPath"]))]
    nearest = max(above, key=lambda one: len(str(one["mountPath"]).rstrip("/")), default=None)
    look = f"see what it has: kubectl{at} describe pod {pod}"
    if nearest is None:
        raise PodCannotError(
            f"no ephemeral container reaches {shown_text(path)} of container {container}",
            reason="it is on none of the container's volumes, and its own files are its alone",
            fix=f"name a directory of a volume with -t; {look}",
        )
    if _part_of(nearest):
        raise PodCannotError(
            f"no ephemeral container reaches {shown_text(path)} of container {container}",
            reason=f"it is {shown_text(_part_of(nearest))} of volume {nearest['name']} (a subPath),"
            " which the API does not let an ephemeral container mount",
            fix=f"restore into the claim itself: kubectl restore pvc/NAME --via helper; {look}",
        )


def _user_there(pod: Mapping[str, Any], container: str) -> dict[str, int]:
    """Return whom a container runs as, where the node has said so (Kubernetes 1.33 and newer)."""
    for one in (pod.get("status") or {}).get("containerStatuses") or ():
        if one["name"] == container:
            linux = (one.get("user") or {}).get("linux") or {}
            if "uid" in linux and "gid" in linux:
                return {"runAsUser": int(linux["uid"]), "runAsGroup": int(linux["gid"])}
    return {}
