"""What the cluster says about the pod before anything runs in it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from kubectl_restore.cluster.labels import RUNS, is_helper
from kubectl_restore.cluster.limits import Limit, limits_of
from kubectl_restore.cluster.location import MountedVolume, volumes_of
from kubectl_restore.errors import (
    CompletedError,
    InterruptedRestoreError,
    NoContainerError,
    NotReadyError,
)
from kubectl_restore.text import shown

DEFAULT_CONTAINER: Final = "kubectl.kubernetes.io/default-container"


@dataclass(frozen=True, slots=True)
class PodFacts:
    """The part of a Pod object that a restore needs."""

    name: str
    namespace: str
    uid: str
    phase: str
    containers: tuple[str, ...]
    others: tuple[str, ...]
    """Init and ephemeral containers."""
    default: str
    terminating: bool
    states: dict[str, str]
    """For each container that is not running: why (`waiting: CrashLoopBackOff`)."""
    images: dict[str, str] = field(default_factory=dict)
    """For each container its image, by its digest where the status has that."""
    running: frozenset[str] = frozenset()
    """The containers that run, as far as the node has said."""
    limits: dict[str, tuple[Limit, ...]] = field(default_factory=dict)
    """For each container what may stand where on the node's disk."""
    volumes: dict[str, tuple[MountedVolume, ...]] = field(default_factory=dict)
    """For each container what it mounts."""
    why: str = ""
    """Why the pod is in this phase, in the cluster's words; safe to print."""
    is_helper: bool = False
    """It is a pod of ours, which is not needed when a restore has succeeded."""
    runs: str = ""
    """Of such a one: which image, as whom."""
    claims: frozenset[str] = frozenset()
    """The names of those that it has."""


def parse_pod(text: bytes) -> PodFacts:
    """Read `kubectl get pod NAME -o json`.

    Raises:
        InterruptedRestoreError: this is no Pod object (a proxy's page, a cut answer).
    """
    try:
        return facts_of(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise InterruptedRestoreError(
            "the cluster's answer about the pod cannot be read",
            reason=f"{type(error).__name__} in the JSON of kubectl get pod",
            fix="kubectl get pod POD -o json",
        ) from error


def facts_of(pod: dict[str, Any]) -> PodFacts:
    """Return what a Pod object says.

    Raises:
        KeyError, TypeError, AttributeError, IndexError: this is no Pod object.
    """
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status", {})
    containers = tuple(one["name"] for one in spec["containers"])
    others = tuple(
        one["name"]
        for kind in ("initContainers", "ephemeralContainers")
        for one in spec.get(kind) or ()
    )
    named: Any = (metadata.get("annotations") or {}).get(DEFAULT_CONTAINER)
    states: dict[str, str] = {}
    images: dict[str, str] = {}
    running: set[str] = set()
    for kind in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for one in status.get(kind) or ():
            images[one["name"]] = str(one.get("imageID") or one.get("image") or "")
            state = one.get("state") or {}
            if "running" in state:
                running.add(one["name"])
            for word in ("waiting", "terminated"):
                if word in state:
                    states[one["name"]] = f"{word}: {_why(state[word]) or 'no reason'}"
    return PodFacts(
        name=metadata["name"],
        namespace=metadata["namespace"],
        uid=metadata["uid"],
        phase=status.get("phase", "Unknown"),
        containers=containers,
        others=others,
        default=named if named in containers else containers[0],
        terminating="deletionTimestamp" in metadata,
        states=states,
        images=images,
        running=frozenset(running),
        limits={name: _limits(pod, name) for name in (*containers, *others)},
        volumes={name: _volumes(pod, name) for name in (*containers, *others)},
        why=_why(status) or _not_scheduled(status),
        is_helper=is_helper(pod),
        runs=str((metadata.get("annotations") or {}).get(RUNS, "")) if is_helper(pod) else "",
        claims=frozenset(
            str(source["claimName"])
            for one in spec.get("volumes") or ()
            if "claimName" in (source := one.get("persistentVolumeClaim") or {})
        ),
    )


def _limits(pod: dict[str, Any], container: str) -> tuple[Limit, ...]:
    """Return a container's limits; none where the object has them in a form that nobody knows."""
    try:
        return limits_of(pod, container)
    except (KeyError, TypeError, AttributeError):
        return ()


def _volumes(pod: dict[str, Any], container: str) -> tuple[MountedVolume, ...]:
    """Return what a container mounts; none where the object has it in a form nobody knows."""
    try:
        return volumes_of(pod, container)
    except (KeyError, TypeError, AttributeError):
        return ()


def _why(status: dict[str, Any]) -> str:
    """Return the reason and the message that a part of a status has."""
    words = [str(status[key]) for key in ("reason", "message") if status.get(key)]
    return shown(": ".join(words).encode("utf-8", "surrogateescape")) if words else ""


def _not_scheduled(status: dict[str, Any]) -> str:
    """Return why a pod has no node yet; empty when it has one."""
    for one in status.get("conditions") or ():
        if one.get("type") == "PodScheduled" and one.get("status") != "True":
            return _why(one)
    return ""


def choose_container(
    facts: PodFacts, named: str | None, at: str = "", *, is_entered: bool = True
) -> str:
    """Return the container to restore into, as kubectl would choose it.

    Args:
        facts: of the pod.
        named: as the user named it.
        at: flags that lead to the cluster and the namespace, for the fix, a blank before each.
        is_entered: something is to run in it; otherwise only in the pod.

    Raises:
        TargetError: there is no such container, or nothing can run in it now.
        InterruptedRestoreError: nobody knows, for the pod's node is lost.
    """
    at = at or f" -n {facts.namespace}"
    describe = f"kubectl{at} describe pod {facts.name}"
    known = (*facts.containers, *facts.others)
    container = named if named is not None else facts.default
    if container not in known:
        raise NoContainerError(
            f"pod {facts.name} has no container {container}",
            reason=f"its containers: {', '.join(known)}",
            fix=f"name one of them: -c {facts.default}",
        )
    if facts.phase in {"Succeeded", "Failed"}:
        raise CompletedError(
            f"pod {facts.name} has completed; nothing can run in it",
            reason=f"its phase is {facts.phase}" + (f"; {facts.why}" if facts.why else ""),
            fix=f"restore into a running pod: kubectl{at} get pods",
        )
    if facts.phase == "Unknown" or facts.why.startswith("NodeLost"):
        raise InterruptedRestoreError(
            f"the cluster has lost the node of pod {facts.name}",
            reason=f"its phase is {facts.phase}" + (f"; {facts.why}" if facts.why else ""),
            fix=f"kubectl{at} get nodes, then run the same command again",
        )
    if container in facts.states and is_entered:
        raise NotReadyError(
            f"container {container} of pod {facts.name} is not running",
            reason=f"it is {facts.states[container]}",
            fix=describe,
        )
    if is_entered and facts.phase == "Pending" and container not in facts.running:
        raise NotReadyError(
            f"pod {facts.name} has not started yet",
            reason=facts.why or "it is Pending, and its node has not said anything about it",
            fix=f"{describe}, then run the same command again",
        )
    return container
