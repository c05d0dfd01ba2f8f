"""What has to be so of the release workflow and actionlint does not know."""

from __future__ import annotations

import re

import pytest

from distribution.platforms import PLATFORMS
from distribution.source import ROOT

WORKFLOW = (ROOT / ".github/workflows/release.yml").read_text("utf-8")
_, *PARTS = re.split(r"^  (\w+):\n", WORKFLOW.partition("\njobs:\n")[2], flags=re.MULTILINE)
JOBS = dict(zip(PARTS[::2], PARTS[1::2], strict=True))
MATRIX = re.findall(r"- \{ os: (\w+), arch: (\w+), runner: ([\w.-]+) \}", JOBS["build"])


def test_it_builds_for_every_platform_of_a_release_and_no_other() -> None:
    assert sorted((system, processor) for system, processor, _ in MATRIX) == sorted(PLATFORMS)
    assert JOBS["build"].count("runner:") == len(PLATFORMS)


@pytest.mark.parametrize(("system", "processor", "runner"), MATRIX)
def test_each_platform_is_built_on_a_runner_of_its_own_kind(
    system: str, processor: str, runner: str
) -> None:
    # Ubuntu's runners are amd64 unless they say otherwise, macOS's arm64.
    kinds = {"ubuntu": ("linux", "amd64"), "macos": ("darwin", "arm64")}
    usual_system, usual_processor = kinds[runner.partition("-")[0]]
    said = {"arm": "arm64", "intel": "amd64"}.get(runner.rpartition("-")[2], usual_processor)
    assert (system, processor) == (usual_system, said)


def test_actions_are_pinned_by_their_commits() -> None:
    uses = re.findall(r"uses: (.+)", WORKFLOW)
    assert uses
    pinned = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [one for one in uses if not pinned.fullmatch(one)] == []


def test_no_expression_becomes_part_of_a_command() -> None:
    # An expression is put into a command as text, whatever characters it has.
    with_expressions = [line for line in WORKFLOW.splitlines() if "${{" in line]
    assert with_expressions
    values = re.compile(r"\s+(- )?(name|runs-on|path|GH_TOKEN|GH_REPO): .+")
    assert [line for line in with_expressions if not values.fullmatch(line)] == []


def test_what_may_write_runs_nothing_of_the_project() -> None:
    assert "\npermissions: {}\n" in WORKFLOW
    assert list(JOBS) == ["build", "gather", "publish"]
    assert [name for name, text in JOBS.items() if ": write" in text] == ["publish"]
    for word in ("checkout", "python", "make "):
        assert word not in JOBS["publish"]
    assert "secrets." not in WORKFLOW


def test_only_the_tag_of_a_version_starts_it() -> None:
    (patterns,) = re.findall(r"^on:\n  push:\n    tags: \[(.+)\]\n\n", WORKFLOW, re.MULTILINE)
    # In GitHub's patterns as here: + is one and more, a point is a point.
    tag = re.compile(patterns.strip('"').replace(".", r"\."))
    assert [name for name in ("v1.2.3", "v10.0.12") if not tag.fullmatch(name)] == []
    assert [
        name for name in ("v1.2", "v1.2.3-rc.1", "1.2.3", "vx.y.z") if tag.fullmatch(name)
    ] == []
