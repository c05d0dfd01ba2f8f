"""What a second run costs: over a link of 50 MB/s and 40 ms, and what asking takes."""

from __future__ import annotations

import io
import random
import statistics
import subprocess
import tarfile
import time
from typing import TYPE_CHECKING, Final

from bench.indexes import make_many
from bench.inside import words_of
from tests.contract.program import restore
from tests.link import LinkProxy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod

_FILES: Final = 20_000
_SIZE: Final = 10 * 1024
_RATE: Final = 50e6
_EACH_WAY: Final = 0.020
_SURVEYED: Final = """
import sys, time
sys.path.insert(0, sys.argv[1])
from kubectl_restore.cli.argv import parse
from kubectl_restore.cli.reading import read_request
from kubectl_restore.restore.engine import restore
from kubectl_restore.container.questions import Questions
from kubectl_restore.progress import Phase, Silence
from kubectl_restore.deadline import Watch

class Timed(Silence):
    began = 0.0
    def status(self, status):
        if status.phase is Phase.SURVEY:
            self.began = self.began or time.monotonic()
    def planned(self, steps):
        self.took = time.monotonic() - self.began

asked = 0.0
survey = Questions.survey
def timed_survey(*arguments, **options):
    global asked
    began = time.monotonic()
    found = survey(*arguments, **options)
    asked += time.monotonic() - began
    return found
Questions.survey = timed_survey
timed = Timed()
request = read_request(parse(sys.argv[2:]), sys.argv[2:], older=False)
with Watch(None) as watch:
    restore(request, timed, watch)
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(asked, timed.took, peak)
"""


def make_files(path: Path) -> None:
    """Write a tar of 20,000 files of 10 KiB of random bytes, a hundred in each directory."""
    chance = random.Random(11)  # noqa: S311 - content, no secret
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for number in range(_FILES):
            if number % 100 == 0:
                directory = tarfile.TarInfo(f"tree/{number // 100:03}")
                directory.type, directory.mode, directory.mtime = (
                    tarfile.DIRTYPE,
                    0o755,
                    1_700_000_000,
                )
                tar.addfile(directory)
            one = tarfile.TarInfo(f"tree/{number // 100:03}/{number:05}")
            one.size, one.mtime = _SIZE, 1_700_000_000 + number
            tar.addfile(one, io.BytesIO(chance.randbytes(_SIZE)))


def second_runs(cluster: Cluster, directory: Path, runs: int) -> None:
    """Print what a run costs that finds everything, or nearly everything, right."""
    pod = cluster.pod("debian")
    archive = directory / "many.tar"
    make_files(archive)
    with LinkProxy(cluster.address) as link:
        link.rate, link.delay = _RATE, _EACH_WAY
        config = cluster.through(link.port, "bench")
        times: dict[str, list[float]] = {}
        for _ in range(runs):
            pod.clear()
            plain = _plain(pod, archive, config)
            pod.clear()
            first = _ours(pod, archive, config)
            unchanged = _ours(pod, archive, config)
            _change(pod)
            changed = _ours(pod, archive, config)
            whole = _ours(pod, archive, config, "--verify=checksum")
            found = {"first": first, "unchanged": unchanged, "1 % changed": changed,
                     "unchanged, by checksum": whole}  # fmt: skip
            for name, took in found.items():
                times.setdefault(name, []).append(took / plain)
            times.setdefault("plain", []).append(plain)
    plain_time = statistics.median(times.pop("plain"))
    size = archive.stat().st_size / 1e6
    print(f"{_FILES:,} files, {size:.0f} MB, 50 MB/s, 40 ms: plain exec {plain_time:.2f} s")
    for name, ratios in times.items():
        print(f"{name:>26}: {statistics.median(ratios):.2f} of it", flush=True)
    pod.clear()


def _plain(pod: Pod, archive: Path, config: Path) -> float:
    kubectl = [
        pod.cluster.kubectl[0],
        f"--kubeconfig={config}",
        f"--namespace={pod.cluster.namespace}",
    ]
    command = [*kubectl, "exec", "-i", pod.name, "--", "tar", "xf", "-", "-C", pod.path]
    started = time.monotonic()
    with archive.open("rb") as file:
        subprocess.run(command, stdin=file, check=True)
    return time.monotonic() - started


def _ours(pod: Pod, archive: Path, config: Path, *flags: str) -> float:
    started = time.monotonic()
    result = restore(pod, archive, "--force", "-q", *flags, kubeconfig=config)
    took = time.monotonic() - started
    if result.code:
        raise RuntimeError(str(result))
    return took


def _change(pod: Pod) -> None:
    """Write to one file of a hundred."""
    pod.run("sh", "-c", f"cd {pod.path}/tree && for one in */*07; do echo x >$one; done")


def surveys(cluster: Cluster, directory: Path) -> None:
    """Print what asking costs: 20,000 paths, and a million."""
    pod = cluster.pod("debian")
    archive = directory / "asked.tar"
    make_files(archive)
    result = restore(pod, archive, "-q")
    if result.code:
        raise RuntimeError(str(result))
    for _ in range(3):
        print(f"{_FILES:,} paths that are there: {_surveyed(pod, archive)}", flush=True)
    pod.clear()
    make_many(archive, lambda data: data)
    dirs = (
        f"cd {pod.path} && mkdir -p srv/data && cd srv/data && seq -f %05.0f 0 9999 | xargs mkdir"
    )
    pod.run("sh", "-c", dirs)
    print(f"1,000,000 paths, asked and missing: {_surveyed(pod, archive)}", flush=True)
    pod.clear()


def _surveyed(pod: Pod, archive: Path) -> str:
    asked, planned, peak = words_of(_SURVEYED, pod, archive, "--dry-run")
    memory = int(peak) / 1024
    return f"asked {float(asked):.2f} s, planned {float(planned):.2f} s, {memory:.0f} MiB"
