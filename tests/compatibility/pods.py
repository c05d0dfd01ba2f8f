"""The pods that the page has rows for."""

from __future__ import annotations

import json
import re
import subprocess
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tests.cluster import pods as node_pods
from tests.compatibility.cells import Target
from tests.compatibility.volume import Volume, volume_root

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_OWNER: Final = (1234, 567)
IN_MEMORY: Final = frozenset({"tmpfs", "tmpfs-busybox", "tmpfs-bsdtar", "tmpfs-toybox"})
"""Kinds that cannot hold the two files of 9 GiB."""
KINDS: Final = {
    pod.kind: pod for pod in node_pods.PODS if pod.becomes == node_pods.READY and pod.helper is None
}


FILLING: Final = frozenset(
    {"busybox", "busybox-old", "busybox-new", "nonroot-busybox", "small-memory-busybox", "two"}
)
"""Kinds whose tar fills holes: there the two take a minute, so one format has to do."""


def is_small(kind: str, layout: str) -> bool:
    """Tell whether the two files of 9 GiB are left out."""
    return kind in IN_MEMORY or (kind in FILLING and layout != "plain")


def owner_in(kind: str) -> tuple[int, int]:
    """Return whom the backup's files belong to: the pod's own user where it is not root."""
    pod = KINDS[kind]
    for security in (pod.containers[0].security, pod.security):
        user, group = security.get("runAsUser"), security.get("runAsGroup")
        if isinstance(user, int):
            return user, group if isinstance(group, int) else 0
    return _OWNER


@contextmanager
def targets(cluster: node_pods.Cluster, kinds: Sequence[str]) -> Iterator[list[Target]]:
    """Make pods in a namespace of their own; those whose image the cluster lacks are left out."""
    pods = [KINDS[kind] for kind in kinds]
    namespace = f"compatibility-{uuid.uuid4().hex[:8]}"
    node_pods.create_namespace(cluster, namespace)
    try:
        node_pods.apply(cluster, namespace, pods)
        lacking = node_pods.wait(cluster, namespace, pods)
        listed = json.loads(cluster.run("get", "pods", f"--namespace={namespace}", "--output=json"))
        uids = {one["metadata"]["name"]: one["metadata"]["uid"] for one in listed["items"]}
        yield [
            Target(
                kind=pod.kind,
                volume=Volume.at(volume_root(uids[pod.kind], pod.containers[0].volume)),
                kubeconfig=cluster.kubeconfig,
                namespace=namespace,
                path=node_pods.VOLUME,
            )
            for pod in pods
            if pod.kind not in lacking
        ]
    finally:
        node_pods.delete_namespace(cluster, namespace)


def versions(cluster: node_pods.Cluster) -> tuple[str, str]:
    """Return kubectl's version and the node's."""
    client = json.loads(cluster.run("version", "--client", "--output=json"))
    nodes = json.loads(cluster.run("get", "nodes", "--output=json"))
    kubelets = {one["status"]["nodeInfo"]["kubeletVersion"] for one in nodes["items"]}
    # Without what a packager has put behind it.
    version = re.match(r"v[\d.]+", client["clientVersion"]["gitVersion"])
    return version[0] if version else "of no version", ", ".join(sorted(kubelets))


def tar_version(cluster: node_pods.Cluster, target: Target) -> str:
    """Return the first line that a pod's tar prints of its version."""
    words = ("exec", f"--namespace={target.namespace}", target.kind, "--", "tar", "--version")
    done = subprocess.run(cluster.argv(*words), capture_output=True, text=True, check=False)
    return (done.stdout.splitlines() or [""])[0] if done.returncode == 0 else "no tar"
