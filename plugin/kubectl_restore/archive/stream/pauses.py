"""Where a stream may have to wait for what it is read from.

A chunk of the stream that was announced must not wait (pipe/payload.py), so it ends where that may
be: `read_segments` returns empty blocks there, and nowhere else.
"""

from __future__ import annotations

from heapq import merge
from itertools import count, takewhile, tee
from typing import TYPE_CHECKING

from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.archive.stream.segments import (
    STAGE,
    STEP,
    Extract,
    Rewritten,
    length_of,
    wanted_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kubectl_restore.archive.stream.segments import Segment


def no_pauses(_segments: Iterable[Segment]) -> Iterable[int]:
    """Return that nothing is waited for: a plain file."""
    return ()


def pauses_in(segments: Iterable[Segment]) -> Iterator[int]:
    """Return at which bytes of the stream much of the archive is passed over first.

    Args:
        segments: of the stream; the offsets of extracts rise.
    """
    sent = position = 0
    for segment in segments:
        content = segment.content if isinstance(segment, Rewritten) else segment
        if isinstance(content, Extract):
            if content.offset - position > STEP:
                yield sent
            position = content.offset + content.length
        sent += length_of(segment)


def pauses_of_object(segments: Iterable[Segment], compression: Compression) -> Iterable[int]:
    """Return at which bytes of the stream something of an object is waited for.

    Args:
        segments: of the stream; the offsets of extracts rise.
        compression: how the object is packed.
    """
    if compression is Compression.NONE:
        return _pauses_at_ranges(segments)
    segments, again = tee(segments)
    total = sum(map(length_of, again))
    return merge(pauses_in(segments), takewhile(lambda at: at < total, count(0, STAGE)))


def _pauses_at_ranges(segments: Iterable[Segment]) -> Iterator[int]:
    # Loaded late: only an object has ranges.
    from kubectl_restore.archive.source.objects.ranges import together  # noqa: PLC0415

    segments, ahead = tee(segments)
    ranges = together(wanted_of(ahead))
    del ahead
    sent = end = 0
    for segment in segments:
        content = segment.content if isinstance(segment, Rewritten) else segment
        if isinstance(content, Extract) and content.length:
            while end < content.offset + content.length:
                start, end = next(ranges)
                # What is written anew is read whole before its first byte is sent.
                is_inside = not isinstance(segment, Rewritten) and start > content.offset
                yield sent + (start - content.offset if is_inside else 0)
        sent += length_of(segment)
