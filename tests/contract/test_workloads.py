"""Targets as people name them: what has pods stands for its pod, and never for one of several."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.contract import program, trees

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod
    from tests.contract.program import Result

    Writer = Callable[[bytes], Path]

pytestmark = pytest.mark.usefixtures("embedded_only")


def run(cluster: Cluster, *words: object) -> Result:
    """Run the program with these words."""
    return program.run(*map(str, words), f"--kubeconfig={cluster.kubeconfig}")


def own(
    cluster: Cluster, resource: str, *pods: Pod, replicas: int | None = None, claim: str = ""
) -> None:
    """Have these pods be those of a workload called `shop`."""
    assert cluster.embedded is not None
    cluster.embedded.workloads.objects.clear()
    for one in cluster.embedded.pods.values():
        one.labels, one.owners, one.claim = {}, [], ""
    cluster.embedded.workloads.add(
        resource,
        "shop",
        [cluster.embedded.pod(one.name) for one in pods],
        replicas=replicas,
        claim=claim,
    )


@pytest.mark.parametrize(
    ("resource", "named"),
    [
        ("deployments", "deploy/shop"),
        ("deployments", "deployments.apps/shop"),
        ("statefulsets", "sts/shop"),
        ("daemonsets", "daemonset/shop"),
        ("replicasets", "rs/shop"),
        ("jobs", "job/shop"),
        ("services", "svc/shop"),
    ],
)
def test_a_workload_of_one_pod_is_that_pod(
    cluster: Cluster, backup: Writer, resource: str, named: str
) -> None:
    pod = cluster.pod("busybox")
    own(cluster, resource, pod, replicas=1)
    archive = trees.small()
    done = run(cluster, named, backup(archive), "-t", pod.path)
    assert done.code == 0, done
    assert f"pod busybox (the only one of {resource.removesuffix('s')}/shop)" in done.err
    assert trees.tree_of(archive) == pod.tree()
    again = run(cluster, "verify", f"{named}:{pod.path}", backup(archive))
    assert again.code == 0, again


def test_of_several_pods_none_is_taken(cluster: Cluster, backup: Writer) -> None:
    pods = [cluster.pod(kind) for kind in ("busybox", "debian")]
    file = backup(trees.small())
    for resource, named in (("statefulsets", "sts/shop"), ("services", "svc/shop")):
        own(cluster, resource, *pods, replicas=2)
        done = run(cluster, named, file, "-t", "/data", "-o", "json")
        assert done.code == 4, done
        last = json.loads(done.out.splitlines()[-1])
        assert (last["code"], last["cause"]) == (4, "ambiguous")
        assert "busybox" in last["reason"]
        assert "debian" in last["reason"]
        assert last["fix"].startswith(f"name one of them: kubectl restore {named} ")
        assert last["fix"].endswith(" --pod=busybox")
        assert [set(pod.tree()) for pod in pods] == [set(), set()]
    chosen = run(cluster, "svc/shop", file, "-t", "/data", "--pod=debian")
    assert chosen.code == 0, chosen
    assert not pods[0].tree()
    assert len(pods[1].tree()) > 1
    other = run(cluster, "svc/shop", file, "-t", "/data", "--pod=toybox")
    assert other.code == 4, other
    assert "has no pod toybox" in other.err


def test_one_pod_of_a_set_that_wants_more_may_be_the_wrong_one(
    cluster: Cluster, backup: Writer
) -> None:
    pod = cluster.pod("busybox")
    own(cluster, "statefulsets", pod, replicas=3, claim="data")
    done = run(cluster, "sts/shop", backup(trees.small()), "-t", pod.path)
    assert done.code == 4, done
    assert "it wants 3" in done.err


def test_pods_with_one_claim_at_the_target_are_the_same_place(
    cluster: Cluster, backup: Writer
) -> None:
    pods = [cluster.pod(kind) for kind in ("busybox", "debian")]
    own(cluster, "deployments", *pods, replicas=2, claim="shared")
    file = backup(trees.small())
    done = run(cluster, "deploy/shop", file, "-t", f"{pods[0].path}/")
    assert done.code == 0, done
    assert "all with the claim shared at /data" in done.err
    # What is not on the claim is each pod's own.
    beside = run(cluster, "deploy/shop", file, "-t", "/opt")
    assert beside.code == 4, beside


def test_a_pod_that_only_has_the_labels_is_not_taken(cluster: Cluster, backup: Writer) -> None:
    mine, other = cluster.pod("busybox"), cluster.pod("debian")
    own(cluster, "deployments", mine, replicas=1)
    assert cluster.embedded is not None
    cluster.embedded.pod(other.name).labels = {"app": "shop"}
    done = run(cluster, "deploy/shop", backup(trees.small()), "-t", mine.path)
    assert done.code == 0, done
    assert len(mine.tree()) > 1
    assert not other.tree()


def test_a_selector_stands_instead_of_a_target(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("busybox")
    own(cluster, "services", pod)
    file = backup(trees.small())
    done = run(cluster, "-l", "app=shop", file, "-t", pod.path)
    assert done.code == 0, done
    assert "pod busybox (the only one of selector app=shop)" in done.err
    for words in (["-l", "app=shop", pod.name, file], ["-l", "", file], ["-l", "app=shop"]):
        assert run(cluster, *words, "-t", pod.path).code == 2
    none = run(cluster, "-l", "app=no", file, "-t", pod.path)
    assert none.code == 4, none
    assert "has no pod that runs" in none.err


def test_a_claim_is_where_a_pod_mounts_it(cluster: Cluster, backup: Writer, tmp_path: Path) -> None:
    pod = cluster.pod("busybox")
    own(cluster, "persistentvolumeclaims", pod)
    archive = trees.small()
    receipt = tmp_path / "receipt.json"
    done = run(cluster, "pvc/shop", backup(archive), f"--receipt={receipt}", "--delete")
    assert done.code == 0, done
    assert "pod busybox (mounts it: persistentvolumeclaim/shop)" in done.err
    assert f"path {pod.path}" in done.err
    assert "no target path was given" not in done.err
    assert trees.tree_of(archive) == pod.tree()
    target = json.loads(receipt.read_text("utf-8"))["target"]
    assert (target["named"], target["pod"]) == ("persistentvolumeclaim/shop", "busybox")
    assert target["path"] == pod.path
    assert run(cluster, "verify", "pvc/shop", backup(archive)).code == 0
    assert run(cluster, "diff", "pvc/shop", backup(archive), f"{pod.path}/").code == 0
    beside = run(cluster, "pvc/shop:/opt", backup(archive))
    assert beside.code == 4, beside
    assert f"pod busybox has it at {pod.path} of container app" in beside.err


def test_a_claim_that_nobody_mounts_is_said_with_what_would_do(
    cluster: Cluster, backup: Writer
) -> None:
    own(cluster, "persistentvolumeclaims")
    done = run(cluster, "pvc/shop", backup(trees.small()), "--via=exec")
    assert done.code == 4, done
    assert "no pod that runs mounts persistentvolumeclaim/shop" in done.err
    assert "leave --via out" in done.err


@pytest.mark.parametrize(
    ("named", "words"),
    [("deploy/gone", "gone"), ("sts/shop", "shop"), ("svc/shop", "has no pod that runs")],
)
def test_what_is_not_there_is_said(
    cluster: Cluster, backup: Writer, named: str, words: str
) -> None:
    own(cluster, "services")
    done = run(cluster, named, backup(trees.small()), "-t", "/data")
    assert done.code == 4, done
    assert words in done.err
