"""Files of other kinds: each is named, and the fix is a way to a backup."""

from __future__ import annotations

import gzip
import os
import random
import time
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.archive.compression.detect import recognise
from kubectl_restore.archive.index.walker import Walker
from kubectl_restore.archive.source.stdin import StdinBackup
from kubectl_restore.deadline import Watch
from kubectl_restore.errors import BackupError
from kubectl_restore.progress import Silence
from tests.unit.archive.making import index_of

if TYPE_CHECKING:
    from pathlib import Path

RANDOM = random.Random(3).randbytes(4000)  # noqa: S311 - stands for what is encrypted


def refusal_of_pipe(data: bytes) -> BackupError:
    reader, writer = os.pipe()
    os.write(writer, data)
    os.close(writer)
    try:
        piped = StdinBackup(
            reader, Silence(), Watch(None), stall_timeout=None, clock=time.monotonic
        )
        with pytest.raises(BackupError) as caught:
            Walker(piped, recognise(piped), Silence(), Watch(None)).read_next(
                allow_missing_end=False
            )
    finally:
        os.close(reader)
    return caught.value


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
        (b"BORG_SEG\x01\x02", "borg repository", "borg export-tar "),
        (b"[repository]\nversion = 1\nsegments_per_dir = 1000\n", "borg repository", "borg "),
        (b"; ours\n[client]\nuser=root\n", "an INI file", "head -c 500 < "),
        (b"[a b]\n\n# c\n[d]\ne: 1\n", "an INI file", "head -c 500 < "),
        (b'[\n{"a": 1}]', "JSON text", "head -c 500 < "),
        (b"[true]", "JSON text", "head -c 500 < "),
        (b'{"error": "not found"}', "JSON text", "head -c 500 < "),
        (b"---\nname: x\n", "YAML text", "head -c 500 < "),
        (b"# ours\nname: x\nsize: 3\n", "YAML text", "head -c 500 < "),
        (b"- name: x\n  size: 3\n", "YAML text", "head -c 500 < "),
        (b"---\napiVersion: v1\nkind: Pod\n", "a manifest of Kubernetes", "kubectl apply -f - < "),
        (b'{\n "kind": "Pod"}', "a manifest of Kubernetes", "kubectl apply -f - < "),
        (b"ab" * 32 + b"  backup.tar\n", "a list of checksums", "name the backup"),
        (b"SHA256 (backup.tar) = " + b"ab" * 32, "a list of checksums", "name the backup"),
        (b"Note: this is no list\nat all\n", "a text file", "file -z"),
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
    if str(path) in error.fix:
        assert error.fix.startswith((f"gzip -dc -- {path} > unpacked\n", "file -z"))


@pytest.mark.parametrize(
    ("head", "fix"),
    [
        (b"-- PostgreSQL database dump\n", "... | {}kubectl exec -i POD -- psql  # psql, mysql or"),
        (b"PGDMP\x01\x0e", "... | {}kubectl exec -i POD -- pg_restore -d DATABASE"),
        (b"PK\x03\x04\x14\0", "... | {}> unpacked\nunzip -d unpacked -- unpacked"),
        (b"[client]\nuser=root\n", "... | {}head -c 500  # shows"),
        (b"LZIP\x01", "... | {}lzip -dc | kubectl restore POD - -t PATH"),
        (b"hello there\n" * 50, "... | file -z -"),
        (RANDOM, "... | file -z -"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_nothing_on_standard_input_is_mended_by_a_file_called_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, head: bytes, fix: str, *, packed: bool
) -> None:
    # A repository around the current directory says nothing about a pipe.
    (tmp_path / "kopia.repository").touch()
    monkeypatch.chdir(tmp_path)
    data = head.ljust(5000, b"\n")
    error = refusal_of_pipe(gzip.compress(data) if packed else data)
    assert error.what.startswith("what comes on standard input ")
    expected = fix.format("gzip -dc | " if packed else "").replace("dc | >", "dc >")
    assert error.fix.startswith(expected.replace("... | >", "... >"))
    assert " -\n" not in error.fix


@pytest.mark.parametrize(
    ("tree", "inside", "words"),
    [
        (["config", "index/", "keys/", "snapshots/"], "data/ab/" + "ab" * 32, "restic repository"),
        (["data/", "index/", "keys/", "snapshots/"], "config", "restic repository"),
        (["config", "data/", "index/", "snapshots/"], "keys/" + "cd" * 32, "restic repository"),
        (["kopia.repository.f"], "p/123/456-s.f", "kopia repository"),
    ],
)
@pytest.mark.parametrize("content", [RANDOM, b'{"created":"2020-01-01"}', b"BORG_SEG\x01"])
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


def test_a_borg_repository_is_known_by_its_configuration(tmp_path: Path) -> None:
    place = tmp_path / "repository"
    (place / "data/0").mkdir(parents=True)
    (place / "config").write_text("[repository]\nversion = 1\nid = 00\n")
    (place / "data/0/1").write_bytes(b"BORG_SEG" + RANDOM)
    for path in (place, place / "config", place / "data/0/1"):
        error = refusal_of(path)
        assert "a borg repository" in error.what
        assert error.fix.startswith(f"borg export-tar {place}::ARCHIVE backup.tar")
    # Others have such names too.
    (place / "config").write_text("[core]\nbare = true\n")
    assert refusal_of(place).what.endswith(" is a directory")
