"""What trying each volume costs a restore: pairs with and without the trial, in turn."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Final

from bench.converging import make_files
from bench.inside import words_of
from bench.memory import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod

_GIB: Final = 1 << 30
_RESTORED: Final = """
import sys, time
sys.path.insert(0, sys.argv[1])
from kubectl_restore.cli.application import run_words
from kubectl_restore.container.questions import Questions
from kubectl_restore.container.traits import Volumes

words = sys.argv[2:]
tries = "--bench-without" not in words
took, traits = 0.0, Questions.traits
def timed(*arguments, **options):
    global took
    if not tries:
        return Volumes()
    began = time.monotonic()
    found = traits(*arguments, **options)
    took += time.monotonic() - began
    return found
Questions.traits = timed
code = run_words([one for one in words if one != "--bench-without"])
print(took)
sys.exit(code)
"""


def volumes_tried(
    cluster: Cluster, directory: Path, runs: int, make_archive: Callable[[Path, int], None]
) -> None:
    """Print what the trial of the target's volume takes, and what a restore is with it.

    Args:
        cluster: the real node.
        directory: for archives.
        runs: pairs of each kind.
        make_archive: writes one of so many bytes.
    """
    archive = directory / "traits.tar"
    makers: tuple[tuple[str, Callable[[], None]], ...] = (
        ("20,000 files of 10 KiB", lambda: make_files(archive)),
        ("1 GiB in one file", lambda: make_archive(archive, _GIB)),
    )
    for what, make in makers:
        make()
        for kind in KINDS:
            pod = cluster.pod(kind)
            pairs, asked = [], []
            for _ in range(runs):
                without, _ = _took(pod, archive, "--bench-without")
                whole, trial = _took(pod, archive)
                pairs.append((without, whole))
                asked.append(trial)
            ratio = statistics.median(whole / without for without, whole in pairs)
            print(
                f"{what}, {kind:>13}: {statistics.median(one for one, _ in pairs):.2f} s without, "
                f"{statistics.median(one for _, one in pairs):.2f} s with: {ratio:.3f}; the trial "
                f"{min(asked) * 1000:.1f} ms at least, {statistics.median(asked) * 1000:.1f} ms",
                flush=True,
            )
            pod.clear()


def _took(pod: Pod, archive: Path, *flags: str) -> tuple[float, float]:
    pod.clear()
    began = time.monotonic()
    (trial,) = words_of(_RESTORED, pod, archive, "-q", "--no-cache", *flags)
    return time.monotonic() - began, float(trial)
