"""--scale-down on a real node: pods go, the claim is restored, they come back; whatever is killed.

`restore.test/busybox` is the helper's image: the node has no registry.
"""

from __future__ import annotations

import json
import shlex
import signal
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.contract import trees
from tests.contract.clusters import KUBECTL, ROOT
from tests.e2e.shop import BUSYBOX, CLAIMED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.contract.program import Result
    from tests.e2e.shop import Shop
    from tests.link import LinkProxy

    Writer = Callable[[bytes], Path]

MIB = 1 << 20
AS_ROOT = "--run-as=0"
"""A directory of the node is root's, whatever fsGroup says (Kubernetes, "hostPath")."""
FLAGS: Final = ("--scale-down", f"--helper-image={BUSYBOX}", AS_ROOT)
KINDS = ["deployment", "statefulset", "replicaset"]
NOTED = "kubectl-restore/replicas"


@pytest.fixture
def claim(shop: Shop) -> Iterator[Shop]:
    """A claim called `shop`; nothing of ours is left beside it in the end."""
    shop.claim()
    yield shop
    assert shop.helpers() == []
    shop.kubectl("delete", "replicaset,hpa,pdb", "shop", "--ignore-not-found")
    shop.empty_claim()


def standing(shop: Shop, kind: str = "deployment") -> tuple[int, str | None]:
    """Return how many pods are wanted, and what is noted."""
    found = json.loads(shop.kubectl("get", kind, "shop", "-o", "json"))
    return found["spec"]["replicas"], (found["metadata"].get("annotations") or {}).get(NOTED)


def restored(shop: Shop, kind: str, file: Path, replicas: int, *flags: str) -> Result:
    """Restore, and see that everything is there and the pods are back."""
    done = shop.run(f"{kind}/shop:/data", file, *FLAGS, *flags)
    assert done.code == 0, done
    assert standing(shop, kind) == (replicas, None)
    pods = shop.wait(replicas)
    verified = shop.run("verify", pods[0], file, "-t", "/data")
    assert verified.code == 0, verified
    assert shop.helpers() == []
    return done


def meddling(shop: Shop, where: Path, at: tuple[str, int, str], action: str) -> str:
    """Return the flag for a kubectl that does something before or after its nth call of a verb."""
    verb, number, when = at
    script, calls = where / "kubectl", where / "calls"
    real = shlex.join([KUBECTL])
    script.write_text(
        "#!/bin/sh\n"
        f"meddle() {{ {action}; }}\n"
        f'kubectl() {{ {shlex.join(shop.cluster.kubectl)} "$@" >/dev/null; }}\n'
        "at=no\n"
        f'for word; do [ "$word" = -- ] && break; [ "$word" = {verb} ] && at=yes; done\n'
        f"if [ $at = yes ]; then echo >>{calls}; [ $(wc -l <{calls}) = {number} ] || at=no; fi\n"
        f'[ $at = yes ] || exec {real} "$@"\n'
        + (
            f'meddle; exec {real} "$@"\n'
            if when == "before"
            else f'{real} "$@"; code=$?; meddle; exit $code\n'
        )
    )
    script.chmod(0o755)
    return f"--kubectl={script}"


KILL: Final = "kill -9 $PPID; exit 1"


@pytest.mark.parametrize("kind", KINDS)
def test_pods_go_and_come_back(claim: Shop, backup: Writer, kind: str) -> None:
    made = {"deployment": "Deployment", "statefulset": "StatefulSet", "replicaset": "ReplicaSet"}
    before = claim.make(made[kind], 2, CLAIMED)
    file = backup(trees.small())
    uids = claim.kubectl("get", "pods", "-l", "app=shop", "-o", "jsonpath={..metadata.uid}")
    done = restored(claim, kind, file, 2)
    assert f"scaling {kind}/shop from 2 to 0" in done.err
    assert f"{kind}/shop is set to 2 again" in done.err
    assert f"Note: {kind}/shop was scaled down for the restore, and is back at 2 pods" in done.out
    after = claim.kubectl("get", "pods", "-l", "app=shop", "-o", "jsonpath={..metadata.uid}")
    assert not set(uids.split()) & set(after.split())
    assert len(before) == 2


@pytest.mark.slow
def test_the_claims_own_workload_is_found(claim: Shop, backup: Writer) -> None:
    claim.make("Deployment", 1, CLAIMED)
    file = backup(trees.small())
    done = claim.run("pvc/shop", file, *FLAGS)
    assert done.code == 0, done
    assert "scaling deployment/shop from 1 to 0" in done.err
    assert standing(claim) == (1, None)
    (pod,) = claim.wait(1)
    assert claim.run("verify", pod, file, "-t", "/data").code == 0


def test_of_a_set_the_named_pods_claim_gets_it(shop: Shop, backup: Writer) -> None:
    file = backup(trees.small())
    claims = [f"data-shop-{number}" for number in range(2)]
    make_set(shop, claims)
    try:
        ambiguous = shop.run("sts/shop:/data", file, *FLAGS)
        assert ambiguous.code == 4, ambiguous
        assert "[ambiguous]" in ambiguous.err
        assert ", ".join(claims) in ambiguous.err
        assert standing(shop, "statefulset") == (2, None)
        done = shop.run("sts/shop:/data", file, *FLAGS, "--pod=shop-1")
        assert done.code == 0, done
        assert standing(shop, "statefulset") == (2, None)
        shop.wait(2)
        assert shop.kubectl("exec", "shop-0", "--", "ls", "-A", "/data") == ""
        assert shop.run("verify", "shop-1", file, "-t", "/data").code == 0
    finally:
        shop.kubectl("exec", "shop-1", "--", "sh", "-c", "rm -rf /data/*")
        shop.kubectl("delete", "statefulset", "shop", "--cascade=foreground")
        shop.kubectl("delete", "persistentvolumeclaim", *claims, "--wait=false")
        volumes = [f"{one}-{shop.cluster.namespace}" for one in claims]
        shop.kubectl("delete", "persistentvolume", *volumes, "--wait=false")


@pytest.mark.parametrize(
    "at",
    [
        ("patch", 1, "before"),
        ("patch", 1, "after"),
        ("create", 1, "before"),
        ("create", 1, "after"),
        ("exec", 1, "before"),
        ("exec", 1, "after"),
        ("delete", 1, "before"),
        ("delete", 1, "after"),
        ("patch", 2, "before"),
        ("patch", 2, "after"),
    ],
    ids=lambda at: "-".join(map(str, at)),
)
def test_the_same_command_finishes_what_was_killed(
    claim: Shop, backup: Writer, tmp_path: Path, at: tuple[str, int, str]
) -> None:
    claim.make("Deployment", 2, CLAIMED)
    file = backup(trees.small())
    killed = claim.run("deploy/shop:/data", file, *FLAGS, meddling(claim, tmp_path, at, KILL))
    assert killed.code == -signal.SIGKILL, killed
    count, noted = standing(claim)
    # At no moment it is neither there nor noted.
    assert (count, noted) in {(2, None), (0, "2")}
    restored(claim, "deployment", file, 2)


def test_the_same_command_finishes_what_was_killed_in_the_middle(
    claim: Shop, backup: Writer, link: LinkProxy
) -> None:
    claim.make("Deployment", 1, CLAIMED)
    file = backup(trees.of_size(40 * MIB, files=40))
    process = claim.begin(link, "deploy/shop:/data", file, *FLAGS)
    process.kill()
    process.communicate()
    assert standing(claim) == (0, "1")
    assert "deployment/shop is scaled to 0 (it had 1" in claim.run("status").out
    done = restored(claim, "deployment", file, 1)
    assert "an earlier restore has noted that it had 1" in done.err


@pytest.mark.parametrize("back", ["success", "always"])
def test_ctrl_c_leaves_it_down_and_says_so_unless_it_is_always_to_come_back(
    claim: Shop, backup: Writer, link: LinkProxy, back: str
) -> None:
    claim.make("Deployment", 1, CLAIMED)
    file = backup(trees.of_size(40 * MIB, files=40))
    process = claim.begin(link, "deploy/shop:/data", file, f"--scale-back={back}", *FLAGS)
    process.send_signal(signal.SIGINT)
    link.rate = None
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert claim.helpers() == []
    if back == "always":
        assert standing(claim) == (1, None)
    else:
        assert standing(claim) == (0, "1")
        assert "deployment/shop is scaled to 0 (it had 1, which is noted in it)" in said
        by_hand = said.split("to set it back by hand: ")[1].splitlines()[0]
        for one in by_hand.split(" && "):
            words = shlex.split(one)[1:]
            claim.kubectl(*(word for word in words if not word.startswith("--kubeconfig")))
        assert standing(claim) == (1, None)
    restored(claim, "deployment", file, 1, "--force")


@pytest.mark.slow
@pytest.mark.parametrize("target", ["pvc/shop", "deploy/shop:/data"])
def test_what_it_has_replaced_is_put_back_by_the_command_that_it_names(
    claim: Shop, backup: Writer, tmp_path: Path, target: str
) -> None:
    (pod,) = claim.make("Deployment", 1, CLAIMED)
    claim.kubectl("exec", pod, "--", "sh", "-c", "mkdir /data/app; echo >/data/app/config.yaml")
    flags: tuple[str, ...] = FLAGS
    if target == "pvc/shop":
        claim.kubectl("scale", "deployment", "shop", "--replicas=0")
        claim.wait(0)
        flags = FLAGS[1:]
    saved = tmp_path / "saved.tar"
    done = claim.run(target, backup(trees.small()), *flags, "--force", f"--save-replaced={saved}")
    assert done.code == 0, done
    command = shlex.split(done.out.split("to undo it: ")[1].splitlines()[0])
    undone = claim.run(*command[2:])
    assert undone.code == 0, undone
    claim.kubectl("scale", "deployment", "shop", "--replicas=1")
    (pod,) = claim.wait(1)
    assert claim.kubectl("exec", pod, "--", "cat", "/data/app/config.yaml") == "\n"
    assert standing(claim) == (1, None)


def test_for_a_backup_that_is_no_good_nothing_is_taken_away(claim: Shop, backup: Writer) -> None:
    pods = claim.make("Deployment", 1, CLAIMED)
    whole = trees.of_size(1_000_000, files=7)
    done = claim.run("deploy/shop:/data", backup(whole[:500_000]), *FLAGS)
    assert done.code == 3, done
    assert claim.wait(1) == pods
    elsewhere = claim.run("deploy/shop:/elsewhere", backup(trees.small()), *FLAGS)
    assert elsewhere.code == 7, elsewhere
    assert "its claims: shop" in elsewhere.err
    assert claim.wait(1) == pods


def test_where_nothing_was_written_the_pods_come_back(claim: Shop, backup: Writer) -> None:
    claim.make("Deployment", 1, CLAIMED)
    claim.kubectl(
        "exec", "deploy/shop", "--", "sh", "-c", "mkdir /data/app; echo x >/data/app/config.yaml"
    )
    file = backup(trees.small())
    done = claim.run("deploy/shop:/data", file, *FLAGS)
    assert done.code == 6, done
    assert standing(claim) == (1, None)
    claim.wait(1)
    image = claim.run("deploy/shop:/data", file, *FLAGS, "--helper-image=restore.test/none:1")
    assert image.code == 7, image
    assert "--helper-image=IMAGE" in image.err
    assert standing(claim) == (1, None)
    claim.wait(1)


def test_a_dry_run_takes_nothing_away(claim: Shop, backup: Writer) -> None:
    pods = claim.make("Deployment", 2, CLAIMED)
    file = backup(trees.small())
    done = claim.run("deploy/shop:/data", file, *FLAGS, "--dry-run")
    assert done.code == 0, done
    assert "deployment/shop would be scaled from 2 to 0, and back afterwards" in done.out
    assert claim.wait(2) == pods
    assert standing(claim) == (2, None)
    command = done.out.split("to do it: ")[1].splitlines()[0]
    again = claim.run(*shlex.split(command)[2:])
    assert again.code == 0, again
    assert standing(claim) == (2, None)


def test_somebody_who_sets_it_again_is_noticed(claim: Shop, backup: Writer, tmp_path: Path) -> None:
    claim.make("Deployment", 2, CLAIMED)
    file = backup(trees.small())
    scale = "kubectl scale deployment shop --replicas=3"
    done = claim.run(
        "deploy/shop:/data", file, *FLAGS, meddling(claim, tmp_path, ("patch", 1, "after"), scale)
    )
    assert done.code == 6, done
    assert "does not stay scaled down; nothing of the backup was written" in done.err
    assert standing(claim) == (3, None)
    (pod, *_) = claim.wait(3)
    assert claim.kubectl("exec", pod, "--", "ls", "-A", "/data") == ""


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2])
def test_where_somebody_was_faster_the_object_is_read_again(
    claim: Shop, backup: Writer, tmp_path: Path, number: int
) -> None:
    claim.make("Deployment", 1, CLAIMED)
    file = backup(trees.small())
    count = 3 if number == 1 else 0
    faster = f"kubectl scale deployment shop --replicas={count}"
    if number == 2:
        faster = "kubectl annotate deployment shop theirs=yes"
    done = claim.run(
        "deploy/shop:/data",
        file,
        *FLAGS,
        meddling(claim, tmp_path, ("patch", number, "before"), faster),
    )
    assert done.code == 0, done
    # What they have set is what comes back.
    assert standing(claim) == (count or 1, None)


@pytest.mark.slow
def test_pods_that_ran_while_it_was_restored_are_a_warning(
    claim: Shop, backup: Writer, tmp_path: Path
) -> None:
    claim.make("Deployment", 2, CLAIMED)
    file = backup(trees.small())
    scale = "kubectl scale deployment shop --replicas=1"
    meddled = meddling(claim, tmp_path, ("create", 1, "after"), scale)
    done = claim.run("deploy/shop:/data", file, *FLAGS, meddled, "--strict")
    assert done.code == 10, done
    assert "somebody has set deployment/shop to 1 meanwhile" in done.out
    assert standing(claim) == (1, None)


@pytest.mark.slow
def test_who_else_decides_is_said_and_an_autoscaler_rests(claim: Shop, backup: Writer) -> None:
    claim.make("Deployment", 2, CLAIMED)
    claim.kubectl("autoscale", "deployment", "shop", "--min=2", "--max=3")
    budget = ("create", "poddisruptionbudget", "shop", "--selector=app=shop", "--min-available=2")
    claim.kubectl(*budget)
    done = restored(claim, "deployment", backup(trees.small()), 2)
    assert "the autoscaler shop (2 to 3) rests" in done.err
    assert "the disruption budget shop is for evictions" in done.err


def test_the_role_that_the_docs_give(claim: Shop, backup: Writer) -> None:
    claim.make("Deployment", 1, CLAIMED)
    parts = (ROOT / "docs/permissions.md").read_text("utf-8").split("```yaml\n")[1:]
    rules = [part.partition("```")[0] for part in parts]
    role, helper, scaling = rules[0], rules[2], rules[4]
    role = role.replace("name: restore", "name: shop")
    role = role.replace("namespace: prod", f"namespace: {claim.cluster.namespace}")
    claim.kubectl("create", "serviceaccount", "shop")
    account = f"{claim.cluster.namespace}:shop"
    claim.kubectl("create", "rolebinding", "shop", "--role=shop", f"--serviceaccount={account}")
    who, file = f"--as=system:serviceaccount:{account}", backup(trees.small())
    claim.kubectl("apply", "--filename=-", given=role + helper)
    refused = claim.run("deploy/shop:/data", file, *FLAGS, who)
    assert refused.code == 5, refused
    assert standing(claim) == (1, None)
    claim.kubectl("apply", "--filename=-", given=role + helper + scaling)
    allowed = claim.run("deploy/shop:/data", file, *FLAGS, who)
    assert allowed.code == 0, allowed
    assert standing(claim) == (1, None)


def make_set(shop: Shop, claims: list[str]) -> None:
    """Make a stateful set whose pods have these claims, on directories of the node."""
    size = {"storage": "1Mi"}
    common = {"accessModes": ["ReadWriteOnce"], "storageClassName": ""}
    items: list[dict[str, Any]] = []
    for name in claims:
        volume = f"{name}-{shop.cluster.namespace}"
        items += [
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": volume},
                "spec": {**common, "capacity": size, "hostPath": {"path": f"/run/{volume}"}},
            },
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": name},
                "spec": {**common, "resources": {"requests": size}, "volumeName": volume},
            },
        ]
    labels = {"app": "shop"}
    container = {
        "name": "app",
        "image": BUSYBOX,
        "imagePullPolicy": "Never",
        "command": ["sleep", "100000000"],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    template = {
        "metadata": {"labels": labels},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]},
    }
    made = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "shop"},
        "spec": {
            "replicas": len(claims),
            "serviceName": "shop",
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": labels},
            "template": template,
            "volumeClaimTemplates": [
                {"metadata": {"name": "data"}, "spec": {**common, "resources": {"requests": size}}}
            ],
        },
    }
    items.append(made)
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    shop.kubectl("create", "--filename=-", given=listed)
    shop.wait(len(claims))
