"""Recognition by bytes, and packings that are whole or an error."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import struct
import tarfile
import zlib
from typing import TYPE_CHECKING

import lz4.frame
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.compression.decompressors import skippable, zstd_window
from kubectl_restore.archive.compression.detect import recognise
from kubectl_restore.archive.compression.stream import DecompressedStream
from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.deadline import Watch
from kubectl_restore.errors import BackupError, SignalledError
from tests.unit.archive.making import END, PACKERS, V7, file, index_of_bytes, sample, zipped, zstd

if TYPE_CHECKING:
    from pathlib import Path

SKIPPED = struct.pack("<II", 0x184D2A5E, 11) + b"hello there"


def nothing() -> None:
    """Do nothing after a step."""


def unzip(where: Path, data: bytes, piece: int = 1 << 20) -> bytes:
    """Return what the stream gives, or raise."""
    path = where / "backup.gz"
    path.write_bytes(data)
    with BackupFile.open(path) as backup:
        stream = DecompressedStream(backup, recognise(backup), nothing)
        result = b"".join(iter(lambda: stream.read(piece), b""))
        assert stream.position == len(result)
        assert stream.consumed == len(data)
        return result


def noise(length: int, seed: int = 3) -> bytes:
    """Return bytes of which a part is compressible."""
    randomness = random.Random(seed)  # noqa: S311 - content, no secret
    return b"".join(
        randomness.randbytes(50) + b"again and again " * 5 for _ in range(length // 130 + 1)
    )[:length]


@pytest.mark.parametrize("members", [1, 2, 7, 500])
@pytest.mark.parametrize("level", [0, 1, 9])
@pytest.mark.parametrize("piece", [1 << 20, 4097])
def test_gzip_gives_what_was_packed(tmp_path: Path, members: int, level: int, piece: int) -> None:
    data = noise(700_000)
    assert unzip(tmp_path, zipped(data, members, level), piece) == data


@pytest.mark.parametrize("packing", PACKERS)
@given(data=st.data())
def test_members_of_any_size_follow_each_other(
    packing: Compression, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    pack = PACKERS[packing]
    sizes = data.draw(st.lists(st.integers(0, 20_000), min_size=1, max_size=20))
    zeros = data.draw(st.integers(0, 600))
    parts = [noise(size, size) for size in sizes]
    packed = b"".join(pack(part) for part in parts)
    found = unzip(tmp_path_factory.mktemp("packed"), packed + bytes(zeros))
    assert found == b"".join(parts)


def test_optional_header_fields_are_passed_over(tmp_path: Path) -> None:
    body = zlib.compressobj(wbits=-15)
    content = noise(5000)
    raw = body.compress(content) + body.flush()
    head = b"\x1f\x8b\x08\x1e" + bytes(6) + struct.pack("<H", 3) + b"abc" + b"name\x00comment\x00"
    head += struct.pack("<H", zlib.crc32(head) & 0xFFFF)
    packed = head + raw + struct.pack("<II", zlib.crc32(content), len(content))
    assert unzip(tmp_path, packed) == content
    for at in range(3, len(packed)):
        with pytest.raises(BackupError, match="truncated"):
            unzip(tmp_path, packed[:at])


@pytest.mark.parametrize("flag", [0x20, 0x40, 0x80])
@pytest.mark.parametrize("before", [0, 1])
def test_flags_that_no_gzip_has_are_an_error(tmp_path: Path, flag: int, before: int) -> None:
    member = bytearray(zipped(b"abc"))
    member[3] |= flag
    with pytest.raises(BackupError, match="corrupt") as caught:
        unzip(tmp_path, zipped(b"first") * before + member)
    assert "reserved flags" in caught.value.reason


@pytest.mark.parametrize("packing", PACKERS)
def test_a_cut_at_every_byte_is_called_truncated(tmp_path: Path, packing: Compression) -> None:
    first, second = (PACKERS[packing](noise(length)) for length in (300, 200))
    whole = first + second
    for at in range(6, len(whole)):
        if at == len(first):
            continue  # a whole file; only the tar inside can tell
        with pytest.raises(BackupError, match="truncated") as caught:
            unzip(tmp_path, whole[:at])
        assert f"byte {at}" in caught.value.reason


@pytest.mark.parametrize("packing", PACKERS)
def test_a_flipped_bit_is_an_error_or_changes_nothing(tmp_path: Path, packing: Compression) -> None:
    content = noise(400)
    whole = PACKERS[packing](content)
    trailer = len(whole) - (8 if packing is Compression.GZIP else 0)
    refused = 0
    for at in range(len(whole) * 8):
        damaged = bytearray(whole)
        damaged[at // 8] ^= 1 << at % 8
        try:
            assert unzip(tmp_path, bytes(damaged)) == content
        except BackupError:
            refused += 1
        else:
            assert at // 8 < trailer, "checksum or length not looked at"
    assert refused > len(whole) * 8 * 0.8


def test_a_wrong_length_alone_is_an_error(tmp_path: Path) -> None:
    whole = zipped(b"x" * 1000)
    with pytest.raises(BackupError, match="corrupt"):
        unzip(tmp_path, whole[:-4] + struct.pack("<I", 1001))


@pytest.mark.parametrize(
    "garbage",
    [
        bytes(2) + zipped(b"hidden"),
        b"\x1f\x8c\x08",
        b"\x1f\x8c",
        bytes(300_000) + b"\x1f\x8b",
        b"signature" + zipped(b"hidden"),
        file(b"plain"),
        lzma.compress(b"hidden"),
        b"x" * 1_100_000,
    ],
)
def test_what_would_be_lost_after_the_last_member_is_an_error(
    tmp_path: Path, garbage: bytes
) -> None:
    with pytest.raises(BackupError, match="corrupt") as caught:
        unzip(tmp_path, zipped(b"abc") + garbage)
    assert "follows at byte" in caught.value.reason


@pytest.mark.parametrize("garbage", [b"garbage", b"\x1e", b"\x00\x00x", bytes(512) + b"not gzip"])
def test_garbage_after_the_last_member_is_ignored_as_by_gzip(
    tmp_path: Path, garbage: bytes
) -> None:
    index = index_of_bytes(tmp_path, zipped(file(b"f") + END) + garbage)
    assert [one.path for one in index.members] == [b"f"]
    assert "was ignored; the archive is whole" in index.warnings[0]
    assert index.doubts == ()
    with pytest.raises(BackupError, match="truncated"):
        index_of_bytes(tmp_path, zipped(file(b"f")) + garbage)
    with pytest.raises(BackupError, match="truncated"):
        index_of_bytes(tmp_path, zipped(file(b"f")) + garbage, allow_missing_end=True)


@pytest.mark.parametrize("packing", PACKERS)
def test_a_bomb_comes_in_small_pieces(tmp_path: Path, packing: Compression) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(PACKERS[packing](bytes(50_000_000)))
    with BackupFile.open(path) as backup:
        stream = DecompressedStream(backup, recognise(backup), nothing)
        sizes = list(iter(lambda: len(stream.next_piece(1 << 30)), 0))
    assert sum(sizes) == 50_000_000
    assert max(sizes) <= 256 * 1024


def test_empty_members_without_end_do_not_keep_the_watch_waiting(tmp_path: Path) -> None:
    path = tmp_path / "backup"
    path.write_bytes(gzip.compress(b"", mtime=0) * 5000)
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == 100:
            raise SignalledError("interrupted", number=2)

    with BackupFile.open(path) as backup, pytest.raises(SignalledError):
        DecompressedStream(backup, Compression.GZIP, step).read(1)
    assert steps == 100


def recognised(where: Path, data: bytes) -> Compression:
    path = where / "named.zip"  # the name says nothing
    path.write_bytes(data)
    with BackupFile.open(path) as backup:
        return recognise(backup)


def test_tars_are_recognised_by_their_bytes(tmp_path: Path) -> None:
    for layout in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        assert recognised(tmp_path, sample(layout)) is Compression.NONE
    assert recognised(tmp_path, file(b"old", magic=V7) + END) is Compression.NONE
    assert recognised(tmp_path, END) is Compression.NONE


@pytest.mark.parametrize("packing", PACKERS)
def test_packings_are_recognised_by_their_bytes(tmp_path: Path, packing: Compression) -> None:
    assert recognised(tmp_path, PACKERS[packing](b"anything")) is packing


@pytest.mark.parametrize("packing", [Compression.ZSTD, Compression.LZ4])
def test_skippable_frames_are_passed_over(tmp_path: Path, packing: Compression) -> None:
    pack = PACKERS[packing]
    packed = SKIPPED + SKIPPED + pack(b"one ") + SKIPPED + pack(b"two") + SKIPPED
    assert recognised(tmp_path, packed) is packing
    assert unzip(tmp_path, packed) == b"one two"
    for at in (len(packed) - 3, len(packed) - len(SKIPPED) + 9):
        with pytest.raises(BackupError, match="truncated"):
            unzip(tmp_path, packed[:at])


def test_a_skippable_frame_that_hides_no_archive_is_no_archive(tmp_path: Path) -> None:
    for data in (SKIPPED, SKIPPED + b"text", SKIPPED + zipped(b"gzip cannot skip")):
        with pytest.raises(BackupError, match="no tar archive"):
            recognised(tmp_path, data)
    assert skippable(SKIPPED) == len(SKIPPED)
    assert skippable(b"\x28\xb5\x2f\xfd1234") is None


def test_xz_may_pad_between_its_streams(tmp_path: Path) -> None:
    assert unzip(tmp_path, lzma.compress(b"one ") + bytes(8) + lzma.compress(b"two")) == b"one two"


def test_a_window_up_to_the_limit_is_read_and_a_larger_one_is_refused(tmp_path: Path) -> None:
    content = noise(200_000)
    for exponent, fits in ((27, True), (28, False), (31, False)):
        packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: exponent})
        # In pieces: the length is not known to the frame, so it asks for the whole window.
        packed = packer.compress(content) + packer.flush()
        assert zstd_window(packed) == 1 << exponent
        if fits:
            assert unzip(tmp_path, packed) == content
            continue
        with pytest.raises(BackupError, match="more than 128 MiB of memory") as caught:
            unzip(tmp_path, packed)
        assert f"{1 << exponent - 20} MiB" in caught.value.reason
        assert caught.value.fix.startswith("zstd --long=31 -dc -- ")


def test_an_xz_dictionary_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    content = noise(200_000)
    for size, fits in ((64 << 20, True), (128 << 20, True), (192 << 20, False)):
        filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": size}]
        packed = lzma.compress(content, filters=filters)
        if fits:
            assert unzip(tmp_path, packed) == content
        else:
            with pytest.raises(BackupError, match="more than 128 MiB of memory"):
                unzip(tmp_path, packed)


def test_blocks_of_any_size_are_read(tmp_path: Path) -> None:
    content = noise(9_000_000)
    for size in (lz4.frame.BLOCKSIZE_MAX64KB, lz4.frame.BLOCKSIZE_MAX4MB):
        for linked in (True, False):
            packed = lz4.frame.compress(content, block_size=size, block_linked=linked)
            assert unzip(tmp_path, packed) == content
    for level in (1, 9):
        assert unzip(tmp_path, bz2.compress(content, level)) == content


@pytest.mark.parametrize(
    ("head", "words", "command"),
    [
        (b"LZIP\x01", "lzip-compressed", "lzip -dc -- "),
        (b"\x02\x21\x4c\x18", "lz4 in its legacy format", "lz4 -dc -- "),
        (b"PK\x03\x04", "zip", "unzip "),
        (
            b"-- MySQL dump 10.13\nCREATE TABLE x;\n" * 20,
            "SQL text",
            "kubectl exec -i POD -- psql < ",
        ),
        (b"<!DOCTYPE html><html>", "web page", "file "),
        (b"hello there\n" * 50, "text file", "file "),
        (b"\x07\x01" * 500, "does not begin with a tar header", "file "),
        (b"\x07", "only 1 bytes", "file "),
    ],
)
def test_what_is_no_tar_is_named(tmp_path: Path, head: bytes, words: str, command: str) -> None:
    with pytest.raises(BackupError) as caught:
        recognised(tmp_path, head)
    assert words in caught.value.what + caught.value.reason
    assert caught.value.fix.startswith(command)
    with pytest.raises(BackupError) as caught:
        index_of_bytes(tmp_path, zipped(head))
    assert words in caught.value.what + caught.value.reason
    assert "gzip" in caught.value.what


def test_a_signal_ends_a_decompression(tmp_path: Path) -> None:
    watch = Watch(None)
    watch.signalled = 15
    path = tmp_path / "backup"
    path.write_bytes(zipped(bytes(5_000_000)))
    with BackupFile.open(path) as backup, pytest.raises(SignalledError):
        DecompressedStream(backup, Compression.GZIP, watch.check).skip(5_000_000)
