"""What the release workflow does with the archives of all platforms, done here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from distribution.platforms import PLATFORMS
from kubectl_restore.about import KREW_NAME, VERSION
from tests.frozen.release import ROOT, Release

if TYPE_CHECKING:
    from pathlib import Path


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run one of the distribution's commands as the workflow does."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}/plugin:{ROOT}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_gathered_gets_check_sums_and_a_manifest(release: Release, tmp_path: Path) -> None:
    manifest = ("distribution.manifest", f"--archives={tmp_path}")
    for system, processor in PLATFORMS[1:]:
        name = f"kubectl-restore_v{VERSION}_{system}_{processor}.tar.gz"
        shutil.copyfile(release.archive, tmp_path / name)
    shutil.copyfile(release.wheel, tmp_path / release.wheel.name)
    done = run(*manifest, "--all-platforms")
    assert done.returncode == 1
    first = f"kubectl-restore_v{VERSION}_{'_'.join(PLATFORMS[0])}.tar.gz"
    assert first in done.stderr
    shutil.copyfile(release.archive, tmp_path / first)
    assert run(*manifest, "--all-platforms").returncode == 0
    assert (tmp_path / f"{KREW_NAME}.yaml").read_text("utf-8").count("sha256:") == len(PLATFORMS)
    assert run("distribution.checksums", f"--archives={tmp_path}").returncode == 0
    (sums,) = tmp_path.glob("*_checksums.txt")
    assert len(sums.read_text("utf-8").splitlines()) == len(PLATFORMS) + 1
