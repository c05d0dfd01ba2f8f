"""The stream that is sent: byte ranges of the archive, and bytes of our own between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import tee
from typing import TYPE_CHECKING, Final, Protocol

from kubectl_restore.archive.compression.stream import DecompressedStream
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kubectl_restore.archive.source.readable import Backup, Reader
    from kubectl_restore.deadline import Watch

_BUFFER: Final = 256 * 1024
"""Bytes of one block: it stays in the processor's cache between read and write."""
_WORTH_A_BLOCK: Final = 64 * 1024
"""Bytes from which on a piece goes out as it is; smaller ones are collected first."""
STEP: Final = 8 * 1024 * 1024
"""Bytes that are passed over in one go: a fraction of a second, however they are packed."""
STAGE: Final = 4 * 1024 * 1024
"""Bytes of the stream that are sent without a pause when what they come of is at hand."""
_SLACK: Final = 1024 * 1024
"""Bytes that unpacking may need beyond as many as come of it: a block of bzip2 has 900 KB."""
_FAR: Final = 1024
"""Segments without anything of the archive, behind which no more is looked for beforehand."""
_NOT_YET: Final = memoryview(b"")


@dataclass(frozen=True, slots=True)
class Literal:
    """Bytes of our own."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Extract:
    """A range of the decompressed archive."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Zeros:
    """A hole, written out."""

    length: int


class Decompressed(Protocol):
    """The archive inside a compressed backup."""

    @property
    def position(self) -> int:
        """Bytes of the archive read or passed over so far."""

    def next_piece(self, longest: int) -> memoryview:
        """Return some of the next bytes, at most `longest`; empty only at the end."""

    def skip(self, length: int) -> int:
        """Pass over bytes and return how many there were."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A short range of the decompressed archive, in other bytes.

    Attributes:
        content: the range.
        length: how many bytes stand for it, whatever it has.
        write: returns them.
    """

    content: Extract
    length: int
    write: Callable[[bytes], bytes]

    def of(self, pieces: Iterable[memoryview]) -> Literal:
        """Return what stands for a content that comes in pieces.

        Raises:
            ValueError: it has another length than was said.
        """
        # Each is valid until the next one is asked for.
        taken = bytearray()
        for piece in pieces:
            taken += piece
        data = self.write(bytes(taken))
        if len(data) != self.length:
            raise ValueError(f"{len(data)} bytes in the place of {self.length}")
        return Literal(data)


Segment = Literal | Extract | Zeros | Rewritten
Tap = Callable[[int, memoryview], None]


def length_of(segment: Segment) -> int:
    """Return how many bytes of the stream a segment is."""
    return len(segment.data) if isinstance(segment, Literal) else segment.length


def read_segments(
    backup: Backup,
    compression: Compression,
    segments: Iterable[Segment],
    watch: Watch,
    *,
    to_the_end: bool = False,
    tap: Tap | None = None,
    stream: Decompressed | None = None,
) -> Iterator[memoryview | Zeros]:
    """Return the segments' bytes in order, in blocks that are valid until the next is asked for.

    The offsets of extracts rise. Many small segments make one block. Holes come as they are. Where
    much is passed over, empty blocks come meanwhile, so that nobody is kept waiting. Only who asks
    for all of them, until there is none, knows that the backup has not changed.

    Args:
        backup: what is read.
        compression: how it is packed.
        segments: what of it.
        watch: the time limit.
        to_the_end: unpack what follows them too, for the checksums behind it.
        tap: is shown the extracts' bytes with their offsets.
        stream: where they stand, instead of what the whole file unpacks to.

    Raises:
        BackupError: the file is shorter than it was, changed meanwhile, or is corrupt.
        TimedOutError, SignalledError: the watch ended the run.
    """
    try:
        if compression is Compression.NONE:
            yield from _read_plain(backup, segments, tap)
        else:
            reader = backup.reader([(0, backup.size)])
            try:
                own = DecompressedStream(reader, compression, watch.check)
                pieces = _read_packed(stream or own, backup, segments, tap)
                # One that was salvaged stands nowhere in the file that could be waited for.
                yield from collected(pieces if stream else _in_stages(pieces, own, reader))
                stream = stream or own
                while to_the_end and stream.skip(STEP):
                    yield _NOT_YET
            finally:
                reader.let_go()
    except BackupError:
        # It was whole when it was checked: what is damaged now has been written to since.
        backup.check_unchanged(is_sending=True)
        raise
    backup.check_unchanged(is_sending=True)


def read_literals(segments: Iterable[Segment]) -> Iterator[memoryview | Zeros]:
    """Return bytes of our own, small ones together; there is nothing of the backup among them."""
    return collected(memoryview(one.data) for one in segments if isinstance(one, Literal))


def _read_plain(
    backup: Backup, segments: Iterable[Segment], tap: Tap | None
) -> Iterator[memoryview | Zeros]:
    """Read what is wanted, and say so beforehand to whom it takes time."""
    segments, ahead = tee(segments)
    reader = backup.reader(wanted_of(ahead))
    # Who does not look at it must not have it kept.
    del ahead
    try:
        yield from _read_wanted(backup, reader, segments, tap)
    finally:
        reader.let_go()


def wanted_of(segments: Iterable[Segment]) -> Iterator[tuple[int, int] | None]:
    """Return which ranges of the archive segments have; None where many have none."""
    without = 0
    for segment in segments:
        content = segment.content if isinstance(segment, Rewritten) else segment
        if isinstance(content, Extract):
            yield content.offset, content.length
            without = 0
        else:
            without += 1
            if without % _FAR == 0:
                yield None


def _read_wanted(
    backup: Backup, reader: Reader, segments: Iterable[Segment], tap: Tap | None
) -> Iterator[memoryview | Zeros]:
    """Read straight into one buffer; hand it out whenever it is full, or the next takes a while."""
    buffer = memoryview(bytearray(_BUFFER))
    filled = 0
    for segment in _rewritten(backup, reader, segments, tap):
        if not isinstance(segment, Literal | Extract):
            if filled:
                yield buffer[:filled]
                filled = 0
            yield segment
            continue
        done = 0
        length = length_of(segment)
        while done < length:
            room = buffer[filled : min(filled + length - done, _BUFFER)]
            if isinstance(segment, Literal):
                count = len(room)
                room[:] = memoryview(segment.data)[done : done + count]
            else:
                count = _copy(backup, reader, segment.offset + done, room, tap)
            done += count
            filled += count
            if filled == _BUFFER or not count:
                yield buffer[:filled]
                filled = 0
    if filled:
        yield buffer[:filled]


def _copy(backup: Backup, reader: Reader, offset: int, room: memoryview, tap: Tap | None) -> int:
    """Read bytes of the archive; return how many, 0 when they take a while."""
    if not reader.is_ready(offset, 1):
        return 0
    count = reader.read_into(room, offset)
    if not count:
        raise backup.changed(is_sending=True)
    if tap is not None:
        tap(offset, room[:count])
    return count


def _rewritten(
    backup: Backup, reader: Reader, segments: Iterable[Segment], tap: Tap | None
) -> Iterator[Literal | Extract | Zeros | memoryview]:
    """Return segments, and what becomes of those that are written anew; empty blocks meanwhile."""
    for segment in segments:
        if isinstance(segment, Rewritten):
            content = segment.content
            while not reader.is_ready(content.offset, content.length):
                yield _NOT_YET
            yield segment.of(_read_all(backup, reader, content, tap))
        else:
            yield segment


def _in_stages(
    pieces: Iterator[memoryview | Zeros], stream: DecompressedStream, reader: Reader
) -> Iterator[memoryview | Zeros]:
    """Return the pieces; before each stage of the stream empty ones while it is waited for."""
    sent = due = 0
    while True:
        if sent == due:
            while not reader.is_ready(stream.consumed, STAGE + _SLACK):
                yield _NOT_YET
            due += STAGE
        piece = next(pieces, None)
        if piece is None:
            return
        if isinstance(piece, Zeros):
            yield piece
            sent += piece.length
            due = max(due, sent - sent % STAGE + STAGE)
            continue
        while sent + len(piece) > due:
            yield piece[: due - sent]
            piece, sent = piece[due - sent :], due
            while not reader.is_ready(stream.consumed, STAGE + _SLACK):
                yield _NOT_YET
            due += STAGE
        yield piece
        sent += len(piece)


def _read_all(
    backup: Backup, reader: Reader, content: Extract, tap: Tap | None
) -> Iterator[memoryview]:
    """Read a short range."""
    done = 0
    while done < content.length:
        room = memoryview(bytearray(content.length - done))
        count = reader.read_into(room, content.offset + done)
        if not count:
            raise backup.changed(is_sending=True)
        if tap is not None:
            tap(content.offset + done, room[:count])
        yield room[:count]
        done += count


def collected(pieces: Iterator[memoryview | Zeros]) -> Iterator[memoryview | Zeros]:
    """Return the pieces, small ones together in blocks."""
    buffer = memoryview(bytearray(_BUFFER))
    filled = 0
    for piece in pieces:
        length = 0 if isinstance(piece, Zeros) else len(piece)
        is_apart = not length or length >= _WORTH_A_BLOCK
        if filled and (is_apart or length > _BUFFER - filled):
            yield buffer[:filled]
            filled = 0
        if is_apart or isinstance(piece, Zeros):
            yield piece
        else:
            buffer[filled : filled + len(piece)] = piece
            filled += len(piece)
    if filled:
        yield buffer[:filled]


def _read_packed(
    stream: Decompressed, backup: Backup, segments: Iterable[Segment], tap: Tap | None
) -> Iterator[memoryview | Zeros]:
    for segment in segments:
        if isinstance(segment, Literal):
            if segment.data:
                yield memoryview(segment.data)
            continue
        if isinstance(segment, Zeros):
            yield segment
            continue
        content = segment.content if isinstance(segment, Rewritten) else segment
        gap = content.offset - stream.position
        if gap < 0:
            raise ValueError("the offsets of extracts have to rise")
        yield from _pass_over(stream, backup, gap)
        pieces = _unpacked(stream, backup, content, tap)
        if isinstance(segment, Rewritten):
            if written := segment.of(pieces).data:
                yield memoryview(written)
        else:
            yield from pieces


def _unpacked(
    stream: Decompressed, backup: Backup, content: Extract, tap: Tap | None
) -> Iterator[memoryview]:
    left = content.length
    while left:
        piece = stream.next_piece(left)
        if not piece:
            raise backup.changed(is_sending=True)
        if tap is not None:
            tap(content.offset + content.length - left, piece)
        yield piece
        left -= len(piece)


def _pass_over(stream: Decompressed, backup: Backup, length: int) -> Iterator[memoryview]:
    while length:
        step = min(length, STEP)
        if stream.skip(step) < step:
            raise backup.changed(is_sending=True)
        length -= step
        if length:
            yield _NOT_YET
