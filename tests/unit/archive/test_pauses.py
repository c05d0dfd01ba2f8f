"""Where the sender has to wait for the unpacking of what is passed over is known beforehand."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.archive.stream import segments as outgoing
from kubectl_restore.archive.stream.segments import (
    Extract,
    Literal,
    Rewritten,
    Segment,
    Zeros,
    pauses_in,
    read_segments,
)
from kubectl_restore.deadline import Watch
from tests.unit.archive.making import packed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

same_for_all = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
STEP = 8 * 1024 * 1024
SMALL_STEP = 4096
CONTENT = random.Random(11).randbytes(100_000)  # noqa: S311 - content, no secret
PACKED = [one for one in Compression if one is not Compression.NONE]


@pytest.fixture(scope="module")
def backups(tmp_path_factory: pytest.TempPathFactory) -> dict[Compression, Path]:
    top = tmp_path_factory.mktemp("pauses")
    for compression in Compression:
        (top / compression).write_bytes(packed(CONTENT, compression))
    return {compression: top / compression for compression in Compression}


@pytest.fixture
def _small_steps() -> Iterator[None]:
    """Pass over little in one go, so that small archives have pauses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outgoing, "_STEP", SMALL_STEP)
        yield


def empty_blocks(
    path: Path, compression: Compression, segments: list[Segment], *, to_the_end: bool = False
) -> tuple[list[int], bytes]:
    """Return before which bytes of the stream empty blocks come, and the stream."""
    found, stream = [], bytearray()
    with BackupFile.open(path) as backup:
        for block in read_segments(
            backup, compression, iter(segments), Watch(None), to_the_end=to_the_end
        ):
            if isinstance(block, Zeros):
                stream += bytes(block.length)
                continue
            if not block:
                found.append(len(stream))
            stream += block
    return found, bytes(stream)


def bytes_of(segment: Segment) -> bytes:
    if isinstance(segment, Literal):
        return segment.data
    if isinstance(segment, Zeros):
        return bytes(segment.length)
    if isinstance(segment, Rewritten):
        return segment.write(bytes_of(segment.content))
    return CONTENT[segment.offset : segment.offset + segment.length]


@st.composite
def chosen(draw: st.DrawFn) -> list[Segment]:
    """Return segments whose extracts rise, some with gaps of just one step."""
    segments: list[Segment] = []
    gaps = st.one_of(
        st.sampled_from([0, 1, SMALL_STEP - 1, SMALL_STEP, SMALL_STEP + 1, 2 * SMALL_STEP]),
        st.integers(0, 20_000),
    )
    at = 0
    for _ in range(draw(st.integers(0, 8))):
        if draw(st.booleans()):
            segments.append(Literal(b"x" * draw(st.sampled_from([0, 1, 512, 70_000]))))
        if draw(st.booleans()):
            segments.append(Zeros(draw(st.sampled_from([1, 70_000]))))
        start = at + draw(gaps)
        length = draw(st.sampled_from([0, 1, 513, 6000]))
        if start + length > len(CONTENT):
            break
        extract = Extract(start, length)
        is_other = draw(st.booleans())
        other = Rewritten(extract, length, lambda data: data[::-1])
        segments.append(other if is_other else extract)
        at = start + length
    return segments


@pytest.mark.usefixtures("_small_steps")
@pytest.mark.parametrize("compression", PACKED)
@same_for_all
@given(segments=chosen())
def test_empty_blocks_come_where_it_was_said_and_nowhere_else(
    backups: dict[Compression, Path], compression: Compression, segments: list[Segment]
) -> None:
    found, stream = empty_blocks(backups[compression], compression, segments)
    said = list(pauses_in(segments))
    assert set(found) == set(said)
    assert said == sorted(said)
    assert stream == b"".join(map(bytes_of, segments))


@pytest.mark.usefixtures("_small_steps")
@same_for_all
@given(segments=chosen())
def test_where_everything_can_be_read_at_once_nobody_waits(
    backups: dict[Compression, Path], segments: list[Segment]
) -> None:
    found, _ = empty_blocks(backups[Compression.NONE], Compression.NONE, segments)
    assert found == []


@pytest.mark.usefixtures("_small_steps")
@pytest.mark.parametrize("compression", PACKED)
@same_for_all
@given(segments=chosen())
def test_what_follows_the_last_byte_is_unpacked_behind_it(
    backups: dict[Compression, Path], compression: Compression, segments: list[Segment]
) -> None:
    path = backups[compression]
    found, stream = empty_blocks(path, compression, segments, to_the_end=True)
    at_the_end = {len(stream)} & set(found)
    assert set(found) == set(pauses_in(segments)) | at_the_end
    ends = [one.offset + one.length for one in segments if isinstance(one, Extract)]
    assert at_the_end or max([0, *ends]) == len(CONTENT)


@pytest.mark.parametrize(("gap", "pauses"), [(STEP, 0), (STEP + 1, 1), (3 * STEP, 2)])
def test_a_fraction_of_a_second_is_no_pause(tmp_path: Path, gap: int, pauses: int) -> None:
    path = tmp_path / "backup"
    path.write_bytes(packed(bytes(gap + 1), Compression.GZIP))
    segments: list[Segment] = [Literal(b"before"), Extract(gap, 1), Literal(b"behind")]
    found, stream = empty_blocks(path, Compression.GZIP, segments)
    assert found == [6] * pauses
    assert list(pauses_in(segments)) == [6] * bool(pauses)
    assert stream == b"before\0behind"
