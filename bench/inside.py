"""Programs that measure the restore from inside a process of its own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final

from tests.contract.clusters import ROOT
from tests.contract.program import arguments, environment, program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.clusters import Pod

COSTS: Final = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from kubectl_restore.cli.application import run_words
code = run_words(sys.argv[2:])
use = resource.getrusage(resource.RUSAGE_SELF)
# Not ru_maxrss: it counts what this process was before its exec, too.
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(use.ru_utime + use.ru_stime, peak)
sys.exit(code)
"""
"""Restores, then prints our own processor time in seconds, and our memory's peak in KiB."""


def words_of(script: str, pod: Pod, archive: Path, *flags: str) -> list[str]:
    """Return the words that a script prints which restores by itself.

    Args:
        script: told where the plugin is, and the words of a restore with --force.
        pod: the target.
        archive: the backup.
        flags: further ones.
    """
    words = arguments(pod, archive, "--force", *flags, "--timeout=0")[len(program()) :]
    return subprocess.run(
        [sys.executable, "-c", script, str(ROOT / "plugin"), *words],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.split()
