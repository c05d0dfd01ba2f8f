"""A damaged backup: what is wholly there is read, byte for byte, and all else is named."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.archive.compression.decompressors import FORMATS
from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.salvage.salvage import Salvaged, salvage, salvaged_stream
from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.archive.stream.segments import Extract, Zeros, read_segments
from kubectl_restore.deadline import Watch
from kubectl_restore.errors import BackupError, DamagedError
from kubectl_restore.progress import Silence
from tests.unit.archive.making import (
    END,
    PACKERS,
    extended,
    file,
    hard_link,
    index_of,
    long_name,
    padded,
    record,
    zstd,
)

ERROR = DamagedError("the backup is corrupt")

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def contents(count: int = 12, size: int = 3000) -> dict[bytes, bytes]:
    """Files of mixed sizes, hard and easy to compress."""
    chance = random.Random(5)  # noqa: S311 - content
    return {
        b"d/file-%02d" % number: (
            chance.randbytes(chance.randrange(size))
            if number % 2
            else b"%d line\n" % number * chance.randrange(size // 8)
        )
        for number in range(count)
    }


def archive(files: dict[bytes, bytes]) -> bytes:
    return b"".join(file(name, content) for name, content in files.items()) + END


def in_members(data: bytes, pack: Callable[[bytes], bytes], size: int = 4096) -> bytes:
    """The data as members of their own, one behind the other."""
    return b"".join(pack(data[at : at + size]) for at in range(0, len(data), size))


def xz_blocks(data: bytes, size: int = 4096) -> bytes:
    """One xz stream of several blocks, as `xz --block-size` makes it: an index says how long."""
    blocks, sizes = [], []
    for at in range(0, len(data), size):
        piece = data[at : at + size]
        own = lzma.compress(piece, check=lzma.CHECK_CRC64)
        length = 4 * (int.from_bytes(own[-8:-4], "little") + 1)
        block = own[12 : len(own) - 12 - length]
        number, shift, place = 0, 0, len(own) - 12 - length + 2
        while True:
            number |= (own[place] & 0x7F) << shift
            shift, place = shift + 7, place + 1
            if not own[place - 1] & 0x80:
                break
        blocks.append(block)
        sizes.append((number, len(piece)))

    def variable(value: int) -> bytes:
        made = b""
        while value >= 0x80:
            made += bytes([value & 0x7F | 0x80])
            value >>= 7
        return made + bytes([value])

    table = (
        b"\0"
        + variable(len(sizes))
        + b"".join(map(variable, [one for pair in sizes for one in pair]))
    )
    table = table + bytes(-len(table) % 4)
    table += zlib.crc32(table).to_bytes(4, "little")
    footer = (len(table) // 4 - 1).to_bytes(4, "little") + b"\0\x04"
    head = lzma.compress(b"")[:12]
    return (
        head + b"".join(blocks) + table + zlib.crc32(footer).to_bytes(4, "little") + footer + b"YZ"
    )


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    **{one.value: pack for one, pack in PACKERS.items()},
    "gzip members": lambda data: in_members(data, gzip.compress),
    "zstd frames": lambda data: in_members(data, PACKERS[Compression.ZSTD]),
    "lz4 frames": lambda data: in_members(data, PACKERS[Compression.LZ4]),
    "xz blocks": xz_blocks,
    "bzip2 streams": lambda data: in_members(data, bz2.compress),
}


def read(path: Path, *, partial: bool = False) -> tuple[Salvaged, dict[bytes, bytes]]:
    """What is salvaged, and the contents as they would be sent."""
    with BackupFile.open(path) as backup:
        found = salvage(backup, ERROR, Silence(), Watch(None), with_partial=partial)
        compression = found.index.compression
        files = [
            one for one in found.index.members if one.kind is Kind.FILE and one.extents is None
        ]
        stream = salvaged_stream(backup, compression, lambda: None)
        wanted = [Extract(one.offset + one.prefix, one.size) for one in files]
        pieces = read_segments(backup, compression, wanted, Watch(None), stream=stream)
        sent = b"".join(bytes(it) for it in pieces if not isinstance(it, Zeros))
        got = {}
        for one in files:
            got[one.name], sent = sent[: one.size], sent[one.size :]
        assert not sent
        return found, got


def is_refused(path: Path) -> bool:
    try:
        index_of(path)
    except BackupError:
        return True
    return False


@pytest.mark.parametrize("packing", ["plain", "gzip", "zstd", "lz4", "gzip members"])
def test_a_backup_that_is_cut_gives_its_whole_members(tmp_path: Path, packing: str) -> None:
    files = contents()
    data = archive(files)
    whole = PACKED[packing](data)
    ends, at = {}, 0
    for name, content in files.items():
        at += 512 + len(padded(content))
        ends[name] = at
    path = tmp_path / "backup"
    for place in range(600, len(whole), max(512, len(whole) // 40)):
        path.write_bytes(whole[:place])
        assert is_refused(path) or place >= ends[max(ends)] + 512
        found, got = read(path)
        assert all(files[name] == content for name, content in got.items())
        if packing == "plain":
            assert set(got) == {name for name, end in ends.items() if end <= place}
        if packing == "gzip":
            there = len(zlib.decompressobj(31).decompress(whole[:place]))
            assert set(got) == {name for name, end in ends.items() if end <= there}
        assert not found.unproved
        assert found.gone or len(got) == len(files)


@pytest.mark.parametrize("packing", [one for one in PACKED if one != "plain"])
def test_a_bit_flipped_leaves_what_is_equal_or_named(tmp_path: Path, packing: str) -> None:
    files = contents()
    whole = PACKED[packing](archive(files))
    path = tmp_path / "backup"
    chance = random.Random(packing)  # noqa: S311 - places
    most = 0
    for _ in range(40):
        at = chance.randrange(8 * 16, 8 * len(whole))
        damaged = bytearray(whole)
        damaged[at // 8] ^= 1 << at % 8
        path.write_bytes(damaged)
        if not is_refused(path):
            continue
        found, got = read(path)
        for name, content in got.items():
            assert content == files.get(name) or name in found.unproved, (at, name)
        most = max(most, sum(content == files.get(name) for name, content in got.items()))
    assert most >= len(files) // 2 or packing in {"bzip2", "xz", "zstd", "lz4"}


@pytest.mark.parametrize(
    "packing", ["gzip members", "zstd frames", "lz4 frames", "xz blocks", "bzip2 streams"]
)
def test_it_goes_on_behind_damage(tmp_path: Path, packing: str) -> None:
    files = contents()
    whole = bytearray(PACKED[packing](archive(files)))
    middle = len(whole) // 2
    whole[middle : middle + 40] = bytes(40)
    path = tmp_path / "backup"
    path.write_bytes(whole)
    found, got = read(path)
    proved = {name for name in got if name not in found.unproved}
    assert all(files[name] == got[name] for name in proved)
    assert {min(files), max(files)} <= proved
    assert found.gone


def test_a_bzip2_stream_whose_mark_is_damaged_is_a_gap(tmp_path: Path) -> None:
    files = contents()
    whole = bytearray(PACKED["bzip2 streams"](archive(files)))
    second = whole.index(b"BZh9", 10)
    whole[second + 6] ^= 1
    path = tmp_path / "backup"
    path.write_bytes(whole)
    found, got = read(path)
    assert all(files[name] == content for name, content in got.items())
    assert found.gone


def test_a_large_bzip2_has_blocks_of_its_own(tmp_path: Path) -> None:
    chance = random.Random(1)  # noqa: S311 - content
    files = {b"f%d" % number: chance.randbytes(300_000) for number in range(8)}
    whole = bytearray(bz2.compress(archive(files), 1))
    whole[len(whole) // 2] ^= 4
    path = tmp_path / "backup"
    path.write_bytes(whole)
    found, got = read(path)
    assert all(files[name] == content for name, content in got.items())
    assert {b"f0", b"f1", b"f2", b"f6", b"f7"} <= set(got)
    assert not found.unproved


def test_a_damaged_header_costs_its_member_alone(tmp_path: Path) -> None:
    inner = archive({b"secret": b"1"})
    data = bytearray(file(b"a", b"1") + file(b"b.tar", inner) + file(b"c", b"3") + END)
    data[1024 + 5] ^= 1
    path = tmp_path / "backup"
    path.write_bytes(data)
    found, got = read(path)
    assert set(got) == {b"a", b"c"}
    assert "no tar header" in found.gone[0].reason


def test_a_name_that_may_have_been_longer_is_not_believed(tmp_path: Path) -> None:
    long = b"n" * 150
    prefix = bytearray(long_name(long))
    prefix[150] ^= 1
    data = file(b"a") + bytes(prefix) + file(long[:100]) + file(b"b") + END
    path = tmp_path / "backup"
    path.write_bytes(data)
    found, got = read(path)
    assert set(got) == {b"a", b"b"}
    assert any(one.name == long[:100] for one in found.gone)


def test_a_damaged_record_does_not_give_a_short_name(tmp_path: Path) -> None:
    record_of = bytearray(extended(record(b"path", b"d/\xc3\xbc")))
    record_of[512] = ord("x")
    data = file(b"a") + bytes(record_of) + file(b"d/?\xff") + file(b"b") + END
    path = tmp_path / "backup"
    path.write_bytes(data)
    assert set(read(path)[1]) == {b"a", b"b"}


def test_a_hard_link_whose_content_is_gone_is_named(tmp_path: Path) -> None:
    data = bytearray(file(b"a") + hard_link(b"h", b"a") + file(b"b") + hard_link(b"i", b"b") + END)
    data[3] ^= 1
    path = tmp_path / "backup"
    path.write_bytes(data)
    found, _ = read(path)
    assert [one.name for one in found.index.members] == [b"b", b"i"]
    assert any(one.name == b"h" and "gone" in one.reason for one in found.gone)


def test_a_cut_file_is_kept_only_under_a_name_that_says_so(tmp_path: Path) -> None:
    content = random.Random(2).randbytes(5000)  # noqa: S311 - content
    whole = file(b"a") + file(b"big", content) + END
    path = tmp_path / "backup"
    path.write_bytes(whole[: 1024 + 512 + 3000])
    found, got = read(path)
    assert set(got) == {b"a"}
    assert found.gone[0].name == b"big"
    assert "3,000 of 5,000" in found.gone[0].reason
    found, got = read(path, partial=True)
    assert got[b"big.partial"] == content[: 3000 // 512 * 512]
    assert found.partial == [b"big"]


def test_pythons_tarfile_reads_the_same_of_a_cut_gzip(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for number in range(30):
            entry = tarfile.TarInfo("d/" + "\u00fc" * 60 + f"/{number}")
            entry.size, entry.mtime = 700, 1.5
            tar.addfile(entry, io.BytesIO(b"%d" % number * 700))
    path = tmp_path / "backup"
    path.write_bytes(gzip.compress(out.getvalue())[:-100])
    found, got = read(path)
    assert len(got) > 15
    assert all("\u00fc".encode() * 60 in name for name in got)
    assert zstd is not None
    assert found.index.doubts


CHECKSUM_AT = {"gzip": -8, "zstd": -1, "lz4": -1}
"""Where a byte of the checksum behind all of the data stands."""


@pytest.mark.parametrize("is_followed", [False, True])
@pytest.mark.parametrize("packing", [*CHECKSUM_AT, "xz"])
def test_a_wrong_checksum_alone_costs_no_member(
    tmp_path: Path, packing: str, *, is_followed: bool
) -> None:
    """`gzip -dc` and the others give all of it too, and say that the checksum is wrong."""
    files = contents()
    data = archive(files)
    # Behind it stands a unit that begins in the middle of a member.
    parts = [data[:5000], data[5000:]] if is_followed else [data]
    packed = [bytearray(PACKED[packing](one)) for one in parts]
    at = CHECKSUM_AT.get(packing)
    if at is None:
        at = len(packed[0]) - 12 - 4 * (int.from_bytes(packed[0][-8:-4], "little") + 1) - 1
    packed[0][at] ^= 1
    path = tmp_path / "backup"
    path.write_bytes(b"".join(packed))
    assert is_refused(path)
    found, got = read(path)
    if packing == "xz" and is_followed:
        # Only of the last stream the index is looked for.
        assert found.gone
        return
    assert got == files
    assert not found.gone
    ends, place = {}, 0
    for name, content in files.items():
        ends[name] = place
        place += 512 + len(padded(content))
    assert found.unproved == [name for name in files if ends[name] < len(parts[0])]
    assert found.index.doubts


def test_a_wrong_length_behind_a_gzip_costs_no_member(tmp_path: Path) -> None:
    files = contents()
    whole = bytearray(gzip.compress(archive(files)))
    whole[-1] ^= 1
    path = tmp_path / "backup"
    path.write_bytes(whole)
    found, got = read(path)
    assert got == files
    assert not found.gone


@pytest.mark.parametrize("packing", ["gzip", "zstd", "lz4"])
def test_all_that_comes_out_before_an_error_is_kept(tmp_path: Path, packing: str) -> None:
    """What a decompressor gives byte by byte is the most that can be had."""
    chance = random.Random(packing)  # noqa: S311 - places
    data = b"".join(file(b"f%d" % number, chance.randbytes(700)) for number in range(90)) + END
    whole = PACKED[packing](data)
    path = tmp_path / "backup"
    tried = 0
    while tried < 25:
        damaged = bytearray(whole)
        damaged[chance.randrange(20, len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        if not is_refused(path):
            continue
        tried += 1
        own = zlib.decompressobj(31) if packing == "gzip" else None
        most = bytearray()
        new = own or FORMATS[Compression(packing)].new()
        # Each library has an error of its own.
        with suppress(Exception):
            for byte in damaged:
                most += new.decompress(bytes([byte]), 1 << 20)
        with BackupFile.open(path) as backup:
            stream = salvaged_stream(backup, Compression(packing), lambda: None)
            assert stream is not None
            made = b""
            while piece := stream.next_piece(1 << 20):
                made += piece
        assert made[: len(most)] == most
