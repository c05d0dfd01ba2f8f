"""`make bench`: wall time, processor time and memory, as ratios to plain `kubectl exec`.

Pairs in turn, A B A B ..., because the machine's speed drifts; the median of the ratios counts.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.claims import first_bytes
from bench.converging import second_runs, surveys
from bench.finishing import cut_off, held_up
from bench.growth import growth
from bench.indexes import each_index
from bench.inside import COSTS, words_of
from bench.memory import MEMORY_PODS
from bench.packings import FORMATS, make_packed
from bench.startup import measure
from bench.table import ROWS, SHORT, write_table
from bench.traits import volumes_tried
from bench.transports import each_transport
from tests.contract.clusters import Cluster, Pod, node_cluster

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took."""

    wall: float
    own_processor: float
    """Seconds of our own process, kubectl's apart."""
    all_processor: float
    memory: int
    """Bytes, the peak of our own process."""


def make_archive(path: Path, size: int) -> None:
    """Write a plain tar with one file of random bytes, 64 MiB of them over and over."""
    header = tarfile.TarInfo("blob")
    header.size = size
    piece = os.urandom(64 << 20)
    with path.open("wb") as file:
        file.write(header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(size // len(piece)):
            file.write(piece)
        file.write(bytes(10240 - 512))


def plain(pod: Pod, archive: Path) -> Cost:
    """Restore as people do today."""
    command = [*pod.cluster.kubectl, "exec", "-i", pod.name, "--", "tar", "xf", "-", "-C", pod.path]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with archive.open("rb") as file:
        subprocess.run(command, stdin=file, check=True)
    return _cost(started, before, 0.0, 0)


def ours(pod: Pod, archive: Path) -> Cost:
    """Restore with the program; what it takes itself (kubectl apart) it says at its end."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    processor, memory = words_of(COSTS, pod, archive, "-q")
    return _cost(started, before, float(processor), int(memory) * 1024)


def _cost(
    started: float, before: resource.struct_rusage, own_processor: float, memory: int
) -> Cost:
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.monotonic() - started, own_processor, used, memory)


def bare_copy(archive: Path) -> float:
    """Return the seconds of processor time that copying the bytes alone takes here, per GiB.

    os.read and os.write through a pipe in blocks of 256 KiB, to a reader that throws them away.
    """
    reader = subprocess.Popen(
        [sys.executable, "-c", "import os\nwhile os.read(0, 1 << 16): pass"], stdin=subprocess.PIPE
    )
    assert reader.stdin
    buffer = memoryview(bytearray(256 * 1024))
    before = resource.getrusage(resource.RUSAGE_SELF)
    with archive.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            view = buffer[:count]
            while view:
                view = view[os.write(reader.stdin.fileno(), view) :]
    after = resource.getrusage(resource.RUSAGE_SELF)
    reader.stdin.close()
    reader.wait()
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used * GIB / archive.stat().st_size


def compare(cluster: Cluster, kind: str, archive: Path, runs: int) -> None:
    """Print one line of the table."""
    pod = cluster.pod(kind)
    pairs = []
    for _ in range(runs):
        pod.clear()
        theirs = plain(pod, archive)
        pod.clear()
        pairs.append((theirs, ours(pod, archive)))
    pod.clear()
    size = archive.stat().st_size / GIB
    wall = statistics.median(mine.wall / theirs.wall for theirs, mine in pairs)
    theirs_wall = statistics.median(theirs.wall for theirs, _ in pairs)
    mine_wall = statistics.median(mine.wall for _, mine in pairs)
    own = statistics.median(mine.own_processor for _, mine in pairs) / size
    memory = max(mine.memory for _, mine in pairs) / (1 << 20)
    print(
        f"{kind:>10} {size:5.1f} GiB  plain {theirs_wall:6.2f} s  ours {mine_wall:6.2f} s  "
        f"ratio {wall:4.2f}  our CPU {own:4.2f} s/GiB  our memory {memory:3.0f} MiB",
        flush=True,
    )


def each_packing(cluster: Cluster, directory: Path, size: int) -> None:
    """Print what a restore of so many bytes takes in each packing."""
    pod = cluster.pod("debian")
    for name, pack in FORMATS.items():
        path = directory / "packed"
        make_packed(path, size, pack)
        cost = ours(pod, path)
        print(
            f"{name:>26} {size / GIB:.0f} GiB in {path.stat().st_size / GIB:4.2f} GiB  "
            f"{cost.wall:6.1f} s  our CPU {cost.own_processor * GIB / size:5.2f} s/GiB  "
            f"our memory {cost.memory / (1 << 20):3.0f} MiB",
            flush=True,
        )
        pod.clear()
        path.unlink()


def _in_memory(directory: Path, given: argparse.Namespace) -> None:
    """Run what is measured on volumes in memory."""
    with node_cluster(directory, MEMORY_PODS) as cluster:
        if given.transports:
            each_transport(cluster, directory, given.runs or 3, make_archive)
        if given.table or given.short:
            write_table(cluster, directory, SHORT if given.short else ROWS, given.runs or 3)
        if given.growth:
            growth(cluster, directory)
        if given.traits:
            volumes_tried(cluster, directory, given.runs or 7, make_archive)


def _on_disk(cluster: Cluster, directory: Path, given: argparse.Namespace) -> None:
    """Run what is measured on the node's own disk."""
    archive, runs = directory / "one.tar", given.runs or 3
    if given.claims:
        make_archive(archive, 64 << 20)
        first_bytes(cluster, archive, runs)
    elif given.converging:
        surveys(cluster, directory)
        second_runs(cluster, directory, runs)
    elif given.finishing:
        cut_off(cluster, directory, make_archive)
        held_up(cluster, directory, runs)
    elif given.packings:
        each_packing(cluster, directory, given.packings * GIB)
    else:
        make_archive(archive, GIB)
        print(f"bare os.read/os.write copy: {bare_copy(archive):.2f} s of CPU per GiB")
        for kind in ("busybox", "debian"):
            compare(cluster, kind, archive, runs)
        if given.large:
            large = directory / "large.tar"
            make_archive(large, given.large * GIB)
            compare(cluster, "busybox", large, 1)


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--startup", action="store_true", help="only how long a start takes")
    parser.add_argument("--runs", type=int, help="default: 3, with --startup 20")
    parser.add_argument("--large", type=int, default=8, help="GiB of the memory comparison")
    parser.add_argument("--packings", type=int, default=0, help="GiB to restore in each packing")
    parser.add_argument("--index", type=int, default=0, help="only indexes: GiB of one member")
    parser.add_argument("--converging", action="store_true", help="only second runs")
    parser.add_argument("--finishing", action="store_true", help="only runs after broken ones")
    parser.add_argument("--traits", action="store_true", help="only what trying a volume costs")
    parser.add_argument("--transports", action="store_true", help="only kubectl's two protocols")
    parser.add_argument("--table", action="store_true", help="only the table of bench/RESULTS.md")
    parser.add_argument("--short", action="store_true", help="a part of it, in two minutes")
    parser.add_argument("--claims", action="store_true", help="only how soon a claim is reached")
    parser.add_argument("--growth", action="store_true", help="only how the time grows")
    given = parser.parse_args()
    if given.startup:
        measure(given.runs or 20)
        return
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        directory = Path(name)
        if given.index:
            each_index(directory, given.index)
            return
        if given.transports or given.traits or given.table or given.short or given.growth:
            _in_memory(directory, given)
            return
        with node_cluster(directory) as cluster:
            _on_disk(cluster, directory, given)


if __name__ == "__main__":
    main()
