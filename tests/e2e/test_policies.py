"""Admission policies that deny an exec: final, exit 5, in the policy's own words."""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.contract import trees
from tests.contract.clusters import KUBECTL, Pod
from tests.contract.program import restore
from tests.versions.kubectls import kubectl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.clusters import Cluster

SAID = "no exec on Fridays: dial tcp: connection refused; ask #platform"


def _kubectl(cluster: Cluster, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*cluster.kubectl, *words], input=given, capture_output=True, text=True, check=False
    )


@pytest.fixture(params=[None, "Forbidden"], ids=["without a reason", "with a reason"])
def policy(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """A policy that denies every exec in the tests' namespace, once it does."""
    name = f"no-exec-{uuid.uuid4().hex[:8]}"
    reason = {} if request.param is None else {"reason": request.param}
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CONNECT"],
        "resources": ["pods/exec"],
    }
    matched = {"kubernetes.io/metadata.name": cluster.namespace}
    head = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": name}}
    made = [
        {
            **head,
            "kind": "ValidatingAdmissionPolicy",
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {
                    "namespaceSelector": {"matchLabels": matched},
                    "resourceRules": [rule],
                },
                "validations": [{"expression": "false", "message": SAID, **reason}],
            },
        },
        {
            **head,
            "kind": "ValidatingAdmissionPolicyBinding",
            "spec": {"policyName": name, "validationActions": ["Deny"]},
        },
    ]
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": made})
    pod = cluster.pod("busybox")
    try:
        assert _kubectl(cluster, "create", "-f", "-", given=listed).returncode == 0
        deadline = time.monotonic() + 60
        while SAID not in _kubectl(cluster, "exec", pod.name, "--", "true").stderr:
            assert time.monotonic() < deadline, "the policy never came into force"
            time.sleep(0.5)
        yield name
    finally:
        _kubectl(cluster, "delete", "-f", "-", given=listed)
        deadline = time.monotonic() + 60
        while _kubectl(cluster, "exec", pod.name, "--", "true").returncode:
            assert time.monotonic() < deadline, "the policy never ended"
            time.sleep(0.5)


def test_a_policys_own_words_are_the_reason(cluster: Cluster, policy: str, tmp_path: Path) -> None:
    # Not `cluster.pod`: that one empties the volume, by an exec.
    pod = Pod(cluster, "busybox")
    backup = tmp_path / "backup.tar"
    backup.write_bytes(trees.small())
    for program in (KUBECTL, str(kubectl("1.34")), str(kubectl("1.37"))):
        for sockets in ("true", "false"):
            result = restore(
                pod,
                backup,
                kubectl=program,
                variables={"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": sockets},
            )
            assert result.code == 5, result
            assert f"ValidatingAdmissionPolicy '{policy}'" in result.err
            assert SAID in result.err
            assert "a role is not what is missing" in result.err.split("Fix:")[1]
            assert "trying again" not in result.err
