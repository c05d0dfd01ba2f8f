"""Where a claim is: by which pod, container and directory."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kubectl_restore.cluster.claim import choose_mount, parse_claim
from kubectl_restore.cluster.target import Kind, Target
from kubectl_restore.cluster.workload import Choice, Workload
from kubectl_restore.errors import (
    InterruptedRestoreError,
    NoDirectoryError,
    NoPodError,
    PodCannotError,
)

CLAIM = Target("data", Kind.CLAIM)


def pod(
    name: str, *mounts: dict[str, Any], ready: bool = True, source: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return a pod whose containers each have one mount of the claim, in order."""
    volume = source or {"persistentVolumeClaim": {"claimName": "data"}}
    containers = [
        {"name": f"c{number}", "volumeMounts": [{"name": "v", **mount}] if mount else []}
        for number, mount in enumerate(mounts)
    ]
    return {
        "metadata": {"name": name, "namespace": "prod", "uid": f"uid-{name}"},
        "spec": {"volumes": [{"name": "v", **volume}], "containers": containers},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        },
    }


def choose(*pods: dict[str, Any], path: str | None = None, container: str | None = None) -> Choice:
    text = json.dumps({"items": list(pods)}).encode()
    return choose_mount(CLAIM, text, path=path, container=container, at=" -n prod")


def found(choice: Choice) -> tuple[str, str | None, str | None]:
    return choice.facts.name, choice.container, choice.path


AT: dict[str, Any] = {"mountPath": "/srv/"}


def test_the_pod_that_is_ready_is_taken_with_the_container_that_mounts_it() -> None:
    late = pod("a", AT, ready=False)
    assert found(choose(late, pod("b", {}, AT))) == ("b", "c1", "/srv")
    assert found(choose(late)) == ("a", "c0", "/srv")


def test_where_it_can_be_written_to_comes_first() -> None:
    two = pod("a", {**AT, "readOnly": True}, {"mountPath": "/rw"})
    assert found(choose(two)) == ("a", "c1", "/rw")
    assert found(choose(two, container="c0")) == ("a", "c0", "/srv")


def test_a_path_has_to_be_on_the_claim() -> None:
    assert found(choose(pod("a", AT), path="/srv/app")) == ("a", "c0", "/srv/app")
    for path in ("/srvx", "/", "/data"):
        with pytest.raises(NoDirectoryError, match="does not stand where it is wanted"):
            choose(pod("a", AT), path=path)


@pytest.mark.parametrize("part", [{"subPath": "x"}, {"subPathExpr": "$(POD)"}])
def test_a_part_of_a_claim_is_not_the_claim(part: dict[str, str]) -> None:
    with pytest.raises(NoDirectoryError) as caught:
        choose(pod("a", {**AT, **part}))
    assert "only" in caught.value.reason
    assert found(choose(pod("a", {**AT, **part}), pod("b", AT))) == ("b", "c0", "/srv")


def test_nobody_mounts_it() -> None:
    other = pod("a", AT, source={"persistentVolumeClaim": {"claimName": "other"}})
    ended = pod("b", AT)
    ended["status"]["phase"] = "Failed"
    with pytest.raises(NoPodError) as caught:
        choose(other, ended, pod("c", {"mountPath": "/a/../b"}))
    assert caught.value.fix.startswith("start what uses it, or a pod for it: kubectl -n prod run ")


def test_a_generic_ephemeral_volume_is_a_claim_of_its_pods_name() -> None:
    own = pod("da", AT, source={"ephemeral": {"volumeClaimTemplate": {}}})
    own["spec"]["volumes"][0]["name"] = "ta"
    own["spec"]["containers"][0]["volumeMounts"][0]["name"] = "ta"
    with pytest.raises(NoPodError):
        choose(own)
    text = json.dumps({"items": [own]}).encode()
    target = Target("da-ta", Kind.CLAIM)
    assert choose_mount(target, text, path=None, container=None, at="").facts.name == "da"


def test_a_bare_device_has_no_file_system() -> None:
    text = b'{"metadata": {"namespace": "prod"}, "spec": {"volumeMode": "Filesystem"}}'
    assert parse_claim(CLAIM, text) == Workload("", namespace="prod")
    with pytest.raises(PodCannotError, match="bare device"):
        parse_claim(CLAIM, b'{"spec": {"volumeMode": "Block"}}')


@pytest.mark.parametrize("text", [b"", b"1", b"{}", b'{"items": 1}', b'{"items": [1]}'])
def test_an_answer_that_is_none_may_be_asked_again(text: bytes) -> None:
    with pytest.raises(InterruptedRestoreError):
        choose_mount(CLAIM, text, path=None, container=None, at="")
    with pytest.raises(InterruptedRestoreError):
        parse_claim(CLAIM, text)
