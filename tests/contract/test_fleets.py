"""Many targets at once, each with a backup of its own: all of them or none, and never another's."""

from __future__ import annotations

import json
import shlex
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
def pods(cluster: Cluster, embedded_only: None) -> list[Pod]:  # noqa: ARG001 - is asked first
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
    last.rename(last.with_name("shop-7.tar"))
    # No pod of this set can be called so.
    last.with_name("stray.tar").touch()
    done = run(cluster, "sts/shop", *each(tmp_path))
    assert done.code == 4, done
    assert f"{pods[2].name}: there is no" in done.err
    assert "shop-7.tar has no pod" in done.err
    assert "stray.tar" not in done.err
    assert all(pod.tree() == {} for pod in pods)
    rest = run(cluster, "sts/shop", *each(tmp_path), "--skip-missing")
    assert rest.code == 0, rest
    assert f"left out: {pods[2].name}" in rest.err
    assert "2 of 3 targets restored; left out: " in rest.out
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
    shown = next(line for line in done.err.splitlines() if "to see what would be replaced" in line)
    words = shlex.split(shown.partition(": kubectl restore ")[2])
    seen = run(cluster, *words)
    assert seen.code == 0, seen
    assert pods[0].tree() == before


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
    assert lines[-1]["left_out"] == []
    assert [one["files"] for one in lines[-1]["targets"]] == [3] * len(pods)


def listing(tmp_path: Path, *lines: tuple[str, str]) -> tuple[str, ...]:
    """Write a list, and return the flags that name it."""
    file = tmp_path / "list"
    file.write_text("".join(f"{target} {tmp_path}/b/{name}.tar\n" for target, name in lines))
    return ("--map", str(file), "-t", "/data")


@pytest.mark.parametrize("flags", [(), ("--dry-run",), ("--force",)])
@pytest.mark.parametrize("other", ["replicaset/one", "pvc/data", "bsdtar"])
def test_two_names_of_one_place_are_noticed(
    cluster: Cluster,
    pods: list[Pod],
    backups: dict[str, bytes],
    tmp_path: Path,
    *,
    flags: tuple[str, ...],
    other: str,
) -> None:
    assert cluster.embedded is not None
    workloads = cluster.embedded.workloads
    first, second = cluster.embedded.pod(pods[0].name), cluster.embedded.pod("bsdtar")
    workloads.add("replicasets", "one", [first], replicas=1)
    if not other.startswith("replicaset/"):
        workloads.add("persistentvolumeclaims", "data", [first])
    if other == second.name:
        second.claim = "data"
    names = listing(tmp_path, (first.name, first.name), (other, pods[1].name))
    done = run(cluster, *names, "-o", "json", *flags)
    assert done.code == 4, done
    said = json.loads(done.out.splitlines()[-1])
    assert said["cause"] == "ambiguous"
    assert f"{first.name} and {other} are one place" in said["message"]
    assert all(pod.tree() == {} for pod in pods)
    assert len(backups) == len(pods)


@pytest.mark.usefixtures("backups")
def test_what_is_left_out_is_said_where_nothing_else_is(
    cluster: Cluster, pods: list[Pod], tmp_path: Path
) -> None:
    (tmp_path / "b" / f"{pods[2].name}.tar").unlink()
    done = run(cluster, "sts/shop", *each(tmp_path), "--skip-missing", "-q")
    assert done.code == 0, done
    assert done.out == ""
    reason = f"{pods[2].name}: there is no {tmp_path}/b/{pods[2].name}.tar"
    assert done.err.splitlines() == [
        f"Warning: left out: {reason}",
        f"2 of 3 targets restored; left out: {pods[2].name}",
    ]
    words = ("verify", "sts/shop", *each(tmp_path), "--skip-missing", "-q", "-o", "json")
    line = json.loads(run(cluster, *words).out.splitlines()[-1])
    assert undocumented(line) == []
    backup = f"{tmp_path}/b/{pods[2].name}.tar"
    left_out = {"target": pods[2].name, "backup": backup, "reason": reason, "targets": 1}
    assert line["left_out"] == [left_out]
    receipt = tmp_path / "receipt.json"
    kept = run(cluster, "sts/shop", *each(tmp_path), "--skip-missing", "--receipt", receipt)
    assert kept.code == 0, kept
    assert json.loads(receipt.read_text())["left_out"] == [left_out]
    (tmp_path / "b" / f"{pods[2].name}.tar").write_bytes(trees.small())
    whole = run(cluster, "sts/shop", *each(tmp_path), "-q")
    assert (whole.code, whole.out, whole.err) == (0, "", "")


def test_a_replica_that_does_not_run_may_be_left_out(
    cluster: Cluster, pods: list[Pod], backups: dict[str, bytes], tmp_path: Path
) -> None:
    assert cluster.embedded is not None
    waiting = {"name": "app", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    status: dict[str, object] = {"phase": "Running", "containerStatuses": [waiting]}
    cluster.embedded.pod(pods[1].name).faults.status = status
    refused = run(cluster, "sts/shop", *each(tmp_path))
    assert refused.code == 4, refused
    assert all(pod.tree() == {} for pod in (pods[0], pods[2]))
    done = run(cluster, "sts/shop", *each(tmp_path), "--skip-missing")
    assert done.code == 0, done
    assert "is not running; it is waiting: CrashLoopBackOff" in done.err
    assert f"2 of 3 targets restored; left out: {pods[1].name}" in done.out
    for pod in (pods[0], pods[2]):
        assert pod.tree() == trees.tree_of(backups[pod.name])
    canary = run(cluster, "sts/shop", *each(tmp_path), "--skip-missing", "--canary", pods[1].name)
    assert canary.code == 2, canary
    # Fewer than it wants: that counts too.
    own(cluster, "statefulsets", *pods, replicas=len(pods) + 2)
    fewer = run(cluster, "sts/shop", *each(tmp_path), "--skip-missing")
    assert fewer.code == 0, fewer
    names = f"statefulset/shop (2 pods), {pods[1].name}"
    assert f"2 of 5 targets restored; left out: {names}" in fewer.out


@pytest.mark.usefixtures("backups")
def test_a_swapped_list_is_remarked(cluster: Cluster, pods: list[Pod], tmp_path: Path) -> None:
    one, other, third = (pod.name for pod in pods)
    names = listing(tmp_path, (one, other), (other, one), (third, third))
    done = run(cluster, "sts/shop", *names, "--dry-run")
    assert done.code == 0, done
    warned = [line for line in done.err.splitlines() if line.startswith("Warning: ")]
    assert len(warned) == 2
    assert warned[0].endswith(f"/b/{other}.tar, which has {other} in its name")


def test_diff_shows_each_targets_lines(
    cluster: Cluster, pods: list[Pod], backups: dict[str, bytes], tmp_path: Path
) -> None:
    for pod in pods:
        pod.lay_down(backups[pods[0].name])
    done = run(cluster, "diff", "sts/shop", *each(tmp_path))
    assert done.code == 9, done
    assert f"{pods[1].name}: -{pods[0].name}" in done.out
    assert f"{pods[1].name}: +{pods[1].name}" in done.out
    assert f"{pods[0].name}: -" not in done.out
    lines = run(cluster, "diff", "sts/shop", *each(tmp_path), "-o", "json").out.splitlines()
    contents = [
        line for line in map(json.loads, lines) if line["message_type"] == "text_difference"
    ]
    assert {line["target"] for line in contents} == {pod.name for pod in pods[1:]}


@pytest.mark.leaves("record")
def test_ctrl_c_says_what_arrived_and_the_same_command(
    cluster: Cluster, pods: list[Pod], tmp_path: Path
) -> None:
    (tmp_path / "b").mkdir()
    for pod in pods:
        (tmp_path / "b" / f"{pod.name}.tar").write_bytes(trees.of_size(200 << 20, files=4))
    words = ["sts/shop", *each(tmp_path), f"--kubeconfig={cluster.kubeconfig}"]
    process = subprocess.Popen(
        [*program.program(), *words, "--progress=json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    for line in process.stderr:
        if line.startswith("{") and json.loads(line)["bytes_done"] > 0:
            break
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "arrived" in said
    again = shlex.join(["kubectl", "restore", *words, "--progress=json"])
    assert said.splitlines()[-1] == f"Fix: to go on: {again}"


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
        said = json.loads(line)
        if said.get("phase") == "send" and said["bytes_done"] > 0:
            break
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130, out
    last = json.loads(out.splitlines()[-1])
    assert undocumented(last) == []
    assert last["exit_code"] == 130
    assert any(one.get("bytes_acknowledged", 0) > 0 for one in last["targets"])
    begun = [one for one in last["targets"] if one["exit_code"] is not None]
    assert all("to go on: kubectl restore " in one["fix"] for one in begun)
