"""What `make dist` made, and the program taken out of it."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from distribution.platforms import this_platform
from kubectl_restore.about import VERSION

ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Release:
    """A directory that `make dist` filled."""

    directory: Path

    @property
    def archive(self) -> Path:
        """The archive for this machine."""
        name = f"kubectl-restore_v{VERSION}_{'_'.join(this_platform())}.tar.gz"
        return self.directory / name

    @property
    def wheel(self) -> Path:
        """The wheel."""
        return self.directory / f"kubectl_restore-{VERSION}-py3-none-any.whl"

    @property
    def checksums(self) -> Path:
        """The checksums."""
        return self.directory / f"kubectl-restore_v{VERSION}_checksums.txt"

    def unpack(self, into: Path) -> Path:
        """Unpack the archive and return the program."""
        with tarfile.open(self.archive) as archive:
            archive.extractall(into, filter="tar")
        return into / "kubectl-restore" / "kubectl-restore"


def make_release(into: Path, *, umask: int = 0o022, **variables: str) -> Release:
    """Do what `make dist` does."""
    done = subprocess.run(
        [sys.executable, "-m", "distribution", f"--into={into}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "plugin"), **variables},
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Release(into)
