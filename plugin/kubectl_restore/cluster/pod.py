"""What the cluster says about the pod before anything runs in it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from kubectl_restore.errors import InterruptedRestoreError, TargetError

_DEFAULT_CONTAINER: Final = "kubectl.kubernetes.io/default-container"


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


def parse_pod(text: bytes) -> PodFacts:
    """Read `kubectl get pod NAME -o json`.

    Raises:
        InterruptedRestoreError: this is no Pod object (a proxy's page, a cut answer).
    """
    try:
        pod: dict[str, Any] = json.loads(text)
        metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status", {})
        containers = tuple(one["name"] for one in spec["containers"])
        others = tuple(
            one["name"]
            for kind in ("initContainers", "ephemeralContainers")
            for one in spec.get(kind) or ()
        )
        named: Any = (metadata.get("annotations") or {}).get(_DEFAULT_CONTAINER)
        states: dict[str, str] = {}
        images: dict[str, str] = {}
        for kind in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
            for one in status.get(kind) or ():
                images[one["name"]] = str(one.get("imageID") or one.get("image") or "")
                state = one.get("state") or {}
                for word in ("waiting", "terminated"):
                    if word in state:
                        states[one["name"]] = f"{word}: {state[word].get('reason', 'no reason')}"
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
        )
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise InterruptedRestoreError(
            "the cluster's answer about the pod cannot be read",
            reason=f"{type(error).__name__} in the JSON of kubectl get pod",
            fix="kubectl get pod POD -o json",
        ) from error


def choose_container(facts: PodFacts, named: str | None) -> str:
    """Return the container to restore into, as kubectl would choose it.

    Raises:
        TargetError: there is no such container, or nothing can run in it now.
    """
    known = (*facts.containers, *facts.others)
    container = named if named is not None else facts.default
    if container not in known:
        raise TargetError(
            f"pod {facts.name} has no container {container}",
            reason=f"its containers: {', '.join(known)}",
            fix=f"name one of them: -c {facts.default}",
        )
    if facts.phase in {"Succeeded", "Failed"}:
        raise TargetError(
            f"pod {facts.name} has completed; nothing can run in it",
            reason=f"its phase is {facts.phase}",
            fix=f"restore into a running pod: kubectl get pods -n {facts.namespace}",
        )
    if container in facts.states:
        raise TargetError(
            f"container {container} of pod {facts.name} is not running",
            reason=f"it is {facts.states[container]}",
            fix=f"kubectl describe pod {facts.name} -n {facts.namespace}",
        )
    return container
