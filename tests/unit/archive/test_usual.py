"""Members that are taken many at once are those that are read one by one."""

from __future__ import annotations

import gzip
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubectl_restore.archive.index.walker import Walker
from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.deadline import Watch
from kubectl_restore.errors import BackupError
from kubectl_restore.progress import Silence
from tests.unit.archive.making import END, GNU, POSIX, file, header, padded, sample, summed

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_restore.archive.members.member import Member

LAYOUTS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
NAMES = st.one_of(
    st.binary(max_size=40),
    st.text("ab/. ", max_size=12).map(str.encode),
    st.text(max_size=20).map(str.encode),
).map(lambda name: name[:100])
quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)


def read(path: Path, *, together: bool) -> tuple[list[Member], int, str]:
    """Return the members, how many headers were read, and how it ended."""
    compression = Compression.NONE if path.read_bytes()[:2] != b"\x1f\x8b" else Compression.GZIP
    with BackupFile.open(path) as backup:
        walker = Walker(backup, compression, Silence(), Watch(None))
        try:
            if together:
                ending = str(walker.read_members(allow_missing_end=False))
            else:
                found = None
                while found is None:
                    found = walker.read_next(allow_missing_end=False)
                ending = str(found)
        except BackupError as error:
            ending = f"{error.what} {error.reason}"
        return list(walker.members), walker.headers, ending


def agree(path: Path, data: bytes) -> None:
    """Compare both ways to read."""
    for content in (data, gzip.compress(data, 1)):
        path.write_bytes(content)
        assert read(path, together=True) == read(path, together=False)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_archive(tmp_path: Path, layout: int) -> None:
    """Those that are not usual among them."""
    agree(tmp_path / "one.tar", sample(layout, seed=3) + sample(layout, seed=4))


@quick
@given(
    names=st.lists(NAMES, min_size=1, max_size=6),
    sizes=st.lists(st.integers(0, 1500), min_size=6, max_size=6),
    magic=st.sampled_from((GNU, POSIX)),
    prefix=st.sampled_from((b"", b"above", b"./above/more", b"a\x00b")),
    what=st.sampled_from(
        ((b"0", b""), (b"0", b"a"), (b"2", b"there"), (b"2", b"a\x00b"), (b"5", b""), (b"7", b""))
    ),
)
def test_any_names(
    tmp_path: Path,
    names: list[bytes],
    sizes: list[int],
    *,
    magic: bytes,
    prefix: bytes,
    what: tuple[bytes, bytes],
) -> None:
    """Names with dots, slashes, NULs and bytes that are no text; links; prefixes."""
    kind, link = what
    members = [
        header(name, kind, size, link=link, magic=magic, prefix=prefix) + padded(bytes(size))
        for name, size in zip(names, sizes, strict=False)
    ]
    agree(tmp_path / "one.tar", file(b"first") + b"".join(members) + file(b"last") + END)


@quick
@given(
    at=st.integers(0, 511), byte=st.integers(0, 255), is_summed=st.booleans(),
    kind=st.sampled_from((b"0", b"2")), cut=st.integers(0, 4096),
)  # fmt: skip
def test_any_byte(
    tmp_path: Path, at: int, byte: int, kind: bytes, cut: int, *, is_summed: bool
) -> None:
    """One byte of a header is another one, with or without its checksum; the archive may be cut."""
    block = bytearray(header(b"./one/two", kind, link=b"there" if kind == b"2" else b""))
    block[at] = byte
    changed = summed(bytes(block)) if is_summed else bytes(block)
    data = file(b"./one/first") + changed + file(b"./one/last", bytes(700)) + END
    agree(tmp_path / "one.tar", data)
    agree(tmp_path / "one.tar", data[:cut] or b"x")


def test_bytes_that_sum_up_alike(tmp_path: Path) -> None:
    """A block whose sum is 65521 more than its checksum says is no header."""
    name, link = b"\xff" * 100, b"\xff" * 100
    block = bytearray(header(name, b"2", link=link, prefix=b"\xff" * 130))
    block[265:297] = b"\xff" * 31 + b"\x00"
    total = sum(block[:148]) + sum(block[156:]) + 8 * 0x20 - 65521
    block[148:156] = b"%06o\x00 " % total
    agree(tmp_path / "one.tar", file(b"first") + bytes(block) + END)
