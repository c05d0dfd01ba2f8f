"""xz's blocks in a damaged file, each decompressed by itself with its own checksum.

How long a block is stands in its header (`xz -T`), or in the index behind all of them (xz file
format 1.2). Where neither says it, what comes out before the damage is all that there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import crc32

from kubectl_restore.archive.compression.decompressors import FORMATS
from kubectl_restore.archive.salvage.pieces import Check, Piece
from kubectl_restore.archive.salvage.unit import Unit
from kubectl_restore.archive.source.magic import MAGIC, Compression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_restore.archive.source.readable import Readable

_HEADER: Final = 12
_FOOTER: Final = 12
_FLAGS: Final = slice(6, 8)
_USUAL_FLAGS: Final = b"\x00\x04"
"""CRC64, as xz itself writes it."""
_CHECKS: Final = (0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64)
"""Bytes of each kind of checksum."""
_SHARE: Final = 1024
_PIECE: Final = 1 << 20
_LARGEST_INDEX: Final = 64 * (1 << 20)
_SIZES: Final = 0xC0


class _Block(NamedTuple):
    """Where a block stands: its header, data and checksum, without padding; and what is in it."""

    at: int
    unpadded: int
    content: int


def xz_pieces(backup: Readable) -> Iterator[Piece]:
    """Return what can be decompressed, block by block."""
    head = backup.read(0, _HEADER)
    is_sound = head[:6] == MAGIC[Compression.XZ] and crc32(head[_FLAGS]) == _number(head[8:12])
    flags = head[_FLAGS] if is_sound else _USUAL_FLAGS
    blocks = _indexed(backup)
    at = _HEADER
    while at < backup.size:
        block = blocks.get(at) or _announced(backup, at, flags)
        if block is not None:
            yield from _block(backup, block, flags)
            at = block.at + block.unpadded + -block.unpadded % 4
        elif _is_block_header(backup.read(at, 1024)):
            yield from _unmeasured(backup, at, flags)
            return
        elif backup.read(at, 1) == b"\x00" and at > _HEADER:
            # The index; another stream may stand behind it.
            at = _next_stream(backup, at)
            if at < backup.size:
                flags = backup.read(at, _HEADER)[_FLAGS]
                at += _HEADER
        else:
            yield Piece(b"", Check.FAILED, at)
            at = _next_block(backup, at + 4, blocks)


def _indexed(backup: Readable) -> dict[int, _Block]:
    """Return the blocks by where they stand, as the index of the last stream has them."""
    end = backup.size
    while end > _FOOTER and not any(backup.read(end - 4, 4)):
        end -= 4
    footer = backup.read(end - _FOOTER, _FOOTER)
    if footer[10:] != b"YZ" or crc32(footer[4:10]) != _number(footer[:4]):
        return {}
    length = 4 * (_number(footer[4:8]) + 1)
    start = end - _FOOTER - length
    if start < _HEADER or length > _LARGEST_INDEX:
        return {}
    index = backup.read(start, length)
    if crc32(index[:-4]) != _number(index[-4:]):
        return {}
    count, at = _variable(index, 1)
    sizes = []
    for _ in range(min(count, length)):
        unpadded, at = _variable(index, at)
        content, at = _variable(index, at)
        sizes.append((unpadded, content))
    place = start - sum(one + -one % 4 for one, _ in sizes)
    blocks = {}
    for unpadded, content in sizes:
        blocks[place] = _Block(place, unpadded, content)
        place += unpadded + -unpadded % 4
    return blocks


def _is_block_header(head: bytes) -> bool:
    length = 4 * (head[0] + 1) if head and head[0] else 0
    return 8 <= length <= len(head) and crc32(head[: length - 4]) == _number(
        head[length - 4 : length]
    )


def _announced(backup: Readable, at: int, flags: bytes) -> _Block | None:
    """Return a block whose own header says how long it is."""
    head = backup.read(at, 1024)
    if not _is_block_header(head) or head[1] & _SIZES != _SIZES:
        return None
    compressed, place = _variable(head, 2)
    content, _ = _variable(head, place)
    check = _CHECKS[flags[1] & 0x0F]
    return _Block(at, 4 * (head[0] + 1) + compressed + check, content)


def _block(backup: Readable, block: _Block, flags: bytes) -> Iterator[Piece]:
    """Decompress one block as a stream of its own."""
    end = block.at + block.unpadded + -block.unpadded % 4
    index = _index_of(block)
    footer = (len(index) // 4 - 1).to_bytes(4, "little") + flags
    tail = index + crc32(footer).to_bytes(4, "little") + footer + b"YZ"
    head = _stream_header(flags)

    def feed(at: int, length: int) -> bytes:
        if at < len(head):
            return head[at : at + length]
        place = block.at + at - len(head)
        if place < end:
            return backup.read(place, min(length, end - place))
        return tail[place - end :][:length]

    unit = Unit(FORMATS[Compression.XZ].new, feed, _SHARE)
    for made in unit.pieces():
        yield Piece(made, Check.OPEN, block.at)
    check = unit.check
    if check is Check.FAILED and unit.made == block.content:
        check = Check.UNPROVED
    yield Piece(b"", check, min(end, block.at + max(0, unit.taken - len(head))))


def _unmeasured(backup: Readable, at: int, flags: bytes) -> Iterator[Piece]:
    """Decompress what follows as far as it goes."""
    head = _stream_header(flags)

    def feed(begin: int, length: int) -> bytes:
        if begin < len(head):
            return head[begin : begin + length]
        return backup.read(at + begin - len(head), length)

    unit = Unit(FORMATS[Compression.XZ].new, feed, _SHARE)
    for made in unit.pieces():
        yield Piece(made, Check.OPEN, at + max(0, unit.taken - len(head)))
    yield Piece(b"", unit.check, at + max(0, unit.taken - len(head)))


def _stream_header(flags: bytes) -> bytes:
    return MAGIC[Compression.XZ] + flags + crc32(flags).to_bytes(4, "little")


def _index_of(block: _Block) -> bytes:
    """Return the index of a stream that has this block alone."""
    index = b"\x00\x01" + _as_variable(block.unpadded) + _as_variable(block.content)
    index += bytes(-len(index) % 4)
    return index + crc32(index).to_bytes(4, "little")


def _next_block(backup: Readable, at: int, blocks: dict[int, _Block]) -> int:
    """Return where the next block or stream begins; blocks stand at multiples of four."""
    later = [place for place in blocks if place >= at]
    if later:
        return min(later)
    while at < backup.size:
        data = backup.read(at, _PIECE + 1024)
        for place in range(0, min(len(data), _PIECE), 4):
            if data[place] and _is_block_header(data[place : place + 1024]):
                return at + place
        at += _PIECE
    return backup.size


def _next_stream(backup: Readable, at: int) -> int:
    while at < backup.size:
        data = backup.read(at, _PIECE + 6)
        found = data.find(MAGIC[Compression.XZ])
        if found >= 0:
            return at + found
        at += _PIECE
    return backup.size


def _number(field: bytes) -> int:
    return int.from_bytes(field, "little")


def _variable(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte; return it and where the next one begins."""
    value = shift = 0
    for byte in data[at : at + 9]:
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if not byte & 0x80:
            break
    return value, at


def _as_variable(value: int) -> bytes:
    made = bytearray()
    while value >= 0x80:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)
