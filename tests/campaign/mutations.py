"""Archives of all dialects, and what is done to them. The same seed gives the same bytes."""

from __future__ import annotations

import gzip
import io
import lzma
import random
import sys
import tarfile
from functools import cache
from typing import TYPE_CHECKING, Final

from tests.unit.archive.making import (
    END,
    GNU,
    V7,
    directory,
    extended,
    file,
    hard_link,
    header,
    long_name,
    record,
    summed,
    symlink,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable

    Mutation = Callable[[bytearray, random.Random], None]

BLOCK: Final = 512


def _by_tarfile(layout: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=layout) as archive:
        for name, kind in (
            ("d", tarfile.DIRTYPE), ("d/file", tarfile.REGTYPE), ("d/" + "n" * 90, tarfile.REGTYPE),
            ("hard", tarfile.LNKTYPE), ("soft", tarfile.SYMTYPE), ("fifo", tarfile.FIFOTYPE),
        ):  # fmt: skip
            entry = tarfile.TarInfo(name)
            entry.type, entry.mtime = kind, 1_600_000_000
            content = b"content of a file" * 40 if kind == tarfile.REGTYPE else b""
            entry.size = len(content)
            entry.linkname = "d/file" if kind in {tarfile.LNKTYPE, tarfile.SYMTYPE} else ""
            archive.addfile(entry, io.BytesIO(content))
        if layout != tarfile.USTAR_FORMAT:
            entry = tarfile.TarInfo("l" * 150 + "/\u2603")
            entry.size = 5
            entry.mtime = 1.5 if layout == tarfile.PAX_FORMAT else 1
            archive.addfile(entry, io.BytesIO(b"12345"))
    return out.getvalue()


def _sparse() -> bytes:
    block = bytearray(header(b"sparse", b"S", 1024, magic=GNU))
    fields = b"".join(b"%011o\0" % number for number in (0, 512, 4096, 512))
    block[386 : 386 + len(fields)] = fields
    block[483:495] = b"%011o\0" % 8192
    old = summed(bytes(block)) + bytes(1024)
    numbers = b"2\n0\n512\n4096\n512\n".ljust(BLOCK, b"\0")
    records = [
        record(b"GNU.sparse.major", b"1"),
        record(b"GNU.sparse.minor", b"0"),
        record(b"GNU.sparse.name", b"real"),
        record(b"GNU.sparse.realsize", b"8192"),
    ]
    new = extended(*records) + file(b"GNUSparseFile.0/real", numbers + bytes(1024))
    return old + new + file(b"after") + END


@cache
def bases() -> tuple[bytes, ...]:
    """Return whole archives, not packed."""
    by_hand = (
        directory(b"./") + file(b"./a", b"x" * 700) + hard_link(b"./h", b"./a")
        + symlink(b"s", b"a") + file(b"v7", magic=V7)
        + long_name(b"long/" * 40 + b"x") + file(b"long")
        + extended(record(b"path", b"pax/" * 30 + b"x"), record(b"mtime", b"1.25")) + file(b"pax")
        + extended(record(b"uid", b"5"), kind=b"g") + file(b"global") + END
    )  # fmt: skip
    layouts = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
    return (by_hand, _sparse(), *(_by_tarfile(layout) for layout in layouts))


def mutated(seed: int, number: int) -> bytes:
    """Return one mutated archive, perhaps packed, perhaps mutated once more after that."""
    chance = random.Random(f"{seed}:{number}")  # noqa: S311 - repeatable
    data = bytearray(chance.choice(bases()))
    for _ in range(chance.choice((1, 1, 2, 3))):
        chance.choice(_MUTATIONS)(data, chance)
    if chance.random() < 0.8:
        _put_right(data)
    packing = chance.choice((None,) * 6 + (gzip.compress, zstd.compress, lzma.compress))
    if packing is None:
        return bytes(data)
    data = bytearray(packing(bytes(data)))
    if chance.random() < 0.5 and data:
        chance.choice((_flip, _overwrite, _cut))(data, chance)
    return bytes(data)


def _put_right(data: bytearray) -> None:
    """Make checksums fit again, so that what was changed is looked at."""
    for at in range(0, len(data) - BLOCK + 1, BLOCK):
        block = bytes(data[at : at + BLOCK])
        if block[257:262] == b"ustar" or (block[100:107].isdigit() and block[124:135].isdigit()):
            data[at : at + BLOCK] = summed(block)


def _flip(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _overwrite(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at : at + chance.choice((1, 4, 12, 100))] = chance.randbytes(chance.choice((1, 4, 12)))


def _cut(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(1, len(data) + 1)
    del data[at - at % chance.choice((1, BLOCK)) or 1 :]


def _place(data: bytearray, chance: random.Random) -> int:
    return chance.randrange(max(1, len(data) // BLOCK)) * BLOCK


def _twice(data: bytearray, chance: random.Random) -> None:
    at, count = _place(data, chance), chance.randint(1, 4) * BLOCK
    to = _place(data, chance)
    data[to:to] = data[at : at + count]


def _remove(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    if len(data) > 2 * BLOCK:
        del data[at : at + BLOCK]


def _swap(data: bytearray, chance: random.Random) -> None:
    one, other = _place(data, chance), _place(data, chance)
    first = bytes(data[one : one + BLOCK])
    data[one : one + BLOCK], data[other : other + BLOCK] = data[other : other + BLOCK], first


def _splice(data: bytearray, chance: random.Random) -> None:
    other = chance.choice(bases())
    at = _place(data, chance)
    start = chance.randrange(len(other) // BLOCK) * BLOCK
    data[at:] = other[start:]


_FIELDS: Final = {
    0: (100, (b"", b"../x", b"/abs", b"a\0b", b"d/", b".", b"\xff\n")),
    100: (8, (b"", b"7777777\0", b"00000\0", b"9999999\0", b"\xff" * 8, b" 644 \0")),
    108: (8, (b"", b"\x80" + b"\xff" * 7, b"7777777\0", b"-1\0")),
    124: (12, (b"", b"00000000000\0", b"00000001000\0", b"\xff" * 12, b"\x80" + b"\x7f" * 11,
               b"77777777777\0", b"1\0 ", b"000000000001")),
    136: (12, (b"", b"\xff" * 11 + b"\0", b"77777777777\0", b"\x80" + b"\x01" * 11)),
    156: (1, (b"0", b"\0", b"1", b"2", b"3", b"5", b"6", b"7", b"S", b"L", b"K", b"x", b"g", b"D",
              b"M", b"V", b"A", b"Z")),
    157: (100, (b"", b"d/file", b"../up", b"/etc/passwd", b"a" * 100)),
    257: (8, (b"ustar\00000", b"ustar  \0", bytes(8), b"ustar\0  ", b"USTAR\00000")),
    345: (155, (b"", b"prefix", b"..", b"p" * 155)),
    386: (24, (b"00000000000\00000000001000\0", b"\xff" * 24, b"77777777777\077777777777\0")),
    482: (13, (b"\x01" + b"0" * 12, b"\0" + b"7" * 11 + b"\0")),
}  # fmt: skip


def _field(data: bytearray, chance: random.Random) -> None:
    start, (length, values) = chance.choice(list(_FIELDS.items()))
    at = _place(data, chance) + start
    data[at : at + length] = chance.choice(values).ljust(length, b"\0")[:length]


_RECORDS: Final = (
    record(b"path", b"other"), record(b"path", b""), record(b"size", b"0"), record(b"size", b"512"),
    record(b"size", b"99999999999999999999"), record(b"linkpath", b"../x"),
    record(b"mtime", b"-1.5"),
    record(b"mtime", b"x"), record(b"uid", b"4294967296"), b"5 a=b\n", b"999 path=x\n", b"0 =\n",
    record(b"GNU.sparse.map", b"0,1,2"), record(b"GNU.sparse.size", b"7"),
    record(b"SCHILY.xattr.user.a", b"\0\1"), record(b"GNU.dumpdir", b"Y"),
    record(b"hdrcharset", b"BINARY"),
)  # fmt: skip


def _records(data: bytearray, chance: random.Random) -> None:
    """Put an extended header before some block."""
    count = chance.randint(1, 3)
    kind = chance.choice((b"x", b"x", b"x", b"g"))
    at = _place(data, chance)
    data[at:at] = extended(*chance.sample(_RECORDS, count), kind=kind)


_MUTATIONS: Final[tuple[Mutation, ...]] = (
    _flip, _overwrite, _cut, _twice, _remove, _swap, _splice, _field, _field, _field, _records,
)  # fmt: skip
