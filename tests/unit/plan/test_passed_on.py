"""Whatever header is accepted, each of the four tars restores what the index says.

What all four read alike is passed on as it stands; every other header is written anew.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from kubectl_restore.archive.index.read import read_index
from kubectl_restore.archive.members.member import Extra, Kind
from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.stream.normalise import Dialect, time_of
from kubectl_restore.archive.stream.segments import Zeros, read_segments
from kubectl_restore.archive.trust.safety import refusals
from kubectl_restore.deadline import Watch
from kubectl_restore.errors import BackupError
from kubectl_restore.plan.sameness import Policy
from kubectl_restore.progress import Silence
from tests.unit.archive.making import END, extended, long_name, padded, record
from tests.unit.plan.planning import make_plan

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_restore.archive.members.members import Members

_FRACTIONS: Final = Extra.FRACTION
TARS: Final = {
    "tar": Dialect(holes=True, extras=_FRACTIONS),
    "busybox tar": Dialect(),
    "bsdtar": Dialect(holes=True, extras=_FRACTIONS, old_fractions=False),
    "toybox tar": Dialect(holes=True, old_times=False),
}
STYLES: Final = (
    lambda value, width: b"%0*o\0" % (width - 1, value),
    lambda value, width: b"%0*o " % (width - 1, value),
    lambda value, width: b"%0*o \0" % (width - 2, value),
    lambda value, width: b"%*o\0" % (width - 1, value),
    lambda value, width: b"%*o \0" % (width - 2, value),
    lambda value, width: b"%0*o" % (width, value),
    lambda value, _: b"%o\0" % value,
    lambda value, _: b" %o " % value,
    lambda value, width: b"\x80" + value.to_bytes(width - 1, "big"),
)
SUMS: Final = (b"%06o\0 ", b"%07o\0", b"%06o \0", b"%6o\0 ", b"%o\0", b"%08o", b" %o ")
MAGICS: Final = (
    b"ustar\x0000",
    b"ustar  \0",
    bytes(8),
    b"ustar\0  ",
    b"ustar\0\0\0",
    b"ustar\x0010",
)
TIMES: Final = (0, 1, 1_600_000_000, 4_102_444_800, 0o77777777777, -1, -86_400, 1 << 33)


def usual(chance: random.Random) -> bool:
    return chance.random() < 0.88


def header_of(chance: random.Random, name: bytes, kind: bytes, size: int, link: bytes) -> bytes:
    """A header in somebody's style; most fields are usual, so that some headers are wholly."""

    def number(value: int, width: int) -> bytes:
        style = STYLES[0] if usual(chance) else chance.choice(STYLES)
        try:
            field = style(value, width)
        except (OverflowError, ValueError):
            field = b"\xff" * width
        if value < 0:
            field = b"\xff" + (value % (1 << 8 * (width - 1))).to_bytes(width - 1, "big")
        if len(field) > width:
            field = b"\x80" + value.to_bytes(width - 1, "big")
        return field.ljust(width, b"\0")

    def text(value: bytes, width: int) -> bytes:
        if usual(chance) or len(value) + 1 >= width:
            return value.ljust(width, b"\0")
        return (value + b"\0" + chance.randbytes(width))[:width]

    magic = chance.choice(MAGICS[:2]) if usual(chance) else chance.choice(MAGICS)
    mode = chance.choice((0o644, 0o100644, 0o40755, 0o4755, 0o600, 0o777))
    if kind == b"5":
        mode |= 0o700
    block = text(name, 100) + number(mode, 8)
    block += number(chance.choice((0, 1000, 65534, 3_000_000)), 8)
    block += number(chance.choice((0, 1000)), 8) + number(size, 12)
    block += number(chance.choice(TIMES), 12) + b" " * 8 + kind + text(link, 100) + magic
    block += text(b"user", 32) + text(b"group", 32)
    block += b"0000000\0" * 2 if usual(chance) else chance.choice((bytes(16), b" " * 16, b"x" * 16))
    tail = bytes(167)
    if not usual(chance) and magic == MAGICS[0]:
        tail = b"pre/fix".ljust(155, b"\0") + bytes(12)
    elif not usual(chance):
        tail = chance.choice((b"14236015340\x0014236015340\0", b"junk", b"")).ljust(167, b"\0")
    block += tail
    total = sum(block)
    summed = (SUMS[0] if usual(chance) else chance.choice(SUMS)) % total
    return block[:148] + summed.ljust(8, b"\0")[:8] + block[156:]


def archive(chance: random.Random) -> bytes:
    """Members of all sorts, each with names of its own."""
    parts = []
    for number in range(80):
        stem = b"%03d-" % number
        name = stem + chance.choice(
            (b"n", b"x" * 96, b"\xe9\xbe\xa0" * 32, b"with blank", b"y" * 95)
        )
        content = chance.choice((b"", b"abc", b"x" * 512, b"y" * 700))
        kind = chance.choice((b"0", b"0", b"0", b"\0", b"7", b"5", b"2", b"1"))
        link = chance.choice((b"target", b"t" * 100)) if kind == b"2" else b""
        if kind == b"1":
            parts.append(header_of(chance, stem + b"first", b"0", 3, b"") + padded(b"abc"))
            link = stem + b"first"
        before = b""
        if chance.random() < 0.1:
            before = long_name(stem + b"long/" * 30 + b"name")
        elif chance.random() < 0.1:
            before = extended(record(b"mtime", chance.choice((b"-1.5", b"5.25", b"7"))))
        if kind in {b"5", b"2", b"1"}:
            content = b""
        parts.append(before + header_of(chance, name[:100], kind, len(content), link))
        parts.append(padded(content))
    return b"".join(parts) + END


def accepted(where: Path, chance: random.Random) -> bytes:
    """An archive whose members are all taken: those that are refused are left out."""
    path = where / "one"
    data = archive(chance)
    kept = [data]
    while True:
        path.write_bytes(b"".join(kept))
        try:
            with BackupFile.open(path) as backup:
                index = read_index(
                    backup, allow_missing_end=False, progress=Silence(), watch=Watch(None)
                )
        except BackupError:
            kept = [archive(chance)]
            continue
        if not refusals(index):
            return kept[0]
        kept = [archive(chance)]


def stream_of(path: Path, dialect: Dialect) -> tuple[bytes, Members]:
    with BackupFile.open(path) as backup:
        index = read_index(backup, allow_missing_end=False, progress=Silence(), watch=Watch(None))
        plan = make_plan(index, {}, Policy(dialect=dialect))
        assert plan.layout is not None
        blocks = read_segments(backup, index.compression, plan.layout.segments(), Watch(None))
        data = b"".join(bytes(it.length) if isinstance(it, Zeros) else bytes(it) for it in blocks)
        return data, index.members


@pytest.mark.parametrize("tar", TARS)
@pytest.mark.parametrize("seed", range(4))
def test_each_tar_restores_what_the_index_says(tmp_path: Path, tar: str, seed: int) -> None:
    if shutil.which(tar.split(maxsplit=1)[0]) is None:
        pytest.skip(f"{tar} is not installed")
    dialect = TARS[tar]
    path = tmp_path / "backup"
    path.write_bytes(accepted(tmp_path, random.Random(seed)))  # noqa: S311 - headers
    data, members = stream_of(path, dialect)
    assert any(one.is_common for one in members)
    target = tmp_path / "target"
    target.mkdir()
    done = subprocess.run(
        [*tar.split(), "-x", "-p", "--numeric-owner", "-f", "-"],
        cwd=target,
        input=data,
        capture_output=True,
        check=False,
        env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
    )
    assert done.returncode == 0, done.stderr[:1000]
    for one in members:
        place = os.path.join(os.fsencode(target), one.path)
        status = os.lstat(place)
        if one.kind is Kind.SYMLINK:
            assert os.readlink(place) == one.link  # noqa: PTH115 - bytes
            continue
        if one.kind is Kind.DIRECTORY:
            assert os.path.isdir(place)  # noqa: PTH112 - bytes
            continue
        if one.kind is Kind.HARDLINK:
            other = os.path.join(os.fsencode(target), one.link)
            assert os.lstat(other).st_ino == status.st_ino
            continue
        assert status.st_size == one.size, one
        assert int(status.st_mtime // 1) == time_of(one, dialect), one
        if os.geteuid() == 0:
            assert status.st_mode & 0o7777 == one.mode, one
            assert (status.st_uid, status.st_gid) == (one.uid, one.gid), one
