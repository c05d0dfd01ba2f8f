"""Where a claim is: by which pod, container and directory."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kubectl_restore.cluster.claim import choose_mount, parse_claim, pods_with
from kubectl_restore.cluster.helper_pod import HelperPod
from kubectl_restore.cluster.labels import CLAIM as NOTED
from kubectl_restore.cluster.labels import MANAGED, OURS, READS
from kubectl_restore.cluster.target import Kind, Target
from kubectl_restore.cluster.via import Via
from kubectl_restore.cluster.workload import Choice, Workload
from kubectl_restore.errors import (
    InterruptedRestoreError,
    NoDirectoryError,
    NoPodError,
    PodCannotError,
    TakenError,
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


def reached(
    *pods: dict[str, Any],
    path: str | None = None,
    container: str | None = None,
    modes: tuple[str, ...] = ("ReadWriteOnce",),
    via: Via = Via.AUTO,
    reads: bool = False,
    target: Target = CLAIM,
) -> Choice | HelperPod:
    """Return by what the claim is reached."""
    return choose_mount(
        target,
        Workload("", namespace="prod", modes=frozenset(modes)),
        json.dumps({"items": list(pods)}).encode(),
        path=path,
        container=container,
        wish=HelperPod("", reads=reads),
        via=via,
        at=" -n prod",
    )


def choose(*pods: dict[str, Any], path: str | None = None, container: str | None = None) -> Choice:
    choice = reached(*pods, path=path, container=container)
    assert isinstance(choice, Choice)
    return choice


def wish(found: Choice | HelperPod) -> HelperPod:
    assert isinstance(found, HelperPod)
    return found


def ours(name: str, *, reads: bool = False, running: bool = True) -> dict[str, Any]:
    """Return a helper pod."""
    one = pod(name, {"mountPath": "/data"})
    one["metadata"]["labels"] = {MANAGED: OURS} | ({READS: "true"} if reads else {})
    one["metadata"]["annotations"] = {NOTED: "data"}
    state = {"running": {}} if running else {"waiting": {"reason": "ContainerCreating"}}
    one["status"]["containerStatuses"] = [{"name": "c0", "state": state}]
    return one


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
    pods = (other, ended, pod("c", {"mountPath": "/a/../b"}))
    assert wish(reached(*pods)) == HelperPod("data")
    assert wish(reached(*pods, path="/data/app")) == HelperPod("data")
    with pytest.raises(NoDirectoryError, match="does not stand where it is wanted"):
        wish(reached(*pods, path="/srv"))
    with pytest.raises(NoPodError, match="no pod that runs mounts"):
        reached(*pods, via=Via.EXEC)


def test_what_can_only_be_read_takes_no_restore() -> None:
    assert wish(reached(modes=("ReadOnlyMany",), reads=True)).reads
    with pytest.raises(PodCannotError, match="can only be read"):
        wish(reached(modes=("ReadOnlyMany",)))


def test_a_helper_beside_a_pod_goes_to_its_node() -> None:
    there = pod("a", AT)
    there["spec"] |= {"nodeName": "n1", "tolerations": [{"operator": "Exists"}]}
    wanted = wish(reached(there, via=Via.HELPER))
    assert (wanted.node, wanted.tolerations) == ("n1", ({"operator": "Exists"},))
    assert not wish(reached(there, via=Via.HELPER, modes=("ReadWriteMany",))).node
    with pytest.raises(TakenError, match=r"pod a has .* for itself"):
        wish(reached(there, via=Via.HELPER, modes=("ReadWriteOncePod",)))
    assert found(choose(there)) == ("a", "c0", "/srv")


def test_a_helper_that_was_left_is_gone_on_with() -> None:
    left = ours("restore-data-1")
    assert found(choose(pod("a", AT), left))[0] == "restore-data-1"
    via_helper = reached(pod("a", AT), left, via=Via.HELPER)
    assert isinstance(via_helper, Choice)
    assert via_helper.facts.is_helper
    assert isinstance(reached(ours("starting", running=False)), HelperPod)


def test_a_helper_that_has_it_elsewhere_is_removed_by_the_command_that_the_error_names() -> None:
    with pytest.raises(NoDirectoryError) as caught:
        reached(ours("restore-data"), path="/srv", via=Via.HELPER)
    assert caught.value.fix.endswith("kubectl restore status -n prod --cleanup")


def test_a_label_alone_makes_no_helper() -> None:
    changes: list[dict[str, Any]] = [{"annotations": {}}, {"ownerReferences": [{"uid": "u"}]}]
    for change in changes:
        other = ours("app-1")
        other["metadata"] |= change
        choice = reached(pod("a", AT), other)
        assert isinstance(choice, Choice)
        assert not choice.facts.is_helper
        assert isinstance(reached(other, via=Via.HELPER), HelperPod)


def test_a_helper_that_reads_is_another_runs() -> None:
    assert isinstance(reached(ours("restore-data-1", reads=True)), HelperPod)


def test_a_generic_ephemeral_volume_is_a_claim_of_its_pods_name() -> None:
    own = pod("da", AT, source={"ephemeral": {"volumeClaimTemplate": {}}})
    own["spec"]["volumes"][0]["name"] = "ta"
    own["spec"]["containers"][0]["volumeMounts"][0]["name"] = "ta"
    assert isinstance(reached(own), HelperPod)
    choice = reached(own, target=Target("da-ta", Kind.CLAIM))
    assert isinstance(choice, Choice)
    assert choice.facts.name == "da"


def test_who_has_it_is_everybody_but_us_whose_pod_has_not_ended() -> None:
    done = pod("done", {"mountPath": "/data"})
    done["status"]["phase"] = "Failed"
    going = pod("going", {"mountPath": "/data"})
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    part = pod("part", {"mountPath": "/data", "subPath": "x"}, ready=False)
    other = pod("other", {"mountPath": "/data"}, source={"emptyDir": {}})
    text = json.dumps({"items": [done, going, part, other, ours("helper")]}).encode()
    assert [one["metadata"]["name"] for one in pods_with(CLAIM, text)] == ["going", "part"]
    with pytest.raises(InterruptedRestoreError):
        pods_with(CLAIM, b"[]")


def test_a_bare_device_has_no_file_system() -> None:
    text = b'{"metadata": {"namespace": "prod"}, "spec": {"accessModes": ["ReadWriteOnce"]}}'
    modes = frozenset({"ReadWriteOnce"})
    assert parse_claim(CLAIM, text) == Workload("", namespace="prod", modes=modes)
    with pytest.raises(PodCannotError, match="bare device"):
        parse_claim(CLAIM, b'{"spec": {"volumeMode": "Block"}}')


@pytest.mark.parametrize("text", [b"", b"1", b"{}", b'{"items": 1}', b'{"items": [1]}'])
def test_an_answer_that_is_none_may_be_asked_again(text: bytes) -> None:
    with pytest.raises(InterruptedRestoreError):
        choose_mount(
            CLAIM,
            Workload(""),
            text,
            path=None,
            container=None,
            wish=HelperPod(""),
            via=Via.AUTO,
            at="",
        )
    with pytest.raises(InterruptedRestoreError):
        parse_claim(CLAIM, text)
