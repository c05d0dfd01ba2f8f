"""Workloads and claims called `shop`, on a real node."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.contract.program import Result, program, run

if TYPE_CHECKING:
    from tests.contract.clusters import Cluster
    from tests.link import LinkProxy

PATIENCE = 90.0
MIB = 1 << 20
BUSYBOX = "restore.test/busybox:latest"
_POD: dict[str, Any] = {
    "terminationGracePeriodSeconds": 0,
    "containers": [
        {
            "name": "app",
            "image": BUSYBOX,
            "imagePullPolicy": "Never",
            "command": ["sleep", "100000000"],
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        }
    ],
}

CLAIMED: dict[str, Any] = {"persistentVolumeClaim": {"claimName": "shop"}}
"""The volume that `Shop.claim` makes."""


@dataclass(frozen=True, slots=True)
class Shop:
    """Workloads called `shop`, one after the other."""

    cluster: Cluster

    def kubectl(self, *words: str, given: str = "") -> str:
        """Run kubectl and return its stdout."""
        done = subprocess.run(
            [*self.cluster.kubectl, *words],
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done
        return done.stdout

    def make(self, kind: str, replicas: int, volume: dict[str, Any]) -> list[str]:
        """Make it, wait for its pods, and return their names."""
        version = "batch/v1" if kind == "Job" else "apps/v1"
        labels = {"app": "shop"}
        spec = {**_POD, "volumes": [{"name": "data", **volume}]}
        template: dict[str, Any] = {"metadata": {"labels": labels}, "spec": spec}
        body: dict[str, Any] = {"selector": {"matchLabels": labels}, "template": template}
        if kind == "Job":
            spec["restartPolicy"] = "Never"
            body = {"template": template, "parallelism": replicas}
        elif kind != "DaemonSet":
            body["replicas"] = replicas
        if kind == "StatefulSet":
            body |= {"serviceName": "shop", "podManagementPolicy": "Parallel"}
        made = {"apiVersion": version, "kind": kind, "metadata": {"name": "shop"}, "spec": body}
        self.kubectl("create", "--filename=-", given=json.dumps(made))
        return self.wait(replicas)

    def wait(self, count: int) -> list[str]:
        """Wait until so many pods are ready and no other is left; return their names."""
        deadline = time.monotonic() + PATIENCE
        while True:
            items = json.loads(self.kubectl("get", "pods", "-l", "app=shop", "-o", "json"))["items"]
            ready = [
                one["metadata"]["name"]
                for one in items
                if any(
                    condition["type"] == "Ready" and condition["status"] == "True"
                    for condition in one["status"].get("conditions") or ()
                )
            ]
            if len(ready) == len(items) == count:
                return sorted(ready)
            assert time.monotonic() < deadline, items
            time.sleep(0.2)

    def run(self, *words: object) -> Result:
        """Run the program with these words."""
        where = (f"--kubeconfig={self.cluster.kubeconfig}", f"--namespace={self.cluster.namespace}")
        return run(*map(str, words), *where)

    def begin(self, link: LinkProxy, *words: object) -> subprocess.Popen[str]:
        """Return a restore over a slow link, with these words, that sends already."""
        link.rate = 10e6
        process = subprocess.Popen(
            [
                *program(),
                *map(str, words),
                f"--kubeconfig={self.cluster.through(link.port, 'begun')}",
                f"--namespace={self.cluster.namespace}",
            ],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        while link.sent < 5 * MIB:
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        return process

    def claim(self, mode: str = "ReadWriteOnce", **spec: object) -> None:
        """Make a claim on a directory of the node, which goes with the namespace's tests."""
        size, name = {"storage": "1Mi"}, self.volume
        common = {"accessModes": [mode], "storageClassName": ""}
        volume = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name},
            "spec": {**common, "capacity": size, "hostPath": {"path": f"/run/{name}"}},
        }
        claim = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "shop"},
            "spec": {**common, "resources": {"requests": size}, "volumeName": name, **spec},
        }
        items = [volume, claim]
        listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        self.kubectl("create", "--filename=-", given=listed)

    def empty_claim(self) -> None:
        """Empty the claim by a pod of its own, and take it away."""
        self.kubectl("delete", "deployment,statefulset", "shop", "--ignore-not-found")
        self.wait(0)
        self.make("Deployment", 1, CLAIMED)
        self.kubectl("exec", "deploy/shop", "--", "sh", "-c", "rm -rf /data/*")
        self.kubectl("delete", "deployment,persistentvolumeclaim", "shop", "--wait=false")
        self.kubectl("delete", "persistentvolume", self.volume, "--wait=false")

    def make_set(self, replicas: int) -> None:
        """Make a StatefulSet whose replicas each have a claim on a directory of the node."""
        size = {"storage": "1Mi"}
        common = {"accessModes": ["ReadWriteOnce"], "storageClassName": ""}
        volumes = [
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": f"{self.volume}-{number}"},
                "spec": {
                    **common,
                    "capacity": size,
                    "claimRef": {
                        "namespace": self.cluster.namespace,
                        "name": f"data-shop-{number}",
                    },
                    "hostPath": {"path": f"/run/{self.volume}-{number}"},
                },
            }
            for number in range(replicas)
        ]
        labels = {"app": "shop"}
        made = {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "shop"},
            "spec": {
                "replicas": replicas,
                "serviceName": "shop",
                "podManagementPolicy": "Parallel",
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": _POD},
                "volumeClaimTemplates": [
                    {
                        "metadata": {"name": "data"},
                        "spec": {**common, "resources": {"requests": size}},
                    }
                ],
            },
        }
        listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": [*volumes, made]})
        self.kubectl("create", "--filename=-", given=listed)
        self.wait(replicas)

    def drop_set(self, replicas: int) -> None:
        """Take it away, with its claims and their volumes."""
        self.kubectl("delete", "statefulset", "shop", "--cascade=foreground")
        claims = [f"data-shop-{number}" for number in range(replicas)]
        self.kubectl("delete", "persistentvolumeclaim", *claims, "--wait=false")
        volumes = [f"{self.volume}-{number}" for number in range(replicas)]
        self.kubectl("delete", "persistentvolume", *volumes, "--wait=false")

    @property
    def volume(self) -> str:
        """The name of the claim's volume."""
        return f"shop-{self.cluster.namespace}"

    def helpers(self) -> list[str]:
        """Return the helper pods that stand in the namespace."""
        selector = "app.kubernetes.io/managed-by=kubectl-restore"
        return self.kubectl("get", "pods", "-l", selector, "-o", "name").split()
