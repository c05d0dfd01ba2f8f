"""Workloads of the embedded cluster: objects that have pods, without anybody who makes these."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.embedded.pods import EmbeddedPod

KINDS: Final = {
    "deployments": ("apps/v1", "Deployment"),
    "statefulsets": ("apps/v1", "StatefulSet"),
    "daemonsets": ("apps/v1", "DaemonSet"),
    "replicasets": ("apps/v1", "ReplicaSet"),
    "jobs": ("batch/v1", "Job"),
    "services": ("v1", "Service"),
    "persistentvolumeclaims": ("v1", "PersistentVolumeClaim"),
}
"""For each resource its API version and its kind."""


@dataclass(slots=True)
class Workloads:
    """What the cluster has beside its pods, by resource and name."""

    objects: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def add(
        self,
        resource: str,
        name: str,
        pods: Iterable[EmbeddedPod] = (),
        *,
        replicas: int | None = None,
        claim: str = "",
        namespace: str = "default",
    ) -> dict[str, Any]:
        """Add an object whose pods these are, and label them; `claim` is at their first mount."""
        version, kind = KINDS[resource]
        labels = {"app": name}
        made: dict[str, Any] = {
            "apiVersion": version,
            "kind": kind,
            "metadata": {
                "name": name,
                "namespace": namespace,
                "uid": str(uuid.uuid4()),
                "labels": labels,
            },
            "spec": {"selector": labels if kind == "Service" else {"matchLabels": labels}},
        }
        if replicas is not None:
            made["spec"]["replicas"] = replicas
        self.objects[resource, name] = made
        owner = made
        if resource == "deployments":
            owner = self.add("replicasets", f"{name}-abc", namespace=namespace)
            owner["metadata"]["labels"] = labels
            owner["metadata"]["ownerReferences"] = [reference(made)]
        if resource == "persistentvolumeclaims":
            made["spec"] = {"volumeMode": "Filesystem"}
            claim = name
        for pod in pods:
            pod.labels = labels
            pod.owners = [] if version == "v1" else [reference(owner)]
            pod.claim = claim
        return made

    def named(self, resource: str, name: str) -> dict[str, Any] | None:
        """Return an object; None where there is none."""
        return self.objects.get((resource, name))

    def listed(self, resource: str, selector: str) -> list[dict[str, Any]]:
        """Return those whose labels a selector of equalities selects."""
        return [
            one
            for (kind, _), one in self.objects.items()
            if kind == resource and selects(selector, one["metadata"]["labels"])
        ]


def reference(owner: dict[str, Any]) -> dict[str, Any]:
    """Return an owner reference to an object."""
    named = {"name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
    return {"apiVersion": owner["apiVersion"], "kind": owner["kind"], **named, "controller": True}


def selects(selector: str, labels: dict[str, str]) -> bool:
    """Tell whether a selector of equalities, `app=db,tier=back`, selects these labels."""
    wanted = [one.partition("=") for one in selector.split(",") if one]
    return all(labels.get(key) == value.lstrip("=") for key, _, value in wanted)
