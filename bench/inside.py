"""Programs that measure the restore from inside a process of its own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.contract.clusters import ROOT
from tests.contract.program import arguments, environment, program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.clusters import Pod


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
