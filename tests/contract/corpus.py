"""Archives that mean no good: what each is refused for, and what is left of it without that.

They are made here, byte by byte. `rest` says which names `--skip-unsafe` restores; None where the
archive as a whole is refused, because what it says is not the same to every tar, or not complete.
"""

from __future__ import annotations

import bz2
import gzip
import sys
from dataclasses import dataclass
from typing import Final

from tests.unit.archive.making import (
    END,
    GNU,
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


@dataclass(frozen=True, slots=True)
class Hostile:
    """One archive.

    Attributes:
        name: what it tries.
        data: the file.
        words: what has to stand in the refusal.
        rest: the paths that are restored when only the refused members are left out.
    """

    name: str
    data: bytes
    words: str
    rest: frozenset[bytes] | None = None


def _members(name: str, words: str, *members: bytes, rest: str = "good") -> Hostile:
    """An archive of which some members are refused, with a good one before them."""
    data = file(b"good") + b"".join(members) + END
    return Hostile(name, data, words, frozenset(rest.encode().split()))


def _whole(name: str, words: str, *blocks: bytes, end: bytes = END) -> Hostile:
    return Hostile(name, file(b"good") + b"".join(blocks) + end, words)


def _with_size(size: bytes, name: bytes = b"f", *, sparse: bytes = b"") -> bytes:
    """A header whose size field is what is given."""
    block = bytearray(header(name, b"S" if sparse else b"0", magic=GNU))
    block[124:136] = size.ljust(12, b"\0")
    block[386 : 386 + len(sparse)] = sparse
    return summed(bytes(block))


def _sparse(*numbers: int, real: int) -> bytes:
    """The fields of an old-GNU sparse map."""
    fields = b"".join(b"%011o\0" % number for number in numbers)
    return fields.ljust(97, b"\0") + b"%011o\0" % real


def _pax_sparse(text: bytes, stored: bytes = b"") -> bytes:
    parts = b"%d" % (text.count(b",") // 2 + 1)
    records = [
        record(b"GNU.sparse.map", text),
        record(b"GNU.sparse.size", b"10"),
        record(b"GNU.sparse.numblocks", parts),
    ]
    return extended(*records) + file(b"f", stored)


_DEEP: Final = b"/".join([b"d" * 250] * 18)
_LONG_WINDOW: Final[dict[int, int]] = {
    zstd.CompressionParameter.window_log: 28,
    zstd.CompressionParameter.enable_long_distance_matching: 1,
}


def _wide() -> bytes:
    """A zstd frame that asks for 256 MiB."""
    packer = zstd.ZstdCompressor(options=_LONG_WINDOW)
    return packer.compress(file(b"f") + END) + packer.flush()


CORPUS: Final = (
    _members("above the target", "..", file(b"../evil")),
    _members("above the target from inside", "..", file(b"a/../../evil")),
    _members("above the target, absolute", "..", file(b"/../evil")),
    _members(
        "above the target by a record", "..", extended(record(b"path", b"../evil")) + file(b"x")
    ),
    _members(
        "above the target by a long name", "..", long_name(b"../" * 40 + b"evil") + file(b"x")
    ),
    _members("above the target by a prefix", "..", header(b"evil", prefix=b"a/../..")),
    _members("a directory above the target", "..", directory(b"../up")),
    _members("no name", "no name", header(b"")),
    _members("the target itself as a file", "replace the target", file(b".")),
    _members("the target itself as a link", "replace the target", symlink(b"./", b"/etc")),
    _members("a component of 256 bytes", "255 bytes", long_name(b"n" * 256) + file(b"n")),
    _members("a path of 4,517 bytes", "4095 bytes", long_name(_DEEP) + file(b"d")),
    _members("a character device", "character device", header(b"null", b"3")),
    _members("a block device", "block device", header(b"sda", b"4")),
    _members("a FIFO", "FIFO", header(b"fifo", b"6")),
    _members("an unknown type", "not known", file(b"odd", kind=b"Q")),
    _members("a link to nothing", "link to nothing", symlink(b"s", b"")),
    _members(
        "a file behind a link",
        "leads outside",
        symlink(b"l", b"/etc") + file(b"l/x"),
        rest="good l",
    ),
    _members(
        "a file behind a link up",
        "leads outside",
        symlink(b"l", b"..") + file(b"l/x"),
        rest="good l",
    ),
    _members(
        "a file behind a chain of links",
        "leads outside",
        symlink(b"a", b"b/up") + symlink(b"b", b".") + symlink(b"up", b"..") + file(b"a/x"),
        rest="good a b up",
    ),
    _members(
        "the link after the file",
        "leads outside",
        file(b"l/x") + symlink(b"l", b"/"),
        rest="good l",
    ),
    _members(
        "a link round in a circle",
        "stays inside",
        symlink(b"l", b"l") + file(b"l/x"),
        rest="good l",
    ),
    _members(
        "a link made of a directory",
        "leads outside",
        directory(b"d/") + file(b"d/x") + symlink(b"d", b"/etc"),
        rest="good d",
    ),
    _members("a file behind a file", "something else", file(b"f") + file(b"f/x"), rest="good f"),
    _members("a hard link up", "out of the target", hard_link(b"h", b"../../etc/passwd")),
    _members(
        "a hard link behind a link",
        "not before it",
        symlink(b"l", b"/etc") + hard_link(b"h", b"l/passwd"),
        rest="good l",
    ),
    _members(
        "a hard link to what comes later",
        "not before it",
        hard_link(b"h", b"later") + file(b"later"),
        rest="good later",
    ),
    _members("a hard link to itself", "to itself", hard_link(b"h", b"h")),
    _members(
        "a hard link to a directory",
        "to a directory",
        directory(b"d/") + hard_link(b"h", b"d"),
        rest="good d",
    ),
    _members(
        "a hard link up by a record",
        "out of the target",
        extended(record(b"linkpath", b"../x")) + hard_link(b"h", b"good"),
    ),
    _members(
        "a hard link to a refused device",
        "refused",
        header(b"null", b"3") + hard_link(b"h", b"null"),
    ),
    _members("above the target by its end", "..", directory(b"good/../..")),
    _members("a link above the target", "..", symlink(b"../l", b"x")),
    _members("a hard link that stands above", "..", hard_link(b"../h", b"good")),
    _members("a FIFO above the target", "..", header(b"../fifo", b"6")),
    _members(
        "a link to 5,000 bytes", "4095 bytes", long_name(b"t/" * 2500, b"K") + symlink(b"s", b"t")
    ),
    _members(
        "a directory of 256 bytes", "255 bytes", long_name(b"n" * 256 + b"/") + directory(b"n/")
    ),
    _members(
        "a directory behind a link",
        "leads outside",
        symlink(b"l", b"/etc") + directory(b"l/d/"),
        rest="good l",
    ),
    _members(
        "a link behind a link",
        "leads outside",
        symlink(b"l", b"../..") + symlink(b"l/x", b"y"),
        rest="good l",
    ),
    _members(
        "a hard link to a file behind a link",
        "refused",
        symlink(b"l", b"/etc") + file(b"l/x") + hard_link(b"h", b"l/x"),
        rest="good l",
    ),
    _members(
        "a file deep behind a link",
        "leads outside",
        symlink(b"l", b"/") + file(b"l/etc/cron.d/x"),
        rest="good l",
    ),
    _members("a file behind a FIFO", "FIFO", header(b"p", b"6") + file(b"p/x")),
    _members(
        "hard links round in a circle",
        "not before it",
        hard_link(b"a", b"b") + hard_link(b"b", b"a"),
    ),
    _members("a name that moves the terminal", "..", file(b"../\x1b[2J\x07evil")),
    _whole(
        "two names for one member",
        "two names",
        extended(record(b"path", b"a")) + long_name(b"b") + file(b"c"),
    ),
    _whole(
        "a record twice",
        "two records",
        extended(record(b"path", b"a"), record(b"path", b"b")) + file(b"c"),
    ),
    _whole("a record longer than its header", "not as long", extended(b"99 path=x\n") + file(b"c")),
    _whole("a record without a length", "no length", extended(b"path=x\n") + file(b"c")),
    _whole("a NUL in a record's name", "NUL", extended(record(b"path", b"a\0b")) + file(b"c")),
    _whole(
        "one name for all members",
        "many members",
        extended(record(b"path", b"x"), kind=b"g") + file(b"c"),
    ),
    _whole(
        "one size for all members",
        "many members",
        extended(record(b"size", b"0"), kind=b"g") + file(b"c"),
    ),
    _whole("a negative size", "negative size", _with_size(b"\xff" * 12)),
    _whole("a size of 2**86", "beyond any disk", _with_size(b"\x80" + b"\x7f" * 11)),
    _whole(
        "a size of 4 EiB and a byte",
        "beyond any disk",
        _with_size(b"\x80" + ((1 << 62) + 1).to_bytes(11, "big")),
    ),
    _whole(
        "a sparse file of 2**80 bytes",
        "sparse",
        _with_size(b"%011o" % 512, sparse=_sparse(0, 512, real=0)[:97] + b"\x80\0" + b"\x7f" * 10)
        + bytes(512),
    ),
    _whole("a size that is no number", "no tar header", _with_size(b"12x45")),
    _whole(
        "a size by a record beyond the end",
        "truncated",
        extended(record(b"size", b"99999999999")) + file(b"f"),
    ),
    _whole("an extended header of 1 GiB", "header", header(b"x", b"x", 1 << 30)),
    _whole("a directory with content", "content", file(b"d/", b"abc", magic=bytes(8), kind=b"\0")),
    _whole(
        "sparse parts that overlap",
        "sparse",
        _with_size(b"%011o" % 1024, sparse=_sparse(0, 512, 256, 512, real=2048)) + bytes(1024),
    ),
    _whole(
        "sparse parts beyond the file",
        "sparse",
        _with_size(b"%011o" % 512, sparse=_sparse(4096, 512, real=1024)) + bytes(512),
    ),
    _whole(
        "a sparse map that does not add up",
        "add up",
        _with_size(b"%011o" % 1024, sparse=_sparse(0, 512, real=2048)) + bytes(1024),
    ),
    _whole("a sparse record that makes no sense", "sparse", _pax_sparse(b"0,5,3,5", b"1234567890")),
    _whole("a sparse record with letters", "", _pax_sparse(b"a,b", b"")),
    _whole("an incremental backup", "incremental", header(b"d/", b"D", 0, magic=GNU)),
    _whole("a part of several volumes", "multi-volume", header(b"f", b"M", magic=GNU)),
    _whole("a header with a wrong checksum", "no tar header", b"\x01" + file(b"f")[1:]),
    _whole("garbage behind a single block of zeros", "single block", bytes(512) + b"x" * 512),
    _whole("no end", "end marker", file(b"f"), end=b""),
    _whole("half a block", "truncated", file(b"f"), end=b"x" * 100),
    Hostile(
        "a gzip with a wrong length", gzip.compress(file(b"f") + END)[:-4] + b"\0\0\0\1", "corrupt"
    ),
    Hostile(
        "a gzip with something behind it",
        gzip.compress(file(b"f") + END)
        + gzip.compress(file(b"g") + END).replace(b"\x1f", b"\x1e", 1),
        "something else",
    ),
    Hostile("a bzip2 cut short", bz2.compress(file(b"f") + END)[:-9], "truncated"),
    Hostile("a window of 256 MiB", _wide(), "128 MiB"),
    Hostile("zeros that unpack to nothing", gzip.compress(b""), "empty"),
)
