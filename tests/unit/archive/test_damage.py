"""Cut, damaged and made-up archives: an error of the backup, or the truth. Never anything else."""

from __future__ import annotations

import random
import tarfile
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.tar.pax import parse_pax
from kubectl_restore.archive.trust.safety import refusals
from kubectl_restore.errors import BackupError
from tests.unit.archive.making import (
    END,
    GNU,
    POSIX,
    V7,
    extended,
    file,
    header,
    index_of_bytes,
    padded,
    record,
    sample,
    summed,
    zipped,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_restore.archive.index.index import Index

LAYOUTS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)


def end_of(data: bytes) -> int:
    """Return where the second block of zeros ends; record padding follows."""
    return -(-len(data.rstrip(b"\x00")) // 512) * 512 + 1024


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_plain_archive_cut_anywhere_is_refused(tmp_path: Path, layout: int) -> None:
    whole = sample(layout)
    end = end_of(whole)
    members = len(index_of_bytes(tmp_path, whole[:end]).members)
    places = random.Random(layout).sample(range(1, end), 200)  # noqa: S311 - places, no secret
    for at in [*places, 1, 511, 512, 513, end - 1024, end - 512, end - 1]:
        if at == end - 512:
            # One whole block of zeros is an end: nothing can stand behind it.
            assert len(index_of_bytes(tmp_path, whole[:at]).members) == members
            continue
        with pytest.raises(BackupError):
            index_of_bytes(tmp_path, whole[:at])
        try:
            index = index_of_bytes(tmp_path, whole[:at], allow_missing_end=True)
        except BackupError:
            assert at < end - 1024
            continue
        # Only at a member's edge, or inside the end marker.
        assert index.missing_end
        assert at >= end - 1024 or at == index.stream_length
        assert at < end - 1024 or len(index.members) == members


@pytest.mark.parametrize("members", [1, 4])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_packed_archive_cut_anywhere_is_refused(
    tmp_path: Path, layout: int, members: int
) -> None:
    whole = zipped(sample(layout), members)
    index_of_bytes(tmp_path, whole)
    for at in random.Random(layout).sample(range(1, len(whole)), 200):  # noqa: S311 - as above
        with pytest.raises(BackupError):
            index_of_bytes(tmp_path, whole[:at])
        if members == 1:
            with pytest.raises(BackupError):
                index_of_bytes(tmp_path, whole[:at], allow_missing_end=True)


def header_blocks(index: Index) -> list[int]:
    """Return the offsets of all blocks that say something about members."""
    return [
        at
        for one in index.members
        for at in range(one.offset, one.offset + one.length - (one.size + -one.size % 512), 512)
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_bit_flipped_in_a_header_is_refused(tmp_path: Path, layout: int) -> None:
    whole = sample(layout)
    index = index_of_bytes(tmp_path, whole)
    randomness = random.Random(layout)  # noqa: S311 - places, no secret
    changed = 0
    for start in header_blocks(index):
        is_text = not any(
            start == one.offset
            or start == one.offset + one.length - 512 - (one.size + -one.size % 512)
            for one in index.members
        )
        for _ in range(6):
            at = start * 8 + randomness.randrange(512 * 8)
            damaged = bytearray(whole)
            damaged[at // 8] ^= 1 << at % 8
            try:
                found = index_of_bytes(tmp_path, bytes(damaged))
            except BackupError:
                continue
            # Names in PAX and GNU prefix blocks have no checksum in tar; nothing can tell.
            if found.members != index.members:
                assert is_text
                changed += 1
    assert changed == 0 or layout != tarfile.USTAR_FORMAT


@pytest.mark.parametrize("members", [1, 4])
def test_a_bit_flipped_in_a_packed_archive_is_refused_or_changes_nothing(
    tmp_path: Path, members: int
) -> None:
    plain = sample(tarfile.PAX_FORMAT)
    whole = zipped(plain, members)
    expected = index_of_bytes(tmp_path, whole)
    randomness = random.Random(9)  # noqa: S311 - places, no secret
    refused = 0
    for _ in range(600):
        at = randomness.randrange(len(whole) * 8)
        damaged = bytearray(whole)
        damaged[at // 8] ^= 1 << at % 8
        try:
            assert index_of_bytes(tmp_path, bytes(damaged)) == expected
        except BackupError:
            refused += 1
    assert refused > 500


def judge(where: Path, data: bytes) -> None:
    """Read whatever it is; a valid index has to make sense."""
    for allow in (False, True):
        for packed in (False, True):
            try:
                index = index_of_bytes(
                    where, zipped(data) if packed else data, allow_missing_end=allow
                )
            except BackupError as error:
                # A fix may be lines to paste.
                said = error.what + error.reason + "".join(error.fix.splitlines())
                if not (error.what and said.isprintable()):
                    pytest.fail(f"not fit to print: {error.what!r} {error.reason!r} {error.fix!r}")
                continue
            at = 0
            ranges = [(one.offset, one.length) for one in index.members]
            for offset, length in sorted(ranges):
                assert offset >= at
                at = offset + length
            assert at <= index.stream_length <= len(data)
            assert all(one.size >= 0 and 0 <= one.mode <= 0o7777 for one in index.members)
            assert len(refusals(index)) <= len(index.members)


FIELD = st.one_of(
    st.binary(max_size=12),
    st.integers(0, 0o7777777).map(lambda number: b"%07o" % number),
    st.sampled_from([b"\x80" + bytes(10) + b"\x09", b"\xff" * 12, b"00000000003", b""]),
)
RECORDS = st.lists(
    st.one_of(
        st.builds(
            record,
            st.sampled_from(
                [
                    b"path", b"linkpath", b"size", b"mtime", b"uid", b"comment",
                    b"GNU.sparse.size", b"GNU.sparse.name", b"GNU.sparse.realsize",
                    b"GNU.sparse.map", b"GNU.sparse.offset", b"GNU.sparse.numbytes",
                    b"GNU.sparse.major", b"SCHILY.xattr.user.a", b"SCHILY.acl.access",
                ]
            ),
            st.one_of(
                st.binary(max_size=20),
                st.integers(-9, 2000).map(lambda number: b"%d" % number),
            ),
        ),
        st.binary(max_size=20),
    ),
    max_size=4,
)  # fmt: skip


@st.composite
def blocks(draw: st.DrawFn) -> bytes:
    """Return something that is almost a member."""
    shape = draw(st.integers(0, 5))
    if shape == 0:
        return draw(st.binary(max_size=600))
    if shape == 1:
        return bytes(draw(st.sampled_from([1, 512, 1024])))
    if shape == 2:
        return extended(*draw(RECORDS), kind=draw(st.sampled_from([b"x", b"g"])))
    kind = draw(st.sampled_from([bytes([code]) for code in b"\x000123456789LKxgXSDVMN"]))
    content = draw(st.binary(max_size=700))
    block = bytearray(
        header(
            draw(st.binary(max_size=20)),
            kind,
            draw(st.sampled_from([len(content), 0, 512, 1 << 30])),
            link=draw(st.binary(max_size=20)),
            magic=draw(st.sampled_from([GNU, POSIX, V7])),
        )
    )
    if draw(st.booleans()):
        at = draw(st.sampled_from([100, 108, 116, 124, 136, 345, 386, 398, 482, 483]))
        field = draw(FIELD)[: 512 - at]
        block[at : at + len(field)] = field
    return (summed(bytes(block)) if draw(st.integers(0, 9)) else bytes(block)) + padded(content)


@settings(max_examples=400)
@given(parts=st.lists(blocks(), max_size=8), tail=st.sampled_from([b"", bytes(512), END]))
@example(parts=[b"q\xc7"], tail=b"")
def test_made_up_archives_are_refused_or_make_sense(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], tail: bytes
) -> None:
    judge(tmp_path_factory.getbasetemp(), b"".join(parts) + tail or b"x")


@settings(max_examples=300)
@given(st.binary(max_size=200) | RECORDS.map(b"".join))
def test_records_are_read_or_refused(data: bytes) -> None:
    try:
        pax = parse_pax(data)
    except ValueError:
        return
    assert pax.size is None or pax.size >= 0
    assert pax.path is None or (pax.path and b"\x00" not in pax.path)


def test_vast_prefix_blocks_do_not_take_memory(tmp_path: Path) -> None:
    hostile = header(b"pax", b"x", 60_000_000) + bytes(60_000_000) + END
    packed = zipped(hostile)
    tracemalloc.start()
    try:
        with pytest.raises(BackupError, match="corrupt"):
            index_of_bytes(tmp_path, packed)
        bomb = zipped(file(b"bomb", b"\x00" * 60_000_000) + END)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        (member,) = index_of_bytes(tmp_path, bomb).members
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert (member.kind, member.size) == (Kind.FILE, 60_000_000)
    assert peak < 4_000_000
