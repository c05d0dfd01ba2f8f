"""What the cluster says of a pod, and whether a restore can begin there."""

from __future__ import annotations

import json

import pytest

from kubectl_restore.cluster.pod import choose_container, parse_pod
from kubectl_restore.errors import RestoreError

RUNNING = {"name": "app", "image": "i", "state": {"running": {}}}
UNSCHEDULED = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/3 nodes are available\x1b[31m",
}


def pod(**status: object) -> bytes:
    """Return a Pod object."""
    metadata = {"name": "db-0", "namespace": "prod", "uid": "u-1"}
    spec = {"containers": [{"name": "app"}, {"name": "side"}]}
    return json.dumps({"metadata": metadata, "spec": spec, "status": status}).encode()


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        ({"phase": "Pending", "conditions": [UNSCHEDULED]}, 4, "Unschedulable: 0/3 nodes"),
        ({"phase": "Pending"}, 4, "its node has not said anything"),
        (
            {
                "phase": "Pending",
                "containerStatuses": [
                    {
                        "name": "app",
                        "state": {"waiting": {"reason": "ErrImagePull", "message": "m"}},
                    }
                ],
            },
            4,
            "waiting: ErrImagePull: m",
        ),
        ({"phase": "Unknown"}, 8, "its phase is Unknown"),
        (
            {
                "phase": "Running",
                "reason": "NodeLost",
                "message": "Node n which was running pod db-0 is unresponsive",
                "containerStatuses": [RUNNING],
            },
            8,
            "NodeLost: Node n which",
        ),
        ({"phase": "Failed", "reason": "Evicted", "message": "low on memory"}, 4, "Evicted: low"),
    ],
)
def test_a_pod_that_cannot_be_restored_into_says_why(
    status: dict[str, object], code: int, reason: str
) -> None:
    with pytest.raises(RestoreError) as raised:
        choose_container(parse_pod(pod(**status)), None, " --context=c --namespace=prod")
    assert raised.value.exit_code == code
    assert reason in raised.value.reason
    assert "\x1b" not in raised.value.reason
    assert "kubectl --context=c --namespace=prod " in raised.value.fix


def test_a_container_that_runs_in_a_pod_that_starts_can_be_restored_into() -> None:
    facts = parse_pod(pod(phase="Pending", containerStatuses=[RUNNING]))
    assert choose_container(facts, "app") == "app"
    assert choose_container(parse_pod(pod(phase="Running")), "side") == "side"
