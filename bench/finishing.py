"""What a second run sends after a first one was cut off, and how long a dead client holds it up."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Final

from bench.converging import make_files
from tests.contract.program import interrupt, restore, start
from tests.contract.test_trouble import until_nothing_is_left
from tests.link import LinkProxy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod

_KINDS: Final = ("debian", "busybox", "bsdtar", "toybox")
_MIB: Final = 1 << 20


def cut_off(cluster: Cluster, directory: Path, make_archive: Callable[[Path, int], None]) -> None:
    """Print, for each tar, which share of the archive a second run sends.

    Args:
        cluster: with these pods.
        directory: for the archives.
        make_archive: writes one file of so many bytes into a tar.
    """
    one, many = directory / "one.tar", directory / "many.tar"
    make_archive(one, 1024 * _MIB)
    make_files(many)
    for kind in _KINDS:
        pod = cluster.pod(kind)
        for name, archive, share in (("1 GiB", one, 0.9), ("20,000 files", many, 0.5)):
            pod.clear()
            sent = _sent_again(pod, archive, share)
            print(
                f"{kind:>10} {name:>12} cut off at {share:.0%}: {sent:.3f} sent again", flush=True
            )
        pod.clear()


def _sent_again(pod: Pod, archive: Path, share: float) -> float:
    size = archive.stat().st_size
    with LinkProxy(pod.cluster.address) as link:
        config = pod.cluster.through(link.port, "cut-off")
        link.cut_after = int(size * share)
        first = restore(pod, archive, "--retries=0", "-q", kubeconfig=config)
        left = until_nothing_is_left(pod)
        link.heal()
        before = link.sent
        second = restore(pod, archive, "-q", kubeconfig=config)
        if first.code != 8 or left or second.code:
            raise RuntimeError(f"{first}\n{left}\n{second}")
        return (link.sent - before) / size


def held_up(cluster: Cluster, directory: Path, runs: int) -> None:
    """Print how long a restore takes when the one before it was killed."""
    archive = directory / "many.tar"
    make_files(archive)
    for kind in _KINDS:
        pod = cluster.pod(kind)
        for name, freezes in (("killed", False), ("killed, and the link frozen", True)):
            times = [_after_a_killed_one(pod, archive, freezes=freezes) for _ in range(runs)]
            pod.clear()
            longest = max(times)
            print(f"{kind:>10} {name}: the next run is done after {longest:.1f} s", flush=True)


def _after_a_killed_one(pod: Pod, archive: Path, *, freezes: bool) -> float:
    pod.clear()
    with LinkProxy(pod.cluster.address) as link:
        link.rate = 50e6
        process = start(pod, archive, kubeconfig=pod.cluster.through(link.port, "killed"))
        while link.sent < archive.stat().st_size // 2:
            time.sleep(0.01)
        if freezes:
            link.freeze()
        interrupt(process, signal.SIGKILL)
        os.waitpid(process.pid, 0)
        began = time.monotonic()
        result = restore(pod, archive, "-q")
        if result.code:
            raise RuntimeError(str(result))
        return time.monotonic() - began
