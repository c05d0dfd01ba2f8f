"""What plain `kubectl exec` does on a real node, and what we do there (docs/architecture.md)."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.contract import trees
from tests.contract.program import interrupt, restore, start
from tests.contract.test_trouble import until_nothing_is_left, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod
    from tests.link import LinkProxy

    Writer = Callable[..., Path]

MIB = 1 << 20


def plain_exec(
    cluster: Cluster, pod: Pod, *command: str, stdin: bytes, seconds: float = 120
) -> subprocess.CompletedProcess[bytes]:
    """Run plain `kubectl exec -i` as people do today."""
    return subprocess.run(
        [*cluster.kubectl, "exec", "-i", pod.name, "-c", pod.container, "--", *command],
        input=stdin,
        capture_output=True,
        timeout=seconds,
        check=False,
    )


@pytest.fixture
def slow_tar(cluster: Cluster) -> Iterator[Pod]:
    """A Debian pod whose tar takes 100 KB a second."""
    pod = cluster.pod("debian")
    script = """#!/bin/sh
while :; do
    dd bs=10000 count=1 iflag=fullblock of=/tmp/piece.$$ 2>/dev/null
    [ -s /tmp/piece.$$ ] || break
    cat /tmp/piece.$$
    sleep 0.1
done | /usr/bin/tar "$@"
"""
    pod.run(
        "sh", "-c", "cat >/usr/local/bin/tar; chmod 755 /usr/local/bin/tar", stdin=script.encode()
    )
    try:
        yield pod
    finally:
        pod.run("rm", "-f", "/usr/local/bin/tar")


def test_hazard_1_closing_stdout_loses_data_and_exits_0(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("busybox")
    content = os.urandom(64 * MIB)
    done = plain_exec(cluster, pod, "dd", "of=/data/x", stdin=content)
    arrived = int(pod.run("stat", "-c", "%s", "/data/x"))
    assert done.returncode == 0
    assert arrived < len(content)
    archive = trees.Archive()
    archive.add("x", content)
    result = restore(pod, backup(archive.finish()), "--force")
    assert result.code == 0, result
    arrived_sum = pod.run("sha256sum", "/data/x").split()[0].decode()
    assert arrived_sum == hashlib.sha256(content).hexdigest()


@pytest.mark.leaves("record")
def test_hazard_2_an_early_end_on_the_far_side_does_not_hang_us(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    pod = cluster.pod("busybox")
    link.rate = 10e6
    kubeconfig = cluster.through(link.port, "early")
    process = start(pod, backup(trees.of_size(60_000_000)), kubeconfig=kubeconfig)
    wait_for(process, "restoring")
    pod.signal_tar("KILL")
    out, err = process.communicate(timeout=30)
    assert process.returncode == 9, out + err


@pytest.mark.slow
def test_hazard_2_plain_exec_hangs_for_a_minute(cluster: Cluster) -> None:
    pod = cluster.pod("busybox")
    started = time.monotonic()
    done = plain_exec(
        cluster,
        pod,
        "sh",
        "-c",
        "head -c 1000000 >/data/x; true",
        stdin=bytes(256 * MIB),
        seconds=180,
    )
    assert time.monotonic() - started > 30
    assert done.stderr or done.returncode == 0


@pytest.mark.slow
def test_hazard_3_plain_exec_behind_a_frozen_link(
    cluster: Cluster, link: LinkProxy, backup: Writer
) -> None:
    """It hangs for a minute, leaves its tar behind, and that tar may still write."""
    pod = cluster.pod("busybox")
    kubeconfig = cluster.through(link.port, "plain-frozen")
    link.freeze_after = 20 * MIB
    with backup(trees.of_size(40_000_000)).open("rb") as archive:
        process = subprocess.Popen(
            [cluster.kubectl[0], f"--kubeconfig={kubeconfig}", f"--namespace={cluster.namespace}",
             "exec", "-i", pod.name, "--", "tar", "xf", "-", "-C", "/data"],
            stdin=archive,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(30)
    process.kill()
    process.wait()
    assert "tar" in pod.processes()
    pod.signal_tar("TERM")


def test_hazard_4_a_sink_of_100_kb_a_second_for_90_seconds_succeeds(
    slow_tar: Pod, backup: Writer
) -> None:
    archive = trees.of_size(9_000_000, files=3)
    started = time.monotonic()
    result = restore(slow_tar, backup(archive))
    assert result.code == 0, result
    assert time.monotonic() - started > 80
    expected = trees.tree_of(archive)
    assert trees.differences(expected, slow_tar.tree(), owners=True) == []


@pytest.mark.leaves("record")
def test_a_time_out_on_a_slow_volume_leaves_nothing(slow_tar: Pod, backup: Writer) -> None:
    result = restore(slow_tar, backup(trees.of_size(9_000_000)), "--timeout=8s")
    assert result.code == 8, result
    assert "at this rate it takes" in result.err
    assert until_nothing_is_left(slow_tar) == []


@pytest.mark.leaves("record")
def test_a_hung_tar_is_a_stall(cluster: Cluster, backup: Writer, link: LinkProxy) -> None:
    pod = cluster.pod("busybox")
    link.rate = 10e6
    kubeconfig = cluster.through(link.port, "hung")
    process = start(
        pod,
        backup(trees.of_size(60_000_000)),
        "--stall-timeout=6s",
        "--retries=0",
        kubeconfig=kubeconfig,
    )
    wait_for(process, "restoring")
    pod.signal_tar("STOP")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 8, out + err
    assert "nothing has moved for 6s" in err
    assert until_nothing_is_left(pod) == []


def test_hazard_5_kubectls_exit_code_proves_nothing(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("debian")
    whole = trees.of_size(3_000_000, files=3)
    with_end_cut = whole[: 512 + 1_000_000 + (-1_000_000 % 512)]
    done = plain_exec(cluster, pod, "tar", "xf", "-", "-C", "/data", stdin=with_end_cut)
    assert done.returncode == 0
    assert pod.tree().keys() == {b"blob0"}
    assert restore(pod, backup(with_end_cut), "--force").code == 3


def test_hazard_7_an_orphan_is_ended_before_the_next_restore_writes(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    pod = cluster.pod("debian")
    file = backup(trees.of_size(60_000_000))
    link.freeze_after = 20 * MIB
    kubeconfig = cluster.through(link.port, "orphan-node")
    process = start(pod, file, "--stall-timeout=200s", kubeconfig=kubeconfig)
    wait_for(process, "restoring")
    while link.sent < 20 * MIB:
        time.sleep(0.01)
    interrupt(process, 9)
    process.communicate(timeout=60)
    assert pod.marked() != []
    result = restore(pod, file, "--force")
    assert result.code == 0, result
    assert pod.marked() == []


@pytest.mark.parametrize("kind", ["busybox", "debian", "nonroot-busybox", "nonroot-gnu"])
def test_a_gibibyte_of_random_bytes_arrives_with_its_sha256(
    cluster: Cluster, tmp_path: Path, kind: str
) -> None:
    pod = cluster.pod(kind)
    blob = tmp_path / "blob"
    digest = hashlib.sha256()
    with blob.open("wb") as file:
        for _ in range(64):
            piece = os.urandom(16 * MIB)
            digest.update(piece)
            file.write(piece)
    archive = tmp_path / "big.tar"
    subprocess.run(["tar", "-cf", archive, "-C", tmp_path, "blob"], check=True)
    blob.unlink()
    result = restore(pod, archive)
    archive.unlink()
    assert result.code == 0, result
    arrived = pod.run("sha256sum", "/data/blob").split()[0].decode()
    pod.clear()
    assert arrived == digest.hexdigest()
