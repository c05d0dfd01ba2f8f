"""`python -m bench.members`: what each member costs, in seconds of our processor time by phase.

Small files onto a volume in memory, so that no disk is measured: a plain `kubectl exec` and ours by
turns, ours also where everything is there already, without and with the index that is remembered.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.memory import KINDS, MEMORY_PODS
from tests.contract.clusters import ROOT, Pod, node_cluster
from tests.contract.program import arguments, environment, program

if TYPE_CHECKING:
    from collections.abc import Callable

_PHASES: Final = ("check", "survey", "send", "verify")
_MEASURED: Final = """
import sys, time
sys.path.insert(0, sys.argv[1])
from kubectl_restore.cli.argv import parse
from kubectl_restore.cli.reading import read_request
from kubectl_restore.deadline import Watch
from kubectl_restore.progress import Silence
from kubectl_restore.restore.engine import restore

class Timed(Silence):
    phase, began, used = "start", 0.0, {}
    def status(self, status):
        if status.phase != self.phase:
            self.turn(str(status.phase))
    def turn(self, phase):
        now = time.process_time()
        self.used[self.phase] = self.used.get(self.phase, 0.0) + now - self.began
        self.phase, self.began = phase, now

profile = sys.argv[2]
timed, words = Timed(), sys.argv[3:]
request = read_request(parse(words), words, older=False)
if profile:
    import cProfile
    profiler = cProfile.Profile()
    profiler.enable()
with Watch(None) as watch:
    restore(request, timed, watch)
timed.turn("end")
if profile:
    profiler.disable()
    profiler.dump_stats(profile)
# Not ru_maxrss: it counts what this process was before its exec, too.
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(time.process_time(), peak, *(f"{name}={took}" for name, took in timed.used.items()))
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took: seconds, MiB, and seconds of our processor time in each phase."""

    wall: float
    processor: float
    memory: float
    phases: dict[str, float]


def make_text(path: Path, count: int) -> None:
    """Write a tar of files of about 4 KiB of words, a hundred in each directory."""
    chance = random.Random(22)  # noqa: S311 - content, no secret
    words = [bytes(chance.choices(b"abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(4096)]
    _make(path, count, lambda: b" ".join(chance.choices(words, k=570)))


def make_tiny(path: Path, count: int) -> None:
    """Write a tar of files of 100 bytes, a hundred in each directory."""
    _make(path, count, lambda: bytes(100))


def _make(path: Path, count: int, content: Callable[[], bytes]) -> None:
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for number in range(count):
            if number % 100 == 0:
                directory = tarfile.TarInfo(f"./srv/data/{number // 100:05}")
                directory.type, directory.mode = tarfile.DIRTYPE, 0o755
                directory.mtime = 1_700_000_000
                tar.addfile(directory)
            one, data = tarfile.TarInfo(f"./srv/data/{number // 100:05}/{number:07}.txt"), content()
            one.size, one.mtime, one.uid, one.gid = len(data), 1_700_000_000 + number, 1000, 1000
            tar.addfile(one, io.BytesIO(data))


def plain(pod: Pod, archive: Path) -> Cost:
    """Restore as people do today; the processor time is kubectl's."""
    command = [*pod.cluster.kubectl, "exec", "-i", pod.name, "--", "tar", "xf", "-", "-C", pod.path]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with archive.open("rb") as file:
        subprocess.run(command, stdin=file, check=True)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - started
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, used, 0, {})


def ours(pod: Pod, archive: Path, *flags: str, cache: Path, profile: str = "") -> Cost:
    """Restore with the program, in a process of its own."""
    words = arguments(pod, archive, *flags, "--timeout=0")[len(program()) :]
    started = time.monotonic()
    said = subprocess.run(
        [sys.executable, "-c", _MEASURED, str(ROOT / "plugin"), profile, *words],
        env=environment(XDG_CACHE_HOME=str(cache)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.split()
    wall = time.monotonic() - started
    phases = {name: float(took) for name, _, took in (one.partition("=") for one in said[2:])}
    return Cost(wall, float(said[0]), int(said[1]) / 1024, phases)


def compare(pod: Pod, archive: Path, count: int, runs: int, profiles: str) -> None:
    """Print what plain exec and ours take, by turns."""
    found: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory(dir=archive.parent) as name:
        cache = Path(name)
        for _ in range(runs):
            _clear(pod)
            found.setdefault("plain", []).append(plain(pod, archive))
            _clear(pod)
            for what, flags in (
                ("first", ("--no-cache",)),
                ("unchanged", ("--no-cache",)),
                ("fills the cache", ()),
                ("unchanged, cached", ()),
            ):
                where = f"{profiles}-{what.split()[0]}" if profiles else ""
                cost = ours(pod, archive, *flags, cache=cache, profile=where)
                found.setdefault(what, []).append(cost)
    _clear(pod)
    base = statistics.median(one.wall for one in found["plain"])
    size = archive.stat().st_size / 1e6
    print(f"{count:,} files, {size:.0f} MB: plain exec {base:.2f} s, load {os.getloadavg()[0]:.1f}")
    for what, costs in found.items():
        if what in {"plain", "fills the cache"}:
            continue
        ratio = statistics.median(
            one.wall / other.wall for one, other in zip(costs, found["plain"], strict=True)
        )
        used = statistics.median(one.processor for one in costs)
        by_phase = ", ".join(
            f"{phase} {statistics.median(one.phases.get(phase, 0.0) for one in costs):.2f}"
            for phase in ("start", "connect", *_PHASES)
        )
        print(
            f"{what:>18}: {statistics.median(one.wall for one in costs):6.2f} s, {ratio:4.2f} of "
            f"it; our CPU {used:5.2f} s, {used / count * 1e6:3.0f} us a member ({by_phase}); "
            f"{max(one.memory for one in costs):.0f} MiB",
            flush=True,
        )


def _clear(pod: Pod) -> None:
    pod.run("sh", "-c", f"cd {pod.path} && rm -rf ./*")


def main() -> None:
    """Run it on the real node."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--small", type=int, default=20_000, help="files of 4 KiB")
    parser.add_argument("--tiny", type=int, default=0, help="files of 100 bytes")
    parser.add_argument("--profiles", default="", help="where cProfile's figures go")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        directory = Path(name)
        with node_cluster(directory, MEMORY_PODS) as cluster:
            pod = Pod(cluster, KINDS[0])
            for count, make in ((given.small, make_text), (given.tiny, make_tiny)):
                if count:
                    archive = directory / "members.tar"
                    make(archive, count)
                    compare(pod, archive, count, given.runs, given.profiles)


if __name__ == "__main__":
    main()
