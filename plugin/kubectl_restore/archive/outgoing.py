"""The stream that is sent: byte ranges of the archive, and bytes of our own between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.codec import Compression, GzipStream
from kubectl_restore.archive.header import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kubectl_restore.archive.source import BackupFile
    from kubectl_restore.watch import Watch

END_OF_ARCHIVE: Final = bytes(2 * BLOCK)
_BUFFER: Final = 256 * 1024
"""Bytes of one block: it stays in the processor's cache between read and write."""


@dataclass(frozen=True, slots=True)
class Literal:
    """Bytes of our own."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Extract:
    """A range of the decompressed archive."""

    offset: int
    length: int


Segment = Literal | Extract


def read_segments(
    backup: BackupFile, compression: Compression, segments: Iterable[Segment], watch: Watch
) -> Iterator[memoryview]:
    """Return the segments' bytes in order, in blocks that are valid until the next is asked for.

    The offsets of extracts rise.

    Raises:
        BackupError: the file is shorter than it was, changed meanwhile, or is corrupt.
        TimedOutError, SignalledError: the watch ended the run.
    """
    reader = (
        _read_compressed(backup, segments, watch)
        if compression is Compression.GZIP
        else _read_plain(backup, segments)
    )
    yield from reader
    backup.check_unchanged()


def _read_plain(backup: BackupFile, segments: Iterable[Segment]) -> Iterator[memoryview]:
    buffer = memoryview(bytearray(_BUFFER))
    for segment in segments:
        if isinstance(segment, Literal):
            yield memoryview(segment.data)
            continue
        offset, left = segment.offset, segment.length
        while left:
            count = backup.read_into(buffer[: min(left, _BUFFER)], offset)
            if not count:
                raise backup.changed()
            yield buffer[:count]
            offset += count
            left -= count


def _read_compressed(
    backup: BackupFile, segments: Iterable[Segment], watch: Watch
) -> Iterator[memoryview]:
    stream = GzipStream(backup)
    for segment in segments:
        if isinstance(segment, Literal):
            yield memoryview(segment.data)
            continue
        _pass_over(stream, segment.offset - stream.position, watch)
        left = segment.length
        while left:
            piece = stream.next_piece(left)
            if not piece:
                raise backup.changed()
            yield piece
            left -= len(piece)


def _pass_over(stream: GzipStream, length: int, watch: Watch) -> None:
    while length > 0:
        watch.check()
        passed = stream.skip(min(length, 4 * _BUFFER))
        if not passed:
            return
        length -= passed
