"""Which pod a workload means: told by what the cluster holds, never by chance."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.cluster.target import Kind, Target
from kubectl_restore.cluster.workload import (
    Choice,
    Workload,
    choose_pod,
    names_of_pods,
    parse_workload,
)
from kubectl_restore.errors import (
    AmbiguousError,
    InterruptedRestoreError,
    NoPodError,
    RestoreError,
)

DEPLOYMENT = Target("web", Kind.DEPLOYMENT)
SET = Target("db", Kind.STATEFUL_SET)


def pod(name: str, owner: str = "w", *, ready: bool = True, **more: str) -> dict[str, Any]:
    """Return a Pod object."""
    metadata = {"name": name, "namespace": "prod", "uid": f"uid-{name}", **more}
    return {
        "kind": "Pod",
        "metadata": {**metadata, "ownerReferences": [{"uid": owner}]},
        "spec": {"containers": [{"name": "app"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        },
    }


def mounted(one: dict[str, Any], *mounts: tuple[str, str, str]) -> dict[str, Any]:
    """Return a pod with mounts: path, claim (none: an emptyDir), subPath."""
    volumes, listed = [], []
    for number, (path, claim, part) in enumerate(mounts):
        source: dict[str, Any] = {"persistentVolumeClaim": {"claimName": claim}}
        volumes.append({"name": f"v{number}", **(source if claim else {"emptyDir": {}})})
        listed.append({"name": f"v{number}", "mountPath": path, "subPath": part})
    spec = {"containers": [{"name": "app", "volumeMounts": listed}], "volumes": volumes}
    return {**one, "spec": spec}


def choose(
    target: Target, items: list[dict[str, Any]], wanted: int = 1, path: str = "/data"
) -> Choice:
    return choose_pod(
        target,
        Workload("app=web", "w", wanted),
        json.dumps({"items": items}).encode(),
        path=path,
        container=None,
        at=" -n prod",
        naming=lambda name: f"again --pod={name}",
    )


def test_a_selector_is_passed_on_as_kubectl_takes_it() -> None:
    expressions = [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "old", "operator": "DoesNotExist"},
        {"key": "new", "operator": "Exists"},
        {"key": "zone", "operator": "NotIn", "values": ["x"]},
    ]
    found = {
        "metadata": {"uid": "w", "namespace": "prod"},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "web"}, "matchExpressions": expressions},
        },
    }
    text = json.dumps(found).encode()
    assert parse_workload(DEPLOYMENT, text) == Workload(
        "app=web,tier in (a,b),!old,new,zone notin (x)", "w", 3, "prod"
    )


def test_what_selects_nothing_has_no_pods() -> None:
    text = json.dumps({"metadata": {"uid": "w"}, "spec": {"selector": None}}).encode()
    for target in (Target("db", Kind.SERVICE), DEPLOYMENT):
        with pytest.raises(NoPodError, match="no pods of its own"):
            parse_workload(target, text)


@pytest.mark.parametrize(
    "text",
    [
        b"", b"[]", b"{}", b'{"spec": 1}', b'{"spec": {"selector": 1}}',
        # Without a namespace.
        b'{"metadata": {"uid": "w"}, "spec": {"selector": {"matchLabels": {"app": "web"}}}}',
    ],
)  # fmt: skip
def test_an_answer_that_is_none_may_be_asked_again(text: bytes) -> None:
    with pytest.raises(InterruptedRestoreError):
        parse_workload(DEPLOYMENT, text)


def test_pods_that_end_are_nobodys() -> None:
    done = pod("web-1")
    done["status"]["phase"] = "Succeeded"
    going = pod("web-2", deletionTimestamp="2026-01-01T00:00:00Z")
    assert choose(DEPLOYMENT, [done, going, pod("web-3")]).facts.name == "web-3"
    with pytest.raises(NoPodError) as caught:
        choose(DEPLOYMENT, [done, going])
    assert "2 pods of it ended, or are being deleted" in caught.value.reason


def test_what_has_to_end_is_every_pod_of_it_that_has_not() -> None:
    done = pod("web-1")
    done["status"]["phase"] = "Succeeded"
    going = pod("web-10", deletionTimestamp="2026-01-01T00:00:00Z")
    of_its_set = pod("web-9", "set")
    own_set = {
        "kind": "ReplicaSet",
        "metadata": {"uid": "set", "ownerReferences": [{"uid": "w"}]},
    }
    items = [done, going, of_its_set, own_set, pod("other", "another")]
    workload = Workload("app=web", "w", 0)
    text = json.dumps({"items": items}).encode()
    assert names_of_pods(DEPLOYMENT, workload, text) == ["web-9", "web-10"]
    with pytest.raises(InterruptedRestoreError):
        names_of_pods(DEPLOYMENT, workload, b"{}")


def test_a_rollout_has_two_pods_and_none_is_taken() -> None:
    with pytest.raises(AmbiguousError) as caught:
        choose(DEPLOYMENT, [pod("web-new", ready=False), pod("web-old")])
    assert caught.value.reason == "its pods: web-old, web-new (not ready, Running)"
    assert caught.value.fix == "name one of them: again --pod=web-old"


def test_the_sets_of_a_deployment_lead_to_its_pods() -> None:
    replicas = {
        "kind": "ReplicaSet",
        "metadata": {"name": "web-1", "uid": "set", "ownerReferences": [{"uid": "w"}]},
    }
    other = {"kind": "ReplicaSet", "metadata": {"name": "x", "uid": "other"}}
    items = [replicas, other, pod("web-1-a", "set"), pod("x-a", "other"), pod("free", "nobody")]
    assert choose(DEPLOYMENT, items).facts.name == "web-1-a"


def test_pods_are_listed_in_their_order() -> None:
    with pytest.raises(AmbiguousError) as caught:
        choose(SET, [pod(f"db-{number}") for number in (10, 9, 0)], wanted=3)
    assert caught.value.reason == "its pods: db-0, db-9, db-10"


@pytest.mark.parametrize(
    ("first", "second", "path", "same"),
    [
        ([("/data", "c", "")], [("/data", "c", "")], "/data/x", True),
        ([("/data", "c", "")], [("/data", "d", "")], "/data", False),
        ([("/data", "c", "a")], [("/data", "c", "b")], "/data", False),
        ([("/data", "", "")], [("/data", "", "")], "/data", False),
        ([("/data", "c", "")], [("/data", "c", "")], "/database", False),
        # The nearest mount counts.
        ([("/data", "c", ""), ("/data/x", "", "")], [("/data", "c", "")], "/data/x/y", False),
        ([("/", "c", "")], [("/", "c", "")], "/", True),
    ],
)
def test_equal_are_pods_whose_target_is_the_same_place(
    first: list[tuple[str, str, str]],
    second: list[tuple[str, str, str]],
    path: str,
    *,
    same: bool,
) -> None:
    items = [mounted(pod("web-a"), *first), mounted(pod("web-b"), *second)]
    if same:
        assert choose(DEPLOYMENT, items, 2, path).facts.name == "web-a"
    else:
        with pytest.raises(AmbiguousError):
            choose(DEPLOYMENT, items, 2, path)
    # Never silently of a stateful set.
    with pytest.raises(AmbiguousError):
        choose(SET, items, 2, path)


def test_a_name_that_is_none_never_comes_to_a_command_line() -> None:
    with pytest.raises(InterruptedRestoreError):
        choose(DEPLOYMENT, [pod("--kubeconfig=x")])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["metadata", "spec", "status", "uid", "name", "items", "kind", "selector"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_whatever_is_answered_is_a_pod_or_an_error_of_ours(value: object) -> None:
    text = json.dumps(value).encode()
    for read in (
        lambda: parse_workload(DEPLOYMENT, text),
        lambda: choose(DEPLOYMENT, [value]),  # type: ignore[list-item]
    ):
        with suppress(RestoreError):
            read()
