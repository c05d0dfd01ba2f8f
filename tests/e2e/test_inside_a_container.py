"""The frozen program inside a container, as CI systems run it, restoring into another pod.

No terminal, HOME=/, a user without a name, a root that is read-only but for /tmp, no kubeconfig: a
ServiceAccount with the Role of docs/permissions.md.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.contract import trees
from tests.contract.clusters import ROOT
from tests.versions.kubectls import kubectl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.contract.clusters import Cluster

NOBODY: Final = 65534
ACCOUNT: Final = "restore"
_GROUP: Final = "rbac.authorization.k8s.io"
_PATIENCE: Final = 120.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How the job ended."""

    code: int
    log: str


@pytest.fixture
def program(frozen_program: Path) -> Path:
    """The directory of the frozen program."""
    return frozen_program.parent


@pytest.fixture
def job_role(cluster: Cluster) -> Iterator[dict[str, Any]]:
    """The Role of docs/permissions.md, given to the job's ServiceAccount."""
    if cluster.kubelet is None:
        pytest.skip("the job's files are on this machine, the node is another")
    page = (ROOT / "docs/permissions.md").read_text("utf-8")
    example, *_ = re.findall(r"^```yaml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    here = example.replace("namespace: prod", f"namespace: {cluster.namespace}")
    role = json.loads(_kubectl(cluster, "create", "--output=json", "--filename=-", stdin=here))
    reference = {"apiGroup": _GROUP, "kind": "Role", "name": role["metadata"]["name"]}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT}}
    binding = {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": ACCOUNT},
        "roleRef": reference,
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": cluster.namespace}],
    }
    _apply(cluster, {"apiVersion": "v1", "kind": "List", "items": [account, binding]})
    yield role
    for kind, name in (("role", reference["name"]), ("rolebinding", ACCOUNT)):
        _kubectl(cluster, "delete", kind, name)


@pytest.mark.usefixtures("job_role")
@pytest.mark.parametrize("minor", ["1.24", "1.37"])
def test_a_job_restores_into_another_pod(
    cluster: Cluster, program: Path, tmp_path: Path, minor: str
) -> None:
    pod = cluster.pod("debian")
    archive = trees.two_thousand(owner=pod.owner)
    ended = _run_job(cluster, program, minor, tmp_path, archive)
    assert ended.code == 0, ended
    assert "Restored 1,493 files, 122 directories and 384 links" in ended.log
    assert f"namespace {cluster.namespace}" in ended.log
    for unwanted in ("\x1b", "\r", "Warning:", "Traceback", "read-only file system"):
        assert unwanted not in ended.log
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=True) == []
    assert pod.marked() == []


@pytest.mark.parametrize("lacking", ["pods", "pods/exec"])
def test_a_role_with_less_is_exit_5(
    cluster: Cluster, program: Path, tmp_path: Path, job_role: dict[str, Any], lacking: str
) -> None:
    rules = [rule for rule in job_role["rules"] if rule["resources"] != [lacking]]
    assert len(rules) == len(job_role["rules"]) - 1
    _apply(cluster, {**job_role, "rules": rules})
    pod = cluster.pod("debian")
    ended = _run_job(cluster, program, "1.37", tmp_path, trees.small())
    assert ended.code == 5, ended
    assert "Error: the cluster does not allow this\nReason: kubectl said: " in ended.log
    assert f'resource "{lacking}"' in ended.log
    assert f'User "system:serviceaccount:{cluster.namespace}:{ACCOUNT}"' in ended.log
    assert "\nFix: " in ended.log
    assert pod.tree() == {}


def _run_job(cluster: Cluster, program: Path, minor: str, directory: Path, archive: bytes) -> Ended:
    """Run `kubectl restore` in a pod of its own until it has ended."""
    files = directory / "job"
    files.mkdir(mode=0o755)
    shutil.copy(kubectl(minor), files / "kubectl")
    (files / "backup.tar.gz").write_bytes(gzip.compress(archive, 1))
    _apply(cluster, _job(cluster, program, files))
    try:
        state = _until_ended(cluster)
        return Ended(state["exitCode"], _kubectl(cluster, "logs", "job"))
    finally:
        _kubectl(cluster, "delete", "pod", "job", "--grace-period=0", "--force")


def _job(cluster: Cluster, program: Path, files: Path) -> dict[str, Any]:
    restricted = {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    # There is no kube-proxy on the node, so the API server's Service leads nowhere.
    host, port = cluster.address
    environment = {
        "HOME": "/",
        "CI": "true",
        "PATH": "/job:/program:/usr/bin:/bin",
        "KUBERNETES_SERVICE_HOST": host,
        "KUBERNETES_SERVICE_PORT": str(port),
    }
    container = {
        "name": "job",
        "image": "restore.test/debian:latest",
        "imagePullPolicy": "Never",
        "command": ["kubectl", "restore", "debian", "/job/backup.tar.gz", "--target-path=/data"],
        "workingDir": "/",
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "securityContext": restricted,
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the container's
            {"name": "program", "mountPath": "/program", "readOnly": True},
            {"name": "job", "mountPath": "/job", "readOnly": True},
        ],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "job"},
        "spec": {
            "hostNetwork": True,
            "serviceAccountName": ACCOUNT,
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "securityContext": {
                "runAsUser": NOBODY,
                "runAsGroup": NOBODY,
                "runAsNonRoot": True,
            },
            "containers": [container],
            "volumes": [
                {"name": "tmp", "emptyDir": {}},
                {"name": "program", "hostPath": {"path": str(program), "type": "Directory"}},
                {"name": "job", "hostPath": {"path": str(files), "type": "Directory"}},
            ],
        },
    }


def _until_ended(cluster: Cluster) -> Mapping[str, Any]:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        status = json.loads(_kubectl(cluster, "get", "pod", "job", "--output=json"))["status"]
        for container in status.get("containerStatuses", ()):
            ended: Mapping[str, Any] = container["state"].get("terminated", {})
            if ended:
                return ended
        time.sleep(0.2)
    raise AssertionError(_kubectl(cluster, "describe", "pod", "job"))


def _apply(cluster: Cluster, manifest: Mapping[str, Any]) -> None:
    _kubectl(cluster, "apply", "--filename=-", stdin=json.dumps(manifest))


def _kubectl(cluster: Cluster, *words: str, stdin: str = "") -> str:
    done = subprocess.run(
        [*cluster.kubectl, *words], input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
