"""Backups in parts: found by the first one's name, read as one, each part watched."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.archive.index.read import read_index
from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.source.parts import find_parts
from kubectl_restore.archive.trust.integrity import read_proved
from kubectl_restore.archive.trust.seal import SealRequest, seal
from kubectl_restore.deadline import Watch
from kubectl_restore.errors import BackupError
from kubectl_restore.progress import Silence
from tests.unit.archive.making import padded, sample, zipped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubectl_restore.archive.index.index import Index
    from kubectl_restore.archive.trust.integrity import Integrity


def names_of(path: Path) -> list[str]:
    return [one.name for one in find_parts(path).paths]


def touch(place: Path, names: Iterable[str], content: bytes = b"-") -> None:
    for name in names:
        (place / name).write_bytes(content)


def written(place: Path, data: bytes, names: list[str]) -> list[Path]:
    """Write the data in as many equal parts as there are names."""
    length = -(-len(data) // len(names))
    paths = [place / name for name in names]
    for number, path in enumerate(paths):
        path.write_bytes(data[number * length : (number + 1) * length])
    return paths


def proved(path: Path, checksum: str | None = None) -> tuple[Index, Integrity]:
    with BackupFile.open(path) as backup:
        return read_proved(
            backup, checksum, allow_missing_end=False, progress=Silence(), watch=Watch(None)
        )


def paths_of(path: Path) -> list[bytes]:
    with BackupFile.open(path) as backup:
        index = read_index(backup, allow_missing_end=False, progress=Silence(), watch=Watch(None))
        return [one.path for one in index.members]


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


SCHEMES = [
    ["b.tar.000", "b.tar.001", "b.tar.002"],
    ["b.tar.00", "b.tar.01", "b.tar.02"],
    ["b.tar.001", "b.tar.002", "b.tar.003"],
    ["b.tar.aa", "b.tar.ab", "b.tar.ac"],
    ["b.tar-aaa", "b.tar-aab", "b.tar-aac"],
    ["xaa", "xab", "xac"],
    ["b.tar.part1", "b.tar.part2", "b.tar.part3"],
    ["b.tar.part00", "b.tar.part01", "b.tar.part02"],
]


@pytest.mark.parametrize("names", SCHEMES, ids=lambda names: names[0])
@pytest.mark.parametrize("pack", [bytes, zipped], ids=["plain", "gzip"])
def test_parts_are_read_as_one(tmp_path: Path, names: list[str], pack: type[bytes]) -> None:
    data = pack(sample())
    (tmp_path / "whole").write_bytes(data)
    first, *_ = written(tmp_path, data, names)
    assert names_of(first) == names
    assert paths_of(first) == paths_of(tmp_path / "whole")
    with BackupFile.open(first) as backup:
        assert backup.size == len(data)
        assert backup.read(0, len(data) + 1) == data


@pytest.mark.parametrize("names", SCHEMES, ids=lambda names: names[0])
def test_a_missing_part_is_named_before_anything_is_read(tmp_path: Path, names: list[str]) -> None:
    first, second, _ = written(tmp_path, sample(), names)
    second.unlink()
    with pytest.raises(BackupError, match="1 part of it is missing") as caught:
        BackupFile.open(first)
    assert names[1] in caught.value.reason


@pytest.mark.parametrize("names", SCHEMES, ids=lambda names: names[0])
def test_a_later_part_is_no_backup(tmp_path: Path, names: list[str]) -> None:
    paths = written(tmp_path, sample(), names)
    for path in paths[1:]:
        with pytest.raises(BackupError, match="not the first part") as caught:
            BackupFile.open(path)
        assert names[0] in caught.value.fix


def test_a_first_part_that_is_missing_is_named(tmp_path: Path) -> None:
    written(tmp_path, sample(), ["b.tar.ab", "b.tar.ac"])
    with pytest.raises(BackupError, match="missing") as caught:
        BackupFile.open(tmp_path / "b.tar.ac")
    assert "b.tar.aa" in caught.value.reason


def test_the_name_before_the_splitting_leads_to_the_first_part(tmp_path: Path) -> None:
    written(tmp_path, sample(), ["b.tar.aa", "b.tar.ab"])
    with pytest.raises(BackupError, match="does not exist") as caught:
        BackupFile.open(tmp_path / "b.tar")
    assert "b.tar.aa" in caught.value.fix


def test_a_lost_end_is_found_by_reading_and_the_last_part_named(tmp_path: Path) -> None:
    first, _, last = written(tmp_path, zipped(sample()), ["b.tgz.00", "b.tgz.01", "b.tgz.02"])
    last.unlink()
    with pytest.raises(BackupError, match="truncated") as caught:
        paths_of(first)
    assert "b.tgz.01 is the last of its 2 parts" in caught.value.reason


@pytest.mark.parametrize("size", [7, 100, 511, 512, 513, 4096])
def test_any_size_of_parts(tmp_path: Path, size: int) -> None:
    data = sample()[:40_000] if size < 100 else sample()
    whole = tmp_path / "whole.bin"
    whole.write_bytes(data)
    subprocess.run(["split", "-b", str(size), whole, tmp_path / "p."], check=True)
    parts = sorted(tmp_path.glob("p.*"))
    assert find_parts(parts[0]).paths == tuple(parts)
    with BackupFile.open(parts[0]) as backup:
        assert b"".join(backup.read(at, 1000) for at in range(0, len(data), 1000)) == data


@pytest.mark.parametrize("flags", [[], ["-d"], ["-d", "-a4"], ["--numeric-suffixes=1", "-a4"]])
def test_as_split_calls_them(tmp_path: Path, flags: list[str]) -> None:
    """More than 676 parts: split goes on with `zaaa`, or `9000`."""
    content = bytes(range(256)) * 4
    (tmp_path / "whole").write_bytes(content)
    subprocess.run(["split", "-b1", *flags, tmp_path / "whole", tmp_path / "p."], check=True)
    parts = sorted(path for path in tmp_path.iterdir() if path.name.startswith("p."))
    with BackupFile.open(parts[0]) as backup:
        assert len(backup.parts) == 1024
        assert backup.read(0, 2000) == content
        assert backup.read(777, 1) == content[777:778]


def test_few_files_are_open_at_once(tmp_path: Path) -> None:
    content = os.urandom(300)
    paths = [tmp_path / f"b.{number:03}" for number in range(300)]
    for path, byte in zip(paths, content, strict=True):
        path.write_bytes(bytes([byte]))
    before = descriptors()
    with BackupFile.open(paths[0]) as backup:
        assert backup.read(0, 300) == content
        assert backup.read(5, 1) == content[5:6]
        assert descriptors() - before <= 64
    assert descriptors() == before


@pytest.mark.parametrize(
    "names",
    [
        ["b.tar.1", "b.tar.2"],
        ["b.tar.gz"],
        ["b.tar.gz", "b.tar.gy"],
        ["backup.20261122", "backup.20261123"],
        ["b2024", "b2025"],
        ["b.tar", "b.tas"],
    ],
)
def test_what_only_looks_like_a_part_is_a_backup_by_itself(
    tmp_path: Path, names: list[str]
) -> None:
    touch(tmp_path, names, zipped(b"x"))
    for name in names:
        assert names_of(tmp_path / name) == [name]


def test_backups_of_many_days_are_one_each(tmp_path: Path) -> None:
    names = [f"b.tar.gz.{day:02}" for day in range(1, 32)]
    touch(tmp_path, names, gzip.compress(b"x"))
    for name in names:
        assert names_of(tmp_path / name) == [name]


@pytest.mark.parametrize("what", ["grow", "touch", "remove", "further"])
def test_a_change_of_any_part_is_noticed(tmp_path: Path, what: str) -> None:
    names = [f"b.{number:03}" for number in range(70)]
    paths = written(tmp_path, sample(), names)
    with BackupFile.open(paths[0]) as backup:
        backup.check_unchanged()
        match what:
            case "grow":
                paths[3].write_bytes(paths[3].read_bytes() + b"x")
            case "touch":
                os.utime(paths[69])
            case "remove":
                paths[2].unlink()
            case _:
                (tmp_path / "b.070").write_bytes(b"x")
        with pytest.raises(BackupError, match="changed"):
            backup.check_unchanged()


def test_a_part_under_another_inode_is_no_change(tmp_path: Path) -> None:
    names = [f"b.{number:03}" for number in range(70)]
    paths = written(tmp_path, sample(), names)
    # One that is open, and one that was let go.
    with BackupFile.open(paths[0]) as backup:
        for path in (paths[1], paths[68]):
            shutil.copy2(path, tmp_path / "new")
            (tmp_path / "new").rename(path)
        backup.check_unchanged()
        assert backup.read(0, backup.size) == sample()


def test_a_part_that_was_let_go_and_is_another_is_a_change(tmp_path: Path) -> None:
    names = [f"b.{number:03}" for number in range(100)]
    paths = written(tmp_path, sample(), names)
    with BackupFile.open(paths[0]) as backup:
        paths[0].write_bytes(b"x" * paths[0].stat().st_size)
        with pytest.raises(BackupError, match="changed"):
            backup.read(0, 10)


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch, os.mkfifo], ids=["dir", "empty", "fifo"])
def test_each_part_is_a_file_with_content(tmp_path: Path, make: object) -> None:
    paths = written(tmp_path, sample(), ["b.tar.aa", "b.tar.ab", "b.tar.ac"])
    paths[1].unlink()
    assert callable(make)
    make(paths[1])
    with pytest.raises(BackupError, match=r"b\.tar\.ab is"):
        BackupFile.open(paths[0])


NAMES = ["b.tar.000", "b.tar.001", "b.tar.002"]


def line(data: bytes, name: str) -> str:
    return f"{hashlib.sha256(data).hexdigest()}  {name}\n"


def test_check_sums_of_the_whole_and_of_parts_count(tmp_path: Path) -> None:
    data = sample()
    paths = written(tmp_path, data, NAMES)
    (tmp_path / "b.tar.sha256").write_text(line(data, "b.tar"))
    (tmp_path / "b.tar.002.sha256").write_text(line(paths[2].read_bytes(), "b.tar.002"))
    (tmp_path / "SHA256SUMS").write_text(
        "".join(line(path.read_bytes(), path.name) for path in paths[:2])
    )
    _, integrity = proved(paths[0], hashlib.sha256(data).hexdigest())
    assert integrity.digest == hashlib.sha256(data).hexdigest()
    assert [one.name for one in integrity.claims] == ["", "", *NAMES]
    assert "sha256 of b.tar.001 matches" in integrity.lines()[3]


@pytest.mark.parametrize("source", ["b.tar.001.sha256", "SHA256SUMS", "b.tar.001.meta.json"])
def test_a_wrong_part_is_named(tmp_path: Path, source: str) -> None:
    paths = written(tmp_path, sample(), NAMES)
    wrong = hashlib.sha256(b"x").hexdigest()
    text = f'{{"checksum": "{wrong}"}}' if source.endswith("json") else f"{wrong}  b.tar.001\n"
    (tmp_path / source).write_text(text)
    with pytest.raises(BackupError, match=r"the sha256 of b\.tar\.001 differs") as caught:
        proved(paths[0])
    assert wrong in caught.value.reason
    assert hashlib.sha256(paths[1].read_bytes()).hexdigest() in caught.value.reason


def test_the_seal_is_the_wholes(tmp_path: Path) -> None:
    data = sample()
    first, *_ = written(tmp_path, data, NAMES)
    made = seal(SealRequest(first), Silence(), Watch(None))
    assert [one.name for one in made.written] == ["b.tar.sha256", "b.tar.meta.json"]
    assert (tmp_path / "b.tar.sha256").read_text() == line(data, "b.tar")
    _, integrity = proved(first)
    assert len(integrity.claims) == 4
    first.write_bytes(first.read_bytes()[:-1] + b"x")
    with pytest.raises(BackupError):
        proved(first)


@pytest.mark.parametrize("pack", [bytes, zipped], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    "names",
    [
        ["db-2026-01-01", "db-2026-01-02", "db-2026-01-03"],
        ["db-2026-01-01", "db-2026-01-02", "db-2026-01-05"],
        ["y.tar.00", "y.tar.01", "y.tar.02"],
    ],
    ids=["days", "some days", "numbers"],
)
def test_whole_backups_whose_names_count_up_are_each_their_own(
    tmp_path: Path, names: list[str], pack: type[bytes]
) -> None:
    touch(tmp_path, names, pack(sample()))
    for name in names:
        assert names_of(tmp_path / name) == [name]


def test_parts_that_begin_with_a_member_are_parts(tmp_path: Path) -> None:
    data = sample()
    first = written(tmp_path, data + data, ["b.tar.00", "b.tar.01"])[0]
    first.write_bytes(padded(data.rstrip(b"\x00")))
    assert names_of(first) == ["b.tar.00", "b.tar.01"]
