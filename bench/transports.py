"""What kubectl's two protocols cost: plain exec and ours by each, in turn."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from typing import TYPE_CHECKING, Final

from bench.inside import COSTS, words_of
from bench.memory import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod

_GIB: Final = 1 << 30
_SWITCH: Final = "KUBECTL_REMOTE_COMMAND_WEBSOCKETS"


def each_transport(
    cluster: Cluster, directory: Path, runs: int, make_archive: Callable[[Path, int], None]
) -> None:
    """Print what 1 GiB takes by each protocol, as a ratio to plain exec by WebSocket.

    Args:
        cluster: the real node.
        directory: for the archive, and for what is remembered.
        runs: of each.
        make_archive: writes one of so many bytes.
    """
    os.environ["XDG_CACHE_HOME"] = str(directory)
    archive = directory / "one.tar"
    make_archive(archive, _GIB)
    for kind in KINDS:
        pod = cluster.pod(kind)
        found: dict[str, list[float]] = {}
        own: dict[str, list[float]] = {}
        for _ in range(runs):
            for name, sockets in (("plain, WebSocket", "true"), ("plain, SPDY", "false")):
                pod.clear()
                found.setdefault(name, []).append(plain_by(pod, archive, sockets))
            for wire in ("websocket", "spdy", "auto"):
                took, processor = _ours(pod, archive, f"--transport={wire}")
                found.setdefault(f"ours, {wire}", []).append(took)
                own.setdefault(f"ours, {wire}", []).append(processor)
        base = found["plain, WebSocket"]
        for name, times in found.items():
            ratio = statistics.median(one / plain for one, plain in zip(times, base, strict=True))
            cpu = f"  our CPU {statistics.median(own[name]):.2f} s" if name in own else ""
            print(
                f"{kind:>13}  1 GiB  {name:>17} {statistics.median(times):6.2f} s  "
                f"ratio {ratio:.2f}{cpu}",
                flush=True,
            )
        pod.clear()


def plain_by(pod: Pod, archive: Path, sockets: str, *, is_packed: bool = False) -> float:
    """Restore as people do today, and return the seconds that it takes.

    Args:
        pod: the target, empty.
        archive: a tar, or one packed by gzip.
        sockets: `true` for WebSocket, `false` for SPDY.
        is_packed: which of them it is.
    """
    command = [
        *(*pod.cluster.kubectl, "exec", "-i", pod.name, "--"),
        *("tar", "xzf" if is_packed else "xf", "-", "-C", pod.path),
    ]
    began = time.monotonic()
    with archive.open("rb") as file:
        subprocess.run(command, stdin=file, check=True, env={**os.environ, _SWITCH: sockets})
    return time.monotonic() - began


def _ours(pod: Pod, archive: Path, *flags: str) -> tuple[float, float]:
    pod.clear()
    began = time.monotonic()
    processor, _ = words_of(COSTS, pod, archive, "-q", *flags)
    return time.monotonic() - began, float(processor)
