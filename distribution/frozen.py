"""PyInstaller, run so that the same tree gives the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from distribution.source import Source


@dataclass(frozen=True, slots=True)
class Frozen:
    """A frozen program.

    Attributes:
        directory: the program and its `_internal`.
        notes: PyInstaller's tables of what went into it, and from where.
    """

    directory: Path
    notes: Path


def freeze(source: Source, work: Path) -> Frozen:
    """Build the program; `work` is an empty directory of its own.

    Raises:
        subprocess.CalledProcessError: PyInstaller failed; what it said is on stderr.
    """
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level=WARN"]
    places = [f"--distpath={work / 'program'}", f"--workpath={work / 'notes'}"]
    subprocess.run(
        [*command, *places, "build.spec"],
        cwd=source.root,
        env=_environment(source, work),
        stdin=subprocess.DEVNULL,
        check=True,
    )
    return Frozen(work / "program" / "kubectl-restore", work / "notes" / "build")


def _environment(source: Source, work: Path) -> dict[str, str]:
    """Return an environment in which nothing of the user's decides a byte."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(work),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SOURCE_DATE_EPOCH": str(source.epoch),
        # Its cache of stripped libraries is not asked what an earlier `strip` made of them.
        "PYINSTALLER_CONFIG_DIR": str(work / "cache"),
    }
