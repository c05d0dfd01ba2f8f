"""What a Pod object says about the room on its node's disk."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.cluster.limits import Limit, limit_at, limits_of, read_quantity

_Pod = dict[str, Any]


def pod(*, layer: str = "", size: object = None, medium: str = "", beside: str = "") -> _Pod:
    limits = {"limits": {"ephemeral-storage": layer}} if layer else {}
    others = {"limits": {"ephemeral-storage": beside}} if beside else {}
    empty = {"sizeLimit": size} if size else {}
    return {
        "spec": {
            "containers": [
                {
                    "name": "app",
                    "resources": limits,
                    "volumeMounts": [
                        {"name": "scratch", "mountPath": "/data"},
                        {"name": "claim", "mountPath": "/data/inner"},
                    ],
                },
                {"name": "other", "resources": others},
            ],
            "volumes": [
                {"name": "scratch", "emptyDir": {**empty, "medium": medium}},
                {"name": "claim", "persistentVolumeClaim": {"claimName": "c"}},
            ],
        }
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1Gi", 1 << 30),
        ("1.5Ki", 1536),
        ("500M", 500_000_000),
        ("1e3", 1000),
        ("2E", 2 * 10**18),
        ("3Ei", 3 << 60),
        ("100", 100),
        ("1500m", 1),
        ("", None),
        ("much", None),
        (None, None),
    ],
)
def test_quantities(text: object, value: int | None) -> None:
    assert read_quantity(text) == value


@pytest.mark.parametrize(
    ("made", "path", "size"),
    [
        (pod(size="10Mi"), "/data/app", 10 << 20),
        (pod(size="10Mi"), "/data/inner", None),
        (pod(size="10Mi"), "/database", None),
        (pod(layer="1Mi"), "/", 1 << 20),
        (pod(layer="1Mi"), "/data", 1 << 20),
        (pod(layer="1Mi", beside="2Mi"), "/data", 3 << 20),
        (pod(layer="1Mi", beside="2Mi"), "/srv", 1 << 20),
        (pod(layer="1Mi", size="1Ki"), "/data", 1 << 10),
        (pod(layer="1Mi", medium="Memory"), "/data", None),
        (pod(), "/data", None),
    ],
)
def test_the_innermost_mount_decides(made: _Pod, path: str, size: int | None) -> None:
    found = limit_at(limits_of(made, "app"), path)
    assert found is not None
    assert found.size == size


@given(st.text())
def test_no_text_is_more_than_none(text: str) -> None:
    found = read_quantity(text)
    assert found is None or found >= 0


def test_an_ephemeral_container_has_none() -> None:
    assert limit_at(limits_of(pod(layer="1Mi"), "debugger"), "/") == Limit(
        "/", None, "the container's limit for ephemeral-storage"
    )
