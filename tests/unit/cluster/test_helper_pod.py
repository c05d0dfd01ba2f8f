"""A helper pod's manifest, and what its status means."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.cluster.helper_pod import ROOT, HelperPod, State, User, seen, warnings_of

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_CLAIMS = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,100}[a-z0-9])?", fullmatch=True)


def status(phase: str, **more: object) -> bytes:
    """Return a helper pod with a status."""
    metadata: dict[str, Any] = {"name": "r", "namespace": "prod", "uid": "u1"}
    if more.pop("terminating", False):
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    pod = {
        "metadata": metadata,
        "spec": {"containers": [{"name": "restore"}]},
        "status": {"phase": phase, **more},
    }
    return json.dumps(pod).encode()


def container(**state: object) -> dict[str, Any]:
    return {"containerStatuses": [{"name": "restore", "state": state}]}


@given(one=_CLAIMS, other=_CLAIMS)
def test_each_claim_has_a_name_of_its_own(one: str, other: str) -> None:
    names = HelperPod(one).name(), HelperPod(other).name()
    assert all(_LABEL.fullmatch(name) for name in names)
    assert (names[0] == names[1]) == (one == other)
    assert HelperPod(one).name("word") != names[0]


@given(owners=st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=3))
def test_whom_it_runs_as(owners: set[tuple[int, int]]) -> None:
    first, *others = HelperPod("data").users(owners)
    assert first == ROOT
    # Who is no root need not give anything away.
    assert all(owners == {(one.uid, one.gid)} and one.uid for one in others)
    assert bool(others) == (len(owners) == 1 and 0 not in next(iter(owners)))
    assert HelperPod("data", user=User(5, 6)).users(owners) == (User(5, 6),)


def test_what_is_noted_of_it_is_read_again() -> None:
    made = HelperPod("data").manifest(User(5, 6), 60)
    made["metadata"] |= {"namespace": "prod", "uid": "u1"}
    found = seen(json.dumps({**made, "status": {"phase": "Pending"}}).encode())
    assert (found.runs, set(found.claims)) == ("busybox:stable as 5:6", {"data"})
    del made["metadata"]["annotations"]
    foreign = seen(json.dumps({**made, "status": {"phase": "Pending"}}).encode())
    assert foreign.runs == ""


def test_it_is_what_the_standard_restricted_admits() -> None:
    spec = HelperPod("data").manifest(User(999, 998), 60)["spec"]
    (only,) = spec["containers"]
    assert spec["securityContext"] == {
        "runAsUser": 999,
        "runAsGroup": 998,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
        "fsGroup": 998,
        "fsGroupChangePolicy": "OnRootMismatch",
    }
    assert only["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert only["securityContext"]["allowPrivilegeEscalation"] is False
    assert spec["automountServiceAccountToken"] is False
    assert spec["activeDeadlineSeconds"] == 60


def test_one_that_reads_cannot_write() -> None:
    spec = HelperPod("data", reads=True).manifest(User(999, 999), 60)["spec"]
    assert spec["volumes"][0]["persistentVolumeClaim"]["readOnly"] is True
    assert spec["containers"][0]["volumeMounts"][0]["readOnly"] is True
    assert "fsGroup" not in spec["securityContext"]


def test_one_that_has_to_be_on_a_node_is_bound_by_its_name() -> None:
    spec = HelperPod("data", node="n1").manifest(User(0, 0), 60)["spec"]
    assert "n1" in json.dumps(spec["affinity"])
    assert "affinity" not in HelperPod("data").manifest(User(0, 0), 60)["spec"]


@pytest.mark.parametrize(
    ("text", "state", "hopeless", "why"),
    [
        (status("Running", **container(running={})), State.RUNNING, False, ""),
        (status("Pending"), State.STARTING, False, ""),
        (
            status("Pending", **container(waiting={"reason": "ContainerCreating"})),
            State.STARTING,
            False,
            "waiting: ContainerCreating",
        ),
        (
            status("Pending", **container(waiting={"reason": "ImagePullBackOff", "message": "x"})),
            State.STARTING,
            True,
            "waiting: ImagePullBackOff: x",
        ),
        (
            status(
                "Pending",
                conditions=[
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "0/3 nodes",
                    }
                ],
            ),
            State.STARTING,
            False,
            "Unschedulable: 0/3 nodes",
        ),
        (status("Failed", reason="DeadlineExceeded"), State.ENDED, False, "DeadlineExceeded"),
        (status("Running", terminating=True, **container(running={})), State.ENDED, False, ""),
    ],
)
def test_how_far_it_is(text: bytes, state: State, *, hopeless: bool, why: str) -> None:
    found = seen(text)
    assert (found.state, found.is_hopeless, found.why, found.uid) == (state, hopeless, why, "u1")


def test_what_went_wrong_the_last_one_last_and_each_once() -> None:
    events = [
        {"type": "Warning", "reason": "B", "message": "late\x1b", "lastTimestamp": "2026-01-02"},
        {"type": "Warning", "reason": "A", "message": "x", "lastTimestamp": "2026-01-01"},
        {"type": "Warning", "reason": "A", "message": "x", "lastTimestamp": "2026-01-01"},
        {"type": "Normal", "reason": "C", "message": "y"},
    ]
    text = json.dumps({"items": events}).encode()
    assert warnings_of(text) == ["A: x", r"B: late\x1b"]


def test_its_flags_say_it_again() -> None:
    assert HelperPod("data").flags() == []
    wish = HelperPod("data", image="busybox:1", user=User(5, 6))
    assert wish.flags() == ["--helper-image=busybox:1", "--run-as=5:6"]
