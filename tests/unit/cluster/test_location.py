"""Where a container's path really is."""

from __future__ import annotations

from typing import Any

import pytest

from kubectl_restore.cluster.location import Location, location_at, volumes_of
from kubectl_restore.cluster.pod import facts_of


def pod(name: str, *mounts: dict[str, str], container: str = "app") -> dict[str, Any]:
    """Return a Pod object with a claim, an emptyDir and a generic ephemeral volume."""
    return {
        "metadata": {"name": name, "namespace": "prod", "uid": f"u-{name}"},
        "spec": {
            "volumes": [
                {"name": "data", "persistentVolumeClaim": {"claimName": "data-db"}},
                {"name": "cache", "emptyDir": {}},
                {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {}}},
            ],
            "containers": [{"name": container, "volumeMounts": list(mounts)}],
        },
    }


def at(path: str, name: str, *mounts: dict[str, str], container: str = "app") -> Location:
    made = pod(name, *mounts, container=container)
    volumes = facts_of(made).volumes[container]
    assert volumes == volumes_of(made, container)
    return location_at(path, volumes, pod=name, uid=f"u-{name}", container=container)


DATA = {"name": "data", "mountPath": "/data"}


def test_a_claim_is_one_place_in_all_pods_and_by_all_paths() -> None:
    whole = at("/data/pg", "a", DATA)
    assert whole == Location("claim data-db", "/pg")
    assert at("/srv/pg", "b", {"name": "data", "mountPath": "/srv/"}) == whole
    assert at("/x", "c", {"name": "data", "mountPath": "/x", "subPath": "pg/"}) == whole
    assert at("/data/pg", "d", DATA, container="other") == whole
    assert at("/data", "a", DATA).path == "/"
    assert at("/data/pg2", "a", DATA) != whole


@pytest.mark.parametrize(
    "mounts",
    [
        (),
        ({"name": "cache", "mountPath": "/data"},),
        ({"name": "data", "mountPath": "/database"},),
        (DATA, {"name": "cache", "mountPath": "/data/pg"}),
        ({"name": "data", "mountPath": "/data", "subPathExpr": "$(POD)"},),
    ],
)
def test_what_is_a_pods_own_is_nobody_elses(mounts: tuple[dict[str, str], ...]) -> None:
    assert at("/data/pg", "a", *mounts) != at("/data/pg", "b", *mounts)
    assert at("/data/pg", "a", *mounts) == at("/data/pg", "a", *mounts)


def test_a_generic_ephemeral_volume_is_the_claim_that_it_makes() -> None:
    assert at("/s", "a", {"name": "scratch", "mountPath": "/s"}).holder == "claim a-scratch"


def test_a_volume_is_one_place_in_two_containers_and_what_is_on_none_is_not() -> None:
    cache = {"name": "cache", "mountPath": "/c"}
    assert at("/c", "a", cache) == at("/c", "a", cache, container="side")
    assert at("/opt", "a") != at("/opt", "a", container="side")
    assert str(at("/", "a")) == "/ of container app of pod a (u-a)"
