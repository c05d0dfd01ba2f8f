"""How many pods there were is never lost, whatever was set meanwhile; who else decides is found."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.cluster.autoscaling import autoscalers_of, budgets_of, selects
from kubectl_restore.cluster.scaling import (
    NOTED,
    Owner,
    noted_in,
    owner_of,
    parse_replicas,
    require_owner,
    require_scalable,
)
from kubectl_restore.cluster.target import Kind, Target
from kubectl_restore.errors import (
    InterruptedRestoreError,
    InTheWayError,
    PodCannotError,
    RestoreError,
    UsageError,
)

WEB = Target("web", Kind.DEPLOYMENT)
COUNTS = st.integers(0, 999_999_999)


def workload(replicas: Any, annotations: Any = None, **metadata: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {
        "metadata": {"resourceVersion": "7", "annotations": annotations, **metadata},
        "spec": {"replicas": replicas},
    }


def text(made: object) -> bytes:
    return json.dumps(made).encode()


def merged(target: Any, patch: Any) -> Any:  # noqa: ANN401 - JSON
    """Do what RFC 7386 says."""
    if not isinstance(patch, dict):
        return patch
    found = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = merged(found.get(key), value)
    return found


@given(COUNTS, st.dictionaries(st.text(), st.text(), max_size=3))
def test_down_and_back_is_as_it_was(count: int, annotations: dict[str, str]) -> None:
    before = workload(count, annotations)
    down = merged(before, json.loads(parse_replicas(WEB, text(before)).down()))
    assert down["spec"]["replicas"] == 0
    assert down["metadata"]["annotations"][NOTED] == str(count)
    # Again: a run that was broken off has noted it, and the next one loses nothing.
    again = merged(down, json.loads(parse_replicas(WEB, text(down)).down()))
    assert again == down
    assert parse_replicas(WEB, text(again)).before == count
    back = merged(again, json.loads(parse_replicas(WEB, text(again)).back()))
    assert back == before


@given(COUNTS.filter(bool), COUNTS)
def test_what_somebody_has_set_since_counts(now: int, noted: int) -> None:
    read = parse_replicas(WEB, text(workload(now, {NOTED: str(noted)})))
    assert read.before == now
    assert json.loads(read.back())["spec"] == {"replicas": now}
    assert json.loads(read.down())["metadata"]["annotations"] == {NOTED: str(now)}


def test_what_is_noted_is_found_among_all_and_how_it_stands_is_said_while_it_does() -> None:
    kinds = ("Deployment", "StatefulSet", "ReplicaSet")
    items = [
        {"kind": kind, **workload(count, notes, name=f"{kind.lower()}-{count}")}
        for kind in kinds
        for count, notes in ((0, {NOTED: "2"}), (1, None), (3, {NOTED: "2"}))
    ]
    found = noted_in(text({"items": items}))
    assert {(one.kind.value, one.name) for one in found} == {
        (kind.lower(), f"{kind.lower()}-{count}") for kind in kinds for count in (0, 3)
    }
    read = [parse_replicas(one, text(made)) for one, made in found.items()]
    standing = [one for one in read if one.stands("")]
    assert [one.wanted for one in standing] == [0, 0, 0]
    assert "kubectl -n a scale deployments.apps deployment-0 --replicas=2 && kubectl -n a" in (
        standing[0].stands(" -n a")
    )


def test_a_patch_holds_for_what_was_read_only() -> None:
    read = parse_replicas(WEB, text(workload(2)))
    for patch in (read.down(), read.back()):
        assert json.loads(patch)["metadata"]["resourceVersion"] == "7"


def test_without_a_number_there_is_one() -> None:
    made = workload(1)
    del made["spec"]["replicas"]
    assert parse_replicas(WEB, text(made)).wanted == 1


@pytest.mark.parametrize("noted", ["", "-1", "two", "1e3", "٣", "9" * 10, 3, "1\n"])
def test_a_note_that_nobody_can_read_is_not_guessed(noted: object) -> None:
    with pytest.raises(InTheWayError) as caught:
        parse_replicas(WEB, text(workload(0, {NOTED: noted})))
    assert f"kubectl annotate deployments.apps web {NOTED}-" in caught.value.fix


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["metadata", "spec", "replicas", "annotations", NOTED, "resourceVersion",
                 "ownerReferences", "controller", "kind", "name"]
            ),
            inner,
            max_size=4,
        ),
    )
)  # fmt: skip
def test_any_other_answer_is_an_error_of_ours(made: object) -> None:
    try:
        read = parse_replicas(WEB, text(made))
    except RestoreError:
        return
    assert read.wanted >= 0
    assert read.before >= 0


@pytest.mark.parametrize("replicas", [None, -1, "2", True, 1.5])
def test_what_is_no_number_may_be_asked_again(replicas: object) -> None:
    with pytest.raises(InterruptedRestoreError):
        parse_replicas(WEB, text(workload(replicas)))


def reference(kind: str, version: str = "apps/v1", *, controller: bool = True) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "name": "x", "controller": controller}


@pytest.mark.parametrize(
    ("references", "owner"),
    [
        ([], None),
        ([reference("ReplicaSet", controller=False)], None),
        ([reference("ReplicaSet")], Owner(Target("x", Kind.REPLICA_SET), "ReplicaSet/x")),
        ([reference("StatefulSet")], Owner(Target("x", Kind.STATEFUL_SET), "StatefulSet/x")),
        ([reference("DaemonSet")], Owner(None, "DaemonSet/x")),
        # Another's kind of the same name.
        ([reference("Deployment", "example.org/v1")], Owner(None, "Deployment/x")),
    ],
)
def test_what_controls_a_pod(references: list[dict[str, Any]], owner: Owner | None) -> None:
    assert owner_of({"metadata": {"ownerReferences": references}}) == owner
    if owner is None or owner.target is None:
        with pytest.raises(PodCannotError, match="nothing was changed"):
            require_owner("pod/a", owner)
    else:
        assert require_owner("pod/a", owner) == owner.target


def test_an_operator_that_has_made_it_is_named() -> None:
    made = workload(1, ownerReferences=[reference("Database", "db.example/v1")])
    assert parse_replicas(WEB, text(made)).controller == "Database/x"


@pytest.mark.parametrize("kind", [Kind.POD, Kind.DAEMON_SET, Kind.JOB, Kind.SERVICE, Kind.SELECTOR])
def test_what_has_no_number_of_pods_is_not_scaled(kind: Kind) -> None:
    with pytest.raises(UsageError):
        require_scalable(Target("x", kind))


def autoscaler(kind: str, name: str) -> dict[str, Any]:
    return {
        "metadata": {"name": "scaler"},
        "spec": {"scaleTargetRef": {"kind": kind, "name": name}, "maxReplicas": 5},
    }


def test_autoscalers_are_those_of_the_workload() -> None:
    items = [autoscaler("Deployment", "web"), autoscaler("StatefulSet", "web"),
             autoscaler("Deployment", "other")]  # fmt: skip
    assert autoscalers_of(WEB, text({"items": items})) == ["scaler (1 to 5)"]


@pytest.mark.parametrize(
    ("selector", "is_selected"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "db"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "no", "operator": "NotIn", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
        (
            {
                "matchLabels": {"app": "web"},
                "matchExpressions": [{"key": "no", "operator": "Exists"}],
            },
            False,
        ),
    ],
)
def test_a_budget_holds_for_the_pods_that_it_selects(
    selector: dict[str, Any] | None, *, is_selected: bool
) -> None:
    assert selects(selector, {"app": "web"}) is is_selected
    items = [{"metadata": {"name": "budget"}, "spec": {"selector": selector}}]
    assert budgets_of({"app": "web"}, text({"items": items})) == ["budget"] * is_selected
