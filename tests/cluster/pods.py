"""The pods that the tests restore into, and the few steps that bring them there.

Everything goes through kubectl and a kubeconfig, so that it works on any cluster that has the
images (images.py). A pod is called as its kind is.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

JSON: TypeAlias = "str | int | bool | Sequence[JSON] | Mapping[str, JSON] | None"

VOLUME: Final = "/data"
"""Where every container has an empty volume of its own."""

_BUSYBOX: Final = "restore.test/busybox:latest"
_DEBIAN: Final = "restore.test/debian:latest"
_STATIC: Final = "restore.test/static:latest"
_FOREVER: Final = ("sleep", "infinity")
_USER: Final = 1000
_RESTRICTED: Final[Mapping[str, JSON]] = {
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
}
_NON_ROOT: Final[Mapping[str, JSON]] = {
    "runAsNonRoot": True,
    "runAsUser": _USER,
    "runAsGroup": _USER,
    "fsGroup": _USER,
}


class PodsError(Exception):
    """The pods did not become what they should be."""


@dataclass(frozen=True, slots=True)
class Container:
    """One container.

    Attributes:
        name: its name.
        image: its image, which the node already has.
        command: what it runs; nothing for what the image says.
        security: its security context.
    """

    name: str
    image: str
    command: tuple[str, ...] = _FOREVER
    security: Mapping[str, JSON] = field(default_factory=dict)

    def manifest(self, volume: str) -> Mapping[str, JSON]:
        """Return the container's part of a pod."""
        return {
            "name": self.name,
            "image": self.image,
            "imagePullPolicy": "Never",
            **({"command": list(self.command)} if self.command else {}),
            "volumeMounts": [{"name": volume, "mountPath": VOLUME}],
            "securityContext": self.security,
        }


@dataclass(frozen=True, slots=True)
class Pod:
    """One kind of pod.

    Attributes:
        kind: the kind's name, and the pod's.
        containers: at least one; the first is kubectl's default.
        security: the pod's security context.
        completes: whether it ends by itself, with success.
    """

    kind: str
    containers: tuple[Container, ...]
    security: Mapping[str, JSON] = field(default_factory=dict)
    completes: bool = False

    def manifest(self) -> Mapping[str, JSON]:
        """Return what `kubectl apply` takes."""
        volumes = {container.name: f"data-{container.name}" for container in self.containers}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": self.kind, "labels": {"restore.test/kind": self.kind}},
            "spec": {
                "hostNetwork": True,
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "terminationGracePeriodSeconds": 0,
                "restartPolicy": "Never" if self.completes else "Always",
                "securityContext": self.security,
                "containers": [
                    container.manifest(volumes[container.name]) for container in self.containers
                ],
                "volumes": [{"name": volume, "emptyDir": {}} for volume in volumes.values()],
            },
        }


PODS: Final = (
    Pod("busybox", (Container("app", _BUSYBOX),)),
    Pod("debian", (Container("app", _DEBIAN),)),
    Pod("static", (Container("app", _STATIC, command=()),)),
    Pod("nonroot-gnu", (Container("app", _DEBIAN, security=_RESTRICTED),), _NON_ROOT),
    Pod("nonroot-busybox", (Container("app", _BUSYBOX, security=_RESTRICTED),), _NON_ROOT),
    Pod("two", (Container("app", _BUSYBOX), Container("side", _DEBIAN))),
    Pod("completed", (Container("app", _BUSYBOX, command=("true",)),), completes=True),
)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that a kubeconfig names.

    Attributes:
        kubeconfig: the path of the kubeconfig.
        program: the kubectl to use.
    """

    kubeconfig: Path
    program: str = "kubectl"

    def argv(self, *words: str) -> list[str]:
        """Return a kubectl command line for this cluster."""
        return [self.program, "--kubeconfig", str(self.kubeconfig), *words]

    def run(self, *words: str, stdin: str = "") -> str:
        """Run kubectl and return what it prints.

        Raises:
            PodsError: it failed.
        """
        done = subprocess.run(
            self.argv(*words), input=stdin, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise PodsError(f"kubectl {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout


def create_namespace(cluster: Cluster, namespace: str, patience: float = 30.0) -> None:
    """Create a namespace, and wait until pods can be made in it."""
    cluster.run("create", "namespace", namespace)
    deadline = time.monotonic() + patience
    account = ("get", "serviceaccount", "default", f"--namespace={namespace}")
    while not cluster.run(*account, "--ignore-not-found", "--output=name"):
        if time.monotonic() > deadline:
            raise PodsError(f"namespace {namespace} has no service account after {patience:.0f} s")
        time.sleep(0.1)


def apply(cluster: Cluster, namespace: str, pods: Sequence[Pod] = PODS) -> None:
    """Make pods in a namespace, without waiting."""
    manifests = {"apiVersion": "v1", "kind": "List", "items": [pod.manifest() for pod in pods]}
    cluster.run("apply", f"--namespace={namespace}", "--filename=-", stdin=json.dumps(manifests))


def wait(
    cluster: Cluster, namespace: str, pods: Sequence[Pod] = PODS, patience: float = 90.0
) -> None:
    """Wait until each pod is as expected: ready, or completed.

    Raises:
        PodsError: one is not in time; the text says what each is instead, with its events.
    """
    deadline = time.monotonic() + patience
    while True:
        listed = json.loads(cluster.run("get", "pods", f"--namespace={namespace}", "--output=json"))
        states = {item["metadata"]["name"]: _state(item) for item in listed["items"]}
        wrong = {
            pod.kind: states.get(pod.kind, "missing")
            for pod in pods
            if states.get(pod.kind) != ("Succeeded" if pod.completes else "Ready")
        }
        if not wrong:
            return
        if time.monotonic() > deadline:
            break
        time.sleep(0.3)
    events = cluster.run("get", "events", f"--namespace={namespace}")
    raise PodsError(f"after {patience:.0f} s: {wrong}\n{events}")


def delete_namespace(cluster: Cluster, namespace: str) -> None:
    """Delete a namespace and all that is in it, and wait until it is gone."""
    cluster.run("delete", "namespace", namespace, "--ignore-not-found", "--timeout=90s")


def _state(item: Mapping[str, JSON]) -> str:
    """Return Ready, or the pod's phase."""
    status = item["status"]
    if not isinstance(status, Mapping):
        return "Unknown"
    conditions = status.get("conditions")
    if isinstance(conditions, Sequence):
        for condition in conditions:
            if isinstance(condition, Mapping) and condition.get("type") == "Ready":
                return "Ready" if condition.get("status") == "True" else str(status.get("phase"))
    return str(status.get("phase"))
