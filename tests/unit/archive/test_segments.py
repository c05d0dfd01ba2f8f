"""The bytes that are sent are the bytes that were chosen, whatever the packing."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.archive.stream.segments import (
    Extract,
    Literal,
    Segment,
    Zeros,
    read_segments,
)
from kubectl_restore.archive.tar.header import END_OF_ARCHIVE
from kubectl_restore.deadline import Watch
from kubectl_restore.errors import BackupError, SignalledError
from tests.unit.archive.making import PACKERS, packed

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = random.Random(7).randbytes(1_500_000)  # noqa: S311 - content, no secret
LARGEST = 1024 * 1024


@pytest.fixture(scope="module")
def backups(tmp_path_factory: pytest.TempPathFactory) -> dict[Compression, Path]:
    top = tmp_path_factory.mktemp("outgoing")
    (top / "plain").write_bytes(CONTENT)
    third = len(CONTENT) // 3
    found = {Compression.NONE: top / "plain"}
    for compression, pack in PACKERS.items():
        found[compression] = top / compression
        found[compression].write_bytes(pack(CONTENT[:third]) + pack(CONTENT[third:]))
    return found


def sent(path: Path, compression: Compression, segments: list[Segment]) -> bytes:
    """Return everything, each block copied before the next is asked for."""
    blocks = []
    with BackupFile.open(path) as backup:
        for block in read_segments(backup, compression, iter(segments), Watch(None)):
            if isinstance(block, Zeros):
                blocks.append(bytes(block.length))
                continue
            assert 0 < len(block) <= LARGEST
            blocks.append(bytes(block))
    return b"".join(blocks)


@st.composite
def chosen(draw: st.DrawFn) -> list[Segment]:
    """Return segments whose extracts rise."""
    edges = sorted(draw(st.lists(st.integers(0, len(CONTENT)), max_size=20)))
    segments: list[Segment] = []
    for start, end in zip(edges[::2], edges[1::2], strict=False):
        if draw(st.booleans()):
            length = draw(st.sampled_from([0, 1, 512, 70_000, 300_000]))
            segments.append(Literal(bytes([length % 251]) * length))
        if draw(st.booleans()):
            segments.append(Zeros(draw(st.sampled_from([1, 511, 70_000]))))
        segments.append(Extract(start, end - start))
    return segments


@pytest.mark.parametrize("compression", list(Compression))
@given(segments=chosen())
def test_segments_come_in_order(
    backups: dict[Compression, Path], compression: Compression, segments: list[Segment]
) -> None:
    expected = b"".join(
        one.data
        if isinstance(one, Literal)
        else CONTENT[one.offset : one.offset + one.length]
        if isinstance(one, Extract)
        else bytes(one.length)
        for one in segments
    )
    assert sent(backups[compression], compression, segments) == expected


@pytest.mark.parametrize("compression", list(Compression))
def test_small_segments_share_blocks(
    backups: dict[Compression, Path], compression: Compression
) -> None:
    segments: list[Segment] = []
    for at in range(0, 1_000_000, 1000):
        segments += [Extract(at, 500), Literal(b"x" * 12)]
    with BackupFile.open(backups[compression]) as backup:
        blocks = sum(1 for _ in read_segments(backup, compression, segments, Watch(None)))
    assert blocks < 10


@pytest.mark.parametrize("compression", list(Compression))
@pytest.mark.parametrize("extract", [Extract(1_499_000, 2000), Extract(1_600_000, 1)])
def test_a_range_past_the_end_means_that_the_file_changed(
    backups: dict[Compression, Path], compression: Compression, extract: Extract
) -> None:
    with pytest.raises(BackupError, match="changed"):
        sent(backups[compression], compression, [extract])


@pytest.mark.parametrize("compression", list(Compression))
def test_a_file_that_changes_meanwhile_is_an_error(
    tmp_path: Path, compression: Compression
) -> None:
    path = tmp_path / "backup"
    path.write_bytes(packed(CONTENT, compression))
    with BackupFile.open(path) as backup:
        blocks = read_segments(backup, compression, [Extract(0, len(CONTENT))], Watch(None))
        next(blocks)
        with path.open("ab") as out:
            out.write(b"\x00")
        with pytest.raises(BackupError, match="changed"):
            list(blocks)


@pytest.mark.parametrize("compression", list(Compression))
def test_a_file_that_shrinks_meanwhile_has_changed(
    tmp_path: Path, compression: Compression
) -> None:
    path = tmp_path / "backup"
    path.write_bytes(packed(CONTENT, compression))
    with BackupFile.open(path) as backup:
        blocks = read_segments(backup, compression, [Extract(0, len(CONTENT))], Watch(None))
        next(blocks)
        os.truncate(path, 600_000)
        with pytest.raises(BackupError, match="changed") as caught:
            list(blocks)
    assert "--force" in caught.value.fix


def test_extracts_that_fall_back_are_a_bug(backups: dict[Compression, Path]) -> None:
    with pytest.raises(ValueError, match="rise"):
        sent(backups[Compression.GZIP], Compression.GZIP, [Extract(500, 10), Extract(0, 10)])


def test_a_signal_ends_the_unpacking_of_a_gap(backups: dict[Compression, Path]) -> None:
    watch = Watch(None)
    watch.signalled = 2
    with (
        BackupFile.open(backups[Compression.GZIP]) as backup,
        pytest.raises(SignalledError),
    ):
        next(read_segments(backup, Compression.GZIP, [Extract(1_000_000, 1)], watch))


def test_the_end_of_an_archive_is_two_blocks_of_zeros() -> None:
    assert bytes(1024) == END_OF_ARCHIVE
