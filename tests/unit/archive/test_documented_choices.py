"""The examples of docs/choosing.md, with this program and with GNU tar."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

import pytest

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.select.choose import choose
from kubectl_restore.cli.argv import parse
from kubectl_restore.cli.selecting import read_selection
from tests.unit.archive.gnu_tar import extracted, gnu_only
from tests.unit.archive.making import END, file, index_of

_TEXT: Final = Path("docs/choosing.md").read_text("utf-8")
_NAMES: Final = _TEXT.split("```text\n")[1].split("```")[0].splitlines()
_ROW: Final = re.compile(r"^\| `(--?\w.*?)` \| `(.*?)` \| (.*) \|$", re.MULTILINE)
EXAMPLES: Final = [
    pytest.param(shlex.split(flags), shlex.split(theirs), restored.split(", "), id=flags)
    for flags, theirs, restored in _ROW.findall(_TEXT)
]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The backup of the examples."""
    path = tmp_path / "backup.tar"
    path.write_bytes(b"".join(file(name.encode()) for name in _NAMES) + END)
    return path


def test_no_example_is_overlooked() -> None:
    assert len(EXAMPLES) == _TEXT.count("\n| `-")
    assert len(EXAMPLES) > 10


@pytest.mark.parametrize(("flags", "theirs", "restored"), EXAMPLES)
def test_an_example_is_true_here(
    archive: Path, flags: list[str], theirs: list[str], restored: list[str]
) -> None:
    assert theirs
    result = choose(index_of(archive), read_selection(parse(flags)))
    assert result.refused == ()
    assert [one.path.decode() for one in result.index.members] == restored
    assert {one.kind for one in result.index.members} == {Kind.FILE}


@gnu_only
@pytest.mark.parametrize(("flags", "theirs", "restored"), EXAMPLES)
def test_an_example_is_true_of_gnu_tar(
    archive: Path, tmp_path: Path, flags: list[str], theirs: list[str], restored: list[str]
) -> None:
    assert flags
    where = tmp_path / "there"
    where.mkdir()
    assert extracted(archive, where, *theirs) == b""
    found = {str(path.relative_to(where)) for path in where.rglob("*") if path.is_file()}
    assert found == set(restored)
