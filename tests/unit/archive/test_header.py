"""Headers of our own, read back by tarfile and by the tars that are here."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kubectl_restore.archive.header import (
    BLOCK,
    HeaderError,
    directory_header,
    hard_link_header,
    is_header,
    read_header,
    read_number,
)
from kubectl_restore.archive.outgoing import END_OF_ARCHIVE
from tests.unit.archive.making import GNU, V7, file, header

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
    (info,) = read_back(directory_header(path, mode, mtime, uid, gid))
    assert info.isdir()
    assert info.name.encode("utf-8", "surrogateescape") == path
    assert (info.mode, info.mtime, info.uid, info.gid) == (mode, mtime, uid, gid)
    assert (info.uname, info.gname, info.size) == ("", "", 0)


@given(PATHS, PATHS)
def test_hard_links_come_back(path: bytes, target: bytes) -> None:
    assume(not path.endswith(b"/"))
    data = hard_link_header(path, target, mode=0o600, mtime=5, uid=6, gid=7)
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
    data = directory_header(b"top", 0o755, 1, 0, 0)
    data += directory_header(b"top/" + name, 0o750, 1_500_000_000, 0, 0)
    data += file(b"f", magic=GNU)
    data += hard_link_header(b"top/" + name + b"/h", b"f", mode=0o644, mtime=5, uid=0, gid=0)
    # Behind a long link target, too: the second link's target is the first's path.
    second = hard_link_header(b"h2", b"top/" + name + b"/h", mode=0o644, mtime=5, uid=0, gid=0)
    subprocess.run(
        [*words, "-xf", "-", "-C", str(tmp_path)],
        input=data + second + END_OF_ARCHIVE,
        check=True,
    )
    made = tmp_path / "top" / os.fsdecode(name)
    assert made.stat().st_mode & 0o7777 == 0o750
    assert (made / "h").stat().st_ino == (tmp_path / "h2").stat().st_ino
    assert (tmp_path / "f").stat().st_nlink == 3


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
