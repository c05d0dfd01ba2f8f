"""What the cluster says when it refuses: the exit code, the words and the fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.contract import trees
from tests.contract.clusters import KUBECTL
from tests.contract.program import restore
from tests.versions.kubectls import kubectl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster

    Writer = Callable[..., Path]

pytestmark = pytest.mark.usefixtures("embedded_only")
_DIALING: Final = "error dialing backend: "
_SAID: Final = 'admission webhook "w.example" denied the request: '


def _program(minor: str) -> str:
    return KUBECTL if minor == "usual" else str(kubectl(minor))


@pytest.mark.parametrize("minor", ["usual", "1.34", "1.37"])
@pytest.mark.parametrize(
    ("status", "message", "code", "fix"),
    [
        (500, f"{_DIALING}remote error: tls: internal error", 8, "get csr"),
        (500, f"{_DIALING}dial tcp: lookup n on 10.0.0.3:53: no such host", 8, "get nodes"),
        (403, f"{_SAID}no:\nerror: unknown flag: --x\nask\x1b[31m #platform", 5, "policies"),
        (400, f"{_SAID}x509: nobody knows", 5, "policies"),
        (403, "Forbidden (user=api, verb=create, resource=nodes, subresource=proxy)", 5, "kubelet"),
    ],
    ids=["tls", "lookup", "webhook of many lines", "webhook", "kubelet"],
)
def test_an_exec_that_is_refused_says_who_refuses_it(  # noqa: PLR0917 - fixtures and a row
    cluster: Cluster, backup: Writer, minor: str, status: int, message: str, code: int, fix: str
) -> None:
    assert cluster.embedded
    pod = cluster.pod("debian")
    cluster.embedded.pod("debian").faults.exec_words = (status, message)
    result = restore(pod, backup(trees.small()), "--retries=0", kubectl=_program(minor))
    assert result.code == code, result
    reason, _, said_fix = result.err.partition("Reason:")[2].partition("Fix:")
    for line in message.replace("\x1b", "\\x1b").splitlines():
        assert line in reason
    assert fix in said_fix
    assert "\x1b" not in result.err
    if code == 8:
        assert "--context=embedded --namespace=default" in said_fix


def test_a_node_that_cannot_be_reached_for_a_moment_is_tried_again(
    cluster: Cluster, backup: Writer
) -> None:
    assert cluster.embedded
    pod = cluster.pod("debian")
    faults = cluster.embedded.pod("debian").faults
    faults.exec_words, faults.exec_times = (500, f"{_DIALING}x509: certificate has expired"), 1
    result = restore(pod, backup(trees.small()))
    # kubectl may have asked twice by itself: over WebSocket, then over SPDY.
    assert result.code == 0, result


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (
            {
                "phase": "Pending",
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "0/3 nodes are available: 3 Insufficient memory.",
                    }
                ],
            },
            4,
            "Unschedulable: 0/3 nodes are available",
        ),
        (
            {"phase": "Unknown", "reason": "NodeLost", "message": "Node n is unresponsive"},
            8,
            "Node n",
        ),
    ],
    ids=["unscheduled", "lost"],
)
def test_a_pod_that_cannot_be_restored_into_is_not_asked_for_an_exec(
    cluster: Cluster, backup: Writer, status: dict[str, object], code: int, reason: str
) -> None:
    assert cluster.embedded
    pod = cluster.pod("debian")
    cluster.embedded.pod("debian").faults.status = status
    before = len(cluster.embedded.requests)
    result = restore(pod, backup(trees.small()))
    assert result.code == code, result
    assert reason in result.err
    assert not any(one.endswith("/exec") for one in cluster.embedded.requests[before:])


def test_a_note_about_a_kuberc_stands_in_nobodys_way(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube/kuberc").write_text(
        "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\naFieldOfTomorrow: x\n"
    )
    assert cluster.embedded
    home = {"HOME": str(tmp_path)}
    for minor in ("1.34", "1.37"):
        program = str(kubectl(minor))
        file = backup(trees.small())
        result = restore(pod, file, "--force", kubectl=program, variables=home)
        assert result.code == 0, result
        cluster.embedded.pod("debian").faults.get_answer = 403
        result = restore(pod, file, kubectl=program, variables=home)
        cluster.embedded.pod("debian").faults.clear()
        assert result.code == 5, result


def test_the_kubectl_that_called_is_the_one_that_is_used(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    caller = tmp_path / "caller"
    caller.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/calls\nexec {KUBECTL} "$@"\n')
    caller.chmod(0o755)
    result = restore(
        pod, backup(trees.small()), kubectl="", variables={"KUBECTL_PATH": str(caller)}
    )
    assert result.code == 0, result
    assert " get pod " in (tmp_path / "calls").read_text()
