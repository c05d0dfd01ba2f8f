"""Checksums taken while the archive goes by are those of the files' contents."""

from __future__ import annotations

import hashlib
import io
import itertools
import random
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.checksums import Algorithm, digester
from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.stream.segments import Extract, read_segments
from kubectl_restore.archive.trust.content_checksums import Fingerprints
from kubectl_restore.deadline import Watch
from tests.unit.archive.making import index_of_bytes

if TYPE_CHECKING:
    from pathlib import Path

SIZES = [0, 1, 511, 512, 513, 0, 70_000, 300_000, 0]


def archive_of(sizes: list[int]) -> tuple[bytes, list[bytes]]:
    randomness = random.Random(3)  # noqa: S311 - content, no secret
    contents = [randomness.randbytes(size) for size in sizes]
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for number, content in enumerate(contents):
            one = tarfile.TarInfo(f"file{number}")
            one.size = len(content)
            tar.addfile(one, io.BytesIO(content))
    return made.getvalue(), contents


@pytest.mark.parametrize("algorithm", Algorithm)
@given(data=st.binary(max_size=300), at=st.integers(0, 300))
def test_the_check_sum_is_the_tools(algorithm: Algorithm, data: bytes, at: int) -> None:
    if shutil.which(algorithm) is None:
        pytest.skip(f"no {algorithm} on this machine")
    own = digester(algorithm)
    own.update(data[:at])
    own.update(memoryview(data)[at:])
    said = subprocess.run([algorithm], input=data, capture_output=True, check=True).stdout.split()
    if algorithm is Algorithm.CKSUM:
        assert int.from_bytes(own.digest(), "big") == int(said[0])
    else:
        assert own.digest().hex() == said[0].decode()


@given(edges=st.lists(st.integers(0, 400_000), max_size=12), wanted=st.sets(st.integers(0, 8)))
def test_whatever_the_pieces(
    tmp_path_factory: pytest.TempPathFactory, edges: list[int], wanted: set[int]
) -> None:
    data, contents = archive_of(SIZES)
    index = index_of_bytes(tmp_path_factory.mktemp("fingerprints"), data)
    numbers = sorted(wanted)
    own = Fingerprints(Algorithm.SHA256, index.members.__getitem__, numbers)
    ends = sorted({0, len(data), *(edge for edge in edges if edge < len(data))})
    for start, end in itertools.pairwise(ends):
        own.take(start, memoryview(data)[start:end])
    for number, content in enumerate(contents):
        expected = hashlib.sha256(content).digest() if number in wanted else None
        assert own.digest(number) == expected


def test_nothing_is_known_of_what_did_not_go_by_whole(tmp_path: Path) -> None:
    data, contents = archive_of([1000, 1000, 1000])
    index = index_of_bytes(tmp_path, data)
    own = Fingerprints(Algorithm.SHA256, index.members.__getitem__, [0, 1, 2])
    second = index.members[1].offset + index.members[1].prefix
    own.take(0, memoryview(data)[: second + 10])
    own.take(second + 11, memoryview(data)[second + 11 :])
    assert own.digest(0) == hashlib.sha256(contents[0]).digest()
    assert own.digest(1) is None
    assert own.digest(2) == hashlib.sha256(contents[2]).digest()


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_holes_are_zeros(tmp_path: Path, *, packed: bool) -> None:
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as file:
        for at in (100_000, 500_000, 1_200_000):
            file.seek(at)
            file.write(b"data" * 2000)
        file.truncate(3_000_001)
    (tmp_path / "empty").write_bytes(b"")
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(1_000_000)
    backup = tmp_path / ("b.tar.gz" if packed else "b.tar")
    flags = "-Sczf" if packed else "-Scf"
    names = ["sparse", "empty", "hole"]
    subprocess.run(["tar", flags, backup, "-C", tmp_path, *names], check=True)
    index = index_of_bytes(tmp_path, backup.read_bytes())
    assert index.members[0].extents is not None
    numbers = [number for number, one in enumerate(index.members) if one.kind is Kind.FILE]
    own = Fingerprints(Algorithm.SHA1, index.members.__getitem__, numbers)
    segments = [Extract(one.offset, one.length) for one in index.members]
    with BackupFile.open(backup) as file:
        for _ in read_segments(file, index.compression, segments, Watch(None), tap=own.take):
            pass
    for number, name in enumerate(names):
        expected = hashlib.sha1((tmp_path / name).read_bytes()).digest()  # noqa: S324
        assert own.digest(number) == expected
