"""Headers of our own, read back by tarfile and by the tars that are here."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from array import array
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kubectl_restore.archive.tar.header import (
    BLOCK,
    END_OF_ARCHIVE,
    HeaderError,
    is_header,
    read_header,
    read_number,
)
from kubectl_restore.archive.tar.member_header import member_header, sparse_header
from tests.unit.archive.making import GNU, V7, file, header, padded, record, summed

if TYPE_CHECKING:
    from pathlib import Path

PATHS = st.lists(
    st.binary(min_size=1, max_size=120).filter(lambda part: not set(part) & {0, ord("/")}),
    min_size=1,
    max_size=4,
).map(b"/".join)
MODES = st.integers(0, 0o7777)
TIMES = st.integers(-(2**63), 2**63)
OWNERS = st.integers(0, 2**32 - 1)


def read_back(data: bytes) -> list[tarfile.TarInfo]:
    assert len(data) % BLOCK == 0
    with tarfile.open(
        fileobj=io.BytesIO(data + END_OF_ARCHIVE), encoding="utf-8", errors="surrogateescape"
    ) as tar:
        return tar.getmembers()


@given(PATHS, MODES, TIMES, OWNERS, OWNERS)
def test_directories_come_back(path: bytes, mode: int, mtime: int, uid: int, gid: int) -> None:
    (info,) = read_back(member_header(path + b"/", b"5", mode=mode, mtime=mtime, uid=uid, gid=gid))
    assert info.isdir()
    assert info.name.encode("utf-8", "surrogateescape") == path
    assert (info.mode, info.mtime, info.uid, info.gid) == (mode, mtime, uid, gid)
    assert (info.uname, info.gname, info.size) == ("", "", 0)


@given(PATHS, PATHS)
def test_hard_links_come_back(path: bytes, target: bytes) -> None:
    assume(not path.endswith(b"/"))
    data = member_header(path, b"1", link=target, mode=0o600, mtime=5, uid=6, gid=7)
    (info,) = read_back(data)
    assert info.islnk()
    assert info.name.encode("utf-8", "surrogateescape") == path
    assert info.linkname.encode("utf-8", "surrogateescape") == target


TARS = ["tar", "busybox tar", "bsdtar", "toybox tar"]


@pytest.mark.parametrize("tar", TARS)
@pytest.mark.parametrize("length", [1, 98, 99, 100, 101, 255])
def test_each_tar_makes_what_our_headers_say(tmp_path: Path, tar: str, length: int) -> None:
    words = tar.split()
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    name = b"\xff" * length
    data = member_header(b"top/", b"5", mode=0o755, mtime=1, uid=0, gid=0)
    data += member_header(b"top/" + name + b"/", b"5", mode=0o750, mtime=15, uid=0, gid=0)
    data += file(b"f", magic=GNU)
    link = b"top/" + name + b"/h"
    data += member_header(link, b"1", link=b"f", mode=0o644, mtime=5, uid=0, gid=0)
    # Behind a long link target, too: the second link's target is the first's path.
    second = member_header(b"h2", b"1", link=link, mode=0o644, mtime=5, uid=0, gid=0)
    subprocess.run(
        [*words, "-xf", "-", "-C", str(tmp_path)],
        input=data + second + END_OF_ARCHIVE,
        check=True,
    )
    made = tmp_path / "top" / os.fsdecode(name)
    assert made.stat().st_mode & 0o7777 == 0o750
    assert (made / "h").stat().st_ino == (tmp_path / "h2").stat().st_ino
    assert (tmp_path / "f").stat().st_nlink == 3


@pytest.mark.parametrize("tar", ["tar", "bsdtar", "toybox tar"])
@pytest.mark.parametrize("parts", [0, 1, 3, 4, 5, 24, 25, 26, 60])
@pytest.mark.parametrize("rest", [0, 5000])
def test_each_tar_makes_the_holes_that_our_headers_say(
    tmp_path: Path, tar: str, parts: int, rest: int
) -> None:
    words = tar.split()
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    extents, content = array("q"), b""
    far = 9 << 30  # more than eleven octal digits say
    for number in range(parts):
        extents.extend((number * 10_000 + far * (number > 3), 512))
        content += bytes([number + 1]) * 512
    size = (extents[-2] + 512 if parts else 0) + rest
    data = sparse_header(b"holes", extents, size=size, mode=0o640, mtime=5, uid=0, gid=0)
    (info,) = read_back(data + content)
    assert info.size == size
    subprocess.run(
        [*words, "-xf", "-", "-C", str(tmp_path)],
        input=data + content + file(b"next", magic=GNU) + END_OF_ARCHIVE,
        check=True,
    )
    status = (tmp_path / "holes").stat()
    assert (status.st_size, status.st_mode & 0o7777, status.st_mtime) == (size, 0o640, 5)
    assert status.st_blocks * 512 < 2_000_000
    with (tmp_path / "holes").open("rb") as made:
        for number in range(parts):
            made.seek(extents[2 * number])
            assert made.read(512) == bytes([number + 1]) * 512
            assert made.read(100).strip(b"\0") == b""
    assert (tmp_path / "next").read_bytes() == b"abc"


@pytest.mark.parametrize("tar", TARS)
def test_records_and_long_names_stand_side_by_side(tmp_path: Path, tar: str) -> None:
    words = tar.split()
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    records = record(b"mtime", b"1600000123.5")
    name = b"n" * 150
    data = member_header(
        name, b"0", size=3, mode=0o640, mtime=1_600_000_123, uid=0, gid=0, records=records
    ) + padded(b"abc")
    subprocess.run(
        [*words, "-xf", "-", "-C", str(tmp_path)], input=data + END_OF_ARCHIVE, check=True
    )
    made = tmp_path / os.fsdecode(name)
    assert made.read_bytes() == b"abc"
    takes = words[0] in {"tar", "bsdtar"}
    assert made.stat().st_mtime == 1_600_000_123 + (0.5 if takes else 0)


@pytest.mark.parametrize("at", range(0, 345, 7))
def test_a_changed_byte_spoils_the_check_sum(at: int) -> None:
    block = bytearray(header(b"name", link=b"x" * 100))
    assert is_header(bytes(block))
    block[at] ^= 0x04
    assert not is_header(bytes(block))
    with pytest.raises(HeaderError):
        read_header(bytes(block))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"0000644\x00", 0o644),
        (b"  644 \x00\x00", 0o644),
        (b"00000644", 0o644),
        (b"644\x00junk", 0o644),
        (b"\x00" * 8, 0),
        (b" " * 8, 0),
        (b"\x80" + bytes(6) + b"\x05", 5),
        (b"\xff" * 8, -1),
    ],
)
def test_numbers(field: bytes, value: int) -> None:
    assert read_number(field) == value


@pytest.mark.parametrize(
    "field", [b"0000648\x00", b"-0000644", b"0x1f\x00\x00\x00\x00", b"\x81" * 8]
)
def test_what_is_no_number(field: bytes) -> None:
    with pytest.raises(HeaderError):
        read_number(field)


def test_only_ustar_has_a_prefix() -> None:
    assert read_header(header(b"name", prefix=b"some/where")).name == b"some/where/name"
    assert read_header(header(b"name", prefix=b"some/where", magic=GNU)).name == b"name"
    assert read_header(header(b"name", prefix=b"some/where", magic=V7)).name == b"name"


@pytest.mark.parametrize("number", [1 << 62, (1 << 62) + 1, 1 << 86])
def test_sizes_beyond_any_disk_are_refused(number: int) -> None:
    block = bytearray(header(b"f", magic=GNU))
    block[124:136] = b"\x80" + number.to_bytes(11, "big")
    data = summed(bytes(block))
    if number == 1 << 62:
        assert number in read_header(data)
    else:
        with pytest.raises(HeaderError, match="beyond any"):
            read_header(data)
