"""How much stands below each directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_restore.cli.application import run_words
from tests.contract import trees

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    archive = trees.Archive(owner=(0, 0))
    for name, size in (("a/x", 100), ("a/b/c/y", 300), ("z", 50), ("d/e/f/g/h", 20)):
        archive.add(name, b"x" * size)
    path = tmp_path / "backup.tar"
    path.write_bytes(archive.finish())
    return path


def test_the_biggest_have_the_longest_bars(
    backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_words(["inspect", str(backup)]) == 0
    lines = capsys.readouterr().out.splitlines()
    start = lines.index("directories:") + 1
    assert [one.split() for one in lines[start : start + 4]] == [
        ["400", "B", "#" * 20, "a/"],
        ["300", "B", "#" * 15, "a/b/"],
        ["20", "B", "#", "d/"],
        ["20", "B", "#", "d/e/"],
    ]


@pytest.mark.parametrize(
    ("flag", "wanted"),
    [
        ("--tree", ["a/", "b/", "c/", "d/", "e/", "f/"]),
        ("--tree=1", ["a/", "d/"]),
    ],
)
def test_a_tree_is_as_deep_as_wanted(
    backup: Path, capsys: pytest.CaptureFixture[str], flag: str, wanted: list[str]
) -> None:
    assert run_words(["inspect", str(backup), flag]) == 0
    lines = capsys.readouterr().out.splitlines()
    tree = lines[lines.index("tree:") + 1 : lines.index("biggest:")]
    assert [one.split()[0] for one in tree] == wanted
