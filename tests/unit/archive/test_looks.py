"""Files of other kinds: each is named, and the fix is a way to a backup."""

from __future__ import annotations

import gzip
import os
import random
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.errors import BackupError
from tests.unit.archive.making import index_of

if TYPE_CHECKING:
    from pathlib import Path

RANDOM = random.Random(3).randbytes(4000)  # noqa: S311 - stands for what is encrypted


def refusal_of(path: Path) -> BackupError:
    with pytest.raises(BackupError) as caught:
        index_of(path)
    assert caught.value.exit_code == 3
    assert caught.value.fix
    return caught.value


@pytest.mark.parametrize(
    ("head", "words", "fix"),
    [
        (b"PK\x03\x04\x14\0", "a zip archive", "unzip -d unpacked -- "),
        (b"PK\x05\x06" + bytes(18), "an empty zip archive", "file -z"),
        (b"PK\x07\x08PK\x03\x04", "a part of a zip archive", "zip -F "),
        (b"--\n-- PostgreSQL database dump\n--\n", "SQL text", "kubectl exec -i POD -- psql"),
        (b"-- MySQL dump 10.13  Distrib 8\n", "SQL text", "mysql"),
        (b"/*M!999999\\- enable the sandbox mode */\n", "SQL text", "mysql"),
        (b"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", "SQL text", "sqlite3"),
        (b"PGDMP\x01\x0e", "PostgreSQL dump", "pg_restore"),
        (b"\x6d\xe2\x99\x81", "MongoDB dump", "mongorestore"),
        (b'{"tool":"https://github.com/kopia/kopia","buildVersion":"0"}', "kopia", "kopia "),
    ],
)
def test_a_file_of_another_kind(tmp_path: Path, head: bytes, words: str, fix: str) -> None:
    path = tmp_path / "backup.tar"
    for length in (len(head), 5000):
        path.write_bytes(head.ljust(length, b"\n"))
        error = refusal_of(path)
        assert words in error.reason
        assert fix in error.fix
    path.write_bytes(gzip.compress(head.ljust(5000, b"\n")))
    error = refusal_of(path)
    assert "unpacked by gzip" in error.what
    assert words in error.reason
    assert error.fix.startswith((f"gzip -dc -- {path} > unpacked\n", "file -z"))


@pytest.mark.parametrize(
    ("tree", "inside", "words"),
    [
        (["config", "index/", "keys/", "snapshots/"], "data/ab/" + "ab" * 32, "restic repository"),
        (["data/", "index/", "keys/", "snapshots/"], "config", "restic repository"),
        (["config", "data/", "index/", "snapshots/"], "keys/" + "cd" * 32, "restic repository"),
        (["kopia.repository.f"], "p/123/456-s.f", "kopia repository"),
    ],
)
@pytest.mark.parametrize("content", [RANDOM, b'{"created":"2020-01-01"}'])
def test_a_file_of_a_repository_is_known_by_its_place(
    tmp_path: Path, tree: list[str], inside: str, words: str, content: bytes
) -> None:
    place = tmp_path / "repository"
    for name in tree:
        (place / name).mkdir(parents=True) if name.endswith("/") else None
    place.mkdir(exist_ok=True)
    for name in tree:
        None if name.endswith("/") else (place / name).touch()
    path = place / inside
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    error = refusal_of(path)
    assert f"a part of a {words}" in error.what
    assert os.fspath(place) in error.reason
    # The same bytes elsewhere are no part of anything.
    other = tmp_path / "other"
    other.write_bytes(content)
    assert "a part of" not in refusal_of(other).what
