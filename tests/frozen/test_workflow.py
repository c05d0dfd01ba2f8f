"""The release workflow, as far as it can be looked at here; and the parts of it that are ours."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from distribution.platforms import PLATFORMS
from kubectl_restore.about import VERSION
from tests.frozen.release import ROOT, Release
from tests.golang import built

if TYPE_CHECKING:
    from pathlib import Path

WORKFLOW = ROOT / ".github/workflows/release.yml"


def test_actionlint_has_nothing_to_say() -> None:
    programs = built(ROOT / "tests/workflows", "github.com/rhysd/actionlint/cmd/actionlint")
    done = subprocess.run(
        [programs / "actionlint", "-no-color", WORKFLOW],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done


def test_it_builds_for_every_platform_of_a_release() -> None:
    text = WORKFLOW.read_text("utf-8")
    built_for = re.findall(r"os: (\w+), arch: (\w+), runner:", text)
    assert sorted(built_for) == sorted(PLATFORMS)


def test_actions_are_pinned_by_their_commits() -> None:
    uses = re.findall(r"uses: (\S+)", WORKFLOW.read_text("utf-8"))
    assert uses
    assert [one for one in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", one)] == []


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
    manifest = ("distribution.manifest", f"--archives={tmp_path}", f"--into={tmp_path}/m.yaml")
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
    assert (tmp_path / "m.yaml").read_text("utf-8").count("sha256:") == len(PLATFORMS)
    assert run("distribution.checksums", f"--archives={tmp_path}").returncode == 0
    (sums,) = tmp_path.glob("*_checksums.txt")
    assert len(sums.read_text("utf-8").splitlines()) == len(PLATFORMS) + 1
