"""What is sent is restored by every tar as GNU tar itself restores the archive."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from kubectl_restore.archive.index.read import read_index
from kubectl_restore.archive.members.member import Extra
from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.archive.stream.normalise import Dialect
from kubectl_restore.archive.stream.segments import Zeros, read_segments
from kubectl_restore.archive.trust.safety import refusals
from kubectl_restore.deadline import Watch
from kubectl_restore.plan.sameness import Policy
from kubectl_restore.progress import Silence
from tests.unit.archive.making import (
    END,
    V7,
    directory,
    extended,
    file,
    hard_link,
    header,
    packed,
    padded,
    record,
    symlink,
)
from tests.unit.plan.planning import make_plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALL_EXTRAS: Final = Extra.FRACTION | Extra.XATTRS | Extra.ACL
TARS: Final = {
    "tar": Dialect(holes=True, extras=ALL_EXTRAS),
    "busybox tar": Dialect(),
    "bsdtar": Dialect(holes=True, extras=ALL_EXTRAS),
    "toybox tar": Dialect(holes=True),
}


def sent(where: Path, archive: bytes, dialect: Dialect) -> tuple[bytes, bytes]:
    """Return the stream that a restore into an empty target sends, and its second archive."""
    path = where / "backup"
    path.write_bytes(archive)
    with BackupFile.open(path) as backup:
        index = read_index(backup, allow_missing_end=False, progress=Silence(), watch=Watch(None))
        assert refusals(index) == []
        index.members.give_to(os.getuid(), os.getgid())
        plan = make_plan(index, {}, Policy(dialect=dialect))
        assert plan.layout is not None
        streams = []
        for segments in (plan.layout.segments(), plan.layout.directories.segments()):
            blocks = read_segments(backup, index.compression, segments, Watch(None))
            streams.append(
                b"".join(
                    bytes(block.length) if isinstance(block, Zeros) else bytes(block)
                    for block in blocks
                )
            )
    stream, directories = streams
    assert (len(stream), len(directories)) == (plan.layout.total, plan.layout.directories.total)
    return stream, directories


def restored(where: Path, tar: str, streams: tuple[bytes, bytes]) -> dict[str, tuple[object, ...]]:
    """Extract as the agent does; return each path's kind, mode, time, content and links."""
    target = where / "target"
    target.mkdir()
    for stream in streams:
        if stream:
            subprocess.run(
                [*tar.split(), "-x", "-p", "--numeric-owner", "-f", "-"],
                cwd=target, input=stream, check=True, env={**os.environ, "LC_ALL": "C"},
            )  # fmt: skip
    return dict(entries(target))


def entries(top: Path) -> Iterator[tuple[str, tuple[object, ...]]]:
    for path in sorted(top.rglob("*")):
        status = path.lstat()
        content: object = None
        if path.is_symlink():
            content = path.readlink()
        elif path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        mode = None if path.is_symlink() else status.st_mode & 0o7777
        mtime = None if path.is_symlink() else int(status.st_mtime)
        links = status.st_nlink if path.is_file() else 0
        yield str(path.relative_to(top)), (mode, mtime, content, links)


def by_gnu(where: Path, *words: str) -> bytes:
    """Return an archive of a tree of holes, made by GNU tar."""
    top = where / "source"
    top.mkdir()
    for name, parts, size in (
        ("few", [(0, b"start"), (5_000_000, b"end")], 5_000_003),
        ("many", [(at * 65_536, b"%d" % at) for at in range(60)], 8_000_000),
        ("empty", [], 3_000_000),
        ("l" * 120, [(2_000_000, b"long")], 2_000_004),
    ):
        with (top / name).open("wb") as made:
            for at, content in parts:
                made.seek(at)
                made.write(content)
            made.truncate(size)
        os.utime(top / name, (1_600_000_000, 1_600_000_000.25))
    (top / "small").write_bytes(b"no holes")
    os.utime(top / "small", (1, 1))
    tar = ["tar", *words, "--sort=name", "-cf", "-", "-C", str(top)]
    done = subprocess.run(
        [*tar, *sorted(one.name for one in top.iterdir())], stdout=subprocess.PIPE, check=True
    )
    return done.stdout


@pytest.fixture(params=TARS)
def tar(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if shutil.which(name.split(maxsplit=1)[0]) is None:
        pytest.skip(f"{name} is not installed")
    return name


@pytest.mark.parametrize("compression", [Compression.NONE, Compression.ZSTD])
@pytest.mark.parametrize(
    "words",
    [
        ("-S", "--format=gnu"),
        ("-S", "--format=posix", "--sparse-version=0.0"),
        ("-S", "--format=posix", "--sparse-version=0.1"),
        ("-S", "--format=posix", "--sparse-version=1.0"),
        ("--format=posix",),
    ],
    ids=" ".join,
)
def test_holes_come_back_whatever_their_format(
    tmp_path: Path, tar: str, words: tuple[str, ...], compression: Compression
) -> None:
    archive = by_gnu(tmp_path, *words)
    streams = sent(tmp_path, packed(archive, compression), TARS[tar])
    assert restored(tmp_path, tar, streams) == dict(entries(tmp_path / "source"))


def old(name: bytes, content: bytes) -> bytes:
    return file(name, content, magic=V7)


def sized_by_record(name: bytes, content: bytes) -> bytes:
    return extended(record(b"size", b"%d" % len(content))) + header(name) + padded(content)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ((file(b"/abs/one", b"1"), hard_link(b"/abs/two", b"/abs/one")), {"abs/one", "abs/two"}),
        ((file(b"./a//b/./c", b"1"),), {"a/b/c"}),
        ((old(b"v7", b"old"), old(b"v7dir/", b"")), {"v7", "v7dir"}),
        ((sized_by_record(b"r", b"x" * 700), file(b"next")), {"r", "next"}),
        ((file(b"\xff\x80", b"1"), directory(b"caf\xe9/")), {"\udcff\udc80", "caf\udce9"}),
        ((extended(record(b"path", "\u2603/\u00e9".encode())) + file(b"x"),), {"\u2603/\u00e9"}),
        ((extended(record(b"comment", b"c"), record(b"atime", b"1.5")) + file(b"x"),), {"x"}),
        ((extended(record(b"gid", b"7"), kind=b"g") + file(b"x"), file(b"y")), {"x", "y"}),
        ((file(b"f", b"old"), file(b"f", b"new!")), {"f"}),
        ((file(b"d", b"1"), directory(b"d/"), file(b"d/x")), {"d/x"}),
        ((directory(b"d/"), file(b"d", b"1")), {"d"}),
        ((symlink(b"s", b"/etc"), file(b"s", b"1")), {"s"}),
        ((file(b"a", b"1"), hard_link(b"b", b"a"), hard_link(b"c", b"b"), file(b"a", b"22")),
         {"a", "b", "c"}),
    ],
)  # fmt: skip
def test_what_tars_stumble_over(
    tmp_path: Path, tar: str, members: tuple[bytes, ...], expected: set[str]
) -> None:
    found = restored(tmp_path, tar, sent(tmp_path, b"".join(members) + END, TARS[tar]))
    assert expected <= found.keys()
    assert {name for name in found if not any(one.startswith(f"{name}/") for one in found)} == (
        expected
    )


def test_what_replaced_a_file_leaves_its_links_alone(tmp_path: Path, tar: str) -> None:
    members = (file(b"a", b"1"), hard_link(b"b", b"a"), hard_link(b"c", b"b"), file(b"a", b"22"))
    found = restored(tmp_path, tar, sent(tmp_path, b"".join(members) + END, TARS[tar]))
    sizes = {name: (tmp_path / "target" / name).stat().st_size for name in found}
    assert sizes == {"a": 2, "b": 1, "c": 1}
    assert [found[name][3] for name in "abc"] == [1, 2, 2]
