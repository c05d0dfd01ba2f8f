"""What GNU tar reads otherwise than the fields say, or not at all; found by `tests.campaign`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.errors import BackupError
from tests.unit.archive.making import (
    END,
    GNU,
    extended,
    file,
    hard_link,
    header,
    index_of_bytes,
    long_name,
    padded,
    record,
    summed,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_a_hard_link_to_what_comes_later_gets_no_target_by_a_replacement(tmp_path: Path) -> None:
    # `h` would be moved to where its content stands, and so before `i`.
    data = file(b"a") + hard_link(b"i", b"h") + hard_link(b"h", b"a") + file(b"a", b"new") + END
    with pytest.raises(BackupError, match="corrupt") as caught:
        index_of_bytes(tmp_path, data)
    assert "a hard link to h stands before it" in caught.value.reason


def test_blank_owners_and_times_are_zeros(tmp_path: Path) -> None:
    block = file(b"f")
    block = block[:108] + b" " * 16 + block[124:136] + b" " * 12 + block[148:]
    (member,) = index_of_bytes(tmp_path, summed(block[:512]) + block[512:] + END).members
    assert (member.uid, member.gid, member.mtime, member.size) == (0, 0, 0, 3)


def with_field(block: bytes, at: int, value: bytes) -> bytes:
    """Return a member whose header has other bytes at one place, its checksum put right."""
    return summed(block[:at] + value + block[at + len(value) : 512]) + block[512:]


HOLES = (record(b"GNU.sparse.size", b"100"), record(b"GNU.sparse.numblocks", b"1"))
HOLES_1_0 = (
    record(b"GNU.sparse.major", b"1"),
    record(b"GNU.sparse.minor", b"0"),
    record(b"GNU.sparse.realsize", b"100"),
)
MAP_1_0 = padded(b"1\n0\n3\n") + padded(b"abc")
MAP = record(b"GNU.sparse.map", b"0,3")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            with_field(long_name(b"n" * 200), 124, b"%011o\x00" % 50) + file(b"n"),
            id="long name beyond its size",
        ),
        pytest.param(
            with_field(file(b"f"), 124, b"\x80\x00\x00" + b"\xff" * 9), id="size beyond 64 bits"
        ),
        pytest.param(with_field(header(b"f"), 124, b" " * 12), id="blank size"),
        pytest.param(extended(record(b"a\x00b", b"1")) + file(b"f"), id="NUL in a key"),
        pytest.param(
            extended(record(b"size", b"512")) + hard_link(b"h", b"f") + bytes(512),
            id="link with content",
        ),
        pytest.param(
            extended(*HOLES, record(b"GNU.sparse.map", b"0,1,1,2")) + file(b"f"),
            id="more parts than announced",
        ),
        pytest.param(
            extended(record(b"GNU.sparse.size", b"100"), MAP) + file(b"f"), id="parts not announced"
        ),
        pytest.param(
            extended(
                *HOLES,
                MAP,
                record(b"GNU.sparse.offset", b"0"),
                record(b"GNU.sparse.numbytes", b"3"),
                MAP,
            )
            + file(b"f"),
            id="a map in two formats",
        ),
        pytest.param(
            extended(record(b"GNU.sparse.major", b"2"), *HOLES, MAP) + file(b"f"),
            id="sparse format 2",
        ),
        pytest.param(
            extended(*HOLES_1_0, record(b"GNU.sparse.numblocks", b"1"), MAP) + file(b"f"),
            id="sparse format 1.0 with a map of 0.1",
        ),
        pytest.param(
            extended(*HOLES_1_0) + file(b"f", MAP_1_0[:515], magic=GNU), id="holes, not POSIX"
        ),
        pytest.param(extended(*HOLES_1_0) + file(b"f/", MAP_1_0[:515]), id="directory with holes"),
        pytest.param(extended(*HOLES, MAP) + file(b"f", kind=b"S", magic=GNU), id="holes twice"),
        pytest.param(header(b"d/", b"7"), id="contiguous directory"),
    ],
)
def test_what_gnu_tar_reads_otherwise_is_corrupt(tmp_path: Path, data: bytes) -> None:
    """Each was found by the campaign (`python -m tests.campaign`)."""
    with pytest.raises(BackupError, match="corrupt"):
        index_of_bytes(tmp_path, data + END)


def test_the_same_records_of_holes_are_read_where_they_are_right(tmp_path: Path) -> None:
    data = extended(*HOLES, MAP) + file(b"a") + extended(*HOLES_1_0) + file(b"b", MAP_1_0[:515])
    index = index_of_bytes(tmp_path, data + END)
    assert [(one.path, one.size, list(one.extents or ())) for one in index.members] == [
        (b"a", 100, [0, 3]),
        (b"b", 100, [0, 3]),
    ]


def test_a_file_of_slashes_is_no_directory(tmp_path: Path) -> None:
    (member,) = index_of_bytes(tmp_path, header(b"//") + END).members
    assert (member.kind, member.path) == (Kind.FILE, b"")
