"""What is remembered of a backup is right, ours alone, and never needed."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubectl_restore.archive.index import cache as cache_module
from kubectl_restore.archive.index.cache import IndexCache
from kubectl_restore.archive.index.read import read_index
from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.deadline import Watch
from kubectl_restore.errors import BackupError
from kubectl_restore.progress import Silence
from tests.unit.archive.making import (
    END,
    directory,
    extended,
    file,
    hard_link,
    long_name,
    record,
    symlink,
    zipped,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_restore.archive.index.index import Index

ARCHIVE = (
    directory(b"./d/")
    + b"".join(file(b"./d/%d" % number, b"x" * number) for number in range(300))
    + hard_link(b"./h", b"./d/1")
    + symlink(b"s", b"\xff anywhere")
    + extended(record(b"mtime", b"7.25") + record(b"SCHILY.xattr.user.a", b"\x00\n"))
    + file(b"pax")
    + long_name(b"n" * 150)
    + file(b"n")
    + END
)


@pytest.fixture(autouse=True)
def _everything_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "_MANY", 1)
    monkeypatch.setattr(cache_module, "_WORTH_IT", 1)


def read(path: Path, cache: IndexCache) -> Index:
    with BackupFile.open(path) as backup:
        return read_index(
            backup, allow_missing_end=False, progress=Silence(), watch=Watch(None), cache=cache
        )


@pytest.fixture
def cache(tmp_path: Path) -> IndexCache:
    return IndexCache(tmp_path / "cache")


def store_of(tmp_path: Path) -> Path:
    (path,) = (tmp_path / "cache").iterdir()
    return path


@pytest.mark.parametrize("data", [ARCHIVE, zipped(ARCHIVE)], ids=["plain", "gzip"])
def test_the_second_reading_says_what_the_first_said(
    tmp_path: Path, cache: IndexCache, data: bytes
) -> None:
    path = tmp_path / "backup"
    path.write_bytes(data)
    first, second = read(path, cache), read(path, cache)
    assert (first.is_remembered, second.is_remembered) == (False, True)
    assert second.members == first.members
    assert (second.stream_length, second.compression, second.warnings) == (
        first.stream_length,
        first.compression,
        first.warnings,
    )


def test_another_name_is_no_other_backup(tmp_path: Path, cache: IndexCache) -> None:
    path = tmp_path / "backup"
    path.write_bytes(ARCHIVE)
    read(path, cache)
    (tmp_path / "link").symlink_to(path)
    assert read(tmp_path / "link", cache).is_remembered
    path.write_bytes(file(b"other") + END)
    assert [one.name for one in read(path, cache).members] == [b"other"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_backup_that_was_changed_in_place_is_read_again(
    tmp_path: Path, cache: IndexCache, *, packed: bool
) -> None:
    path = tmp_path / "backup"
    path.write_bytes(zipped(ARCHIVE) if packed else ARCHIVE)
    read(path, cache)
    before = path.stat()
    with path.open("r+b") as opened:
        opened.write(path.read_bytes())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (
        before.st_size,
        before.st_mtime_ns,
        before.st_ino,
    )
    assert not read(path, cache).is_remembered


def test_what_is_remembered_is_held_against_the_headers(
    tmp_path: Path, cache: IndexCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "_key", lambda _backup: b"the same")
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(ARCHIVE)
    second.write_bytes(file(b"other") * 400 + END)
    read(first, cache)
    found = read(second, cache)
    assert not found.is_remembered
    assert {one.name for one in found.members} == {b"other"}


def test_it_is_ours_alone(tmp_path: Path, cache: IndexCache) -> None:
    path = tmp_path / "backup"
    path.write_bytes(ARCHIVE)
    previous = os.umask(0)
    try:
        read(path, cache)
    finally:
        os.umask(previous)
    store = store_of(tmp_path)
    assert (store.stat().st_mode & 0o777, store.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    store.chmod(0o620)
    assert not read(path, cache).is_remembered


def test_a_place_that_cannot_be_written_is_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "backup"
    path.write_bytes(ARCHIVE)
    blocked = IndexCache(path / "cache")
    assert not read(path, blocked).is_remembered
    assert not read(path, blocked).is_remembered


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.floats(0, 1), st.binary(min_size=1, max_size=64))
def test_a_damaged_store_never_says_anything_wrong(
    tmp_path: Path, place: float, damage: bytes
) -> None:
    path = tmp_path / "backup"
    path.write_bytes(ARCHIVE)
    cache = IndexCache(tmp_path / "cache")
    right = read(path, cache)
    store = store_of(tmp_path)
    whole = bytearray(store.read_bytes())
    at = int(place * (len(whole) - len(damage)))
    whole[at : at + len(damage)] = damage
    store.write_bytes(whole)
    for _ in range(2):
        assert read(path, cache).members == right.members
    store.unlink(missing_ok=True)


def test_a_store_cut_short_is_made_anew(tmp_path: Path, cache: IndexCache) -> None:
    path = tmp_path / "backup"
    path.write_bytes(ARCHIVE)
    read(path, cache)
    store_of(tmp_path).write_bytes(b"no database at all, but longer than a header" * 30)
    assert [read(path, cache).is_remembered for _ in range(3)][-1]


def test_the_store_is_bounded(
    tmp_path: Path, cache: IndexCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = []
    for number in range(6):
        paths.append(tmp_path / f"backup {number}")
        paths[-1].write_bytes(ARCHIVE + bytes(512 * number))
    read(paths[0], cache)
    with sqlite3.connect(store_of(tmp_path)) as store:
        size = store.execute("select size from backup").fetchone()[0]
    store.close()
    monkeypatch.setattr(cache_module, "_MOST", size * 7 // 2)
    for path in paths[1:4]:
        read(path, cache)
        assert read(paths[0], cache).is_remembered
    for path in paths[4:]:
        read(path, cache)
    remembered = [read(path, cache).is_remembered for path in paths[::-1]]
    assert remembered[:2] == [True, True]
    with sqlite3.connect(store_of(tmp_path)) as store:
        assert store.execute("select count(*) from backup").fetchone()[0] <= 3
    store.close()


def test_processes_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "backup"
    path.write_bytes(ARCHIVE)
    script = """
import sys
from pathlib import Path
from kubectl_restore.archive.index import cache
from tests.unit.archive.test_cache import read
cache._MANY = 1
path, place = Path(sys.argv[1]), Path(sys.argv[2])
lengths = {len(read(path, cache.IndexCache(place)).members) for _ in range(15)}
print(*lengths)
"""
    command = [sys.executable, "-c", script, str(path), str(tmp_path / "cache")]
    started = [
        subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    for one in started:
        out, err = one.communicate()
        assert (one.returncode, out, err) == (0, b"305\n", b"")
    assert read(path, IndexCache(tmp_path / "cache")).is_remembered


def test_what_was_allowed_once_is_not_remembered_as_whole(
    tmp_path: Path, cache: IndexCache
) -> None:
    path = tmp_path / "backup"
    path.write_bytes(ARCHIVE + bytes(2 << 20))
    with BackupFile.open(path) as backup:
        index = read_index(
            backup, allow_missing_end=True, progress=Silence(), watch=Watch(None), cache=cache
        )
    assert index.doubts
    with pytest.raises(BackupError, match="never written"):
        read(path, cache)
