"""What a tree has to be before a release is made of it."""

from __future__ import annotations

import os
import subprocess
import sys

from distribution.ready import problems
from distribution.source import ROOT
from kubectl_restore.about import HOMEPAGE, VERSION

TAG = f"v{VERSION}"
CHANGES = f"# Changes\n\n## {VERSION} (2026-11-23)\n\n- All of it.\n"


def test_a_tree_that_is_ready() -> None:
    assert problems(TAG, HOMEPAGE, CHANGES) == []


def test_another_tag() -> None:
    assert problems("v99.0.0", HOMEPAGE, CHANGES) == [f"the tag is v99.0.0, the version {VERSION}"]
    assert problems(VERSION, HOMEPAGE, CHANGES) == [f"the tag is {VERSION}, the version {VERSION}"]


def test_a_manifest_that_would_lead_elsewhere() -> None:
    (problem,) = problems(TAG, "https://forge.example/ours/restore", CHANGES)
    assert "forge.example" in problem
    assert HOMEPAGE in problem


def test_a_section_without_a_date() -> None:
    (problem,) = problems(TAG, HOMEPAGE, CHANGES.replace("2026-11-23", "unreleased"))
    assert "bears no date" in problem


def test_the_command_names_everything_at_once() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "distribution.ready", "--tag=v99.0.0", "--address=nowhere"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "plugin")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: this tree is not the release v99.0.0\nReason: the tag is")
    assert "the release will stand at nowhere" in done.stderr
    assert f"## {VERSION} (YYYY-MM-DD)" in done.stderr
