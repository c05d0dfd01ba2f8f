"""A set of replicas with claims, each with a backup of its own in an S3 server.

RESTORE_REPLICAS says how many; CI has few of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from typing import TYPE_CHECKING, Final

import pytest

from tests.contract import trees
from tests.contract.program import environment, program
from tests.contract.program import run as run_program
from tests.stores.s3 import put, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.program import Result
    from tests.e2e.shop import Shop

REPLICAS: Final = int(os.environ.get("RESTORE_REPLICAS", "3"))
NAMES: Final = [f"shop-{number}" for number in range(REPLICAS)]
MIB: Final = 1 << 20
FLAGS: Final = ("-t", "/data", "--jobs=4", "--per-node=4")
EACH: Final = "--each=s3://backups/{pod}.tar"


def backup_of(name: str, size: int = 0) -> bytes:
    """Return a backup that says whose it is."""
    archive = trees.Archive()
    archive.directory("d")
    archive.add("d/me", f"{name}\n".encode())
    archive.add("d/blob", trees.noise(NAMES.index(name), size))
    return archive.finish()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An S3 server with a backup for each replica, as the program is told of it."""
    (tmp_path / "home").mkdir()
    with running("moto") as address:
        put(address, "/backups")
        for name in NAMES:
            put(address, f"/backups/{name}.tar", backup_of(name, 4 * MIB))
        yield {
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "HOME": str(tmp_path / "home"),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        }


@pytest.fixture
def replicas(shop: Shop) -> Iterator[Shop]:
    """A StatefulSet with a claim for each replica."""
    shop.make_set(REPLICAS)
    yield shop
    for name in NAMES:
        shop.kubectl("exec", name, "--", "sh", "-c", "rm -rf /data/*")
    shop.drop_set(REPLICAS)


def run(shop: Shop, store: dict[str, str], *words: str) -> Result:
    """Run the program, which is told of the cluster and of the server."""
    where = (f"--kubeconfig={shop.cluster.kubeconfig}", f"--namespace={shop.cluster.namespace}")
    return run_program(*words, *where, variables=store)


def contents(shop: Shop) -> dict[str, str]:
    """Return what stands in each replica."""
    look = "cat /data/d/me 2>/dev/null; true"
    return {name: shop.kubectl("exec", name, "--", "sh", "-c", look).strip() for name in NAMES}


def test_each_replica_has_its_own_afterwards(replicas: Shop, store: dict[str, str]) -> None:
    address = store["AWS_ENDPOINT_URL"]
    whole = backup_of(NAMES[1], 4 * MIB)
    put(address, f"/backups/{NAMES[1]}.tar", whole[: len(whole) // 2])
    refused = run(replicas, store, "sts/shop", EACH, *FLAGS)
    assert refused.code == 3, refused
    assert set(contents(replicas).values()) == {""}
    put(address, f"/backups/{NAMES[1]}.tar", whole)
    done = run(replicas, store, "sts/shop", EACH, *FLAGS, f"--canary={NAMES[-1]}")
    assert done.code == 0, done
    assert contents(replicas) == {name: name for name in NAMES}
    verified = run(replicas, store, "verify", "sts/shop", EACH, "-t", "/data")
    assert verified.code == 0, verified
    assert f"{REPLICAS} of {REPLICAS} targets right" in verified.out


def test_a_replica_that_is_made_anew_in_the_middle_gets_its_own_by_the_same_command(
    replicas: Shop, store: dict[str, str]
) -> None:
    address = store["AWS_ENDPOINT_URL"]
    for name in NAMES:
        put(address, f"/backups/{name}.tar", backup_of(name, 48 * MIB))
    words = ["sts/shop", EACH, *FLAGS, "-o", "json", "--retries=1"]
    words += [f"--kubeconfig={replicas.cluster.kubeconfig}"]
    words += [f"--namespace={replicas.cluster.namespace}"]
    with subprocess.Popen(
        [*program(), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(**store),
        text=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if json.loads(line).get("phase") == "send":
                break
        replicas.kubectl("delete", "pod", NAMES[0], "--wait=false")
        *_, last = process.stdout
    assert json.loads(last)["message_type"] == "fleet"
    codes = {one["target"]: one["exit_code"] for one in json.loads(last)["targets"]}
    assert set(codes) == set(NAMES)
    # It may have been ready before it was deleted; never is it another's.
    assert codes.pop(NAMES[0]) in {0, 4, 8}
    assert set(codes.values()) == {0}, last
    replicas.wait(REPLICAS)
    deadline = time.monotonic() + 60
    while (again := run(replicas, store, "sts/shop", EACH, *FLAGS, "--force")).code == 8:
        assert time.monotonic() < deadline, again
    assert again.code == 0, again
    assert contents(replicas) == {name: name for name in NAMES}
