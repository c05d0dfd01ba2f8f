"""`make bench-startup`: how long a user waits for `kubectl restore version`, through kubectl.

It asks kubectl for its version besides, so kubectl starts twice. All rows in turn, because the
machine's speed drifts; the median counts. The program is RESTORE_TEST_PROGRAM or `make dist`'s.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.contract.clusters import KUBECTL, ROOT
from tests.contract.program import environment

BAR: Final = 0.25
"""Seconds that the frozen program may take."""


def seconds(command: list[str], variables: dict[str, str]) -> float:
    """Return the wall time of one run."""
    started = time.monotonic()
    subprocess.run(
        command,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.monotonic() - started


def measure(runs: int) -> None:
    """Print the table; the first round only warms the caches."""
    frozen = Path(
        os.environ.get("RESTORE_TEST_PROGRAM", ROOT / "dist/kubectl-restore/kubectl-restore")
    )
    if not frozen.exists():
        sys.exit(f"Error: there is no {frozen}\nFix: make dist")
    plugin = [KUBECTL, "restore", "version"]
    with tempfile.TemporaryDirectory() as name:
        rows: dict[str, tuple[list[str], dict[str, str]]] = {
            "kubectl version --client": ([KUBECTL, "version", "--client"], environment())
        }
        for title, program in (("frozen", frozen.absolute()), ("source", ROOT / "kubectl-restore")):
            place = Path(name) / title
            place.mkdir()
            # As krew does it.
            (place / "kubectl-restore").symlink_to(program)
            path = f"{place}:{Path(KUBECTL).parent}:{os.environ['PATH']}"
            rows[f"kubectl restore version, {title}"] = (plugin, environment(PATH=path))
        taken: dict[str, list[float]] = {title: [] for title in rows}
        for number in range(runs + 1):
            for title, (command, variables) in rows.items():
                wall = seconds(command, variables)
                if number:
                    taken[title].append(wall)
    print(f"median of {runs}")
    for title, walls in taken.items():
        low, high = min(walls), max(walls)
        print(f"{title:<34} {statistics.median(walls):5.3f} s  ({low:5.3f} to {high:5.3f})")
    median = statistics.median(taken["kubectl restore version, frozen"])
    print(f"bar for the frozen program: {BAR} s: {'met' if median <= BAR else 'MISSED'}")
