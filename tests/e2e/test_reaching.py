"""Claims that no pod mounts, and containers without a shell: what is made to reach them, and goes.

`restore.test/busybox` is the helper's image: the node has no registry.
"""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.cluster.helper_pod import HelperPod
from tests.contract import trees
from tests.contract.clusters import ROOT
from tests.e2e.shop import BUSYBOX, CLAIMED
from tests.json_page import undocumented

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.shop import Shop
    from tests.link import LinkProxy

    Writer = Callable[[bytes], Path]

MIB = 1 << 20
HELPER = f"--helper-image={BUSYBOX}"
AS_ROOT = "--run-as=0"
"""A directory of the node is root's, whatever fsGroup says (Kubernetes, "hostPath")."""


@pytest.fixture
def claim(shop: Shop) -> Iterator[Shop]:
    """A claim called `shop`; nothing of ours is left beside it in the end."""
    shop.claim()
    yield shop
    assert shop.helpers() == []
    shop.empty_claim()


def test_a_claim_that_nobody_mounts(claim: Shop, backup: Writer) -> None:
    file = backup(trees.small())
    done = claim.run("pvc/shop", file, HELPER, AS_ROOT)
    assert done.code == 0, done
    assert "helper pod restore-shop-" in done.err
    assert claim.helpers() == []
    verified = claim.run("verify", "pvc/shop", file, HELPER, AS_ROOT)
    assert verified.code == 0, verified
    again = claim.run("pvc/shop", file, HELPER, AS_ROOT)
    assert again.code == 0, again
    assert "Nothing to restore" in again.out
    # What reads makes no pod that others would find.
    assert claim.helpers() == []
    claim.make("Deployment", 1, CLAIMED)
    inside = claim.run("verify", "deploy/shop:/data", file)
    assert inside.code == 0, inside


@pytest.mark.slow
def test_beside_the_pod_that_mounts_it(claim: Shop, backup: Writer) -> None:
    (pod,) = claim.make("Deployment", 1, CLAIMED)
    file = backup(trees.small())
    done = claim.run("pvc/shop", file, "--via=helper", HELPER, AS_ROOT)
    assert done.code == 0, done
    assert f"pod {pod}" not in done.err
    verified = claim.run("verify", f"{pod}:/data", file)
    assert verified.code == 0, verified


def test_one_that_a_killed_run_has_left_is_gone_on_with(
    claim: Shop, backup: Writer, link: LinkProxy
) -> None:
    file = backup(trees.of_size(40 * MIB, files=40))
    process = claim.begin(link, "pvc/shop", file, HELPER, AS_ROOT)
    process.kill()
    process.communicate()
    link.rate = None
    (left,) = claim.helpers()
    told = claim.run("status")
    assert told.code == 0, told
    assert left.removeprefix("pod/") in told.out
    line = json.loads(claim.run("status", "-o", "json").out)
    assert undocumented(line) == []
    assert line["pods"][0]["claim"] == "shop"
    again = claim.run("pvc/shop", file, HELPER, AS_ROOT)
    assert again.code == 0, again
    assert left.removeprefix("pod/") in again.err
    verified = claim.run("verify", "pvc/shop", file, HELPER, AS_ROOT)
    assert verified.code == 0, verified


def test_it_is_removed_after_ctrl_c(claim: Shop, backup: Writer, link: LinkProxy) -> None:
    file = backup(trees.of_size(40 * MIB, files=40))
    process = claim.begin(link, "pvc/shop", file, HELPER, AS_ROOT)
    process.send_signal(signal.SIGINT)
    link.rate = None
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert claim.helpers() == []


@pytest.mark.slow
def test_what_is_left_is_removed_by_cleanup(claim: Shop, backup: Writer, link: LinkProxy) -> None:
    link.rate = 10e6
    file = backup(trees.of_size(40 * MIB, files=40))
    process = claim.begin(link, "pvc/shop", file, HELPER, AS_ROOT)
    process.kill()
    process.communicate()
    link.rate = None
    (left,) = claim.helpers()
    done = claim.run("status", "--cleanup")
    assert done.code == 0, done
    assert done.out == f"{left} deleted\n"
    assert claim.helpers() == []
    assert "Nothing that kubectl restore has made stands there" in claim.run("status").out


def test_a_pod_of_the_helpers_name_that_is_not_ours_is_left_alone(
    claim: Shop, backup: Writer
) -> None:
    file = backup(trees.small())
    told = claim.run("pvc/shop", file, HELPER, AS_ROOT, "--dry-run")
    assert told.code == 0, told
    name = HelperPod("shop").name()
    claim.kubectl(
        "run", name, f"--image={BUSYBOX}", "--image-pull-policy=Never", "--", "sleep", "9999"
    )
    try:
        done = claim.run("pvc/shop", file, HELPER, AS_ROOT)
        assert done.code == 4, done
        assert "and is none" in done.err
        assert name in claim.kubectl("get", "pods", "-o", "name")
    finally:
        claim.kubectl("delete", "pod", name, "--now")


def test_a_link_in_the_claim_leads_nowhere_else(claim: Shop, backup: Writer) -> None:
    claim.make("Deployment", 1, CLAIMED)
    claim.kubectl("exec", "deploy/shop", "--", "ln", "-s", "/proc", "/data/away")
    claim.kubectl("delete", "deployment", "shop")
    claim.wait(0)
    done = claim.run("pvc/shop:/data/away", backup(trees.small()), HELPER, AS_ROOT)
    assert done.code == 4, done
    assert "a link leads away from it" in done.err


def test_an_image_that_cannot_be_had_is_the_pods_own_fault(claim: Shop, backup: Writer) -> None:
    done = claim.run("pvc/shop", backup(trees.small()), "--helper-image=restore.test/none:1")
    assert done.code == 7, done
    assert "restore.test/none:1" in done.err
    assert "--helper-image=IMAGE" in done.err


def test_a_claim_that_is_never_bound_is_told_by_the_scheduler(shop: Shop, backup: Writer) -> None:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "",
        "resources": {"requests": {"storage": "1Mi"}},
    }
    made = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "shop"},
        "spec": spec,
    }
    shop.kubectl("create", "--filename=-", given=json.dumps(made))
    done = shop.run("pvc/shop", backup(trees.small()), HELPER, "--timeout=12s")
    assert done.code == 8, done
    assert "unbound" in done.err
    assert shop.helpers() == []


def test_nothing_is_made_where_that_was_not_wanted(claim: Shop, backup: Writer) -> None:
    done = claim.run("pvc/shop", backup(trees.small()), "--via=exec")
    assert done.code == 4, done
    assert "no pod that runs mounts" in done.err


def test_a_container_without_a_shell_by_the_command_that_the_error_names(
    shop: Shop, backup: Writer
) -> None:
    pod, file = bare(shop), backup(trees.small())
    done = shop.run(pod, file, "-t", "/data")
    assert done.code == 7, done
    assert "--via=ephemeral" in done.err
    assert ephemerals(shop, pod) == []
    again = shop.run(pod, file, "-t", "/data", "--via=ephemeral", HELPER)
    assert again.code == 0, again
    (name,) = ephemerals(shop, pod)
    assert f"entry of ephemeral container {name}" in again.out + again.err
    verified = shop.run("verify", pod, file, "-t", "/data", "--via=ephemeral", HELPER)
    assert verified.code == 0, verified
    deadline = time.monotonic() + 60
    while running(shop, pod):
        assert time.monotonic() < deadline, running(shop, pod)
        time.sleep(0.2)


def test_after_ctrl_c_the_next_one_goes_on_where_the_last_one_was(
    shop: Shop, backup: Writer, link: LinkProxy
) -> None:
    pod, file = bare(shop), backup(trees.of_size(40 * MIB, files=40))
    words = (pod, file, "-t", "/data", "--via=ephemeral", HELPER)
    process = shop.begin(link, *words)
    process.send_signal(signal.SIGINT)
    link.rate = None
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    again = shop.run(*words)
    assert again.code == 0, again
    assert "were right already" in again.out, again


@pytest.mark.slow
def test_what_is_on_no_volume_is_reached_by_none(shop: Shop, backup: Writer) -> None:
    pod = bare(shop)
    for path in ("/", "/part"):
        done = shop.run(pod, backup(trees.small()), "-t", path, "--via=ephemeral", HELPER)
        assert done.code == 7, done
    assert ephemerals(shop, pod) == []


def test_the_roles_that_the_docs_give(claim: Shop, backup: Writer) -> None:
    parts = (ROOT / "docs/permissions.md").read_text("utf-8").split("```yaml\n")[1:]
    role, _, helper, ephemeral, *_ = (part.partition("```")[0] for part in parts)
    role = role.replace("name: restore", "name: shop")
    role = role.replace("namespace: prod", f"namespace: {claim.cluster.namespace}")
    claim.kubectl("create", "serviceaccount", "shop")
    account = f"{claim.cluster.namespace}:shop"
    claim.kubectl("create", "rolebinding", "shop", "--role=shop", f"--serviceaccount={account}")
    who, file, pod = f"--as=system:serviceaccount:{account}", backup(trees.small()), bare(claim)
    for words, more in (
        (("pvc/shop", file, HELPER, AS_ROOT, who), helper),
        ((pod, file, "-t", "/data", "--via=ephemeral", HELPER, who), ephemeral),
    ):
        claim.kubectl("apply", "--filename=-", given=role)
        refused = claim.run(*words)
        assert refused.code == 5, refused
        claim.kubectl("apply", "--filename=-", given=role + more)
        allowed = claim.run(*words)
        assert allowed.code == 0, allowed
        assert "could not be" not in allowed.err


def test_a_restricted_namespace_admits_a_helper_that_is_nobody(claim: Shop, backup: Writer) -> None:
    namespace = f"namespace/{claim.cluster.namespace}"
    enforced = "pod-security.kubernetes.io/enforce"
    claim.kubectl("label", namespace, f"{enforced}=restricted")
    try:
        file = backup(trees.small())
        refused = claim.run("pvc/shop", file, HELPER, AS_ROOT)
        assert refused.code == 5, refused
        assert "PodSecurity" in refused.err
        assert "--run-as UID:GID" in refused.err
        archive = trees.Archive(owner=(999, 999))
        archive.add("one", b"one\n")
        # Nobody has said as whom: as root it is refused, as the backup's only owner it is not.
        admitted = claim.run("pvc/shop", backup(archive.finish()), HELPER)
        # Admitted; the directory is root's, and the error says so.
        assert admitted.code == 7, admitted
        assert "cannot be written to" in admitted.err
        assert "--run-as=0" in admitted.err
    finally:
        claim.kubectl("label", namespace, f"{enforced}-")


def bare(shop: Shop) -> str:
    """Return a pod with a volume at /data, a part of it at /part, and no shell."""
    container = {
        "name": "app",
        "image": "restore.test/static:latest",
        "imagePullPolicy": "Never",
        "volumeMounts": [
            {"name": "data", "mountPath": "/data"},
            {"name": "data", "mountPath": "/part", "subPath": "part"},
        ],
    }
    spec = {
        "terminationGracePeriodSeconds": 0,
        "containers": [container],
        "volumes": [{"name": "data", "emptyDir": {}}],
    }
    labels = {"app": "shop"}
    template = {"metadata": {"labels": labels}, "spec": spec}
    made = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "shop"},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }
    shop.kubectl("create", "--filename=-", given=json.dumps(made))
    (pod,) = shop.wait(1)
    return pod


def ephemerals(shop: Shop, pod: str) -> list[str]:
    """Return the names of a pod's ephemeral containers."""
    found = json.loads(shop.kubectl("get", "pod", pod, "-o", "json"))
    return [one["name"] for one in found["spec"].get("ephemeralContainers") or ()]


def running(shop: Shop, pod: str) -> list[str]:
    """Return those of them that run."""
    status = json.loads(shop.kubectl("get", "pod", pod, "-o", "json"))["status"]
    return [
        one["name"]
        for one in status.get("ephemeralContainerStatuses") or ()
        if "terminated" not in one["state"]
    ]
