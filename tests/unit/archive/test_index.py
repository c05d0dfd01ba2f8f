"""The index against two other opinions: tarfile's, and what the installed tars write."""

from __future__ import annotations

import gzip
import io
import os
import random
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.archive.index.read import read_index
from kubectl_restore.archive.members.member import Extra, Kind, Member, normal_path
from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.deadline import Watch
from kubectl_restore.errors import BackupError, SignalledError, TimedOutError
from kubectl_restore.progress import Phase, Silence
from tests.unit.archive.making import (
    END,
    GNU,
    POSIX,
    V7,
    Heard,
    directory,
    extended,
    file,
    hard_link,
    header,
    index_of,
    index_of_bytes,
    long_name,
    padded,
    record,
    sample,
    summed,
    symlink,
    zipped,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_restore.archive.index.index import Index

LAYOUTS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
KINDS = {
    Kind.FILE: tarfile.TarInfo.isreg,
    Kind.DIRECTORY: tarfile.TarInfo.isdir,
    Kind.SYMLINK: tarfile.TarInfo.issym,
    Kind.HARDLINK: tarfile.TarInfo.islnk,
}


def tiles(index: Index) -> bool:
    """Tell whether the ranges of members cover the stream without a gap."""
    ranges = sorted((one.offset, one.length) for one in index.members)
    at = 0
    for offset, length in ranges:
        if offset != at or length <= 0:
            return False
        at += length
    return index.stream_length == at + (0 if index.missing_end else 1024)


def assert_as_tarfile_says(index: Index, data: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(data), encoding="utf-8", errors="surrogateescape") as tar:
        infos = tar.getmembers()
    assert len(infos) == len(index.members) > 0
    for info, member in zip(infos, index.members, strict=True):
        name = info.name.encode("utf-8", "surrogateescape")
        assert member.name.rstrip(b"/") == name
        assert KINDS[member.kind](info)
        assert member.mode == info.mode & 0o7777
        assert member.mtime == info.mtime // 1
        assert (Extra.FRACTION in member.extras) == (info.mtime != info.mtime // 1)
        assert (member.uid, member.gid) == (info.uid, info.gid)
        assert member.link == info.linkname.encode("utf-8", "surrogateescape")
        assert member.size == (info.size if info.isreg() else 0)
        # A member's bytes alone, with an end marker, are an archive of just that member.
        alone = data[member.offset : member.offset + member.length] + END
        with tarfile.open(
            fileobj=io.BytesIO(alone), encoding="utf-8", errors="surrogateescape"
        ) as one:
            assert [each.name for each in one.getmembers()] == [info.name]
    assert tiles(index)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("packed", [False, True])
def test_every_layout_is_read_as_tarfile_reads_it(
    tmp_path: Path, layout: int, *, packed: bool
) -> None:
    data = sample(layout)
    index = index_of_bytes(tmp_path, zipped(data, 3) if packed else data)
    assert_as_tarfile_says(index, data)
    assert index.warnings == ()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with every kind of entry that a tar meets."""
    top = tmp_path_factory.mktemp("tree")
    randomness = random.Random(5)  # noqa: S311 - content, no secret
    where = os.fsencode(top)
    for number, name in enumerate(
        (b"plain", b"new\nline", b"-rf", b"latin-\xe9\xff", b"y" * 250, b"empty", b"with 'quotes\"")
    ):
        with open(where + b"/" + name, "wb") as out:  # noqa: PTH123 - a name of bytes
            out.write(b"" if name == b"empty" else randomness.randbytes(700 * number))
    deep = top / ("d" * 120) / ("e" * 120)
    deep.mkdir(parents=True)
    (deep / "deep").write_bytes(b"deep")
    (top / "link").symlink_to("/etc/passwd")
    (top / "far").symlink_to("t" * 250)
    (top / "hard").hardlink_to(top / "plain")
    (top / "old").write_bytes(b"old")
    os.utime(top / "old", ns=(0, -5_500_000_000))
    os.utime(top / "plain", ns=(0, 1_600_000_000_250_000_000))
    with (top / "holes").open("wb") as holes:
        for at in range(40):
            holes.seek(at * 1_000_000)
            holes.write(b"data" * 100)
        holes.truncate(50_000_000)
    return top


def made_by(words: list[str], where: Path) -> bytes:
    """Return the archive that a tar writes; skip where there is no such tar."""
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    return subprocess.run(words, cwd=where, check=True, stdout=subprocess.PIPE).stdout


def assert_is_tree(index: Index, top: Path, *, before_1970: bool = True) -> None:
    """Hold an index against the files that were packed.

    busybox and bsdtar write times before 1970 wrong (0, or -6.5 for -5.5): `before_1970=False`.
    """
    where = os.fsencode(top)
    found = {member.path: member for member in index.members}
    expected = [
        os.path.relpath(parent + b"/" + name, where)
        for parent, directories, files in os.walk(where)
        for name in directories + files
    ]
    assert found.keys() - {b""} == set(expected)
    for path in expected:
        status, member = os.lstat(where + b"/" + path), found[path]
        if status.st_mtime >= 0 or before_1970:
            assert member.mtime == status.st_mtime_ns // 1_000_000_000
        assert member.mode == status.st_mode & 0o7777
        assert (member.uid, member.gid) == (status.st_uid, status.st_gid)
        if member.kind is Kind.FILE:
            assert member.size == status.st_size
        elif member.kind is Kind.SYMLINK:
            assert member.link == os.readlink(where + b"/" + path)  # noqa: PTH115 - a name of bytes
        elif member.kind is Kind.HARDLINK:
            target = where + b"/" + normal_path(member.link)
            assert os.lstat(target).st_ino == status.st_ino
        else:
            assert member.kind is Kind.DIRECTORY
    assert tiles(index)


@pytest.mark.parametrize("layout", ["gnu", "oldgnu", "posix"])
@pytest.mark.parametrize(
    "sparse", ["", "-S --sparse-version=0.0", "-S --sparse-version=0.1", "-S --sparse-version=1.0"]
)
def test_what_gnu_tar_writes(tmp_path: Path, tree: Path, layout: str, sparse: str) -> None:
    if b"GNU" not in made_by(["tar", "--version"], tree):
        pytest.skip("tar is not GNU tar")
    data = made_by(["tar", "-c", f"--format={layout}", *sparse.split(), "."], tree)
    index = index_of_bytes(tmp_path, data)
    assert_is_tree(index, tree)
    with_holes = [one.path for one in index.members if one.extents is not None]
    assert with_holes == ([b"holes"] if sparse else [])
    if sparse:
        assert len(data) < 5_000_000


@pytest.mark.parametrize("layout", ["gnutar", "pax", "ustar"])
def test_what_bsdtar_writes(tmp_path: Path, tree: Path, layout: str) -> None:
    words = ["bsdtar", "-c", "-f", "-", "--format", layout]
    if layout == "ustar":
        names = ["plain", "hard", "link", "empty", "-rf"]
        data = made_by([*words, "--", *names], tree)
        index = index_of_bytes(tmp_path, data)
        assert {one.path for one in index.members} == {name.encode() for name in names}
        assert tiles(index)
    else:
        index = index_of_bytes(tmp_path, made_by([*words, "."], tree))
        assert_is_tree(index, tree, before_1970=False)


def test_what_busybox_writes(tmp_path: Path, tree: Path) -> None:
    data = made_by(["busybox", "tar", "-c", "-f", "-", "."], tree)
    assert_is_tree(index_of_bytes(tmp_path, data), tree, before_1970=False)


@pytest.mark.parametrize("kind", [b"\x00", b"0", b"7"])
@pytest.mark.parametrize("magic", [V7, GNU, POSIX])
def test_each_way_to_say_file(tmp_path: Path, kind: bytes, magic: bytes) -> None:
    (member,) = index_of_bytes(tmp_path, file(b"f", kind=kind, magic=magic) + END).members
    assert (member.kind, member.size, member.length) == (Kind.FILE, 3, 1024)
    assert member.is_common == (magic != V7 and kind == b"0")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (b"1", Kind.HARDLINK),
        (b"2", Kind.SYMLINK),
        (b"3", Kind.CHARACTER_DEVICE),
        (b"4", Kind.BLOCK_DEVICE),
        (b"5", Kind.DIRECTORY),
        (b"6", Kind.FIFO),
    ],
)
def test_links_and_nodes_have_no_data_whatever_their_size_says(
    tmp_path: Path, kind: bytes, expected: Kind
) -> None:
    # GNU, busybox, bsdtar and toybox all look for the next header right behind.
    odd = header(b"odd", kind, 600, link=b"x")
    index = index_of_bytes(tmp_path, odd + file(b"next") + END)
    assert [(one.kind, one.size, one.length) for one in index.members] == [
        (expected, 0, 512),
        (Kind.FILE, 3, 1024),
    ]


def test_a_type_that_is_not_known_is_passed_over(tmp_path: Path) -> None:
    index = index_of_bytes(tmp_path, file(b"odd", kind=b"Q") + file(b"next") + END)
    assert [one.kind for one in index.members] == [Kind.OTHER, Kind.FILE]


def test_a_file_with_a_slash_at_its_end_is_a_directory(tmp_path: Path) -> None:
    (member,) = index_of_bytes(tmp_path, header(b"d/", magic=V7) + END).members
    assert (member.kind, member.path) == (Kind.DIRECTORY, b"d")
    with pytest.raises(BackupError, match="corrupt"):
        index_of_bytes(tmp_path, file(b"d/") + END)


def test_signed_check_sums_are_accepted(tmp_path: Path) -> None:
    block = file(b"\xff\xfe" * 20)
    signed = sum(byte - 256 * (byte >= 0x80) for byte in block[:148] + block[156:512]) + 256
    block = block[:148] + b"%06o\x00 " % signed + block[156:]
    assert [one.name for one in index_of_bytes(tmp_path, block + END).members] == [b"\xff\xfe" * 20]


def test_base_256_numbers(tmp_path: Path) -> None:
    block = file(b"f")
    time = b"\xff" * 11 + b"\xfe"  # -2
    uid = b"\x80" + (3_000_000_000).to_bytes(7, "big")
    gid = b"\x80" + (0xFFFF_FFFE).to_bytes(7, "big")
    size = b"\x80" + (3).to_bytes(11, "big")
    block = block[:108] + uid + gid + size + time + block[148:]
    (member,) = index_of_bytes(tmp_path, summed(block[:512]) + block[512:] + END).members
    assert (member.uid, member.gid) == (3_000_000_000, 4_294_967_294)
    assert (member.size, member.mtime) == (3, -2)
    block = block[:108] + gid + block[116:]
    (member,) = index_of_bytes(tmp_path, summed(block[:512]) + block[512:] + END).members
    assert member.uid == 4_294_967_294


def test_a_file_over_8_gib_is_measured_not_read(tmp_path: Path) -> None:
    size = 9 << 30
    block = header(b"huge", magic=GNU)
    block = summed(block[:124] + b"\x80" + size.to_bytes(11, "big") + block[136:])
    path = tmp_path / "huge"
    with path.open("wb") as out:
        out.write(block)
        out.seek(512 + size)
        out.write(file(b"next") + END)
    index = index_of(path)
    assert [(one.path, one.size) for one in index.members] == [(b"huge", size), (b"next", 3)]
    assert tiles(index)


def test_a_size_in_a_pax_record_counts(tmp_path: Path) -> None:
    data = extended(record(b"size", b"700")) + header(b"f", size=0) + padded(b"x" * 700) + END
    (member,) = index_of_bytes(tmp_path, data).members
    assert (member.size, member.length, member.prefix) == (700, 2560, 1536)
    assert not member.is_common
    same = extended(record(b"size", b"3")) + file(b"f") + END
    assert index_of_bytes(tmp_path, same).members[0].size == 3
    nothing = extended(record(b"size", b"0")) + header(b"f", size=700) + END
    (member,) = index_of_bytes(tmp_path, nothing).members
    assert (member.size, member.length) == (0, 1536)


@pytest.mark.parametrize(
    ("text", "whole", "fraction"),
    [(b"0", 0, False), (b"7.5", 7, True), (b"-1.5", -2, True), (b"-3.000", -3, False)],
)
def test_times_are_rounded_down(tmp_path: Path, text: bytes, whole: int, *, fraction: bool) -> None:
    data = extended(record(b"mtime", text)) + file(b"f") + END
    (member,) = index_of_bytes(tmp_path, data).members
    assert (member.mtime, Extra.FRACTION in member.extras) == (whole, fraction)
    assert (member.nanoseconds > 0) == fraction


def test_global_headers_hold_for_what_follows(tmp_path: Path) -> None:
    comment = extended(record(b"comment", b"0123abcd"), kind=b"g")
    owner = extended(record(b"uid", b"70"), record(b"mtime", b"5.5"), kind=b"g")
    own = extended(record(b"uid", b"0"))
    data = comment + file(b"a") + owner + file(b"b") + own + file(b"c") + END
    index = index_of_bytes(tmp_path, data)
    assert [(one.uid, one.mtime) for one in index.members] == [
        (0, 1_600_000_000),
        (70, 5),
        (0, 5),
    ]
    assert [one.offset for one in index.members] == [1024, 3072, 4096]


LONG = b"x" * 300


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(extended(record(b"path", b"all"), kind=b"g") + file(b"f"), id="global name"),
        pytest.param(extended(record(b"size", b"3"), kind=b"g") + file(b"f"), id="global size"),
        pytest.param(
            extended(record(b"path", b"one")) + long_name(b"two") + file(b"f"), id="two names"
        ),
        pytest.param(long_name(b"one") + long_name(b"two") + file(b"f"), id="two long names"),
        pytest.param(extended() + extended() + file(b"f"), id="two extended headers"),
        pytest.param(
            extended(record(b"path", b"one"), record(b"path", b"two")) + file(b"f"), id="two paths"
        ),
        pytest.param(
            extended(record(b"path", b"one"), bytes(20)) + file(b"f"), id="records and zeros"
        ),
        pytest.param(extended(record(b"path", b"")) + file(b"f"), id="empty path"),
        pytest.param(extended(record(b"path", b"a\x00b")) + file(b"f"), id="NUL in a path"),
        pytest.param(extended(b"5 a=b") + file(b"f"), id="no newline"),
        pytest.param(extended(b"99 a=b\n") + file(b"f"), id="too long a length"),
        pytest.param(extended(b"0 a=b\n") + file(b"f"), id="length 0"),
        pytest.param(extended(b"2 a=b\n") + file(b"f"), id="length before the key"),
        pytest.param(extended(b"-6 a=b\n") + file(b"f"), id="negative length"),
        pytest.param(extended(b" 7 a=b\n") + file(b"f"), id="blank first"),
        pytest.param(extended(b"6 abc\n") + file(b"f"), id="no equals sign"),
        pytest.param(extended(record(b"size", b"-1")) + file(b"f"), id="negative size"),
        pytest.param(extended(record(b"size", b"9" * 30)) + file(b"f"), id="vast size"),
        pytest.param(extended(record(b"GNU.sparse.major", b"1")) + file(b"f"), id="holes, no size"),
        pytest.param(long_name(b"") + file(b"f"), id="empty long name"),
        pytest.param(
            extended() + extended(kind=b"g") + file(b"f"), id="global header inside a member"
        ),
        pytest.param(header(b"././@LongLink", b"L", 2 << 20, magic=GNU), id="vast long name"),
        pytest.param(file(b"f", kind=b"S"), id="holes, not GNU"),
        pytest.param(file(b"f") + b"garbage".ljust(512, b"!"), id="garbage"),
        pytest.param(
            file(b"f") + bytes(512) + b"garbage".ljust(512, b"!"), id="garbage behind one block"
        ),
        pytest.param(
            file(b"f") + END + file(b"g")[:300] + b"!" + file(b"g")[301:],
            id="a second archive that is damaged",
        ),
        pytest.param(
            file(b"f") + END + b"signature".ljust(100) + file(b"g") + END,
            id="a second archive behind something else",
        ),
        pytest.param(
            file(b"f") + END + gzip.compress(file(b"g") + END), id="a second archive, compressed"
        ),
        pytest.param(
            file(b"f") + summed(header(b"g")[:124] + b"12345678901x" + header(b"g")[136:]),
            id="size is no number",
        ),
        pytest.param(
            file(b"f") + summed(header(b"g")[:124] + b"\xff" * 12 + header(b"g")[136:]),
            id="negative header size",
        ),
    ],
)
def test_what_tars_disagree_about_is_corrupt(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BackupError, match="corrupt") as caught:
        index_of_bytes(tmp_path, data + END)
    assert "byte" in caught.value.reason


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (file(b"d/", kind=b"D", magic=GNU), "incremental"),
        (extended(record(b"GNU.dumpdir", b"Nf\x00\x00")) + directory(b"d/"), "incremental"),
        (header(b"label Volume 2", b"V", magic=GNU), "multi-volume"),
        (
            extended(record(b"GNU.volume.label", b"x Volume 1"), kind=b"g") + file(b"f"),
            "multi-volume",
        ),
        (extended(record(b"GNU.volume.size", b"9"), kind=b"g") + file(b"f"), "multi-volume"),
        (header(b"part", b"M", magic=GNU), "multi-volume"),
        (header(b"names", b"N", magic=GNU), "old GNU"),
    ],
)
def test_kinds_of_archives_that_are_not_for_us_are_named(
    tmp_path: Path, data: bytes, words: str
) -> None:
    with pytest.raises(BackupError) as caught:
        index_of_bytes(tmp_path, file(b"first") + data + END)
    assert words in caught.value.what
    assert "byte 1024" in caught.value.reason


@pytest.mark.parametrize(
    "label",
    [
        header(b"my\x1blabel", b"V", magic=GNU),
        extended(record(b"GNU.volume.label", b"my\x1blabel"), kind=b"g"),
    ],
)
def test_a_label_is_passed_over_and_said(tmp_path: Path, label: bytes) -> None:
    index = index_of_bytes(tmp_path, label + file(b"first") + END)
    assert [one.name for one in index.members] == [b"first"]
    # No byte of it is a member's, so no tar in a pod ever sees it.
    assert index.members[0].offset == len(label)
    (warning,) = index.warnings
    assert "labelled my\\x1blabel" in warning


@pytest.mark.parametrize("flags", [["--format=gnu"], ["--format=posix"], ["-b1"]])
def test_what_gnu_tar_labels(tmp_path: Path, flags: list[str]) -> None:
    (tmp_path / "content").write_bytes(b"abc")
    made = tmp_path / "made.tar"
    command = ["tar", *flags, "--label=my label", f"-cf{made}", f"-C{tmp_path}", "content"]
    subprocess.run(command, check=True)
    index = index_of(made)
    assert [(one.name, one.size) for one in index.members] == [(b"content", 3)]
    assert "my label" in index.warnings[0]


@pytest.mark.parametrize("format_", ["gnu", "posix"])
@pytest.mark.parametrize("label", [[], ["--label=set"]])
def test_no_volume_of_several_passes_for_the_whole(
    tmp_path: Path, format_: str, label: list[str]
) -> None:
    (tmp_path / "content").write_bytes(bytes(30_000))
    volumes = [tmp_path / f"volume{number}" for number in range(6)]
    command = ["tar", f"--format={format_}", *label, "-M", "-L10", "-c"]
    command += [f"--file={one}" for one in volumes]
    subprocess.run([*command, f"-C{tmp_path}", "content"], check=True, stdin=subprocess.DEVNULL)
    for volume in (one for one in volumes if one.exists()):
        with pytest.raises(BackupError) as caught:
            index_of(volume)
        assert "multi-volume" in caught.value.what or "truncated" in caught.value.what


def test_a_label_with_content_is_corrupt(tmp_path: Path) -> None:
    for data in (file(b"label", kind=b"V", magic=GNU), long_name(b"x") + header(b"l", b"V")):
        with pytest.raises(BackupError, match="corrupt"):
            index_of_bytes(tmp_path, data + file(b"f") + END)


def old_sparse(
    pairs: list[tuple[int, int]], size: int, content: bytes, following: bytes = b""
) -> bytes:
    """Return a member in GNU's old sparse format."""
    block = header(b"holes", b"S", len(content), magic=GNU)
    table = b"".join(b"%011o\x00%011o\x00" % pair for pair in pairs).ljust(96, b"\x00")
    block = block[:386] + table + bytes([bool(following)]) + b"%011o\x00" % size + block[495:]
    return summed(block) + following + padded(content)


def test_old_sparse_maps_go_on_in_further_blocks(tmp_path: Path) -> None:
    more = (b"%011o\x00%011o\x00" % (5000, 0)).ljust(512, b"\x00")
    data = old_sparse([(0, 2), (10, 1), (20, 1), (30, 1)], 5000, b"abcde", more)
    index = index_of_bytes(tmp_path, data + file(b"next") + END)
    holes, following = index.members
    assert (holes.size, holes.length, holes.prefix) == (5000, 1536, 1024)
    assert list(holes.extents or ()) == [0, 2, 10, 1, 20, 1, 30, 1]
    assert (following.size, following.length, following.extents) == (3, 1024, None)


@pytest.mark.parametrize(
    "data",
    [
        old_sparse([(0, 2), (1, 3)], 5000, b"abcde"),
        old_sparse([(0, 2), (4999, 3)], 5000, b"abcde"),
        old_sparse([(0, 2), (10, 2)], 5000, b"abcde"),
        old_sparse([(0, 2)], 5000, b"ab", b"!" * 512),
        old_sparse([(0, 2)], 5000, b"abc", (b"%011o\x00%011o\x00" % (9, 1)).ljust(512, b"\x00")),
    ],
    ids=["overlap", "past the end", "sum", "garbage", "goes on behind its end"],
)
def test_a_sparse_map_that_makes_no_sense_is_corrupt(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BackupError, match="corrupt"):
        index_of_bytes(tmp_path, data + END)


def test_an_archive_without_members_is_valid(tmp_path: Path) -> None:
    assert list(index_of_bytes(tmp_path, END).members) == []
    empty = index_of_bytes(tmp_path, bytes(10240))
    assert list(empty.members) == []
    assert empty.warnings == ("the backup has no members",)
    assert list(index_of_bytes(tmp_path, zipped(bytes(10240))).members) == []


@pytest.mark.parametrize("packed", [False, True])
def test_a_missing_end_is_accepted_only_when_asked(tmp_path: Path, *, packed: bool) -> None:
    body = file(b"f")

    def read(data: bytes, *, allow: bool) -> Index:
        return index_of_bytes(tmp_path, zipped(data) if packed else data, allow_missing_end=allow)

    # What a compressor has proved to be whole has lost nothing behind its first block of zeros.
    single = (512, 513, 1023) if packed else (512,)
    for zeros in single:
        for allow in (False, True):
            index = read(body + bytes(zeros), allow=allow)
            assert (index.missing_end, index.doubts, len(index.members)) == (False, (), 1)
            assert "one block of zeros" in index.warnings[0]
    for zeros in sorted({0, 1, 511, 513, 1023}.difference(single)):
        with pytest.raises(BackupError, match="end marker") as caught:
            read(body + bytes(zeros), allow=False)
        assert "--allow-missing-end" in caught.value.fix
        index = read(body + bytes(zeros), allow=True)
        assert index.missing_end
        assert len(index.doubts) == len(index.warnings) == len(index.members) == 1
    assert not read(body + END, allow=True).missing_end
    for cut in (1, 511, 513, 515, 1023):
        with pytest.raises(BackupError):
            read(body[:cut], allow=True)
    with pytest.raises(BackupError, match="truncated"):
        read(body + bytes(512) + b"x", allow=True)
    with pytest.raises(BackupError, match="truncated") as caught:
        read(body + extended(record(b"path", b"lost")) + END, allow=True)
    assert "belongs to no member" in caught.value.reason


def test_an_empty_gzip_is_no_archive_even_without_end(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="truncated"):
        index_of_bytes(tmp_path, gzip.compress(b""), allow_missing_end=True)


@pytest.mark.parametrize("packed", [False, True])
def test_what_follows_the_end_is_said(tmp_path: Path, *, packed: bool) -> None:
    data = file(b"f") + END + bytes(1_000_448) + file(b"second") + END + bytes(700_000)
    index = index_of_bytes(tmp_path, zipped(data) if packed else data)
    assert [one.path for one in index.members] == [b"f", b"second"]
    assert any("2 archives" in one for one in index.warnings)
    # No writer pads like that: it may be a hole.
    assert "byte 1024" in index.doubts[0]
    assert "bytes of zeros" in index.doubts[1]
    assert index_of_bytes(tmp_path, file(b"f") + END + bytes(64 << 10)).warnings == ()
    (doubt,) = index_of_bytes(tmp_path, file(b"f") + END + bytes(900_000)).doubts
    assert "900,000 bytes of zeros" in doubt


@pytest.mark.parametrize("packed", [False, True])
def test_a_long_tail_of_zeros_is_no_padding(tmp_path: Path, *, packed: bool) -> None:
    """A download that was broken off leaves one behind a member's end as well."""
    padding = 1 << 20

    def read(data: bytes, *, allow: bool = False) -> Index:
        return index_of_bytes(tmp_path, zipped(data) if packed else data, allow_missing_end=allow)

    assert len(read(file(b"f") + END + bytes(padding)).members) == 1
    longer = file(b"f") + END + bytes(padding + 512)
    with pytest.raises(BackupError, match="never written") as caught:
        read(longer)
    assert f"{padding + 512:,} bytes of zeros" in caught.value.reason
    assert "--allow-missing-end" in caught.value.fix
    allowed = read(longer, allow=True)
    assert len(allowed.members) == 1
    assert allowed.missing_end
    assert "is it whole?" in allowed.doubts[0]


@pytest.mark.parametrize("packed", [False, True])
def test_many_zeros_are_no_archive_whatever_is_allowed(tmp_path: Path, *, packed: bool) -> None:
    for allow in (False, True):
        zeros = bytes((64 << 10) + 512)
        with pytest.raises(BackupError, match="no tar archive"):
            index_of_bytes(tmp_path, zipped(zeros) if packed else zeros, allow_missing_end=allow)


def test_a_compressed_file_is_proved_to_its_very_end(tmp_path: Path) -> None:
    data = file(b"f") + END + b"stray" + bytes(3_000_000)
    packed = bytearray(zipped(data, level=0))
    packed[-6] ^= 1  # the checksum, long after the archive's end
    with pytest.raises(BackupError, match="corrupt"):
        index_of_bytes(tmp_path, bytes(packed))


def test_a_damaged_first_header_is_corrupt_not_unknown(tmp_path: Path) -> None:
    data = bytearray(sample())
    data[3] ^= 1
    for each in (bytes(data), zipped(bytes(data))):
        with pytest.raises(BackupError, match="corrupt") as caught:
            index_of_bytes(tmp_path, each)
        assert "byte 0" in caught.value.reason


@pytest.mark.parametrize("packed", [0, 3, 90])
def test_progress_rises_to_the_whole_file(tmp_path: Path, packed: int) -> None:
    randomness = random.Random(6)  # noqa: S311 - content, no secret
    data = b"".join(file(b"f%d" % n, randomness.randbytes(5000)) for n in range(1500)) + END
    data = zipped(data, packed) if packed else data
    path, heard = tmp_path / "backup", Heard()
    path.write_bytes(data)
    index_of(path, heard=heard)
    done = [status.done_bytes for status in heard.statuses]
    assert len(done) > 6
    assert done == sorted(done)
    last = heard.statuses[-1]
    assert (last.phase, last.done_bytes, last.total_bytes, last.done_files) == (
        Phase.CHECK,
        len(data),
        len(data),
        1500,
    )


def test_progress_does_not_fall_where_a_gzip_member_ends(tmp_path: Path) -> None:
    # The decompressor is given 128 KiB at a time; here that is a report (each MiB) in the middle of
    # the second member, of which little has been used when its first 256 headers are reported.
    randomness = random.Random(8)  # noqa: S311 - content, no secret
    large = file(b"large", randomness.randbytes(940_032))
    many = b"".join(file(b"f%d" % number, b"") for number in range(2000))
    rest = file(b"rest", randomness.randbytes(300_000))
    path, heard = tmp_path / "backup", Heard()
    path.write_bytes(gzip.compress(large) + gzip.compress(many + rest + END))
    index_of(path, heard=heard)
    done = [status.done_bytes for status in heard.statuses]
    assert done == sorted(done)


@pytest.mark.parametrize(
    "data",
    [
        b"".join(file(b"f%d" % n) for n in range(3000)) + END,
        extended(*[record(b"comment", b"x" * 500)] * 4, kind=b"g") * 3000 + END,
        zipped(file(b"f", bytes(20_000_000)) + END),
        file(b"f") + END + bytes(3_000_000),
        old_sparse([(n, 0) for n in range(4)], 99, b"", (bytes(504) + b"\x01" + bytes(7)) * 9000),
    ],
    ids=["members", "global headers", "one large member", "zeros at the end", "sparse map"],
)
def test_a_signal_ends_the_reading(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "backup"
    path.write_bytes(data)
    checks = 0

    class Impatient(Watch):
        def check(self) -> None:
            nonlocal checks
            checks += 1
            if checks == 5:
                raise SignalledError("interrupted", number=2)

    with BackupFile.open(path) as backup, pytest.raises(SignalledError):
        read_index(backup, allow_missing_end=True, progress=Silence(), watch=Impatient(None))
    with BackupFile.open(path) as backup, pytest.raises(TimedOutError):
        read_index(backup, allow_missing_end=True, progress=Silence(), watch=Watch(0.0))


def test_a_disk_of_zeros_is_no_archive_and_nobody_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    # Reading it would take longer than a test may.
    with path.open("wb") as out:
        out.truncate(2**43)
    with pytest.raises(BackupError, match="no tar archive") as caught:
        index_of(path)
    assert "8,796,093,022,208 bytes" in caught.value.reason


def test_a_backup_that_grows_meanwhile_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "backup"

    class Writer(Silence):
        def status(self, status: object) -> None:
            del status
            with path.open("ab") as out:
                out.write(bytes(512))

    for content in (file(b"f") + END, file(b"f"), sample()[:3000]):
        path.write_bytes(content)
        with pytest.raises(BackupError, match="changed") as caught:
            index_of(path, heard=Writer())
        assert "--force" not in caught.value.fix


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (b"a/b", b"a/b"),
        (b"/a//b/", b"a/b"),
        (b"./a/./b/.", b"a/b"),
        (b"./", b""),
        (b"/", b""),
        (b".", b""),
        (b".hidden/..x", b".hidden/..x"),
        (b"a/../b", b"a/../b"),
    ],
)
def test_names_become_paths_below_the_target(name: bytes, path: bytes) -> None:
    assert normal_path(name) == path


def test_a_normal_name_is_kept_once(tmp_path: Path) -> None:
    member: Member = index_of_bytes(tmp_path, file(b"a/b") + END).members[0]
    assert member.path is member.name
    assert not hasattr(member, "__dict__")


def test_links_keep_their_long_targets(tmp_path: Path) -> None:
    data = file(b"f") + long_name(LONG, b"K") + long_name(b"n" + LONG) + symlink(b"cut", b"cut")
    data += extended(record(b"linkpath", b"f")) + hard_link(b"h", b"cut") + END
    members = index_of_bytes(tmp_path, data).members
    assert [(one.name, one.link) for one in members] == [
        (b"f", b""),
        (b"n" + LONG, LONG),
        (b"h", b"f"),
    ]
