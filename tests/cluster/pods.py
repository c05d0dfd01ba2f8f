"""The pods that the tests restore into, and the few steps that bring them there.

Everything goes through kubectl and a kubeconfig, so that it works on any cluster that has the
images (images.py). A pod is called as its kind is.
"""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tests.refusals import PROFILES, REFUSING, profile_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

JSON: TypeAlias = "str | int | bool | Sequence[JSON] | Mapping[str, JSON] | None"

VOLUME: Final = "/data"
"""Where every container has an empty volume: the one that it names, or one of its own."""

READY: Final = "Ready"
SUCCEEDED: Final = "Succeeded"
INITIALIZING: Final = "Initializing"
TERMINATING: Final = "Terminating"

_BSDTAR: Final = "restore.test/bsdtar:latest"
_BUSYBOX: Final = "restore.test/busybox:latest"
_DEBIAN: Final = "restore.test/debian:latest"
_STATIC: Final = "restore.test/static:latest"
_TOYBOX: Final = "restore.test/toybox:latest"
_FOREVER: Final = ("sleep", "100000000")
"""Neither toybox nor older busyboxes sleep to infinity."""

_DEAF: Final = ("sh", "-c", "trap '' TERM; trap exit USR1; sleep 100000000 & wait")
"""Ends by a signal that no cluster sends: a kubelet that waits for its end hears of no change."""

_TOOLS: Final = "/tools"
"""Where a container's PATH leads that has some tools only."""
_TOOLS_MOUNT: Final[Mapping[str, JSON]] = {"name": "tools", "mountPath": _TOOLS}
_NO_IMAGE: Final = "ErrImageNeverPull"
_LITTLE: Final = "64Mi"
_HOUR: Final = 3600
_USER: Final = 1000
_AS_USER: Final[Mapping[str, JSON]] = {"runAsUser": _USER, "runAsGroup": _USER}
_NO_CAPABILITIES: Final[Mapping[str, JSON]] = {"capabilities": {"drop": ["ALL"]}}
_RESTRICTED: Final[Mapping[str, JSON]] = {
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    **_NO_CAPABILITIES,
}
_NON_ROOT: Final[Mapping[str, JSON]] = {
    **_AS_USER,
    "runAsNonRoot": True,
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
        volume_of: the container whose volume it has; itself when empty.
        read_only: its volume cannot be written to.
        memory: how much it may use; any amount when empty.
        tools: what is in its PATH, by name, with the program of the image that it is; when empty,
            all that the image has.
    """

    name: str
    image: str
    command: tuple[str, ...] = _FOREVER
    security: Mapping[str, JSON] = field(default_factory=dict)
    volume_of: str = ""
    read_only: bool = False
    memory: str = ""
    tools: Mapping[str, str] = field(default_factory=dict)

    @property
    def volume(self) -> str:
        """The name of the volume that it has at /data."""
        return f"data-{self.volume_of or self.name}"

    def manifest(self) -> Mapping[str, JSON]:
        """Return the container's part of a pod."""
        mount: Mapping[str, JSON] = {
            "name": self.volume,
            "mountPath": VOLUME,
            "readOnly": self.read_only,
        }
        if self.tools:
            return self._manifest([mount, _TOOLS_MOUNT], env=[{"name": "PATH", "value": _TOOLS}])
        return self._manifest([mount])

    def filler(self) -> Mapping[str, JSON]:
        """Return the init container that lays out its tools."""
        links = [f"ln -s {program} {_TOOLS}/{name}" for name, program in self.tools.items()]
        words: JSON = ["/bin/sh", "-c", " && ".join(links)]
        return {**self._manifest([_TOOLS_MOUNT]), "name": "tools", "command": words}

    def _manifest(self, mounts: list[JSON], **more: JSON) -> Mapping[str, JSON]:
        return {
            "name": self.name,
            "image": self.image,
            "imagePullPolicy": "Never",
            **({"command": list(self.command)} if self.command else {}),
            **({"resources": {"limits": {"memory": self.memory}}} if self.memory else {}),
            "volumeMounts": mounts,
            "securityContext": self.security,
            **more,
        }


@dataclass(frozen=True, slots=True)
class Pod:
    """One kind of pod.

    Attributes:
        kind: the kind's name, and the pod's.
        containers: at least one; the first is kubectl's default.
        security: the pod's security context.
        initial: the init containers.
        helper: an ephemeral container.
        tmpfs: the size of its volumes when they are in memory.
        grace: how many seconds it may take to end.
        becomes: what it is in the end: ready, succeeded, initializing or terminating.
        optional: whether a cluster may lack its image.
    """

    kind: str
    containers: tuple[Container, ...]
    security: Mapping[str, JSON] = field(default_factory=dict)
    initial: tuple[Container, ...] = ()
    helper: Container | None = None
    tmpfs: str = ""
    grace: int = 0
    becomes: str = READY
    optional: bool = False

    def container(self, name: str) -> Container:
        """Return a container of any sort by its name."""
        helpers = () if self.helper is None else (self.helper,)
        every: tuple[Container, ...] = (*self.containers, *self.initial, *helpers)
        return next(container for container in every if container.name == name)

    def manifest(self) -> Mapping[str, JSON]:
        """Return what `kubectl apply` takes; the helper comes later."""
        empty = {"medium": "Memory", "sizeLimit": self.tmpfs} if self.tmpfs else {}
        lean = [one.filler() for one in self.containers if one.tools]
        volumes = {container.volume: empty for container in self.containers}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": self.kind, "labels": {"restore.test/kind": self.kind}},
            "spec": {
                "hostNetwork": True,
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "terminationGracePeriodSeconds": self.grace,
                "restartPolicy": "Never" if self.becomes == SUCCEEDED else "Always",
                "securityContext": self.security,
                "initContainers": [*(one.manifest() for one in self.initial), *lean],
                "containers": [container.manifest() for container in self.containers],
                "volumes": [
                    {"name": name, "emptyDir": kind}
                    for name, kind in (volumes | {"tools": {}} if lean else volumes).items()
                ],
            },
        }


def _simple(
    kind: str, image: str, *, memory: str = "", tmpfs: str = "", optional: bool = False
) -> Pod:
    """Return a pod of one container, as root."""
    return Pod(kind, (Container("app", image, memory=memory),), tmpfs=tmpfs, optional=optional)


def _restricted(kind: str, image: str) -> Pod:
    """Return a pod of one container, as its namespace may ask for it."""
    return Pod(kind, (Container("app", image, security=_RESTRICTED),), _NON_ROOT)


def refusing(kind: str, image: str, refused: Mapping[str, str]) -> Pod:
    """Return a pod of one container, as root, some of whose calls are answered by the kernel."""
    profile = f"{PROFILES}/{profile_name(refused)}"
    seccomp: Mapping[str, JSON] = {"type": "Localhost", "localhostProfile": profile}
    return Pod(kind, (Container("app", image),), {"seccompProfile": seccomp})


PODS: Final = (
    _simple("busybox", _BUSYBOX),
    _simple("busybox-old", "restore.test/busybox-old:latest", optional=True),
    _simple("busybox-new", "restore.test/busybox-new:latest", optional=True),
    _simple("busybox-nodd", "restore.test/busybox-nodd:latest"),
    _simple("debian", _DEBIAN),
    _simple("nodd", "restore.test/nodd:latest"),
    _simple("lean", "restore.test/lean:latest"),
    _simple("notar", "restore.test/notar:latest"),
    _simple("notar-busybox", "restore.test/notar-busybox:latest"),
    _simple("uutils-new", "restore.test/uutils-new:latest", optional=True),
    _simple("bash-sh", "restore.test/bash-sh:latest"),
    _simple("bsdtar", _BSDTAR),
    _simple("toybox", _TOYBOX),
    Pod("tar-only", (Container("app", "restore.test/tar-only:latest", command=()),)),
    Pod("static", (Container("app", _STATIC, command=()),)),
    _restricted("nonroot-gnu", _DEBIAN),
    _restricted("nonroot-busybox", _BUSYBOX),
    _restricted("nonroot-bsdtar", _BSDTAR),
    _restricted("nonroot-toybox", _TOYBOX),
    Pod("no-capabilities", (Container("app", _DEBIAN, security=_NO_CAPABILITIES),)),
    Pod(
        "foreign-target",
        (Container("app", _DEBIAN, security=_AS_USER),),
        initial=(
            Container(
                "prepare",
                _DEBIAN,
                command=("sh", "-c", f"chown 0:0 {VOLUME} && chmod 755 {VOLUME}"),
                volume_of="app",
            ),
        ),
    ),
    Pod("read-only-mount", (Container("app", _DEBIAN, read_only=True),)),
    _simple("tmpfs", _DEBIAN, tmpfs="16Mi"),
    _simple("tmpfs-busybox", _BUSYBOX, tmpfs="16Mi"),
    _simple("tmpfs-bsdtar", _BSDTAR, tmpfs="16Mi"),
    _simple("tmpfs-toybox", _TOYBOX, tmpfs="16Mi"),
    _simple("small-memory", _DEBIAN, memory=_LITTLE),
    _simple("small-memory-busybox", _BUSYBOX, memory=_LITTLE),
    Pod("two", (Container("app", _BUSYBOX), Container("side", _DEBIAN))),
    Pod(
        "init",
        (Container("app", _DEBIAN),),
        initial=(Container("prepare", _DEBIAN, volume_of="app"),),
        becomes=INITIALIZING,
    ),
    Pod(
        "ephemeral",
        (Container("app", _DEBIAN),),
        helper=Container("helper", _DEBIAN, volume_of="app"),
    ),
    Pod(
        "terminating",
        (Container("app", _DEBIAN, command=_DEAF),),
        grace=_HOUR,
        becomes=TERMINATING,
    ),
    Pod("completed", (Container("app", _BUSYBOX, command=("true",)),), becomes=SUCCEEDED),
    *(refusing(kind.name, f"restore.test/{kind.tar}:latest", kind.refused) for kind in REFUSING),
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
    for pod in pods:
        if pod.helper is not None:
            _add_helper(cluster, namespace, pod.kind, pod.helper)


def wait(
    cluster: Cluster, namespace: str, pods: Sequence[Pod] = PODS, patience: float = 120.0
) -> frozenset[str]:
    """Wait until each pod is what it becomes, and return the kinds that the cluster cannot have.

    Raises:
        PodsError: one is not in time; the text says what each is instead, with its events.
    """
    deadline = time.monotonic() + patience
    lacking: set[str] = set()
    dying: set[str] = set()
    while True:
        listed = json.loads(cluster.run("get", "pods", f"--namespace={namespace}", "--output=json"))
        states = {item["metadata"]["name"]: _state(item) for item in listed["items"]}
        wrong = {
            pod.kind: (pod, states.get(pod.kind, "Missing"))
            for pod in pods
            if states.get(pod.kind) != pod.becomes and pod.kind not in lacking
        }
        if not wrong:
            return frozenset(lacking)
        for pod, state in wrong.values():
            if pod.optional and state == _NO_IMAGE:
                _delete_pod(cluster, namespace, pod.kind)
                lacking.add(pod.kind)
            elif pod.becomes == TERMINATING and state == READY and pod.kind not in dying:
                _delete_pod(cluster, namespace, pod.kind)
                dying.add(pod.kind)
        if time.monotonic() > deadline:
            break
        time.sleep(0.3)
    events = cluster.run("get", "events", f"--namespace={namespace}")
    different = {kind: state for kind, (_, state) in wrong.items()}
    raise PodsError(f"after {patience:.0f} s: {different}\n{events}")


def delete_namespace(cluster: Cluster, namespace: str) -> None:
    """Delete a namespace and all that is in it, and wait until it is gone."""
    pods = ("pods", "--all", f"--namespace={namespace}", "--wait=false")
    cluster.run("delete", *pods)
    for pod in PODS:
        if pod.grace:
            with suppress(PodsError):
                end = ("sh", "-c", "kill -s USR1 1")
                cluster.run("exec", pod.kind, f"--namespace={namespace}", "--", *end)
    cluster.run("delete", *pods, "--force", "--grace-period=0")
    cluster.run("delete", "namespace", namespace, "--ignore-not-found", "--timeout=90s")


def _delete_pod(cluster: Cluster, namespace: str, name: str) -> None:
    cluster.run("delete", "pod", name, f"--namespace={namespace}", "--wait=false")


def _add_helper(cluster: Cluster, namespace: str, name: str, helper: Container) -> None:
    """Add an ephemeral container, in a way that every kubectl knows."""
    path = f"/api/v1/namespaces/{namespace}/pods/{name}"
    pod = json.loads(cluster.run("get", "--raw", path))
    pod["spec"]["ephemeralContainers"] = [helper.manifest()]
    # Without a version it does not matter what has become of the pod since.
    del pod["metadata"]["resourceVersion"]
    words = ("replace", "--raw", f"{path}/ephemeralcontainers", "--filename=-")
    cluster.run(*words, stdin=json.dumps(pod))


def _state(item: Mapping[str, Any]) -> str:
    """Return what a pod may become, the reason why a container waits, or the pod's phase."""
    status = item["status"]
    conditions = {one["type"]: one["status"] for one in status.get("conditions", ())}
    containers = [one["state"] for one in status.get("containerStatuses", ())]
    helpers = [one["state"] for one in status.get("ephemeralContainerStatuses", ())]
    initial = [one["state"] for one in status.get("initContainerStatuses", ())]
    wanted = item["spec"].get("ephemeralContainers", ())
    if "deletionTimestamp" in item["metadata"]:
        state = TERMINATING
    elif conditions.get("Ready") == "True":
        state = READY if sum("running" in one for one in helpers) == len(wanted) else "No helper"
    elif any("running" in one for one in initial):
        state = INITIALIZING
    else:
        reasons = [one["waiting"].get("reason", "") for one in containers if "waiting" in one]
        state = _NO_IMAGE if _NO_IMAGE in reasons else str(status.get("phase"))
    return state
