"""Which claim a workload's pods have at a path, where there may be no pod to look at."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.cluster.target import Kind, Target
from kubectl_restore.cluster.template import ClaimPart, claim_at, mount_of, uses_claim
from kubectl_restore.errors import (
    AmbiguousError,
    InterruptedRestoreError,
    NoContainerError,
    NoPodError,
    PodCannotError,
    RestoreError,
)

WEB = Target("web", Kind.DEPLOYMENT)
DB = Target("db", Kind.STATEFUL_SET)


def workload(
    name: str,
    mounts: list[dict[str, Any]],
    volumes: list[dict[str, Any]],
    *,
    made: tuple[str, ...] = (),
    start: int | None = None,
) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "template": {
            "metadata": {"annotations": {"kubectl.kubernetes.io/default-container": "app"}},
            "spec": {
                "containers": [{"name": "side"}, {"name": "app", "volumeMounts": mounts}],
                "volumes": volumes,
            },
        },
        "volumeClaimTemplates": [{"metadata": {"name": one}} for one in made],
    }
    if start is not None:
        spec["ordinals"] = {"start": start}
    return {"metadata": {"name": name}, "spec": spec}


def claim(name: str, claim_name: str) -> dict[str, Any]:
    return {"name": name, "persistentVolumeClaim": {"claimName": claim_name}}


def found(
    target: Target,
    made: object,
    path: str = "/data",
    *,
    container: str | None = None,
    count: int = 1,
) -> ClaimPart:
    return claim_at(
        target,
        json.dumps(made).encode(),
        path=path,
        container=container,
        count=count,
        naming=lambda pod: f"again --pod={pod}",
    )


@pytest.mark.parametrize(
    ("mount", "path", "part", "placed"),
    [
        ({"mountPath": "/srv"}, "/srv", "", ("/srv", "/srv")),
        ({"mountPath": "/srv/"}, "/srv/a/b", "a/b", ("/srv", "/srv/a/b")),
        ({"mountPath": "/srv", "subPath": "x/y"}, "/srv", "x/y", ("/data", "/data/x/y")),
        ({"mountPath": "/srv", "subPath": "x/"}, "/srv/a", "x/a", ("/data", "/data/x/a")),
    ],
)
def test_the_nearest_mount_says_which_claim(
    mount: dict[str, Any], path: str, part: str, placed: tuple[str, str]
) -> None:
    mounts = [{"name": "v", **mount}, {"name": "other", "mountPath": "/srv/deeper/still"}]
    made = workload("web", mounts, [claim("v", "files"), claim("other", "others")])
    there = found(WEB, made, path)
    assert (there.claim, there.part, there.placed(path)) == ("files", part, placed)
    deeper = found(WEB, made, "/srv/deeper/still/more", count=9)
    assert deeper == ClaimPart("others", "more", "/srv/deeper/still")
    assert uses_claim(made, "files")
    assert not uses_claim(made, "file")


@pytest.mark.parametrize(("start", "first"), [(None, 0), (0, 0), (5, 5)])
def test_each_pod_of_a_set_has_a_claim_of_its_own(start: int | None, first: int) -> None:
    made = workload("db", [{"name": "data", "mountPath": "/data"}], [], made=("data",), start=start)
    assert found(DB, made) == ClaimPart(f"data-db-{first}", "", "/data")
    with pytest.raises(AmbiguousError) as several:
        found(DB, made, count=2)
    assert f"data-db-{first}, data-db-{first + 1}" in several.value.reason
    assert several.value.fix.endswith(f"again --pod=db-{first}")
    named = Target("db", Kind.STATEFUL_SET, f"db-{first + 1}")
    assert found(named, made, "/data/x", count=2) == ClaimPart(f"data-db-{first + 1}", "x", "/data")
    assert uses_claim(made, "data-db-77")
    assert not uses_claim(made, "data-db-x")
    assert not uses_claim(made, "other-db-0")


@pytest.mark.parametrize(
    ("path", "mount"),
    [("/srv", "/srv"), ("/srv/deeper/x", "/srv/deeper"), ("/data", "/data"), ("/part", "/data")],
)
def test_a_claim_that_is_named_stands_where_the_pods_have_the_whole_of_it(
    path: str, mount: str
) -> None:
    mounts = [
        {"name": "v", "mountPath": "/srv/"},
        {"name": "v", "mountPath": "/srv/deeper"},
        {"name": "v", "mountPath": "/part", "subPath": "part"},
        {"name": "other", "mountPath": "/srv/deeper/x"},
    ]
    made = workload("web", mounts, [claim("v", "files"), claim("other", "others")])
    assert mount_of(WEB, json.dumps(made).encode(), "files", path) == mount
    own = workload("db", [{"name": "v", "mountPath": "/srv"}], [claim("v", "files")], made=("v",))
    assert mount_of(DB, json.dumps(own).encode(), "v-db-3", "/srv/a") == "/srv"
    # What is made goes before a volume of the same name.
    assert mount_of(DB, json.dumps(own).encode(), "files", "/srv/a") == "/data"


@pytest.mark.parametrize("pod", ["db-2", "db-00", "db", "web-0", "db-x", "xdb-0", "db--1"])
def test_a_pod_that_the_set_does_not_have(pod: str) -> None:
    made = workload("db", [{"name": "data", "mountPath": "/data"}], [], made=("data",))
    with pytest.raises(NoPodError) as caught:
        found(Target("db", Kind.STATEFUL_SET, pod), made, count=2)
    assert "db-0 to db-1" in caught.value.reason


def test_a_claim_that_all_of_a_set_share_needs_no_pod() -> None:
    made = workload("db", [{"name": "v", "mountPath": "/data"}], [claim("v", "all")], made=("w",))
    assert found(DB, made, count=3) == ClaimPart("all", "", "/data")


def test_where_no_claim_stands_the_claims_are_listed() -> None:
    mounts = [{"name": "v", "mountPath": "/data"}, {"name": "scratch", "mountPath": "/scratch"}]
    volumes = [claim("v", "files"), {"name": "scratch", "emptyDir": {}}]
    made = workload("web", mounts, volumes)
    for path, words in (("/elsewhere", "none is there"), ("/scratch/x", "(emptyDir) goes with")):
        with pytest.raises(PodCannotError) as caught:
            found(WEB, made, path)
        assert words in caught.value.reason
        assert "its claims: files" in caught.value.reason
    with pytest.raises(NoContainerError):
        found(WEB, made, container="none")
    with pytest.raises(PodCannotError):
        found(WEB, made, container="side")


def test_a_part_of_each_pods_own_is_not_guessed() -> None:
    made = workload(
        "web",
        [{"name": "v", "mountPath": "/data", "subPathExpr": "$(POD_NAME)"}],
        [claim("v", "files")],
    )
    with pytest.raises(AmbiguousError) as caught:
        found(WEB, made)
    assert "its claims: files" in caught.value.reason


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["metadata", "spec", "template", "containers", "volumes", "volumeMounts", "name",
                 "mountPath", "persistentVolumeClaim", "claimName", "ordinals", "start"]
            ),
            inner,
            max_size=4,
        ),
        max_leaves=30,
    )
)  # fmt: skip
def test_any_other_answer_is_an_error_of_ours(made: object) -> None:
    for one in (made, {"metadata": {"name": "db"}, "spec": {"template": {"spec": made}}}):
        try:
            found(DB, one)
        except RestoreError:
            continue


def test_what_is_no_object_may_be_asked_again() -> None:
    answers: list[object] = [[], {}, {"metadata": {"name": "db"}, "spec": {"template": {}}}]
    for made in answers:
        with pytest.raises(InterruptedRestoreError):
            found(DB, made)
