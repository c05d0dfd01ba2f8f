"""A program's own volumes are told from backups."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.errors import BackupError
from tests.unit.archive.making import index_of_bytes

if TYPE_CHECKING:
    from pathlib import Path


def archive(*names: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        for name in names:
            one = tarfile.TarInfo(name)
            one.type = tarfile.DIRTYPE if name.endswith(("/", "/.")) else tarfile.REGTYPE
            made.addfile(one)
    return out.getvalue()


@pytest.mark.parametrize(
    "names",
    [
        ("snapshot/.", "snapshot/a", "snapshot/e/"),
        ("snapshot/x", "multivol_snapshot/big/1", "multivol_snapshot/big/2"),
        ("multivol_diff/big/3", "deleted/gone"),
    ],
)
def test_volumes_of_duplicitys_are_no_backups(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(BackupError, match="duplicity") as caught:
        index_of_bytes(tmp_path, archive(*names))
    assert "duplicity restore" in caught.value.fix


@pytest.mark.parametrize(
    "names",
    [
        ("snapshot/", "snapshot/a", "diff/b"),
        ("snapshot/.", "snapshot/a", "other"),
        ("multivol_snapshot/big/1", "data/x"),
        ("data/snapshot/.", "data/multivol_snapshot/1"),
    ],
)
def test_directories_of_such_names_are_backups(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert len(index_of_bytes(tmp_path, archive(*names)).members) == len(names)
