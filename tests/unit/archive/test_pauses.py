"""Where the sender has to wait for the unpacking of what is passed over is known beforehand."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.archive.source.objects import ranges
from kubectl_restore.archive.source.objects.ranges import together
from kubectl_restore.archive.stream import pauses as pauses_module
from kubectl_restore.archive.stream import segments as outgoing
from kubectl_restore.archive.stream.pauses import pauses_in, pauses_of_object
from kubectl_restore.archive.stream.segments import (
    Extract,
    Literal,
    Rewritten,
    Segment,
    Zeros,
    read_segments,
)
from kubectl_restore.deadline import Watch
from tests.unit.archive.making import packed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import Self

same_for_all = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
STEP = 8 * 1024 * 1024
SMALL_STEP = 4096
SMALL_STAGE = 3000
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
        for module in (outgoing, pauses_module):
            patch.setattr(module, "STEP", SMALL_STEP)
            patch.setattr(module, "STAGE", SMALL_STAGE)
        patch.setattr(ranges, "PIECE", SMALL_STAGE)
        patch.setattr(ranges, "_GAP", 64)
        yield


def empty_blocks(
    path: Path,
    compression: Compression,
    segments: list[Segment],
    *,
    to_the_end: bool = False,
    opened: type[BackupFile] = BackupFile,
) -> tuple[list[int], bytes]:
    """Return before which bytes of the stream empty blocks come, and the stream."""
    found, stream = [], bytearray()
    with opened(path) as backup:
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


class Away(BackupFile):
    """A backup that has nothing at hand: each range is waited for twice, each stage once."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._left: list[tuple[int, int]] = []
        self._ends: list[int] = []
        self._is_packed = False
        self._stages: set[int] = set()

    def reader(self, wanted: Iterable[tuple[int, int] | None] | None = None) -> Self:
        assert wanted is not None
        wanted = list(wanted)
        self._is_packed = wanted == [(0, self.size)]
        found = [one for one in together(wanted) if one[0] < one[1]]
        self._ends = [end for _, end in found]
        self._left = found + found
        return self

    def read_into(self, view: memoryview, offset: int) -> int:
        # One range at a time, as from a store.
        end = next((one for one in self._ends if one > offset), self.size)
        return super().read_into(view[: end - offset], offset)

    def is_ready(self, offset: int, length: int) -> bool:
        if self._is_packed:
            is_new = offset not in self._stages
            self._stages.add(offset)
            return not is_new
        waited = [one for one in self._left if one[0] < offset + length and offset < one[1]]
        for one in set(waited):
            self._left.remove(one)
        return not waited


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
@pytest.mark.parametrize("compression", Compression)
@same_for_all
@given(segments=chosen())
def test_an_object_is_waited_for_where_it_was_said_and_nowhere_else(
    backups: dict[Compression, Path], compression: Compression, segments: list[Segment]
) -> None:
    found, stream = empty_blocks(backups[compression], compression, segments, opened=Away)
    said = list(pauses_of_object(iter(segments), compression))
    assert said == sorted(said)
    assert set(found) <= {*said, len(stream)}
    assert stream == b"".join(map(bytes_of, segments))
    if compression is Compression.NONE:
        assert set(said) <= {*found}


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
