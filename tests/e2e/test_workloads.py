"""Workloads on a real node: controllers make their pods, and replace them in the middle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract import trees
from tests.contract.clusters import ROOT
from tests.e2e.shop import CLAIMED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.shop import Shop
    from tests.link import LinkProxy

    Writer = Callable[[bytes], Path]

MIB = 1 << 20


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "Job"])
def test_a_workload_of_one_pod(shop: Shop, backup: Writer, kind: str) -> None:
    (pod,) = shop.make(kind, 1, {"emptyDir": {}})
    file = backup(trees.small())
    done = shop.run(f"{kind.lower()}/shop:/data", file)
    assert done.code == 0, done
    assert f"pod {pod} (the only one of {kind.lower()}/shop)" in done.err
    for words in ((f"{kind.lower()}/shop",), ("-l", "app=shop"), (pod,)):
        verified = shop.run("verify", *words, file, "-t", "/data")
        assert verified.code == 0, verified


def test_a_service_leads_to_its_pod(shop: Shop, backup: Writer) -> None:
    (pod,) = shop.make("Deployment", 1, {"emptyDir": {}})
    shop.kubectl("expose", "deployment/shop", "--port=80")
    done = shop.run("svc/shop", backup(trees.small()), "-t", "/data")
    assert done.code == 0, done
    assert f"pod {pod} " in done.err


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_of_several_none_is_taken_but_the_one_that_is_named(
    shop: Shop, backup: Writer, kind: str
) -> None:
    pods = shop.make(kind, 2, {"emptyDir": {}})
    file = backup(trees.small())
    done = shop.run(f"{kind.lower()}/shop", file, "-t", "/data")
    assert done.code == 4, done
    assert all(pod in done.err for pod in pods)
    for pod in pods:
        assert shop.kubectl("exec", pod, "--", "ls", "-A", "/data") == ""
    assert shop.run(f"{kind.lower()}/shop", file, "-t", "/data", "--pod", pods[1]).code == 0
    assert shop.kubectl("exec", pods[0], "--", "ls", "-A", "/data") == ""
    assert shop.run("verify", pods[1], file, "-t", "/data").code == 0


def test_replicas_with_one_claim_are_one_place(shop: Shop, backup: Writer) -> None:
    shop.claim("ReadWriteMany")
    try:
        shop.make("Deployment", 2, CLAIMED)
        file = backup(trees.small())
        done = shop.run("deploy/shop", file, "-t", "/data")
        assert done.code == 0, done
        assert "2 pods, all with the claim shop at /data" in done.err
        assert shop.run("verify", "deploy/shop", file, "-t", "/data").code == 0
        claimed = shop.run("verify", "pvc/shop", file)
        assert claimed.code == 0, claimed
        assert "the first of 2 that mount it" in claimed.err
    finally:
        shop.empty_claim()


def test_a_pod_that_is_replaced_in_the_middle_is_not_taken_for_the_old_one(
    shop: Shop, backup: Writer, link: LinkProxy
) -> None:
    (pod,) = shop.make("Deployment", 1, {"emptyDir": {}})
    file = backup(trees.of_size(40 * MIB, files=40))
    process = shop.begin(link, "deploy/shop", file, "-t", "/data")
    shop.kubectl("delete", "pod", pod, "--wait=false")
    _, said = process.communicate(timeout=240)
    assert process.returncode == 8, said
    assert "when deployment/shop has a pod that runs, run the same command again" in said
    (other,) = shop.wait(1)
    assert other != pod
    link.rate = None
    again = shop.run("deploy/shop", file, "-t", "/data")
    assert again.code == 0, again
    assert f"pod {other} " in again.err


def test_the_role_that_the_docs_give_is_enough_and_no_less_is(shop: Shop, backup: Writer) -> None:
    parts = (ROOT / "docs/permissions.md").read_text("utf-8").split("```yaml\n")[1:]
    of_a_pod, of_a_workload = (part.partition("```")[0] for part in parts[:2])
    of_a_pod = of_a_pod.replace("name: restore", "name: shop")
    of_a_pod = of_a_pod.replace("namespace: prod", f"namespace: {shop.cluster.namespace}")
    shop.make("Deployment", 1, {"emptyDir": {}})
    shop.kubectl("create", "serviceaccount", "shop")
    account = f"{shop.cluster.namespace}:shop"
    shop.kubectl("create", "--filename=-", given=of_a_pod)
    shop.kubectl("create", "rolebinding", "shop", "--role=shop", f"--serviceaccount={account}")
    who = f"--as=system:serviceaccount:{account}"
    words = ("deploy/shop", backup(trees.small()), "-t", "/data", who)
    refused = shop.run(*words)
    assert refused.code == 5, refused
    assert "deployments" in refused.err
    shop.kubectl("apply", "--filename=-", given=of_a_pod + of_a_workload)
    allowed = shop.run(*words)
    assert allowed.code == 0, allowed
