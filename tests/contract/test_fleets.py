"""Many targets at once, each with a backup of its own: all of them or none, and never another's."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.contract import program, trees
from tests.contract.test_workloads import own, run
from tests.json_page import undocumented

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod

    Writer = Callable[[bytes], Path]

pytestmark = pytest.mark.usefixtures("embedded_only")

KINDS = ("busybox", "debian", "bsdtar")


@pytest.fixture
def pods(cluster: Cluster) -> list[Pod]:
    """The pods of a set called `shop`."""
    found = [cluster.pod(kind) for kind in KINDS]
    own(cluster, "statefulsets", *found, replicas=len(found))
    return found


@pytest.fixture
def backups(tmp_path: Path, pods: list[Pod]) -> dict[str, bytes]:
    """A backup for each pod, which says whose it is, as b/POD.tar."""
    (tmp_path / "b").mkdir()
    made = {}
    for pod in pods:
        made[pod.name] = trees.small(pod.name.encode())
        (tmp_path / "b" / f"{pod.name}.tar").write_bytes(made[pod.name])
    return made


def each(tmp_path: Path) -> tuple[str, ...]:
    return ("--each", f"{tmp_path}/b/{{pod}}.tar", "-t", "/data", "--per-node", "4")


def test_each_pod_gets_its_own(
    cluster: Cluster, pods: list[Pod], backups: dict[str, bytes], tmp_path: Path
) -> None:
    receipt = tmp_path / "receipt.json"
    planned = run(cluster, "sts/shop", *each(tmp_path), "--dry-run")
    assert planned.code == 0, planned
    assert "3 of 3 targets planned" in planned.out
    assert all(pod.tree() == {} for pod in pods)
    done = run(cluster, "sts/shop", *each(tmp_path), "--receipt", receipt)
    assert done.code == 0, done
    assert "3 of 3 targets restored" in done.out
    for pod in pods:
        assert pod.tree() == trees.tree_of(backups[pod.name])
    record = json.loads(receipt.read_text())
    assert {one["target"] for one in record["targets"]} == set(backups)
    for one in record["targets"]:
        assert one["receipt"]["target"]["pod"] == one["target"]
        assert one["receipt"]["verification"]["is_proved"]
    verified = run(cluster, "verify", "sts/shop", *each(tmp_path))
    assert verified.code == 0, verified
    assert "3 of 3 targets right" in verified.out


def test_one_that_is_damaged_keeps_all_as_they_are(
    cluster: Cluster, pods: list[Pod], backups: dict[str, bytes], tmp_path: Path
) -> None:
    broken = tmp_path / "b" / f"{pods[1].name}.tar"
    broken.write_bytes(backups[pods[1].name][:1000])
    done = run(cluster, "sts/shop", *each(tmp_path))
    assert done.code == 3, done
    assert f"nothing was changed; failed: {pods[1].name} (exit 3)" in done.err
    assert all(pod.tree() == {} for pod in pods)
    # As somebody would say it for that one alone.
    assert f"kubectl restore pod/{pods[1].name} {broken}" in done.err


@pytest.mark.usefixtures("backups")
def test_what_has_no_counterpart_is_said_before_anything_else(
    cluster: Cluster, pods: list[Pod], tmp_path: Path
) -> None:
    last = tmp_path / "b" / f"{pods[2].name}.tar"
    last.rename(last.with_name("stray.tar"))
    done = run(cluster, "sts/shop", *each(tmp_path))
    assert done.code == 4, done
    assert f"{pods[2].name}: there is no" in done.err
    assert "stray.tar has no pod" in done.err
    assert all(pod.tree() == {} for pod in pods)
    rest = run(cluster, "sts/shop", *each(tmp_path), "--skip-missing")
    assert rest.code == 0, rest
    assert f"left out: {pods[2].name}" in rest.err
    assert [bool(pod.tree()) for pod in pods] == [True, True, False]


def test_a_list_names_each(
    cluster: Cluster, pods: list[Pod], backups: dict[str, bytes], tmp_path: Path
) -> None:
    names = sorted(backups, reverse=True)
    listed = tmp_path / "list"
    listed.write_text("".join(f"{name} {tmp_path}/b/{name}.tar\n" for name in names))
    done = run(cluster, "sts/shop", "--map", listed, "-t", "/data", "--canary", names[1])
    assert done.code == 0, done
    for pod in pods:
        assert pod.tree() == trees.tree_of(backups[pod.name])
    alone = run(cluster, "--map", listed, "-t", "/data")
    assert alone.code == 0, alone
    listed.write_text(f"{names[0]} {tmp_path}/b/{names[0]}.tar\n")
    fewer = run(cluster, "sts/shop", "--map", listed, "-t", "/data")
    assert fewer.code == 4, fewer


def test_what_is_in_the_way_of_one_is_in_the_way_of_all(
    cluster: Cluster, pods: list[Pod], backups: dict[str, bytes], tmp_path: Path
) -> None:
    first = run(cluster, f"pod/{pods[0].name}", tmp_path / "b" / f"{pods[1].name}.tar", "-t/data")
    assert first.code == 0, first
    before = pods[0].tree()
    done = run(cluster, "sts/shop", *each(tmp_path))
    assert done.code == 6, done
    assert pods[0].tree() == before
    assert all(pod.tree() == {} for pod in pods[1:])
    assert len(backups) == len(pods)


def test_a_replica_that_is_not_there_is_not_passed_over(
    cluster: Cluster, pods: list[Pod], backups: dict[str, bytes], tmp_path: Path
) -> None:
    own(cluster, "statefulsets", *pods, replicas=len(backups) + 1)
    done = run(cluster, "sts/shop", *each(tmp_path))
    assert done.code == 4, done
    assert "3 pods that run, and wants 4" in done.err


def test_every_line_of_json_has_its_target(
    cluster: Cluster, pods: list[Pod], backups: dict[str, bytes], tmp_path: Path
) -> None:
    done = run(cluster, "sts/shop", *each(tmp_path), "-o", "json")
    assert done.code == 0, done
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [said for line in lines for said in undocumented(line)] == []
    assert {line["target"] for line in lines[:-1]} == set(backups)
    assert lines[-1]["message_type"] == "fleet"
    assert lines[-1]["exit_code"] == 0
    assert [one["files"] for one in lines[-1]["targets"]] == [3] * len(pods)


@pytest.mark.leaves("record")
def test_ctrl_c_ends_all_of_them(cluster: Cluster, pods: list[Pod], tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for pod in pods:
        (tmp_path / "b" / f"{pod.name}.tar").write_bytes(trees.of_size(200 << 20, files=4))
    words = ["sts/shop", *each(tmp_path), f"--kubeconfig={cluster.kubeconfig}"]
    process = subprocess.Popen(
        [*program.program(), *words, "-o", "json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    for line in process.stdout:
        if json.loads(line).get("phase") == "send":
            break
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130, out
    assert json.loads(out.splitlines()[-1])["exit_code"] == 130
