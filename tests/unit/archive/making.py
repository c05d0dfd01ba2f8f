"""Archives to read: made by tarfile, by the tars that are installed, and byte by byte."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import sys
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import lz4.frame

from kubectl_restore.archive.index.read import read_index
from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.deadline import Watch
from kubectl_restore.progress import Level, Silence, Status

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from kubectl_restore.archive.index.index import Index

__all__ = ["zstd"]

PACKERS: Final[dict[Compression, Callable[[bytes], bytes]]] = {
    Compression.GZIP: lambda data: gzip.compress(data, 6, mtime=0),
    Compression.BZIP2: bz2.compress,
    Compression.XZ: lambda data: lzma.compress(data, preset=1),
    Compression.ZSTD: lambda data: zstd.compress(
        data, options={zstd.CompressionParameter.checksum_flag: 1}
    ),
    Compression.LZ4: lambda data: lz4.frame.compress(data, content_checksum=True),
}


def packed(data: bytes, compression: Compression) -> bytes:
    """Return the data, packed."""
    return data if compression is Compression.NONE else PACKERS[compression](data)


END: Final = bytes(1024)
GNU: Final = b"ustar  \x00"
POSIX: Final = b"ustar\x0000"
V7: Final = bytes(8)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def summed(block: bytes) -> bytes:
    """Return a header block with its checksum put right."""
    block = block[:148] + b" " * 8 + block[156:]
    return block[:148] + b"%06o\x00 " % sum(block) + block[156:]


def header(
    name: bytes,
    kind: bytes = b"0",
    size: int = 0,
    *,
    link: bytes = b"",
    magic: bytes = POSIX,
    mode: int = 0o644,
    prefix: bytes = b"",
) -> bytes:
    """Return one header block."""
    start = name.ljust(100, b"\x00") + b"%07o\x00%07o\x00%07o\x00" % (mode, 0, 0)
    start += b"%011o\x00%011o\x00" % (size, 1_600_000_000) + b" " * 8 + kind
    start += link.ljust(100, b"\x00") + magic
    return summed((start.ljust(345, b"\x00") + prefix).ljust(512, b"\x00"))


def file(
    name: bytes, content: bytes = b"abc", *, kind: bytes = b"0", magic: bytes = POSIX
) -> bytes:
    """Return a member: header, content, padding."""
    return header(name, kind, len(content), magic=magic) + padded(content)


def symlink(name: bytes, target: bytes) -> bytes:
    return header(name, b"2", link=target)


def hard_link(name: bytes, target: bytes) -> bytes:
    return header(name, b"1", link=target)


def directory(name: bytes) -> bytes:
    return header(name, b"5", mode=0o755)


def record(key: bytes, value: bytes) -> bytes:
    """Return a PAX record, whose length counts its own digits."""
    length = len(key) + len(value) + 3
    while True:
        text = b"%d %s=%s\n" % (length, key, value)
        if len(text) == length:
            return text
        length = len(text)


def extended(*records: bytes, kind: bytes = b"x") -> bytes:
    """Return a PAX extended header."""
    data = b"".join(records)
    return header(b"pax", kind, len(data)) + padded(data)


def long_name(name: bytes, kind: bytes = b"L") -> bytes:
    """Return GNU's prefix block for a long name."""
    return header(b"././@LongLink", kind, len(name) + 1, magic=GNU) + padded(name + b"\x00")


@dataclass
class Heard(Silence):
    """A progress that remembers."""

    statuses: list[Status] = field(default_factory=list)

    warnings: list[str] = field(default_factory=list)

    def status(self, status: Status) -> None:
        self.statuses.append(status)

    def message(self, level: Level, text: str) -> None:
        if level is Level.WARNING:
            self.warnings.append(text)


def index_of(path: Path, *, allow_missing_end: bool = False, heard: Silence | None = None) -> Index:
    """Read a file's index."""
    with BackupFile.open(path) as backup:
        return read_index(
            backup,
            allow_missing_end=allow_missing_end,
            progress=heard or Silence(),
            watch=Watch(None),
        )


def index_of_bytes(where: Path, data: bytes, *, allow_missing_end: bool = False) -> Index:
    """Read the index of a file with these bytes."""
    path = where / "backup"
    path.write_bytes(data)
    return index_of(path, allow_missing_end=allow_missing_end)


ODD_NAMES: Final = (
    b"plain",
    b"with blank and 'quotes\"",
    b"new\nline",
    b"-rf",
    b"latin-\xe9\xff",
    "snowman-\u2603".encode(),
    b"/".join([b"deep" * 20] * 4),
    b"l" * 101,
    b"/".join([b"n" * 149] * 2),
    b"/absolute",
    b"./dotted/./twice//slashed",
)


def sample(layout: int = tarfile.GNU_FORMAT, seed: int = 1) -> bytes:
    """Return an archive with every kind of member, by tarfile."""
    randomness = random.Random(seed)  # noqa: S311 - content, no secret
    buffer = io.BytesIO()
    with tarfile.open(
        fileobj=buffer, mode="w", format=layout, encoding="utf-8", errors="surrogateescape"
    ) as tar:
        for info, content in _members(layout, randomness):
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def _members(layout: int, randomness: random.Random) -> Iterable[tuple[tarfile.TarInfo, bytes]]:
    for number, name in enumerate(ODD_NAMES):
        if layout == tarfile.USTAR_FORMAT and (len(name) > 250 or name == b"l" * 101):
            continue
        info = tarfile.TarInfo(name.decode("utf-8", "surrogateescape"))
        content = randomness.randbytes(randomness.choice([0, 1, 511, 512, 513, 4000]))
        info.size, info.mode, info.mtime = len(content), 0o600 + number, 1_500_000_000 + number
        info.uid, info.gid = 1000 + number, 2000
        yield info, content
    for text, kind, link in (
        ("directory", tarfile.DIRTYPE, ""),
        ("link", tarfile.SYMTYPE, "/etc/passwd"),
        ("far", tarfile.SYMTYPE, "t" * (99 if layout == tarfile.USTAR_FORMAT else 300)),
        ("hard", tarfile.LNKTYPE, "plain"),
    ):
        info = tarfile.TarInfo(text)
        info.type, info.linkname = kind, link
        info.mode = 0o755
        yield info, b""


def zipped(data: bytes, members: int = 1, level: int = 6) -> bytes:
    """Return the data in so many gzip members."""
    step = -(-len(data) // members)
    return b"".join(
        gzip.compress(data[at : at + step], level, mtime=0) for at in range(0, len(data), step)
    )
