"""Fields that cannot be read, zeros between members, and what stands behind an archive."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.errors import BackupError
from tests.unit.archive.making import (
    END,
    GNU,
    PACKERS,
    directory,
    extended,
    file,
    hard_link,
    header,
    index_of_bytes,
    record,
    summed,
    zipped,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_restore.archive.members.member import Member

TIME = 1_600_000_000


def with_field(at: int, value: bytes, block: bytes | None = None) -> bytes:
    """A file of setuid mode with other bytes at one place of its header."""
    block = block or header(b"f", size=3, mode=0o4755) + b"abc".ljust(512, b"\0")
    return summed(block[:at] + value + block[at + len(value) : 512]) + block[512:]


def one(tmp_path: Path, data: bytes, *said: str) -> Member:
    """The only member; every sentence is said, and nothing else."""
    index = index_of_bytes(tmp_path, data + END)
    assert len(index.doubts) == len(said)
    assert index.doubts == index.warnings
    for words, doubt in zip(said, index.doubts, strict=True):
        assert words in doubt
    (member,) = index.members
    return member


@pytest.mark.parametrize(
    "value",
    [
        b"NA".ljust(12), b"000000000-2\0", b"-0000000002\0", b"1234567.890\0", b"99999999999\0",
        b"\x80\0\0\0" + b"\xff" * 7 + b"\xfe", b"\x80" + b"\xff" * 11, b"\xc0" + bytes(11),
        b"\x80" + ((1 << 62) + 1).to_bytes(11, "big"),
    ],
)  # fmt: skip
def test_a_time_that_cannot_be_read_is_what_gnu_tar_makes_of_it(
    tmp_path: Path, value: bytes
) -> None:
    member = one(tmp_path, with_field(136, value), "time of 1 member cannot be read")
    assert (member.mtime, member.size, member.mode) == (-1, 3, 0o4755)


@pytest.mark.parametrize(
    ("value", "time"),
    [
        (b" " * 12, 0), (bytes(12), 0), (b"  0000000012", 10), (b"00000  0012\0", 0),
        (b"\0" + b"00000000012", 10), (b"\xff" * 11 + b"\xfe", -2), (b"12 ".ljust(12), 10),
        (b"77777777777\0", 0o77777777777), (b"\x80\0\0\0\x01" + bytes(7), 1 << 56),
    ],
)  # fmt: skip
def test_odd_times_that_gnu_tar_reads_are_read(tmp_path: Path, value: bytes, time: int) -> None:
    assert one(tmp_path, with_field(136, value)).mtime == time


@pytest.mark.parametrize(
    "value",
    [
        b"\xff" * 8, b"\xff" * 7 + b"\xfe", b"\xff" * 6 + b"\xfc\x18", b"NA".ljust(8),
        b"\x80\0\0\0\xff\xff\xff\xff", b"\x80\0\0\x02" + bytes(4), b"-000001\0", b"\x80" * 8,
    ],
)  # fmt: skip
@pytest.mark.parametrize("at", [108, 116], ids=["uid", "gid"])
def test_an_owner_that_cannot_be_read_is_root_without_set_ids(
    tmp_path: Path, at: int, value: bytes
) -> None:
    member = one(tmp_path, with_field(at, value), "owner of 1 member cannot be read")
    assert (member.uid, member.gid, member.mode) == (0, 0, 0o755)


def test_the_largest_owner_is_one(tmp_path: Path) -> None:
    assert one(tmp_path, with_field(108, b"\x80\0\0\0\xff\xff\xff\xfe")).uid == 0xFFFF_FFFE


@pytest.mark.parametrize("value", [b"NA".ljust(8), b" " * 8, b"-000644\0", b"\xff" * 8])
@pytest.mark.parametrize("kind", [Kind.FILE, Kind.DIRECTORY])
def test_a_mode_that_cannot_be_read_gives_nobody_else_anything(
    tmp_path: Path, kind: Kind, value: bytes
) -> None:
    block = file(b"f") if kind is Kind.FILE else directory(b"f")
    member = one(tmp_path, with_field(100, value, block), "mode of 1 member cannot be read")
    assert (member.kind, member.mode) == (kind, 0o600 if kind is Kind.FILE else 0o700)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (b"uid", b"-1", "owner"), (b"gid", b"4294967296", "owner"), (b"uid", b"", "owner"),
        (b"mtime", b"1e9", "time"), (b"mtime", b"", "time"), (b"mtime", b"-", "time"),
        (b"atime", b"soon", ""), (b"ctime", b"-x", ""),
    ],
)  # fmt: skip
def test_a_record_that_cannot_be_read_leaves_the_headers_field(
    tmp_path: Path, key: bytes, value: bytes, said: str
) -> None:
    member = one(
        tmp_path,
        extended(record(key, value), record(b"path", b"long")) + file(b"f"),
        *([f"{said} of 1 member"] if said else []),
    )
    assert (member.path, member.uid, member.gid, member.mtime) == (b"long", 0, 0, TIME)


def test_a_record_stands_in_for_a_field_that_cannot_be_read(tmp_path: Path) -> None:
    records = extended(
        record(b"mtime", b"5"), record(b"uid", b"7"), record(b"gid", b"8"), record(b"path", b"f")
    )
    broken = with_field(136, b"NA".ljust(12), with_field(108, b"NA".ljust(8) * 2, file(b"f")))
    member = one(tmp_path, records + broken)
    assert (member.mtime, member.uid, member.gid) == (5, 7, 8)


def test_fields_are_counted_by_what_they_are(tmp_path: Path) -> None:
    odd = with_field(136, b"NA".ljust(12))
    data = odd + odd.replace(b"f", b"e", 1) + extended(record(b"uid", b"-1")) + file(b"g")
    data = b"".join(summed(data[at : at + 512]) if data[at + 257 : at + 262] == b"ustar" else
                    data[at : at + 512] for at in range(0, len(data), 512))  # fmt: skip
    index = index_of_bytes(tmp_path, data + END)
    assert len(index.doubts) == 2
    assert "time of 2 members" in index.doubts[0]
    assert "owner of 1 member " in index.doubts[1]


@pytest.mark.parametrize(
    ("at", "value"),
    [(124, b"NA".ljust(12)), (124, b" " * 12), (124, b"\xff" * 12), (148, b"NA".ljust(8))],
)
def test_size_and_checksum_stay_hard(tmp_path: Path, at: int, value: bytes) -> None:
    block = file(b"f")
    data = with_field(at, value, block) if at != 148 else block[:148] + value + block[156:]
    with pytest.raises(BackupError, match="corrupt"):
        index_of_bytes(tmp_path, data + END)


def test_times_of_access_in_gnu_headers_are_no_incremental_backup(tmp_path: Path) -> None:
    times = b"14236015340\x0014236015340\0"
    assert one(tmp_path, header(b"f", magic=GNU, prefix=times)).path == b"f"
    # Go before 1.8 put a path's beginning there.
    said = one(tmp_path, header(b"f", magic=GNU, prefix=b"some/where"), "longer path")
    assert said.path == b"f"


@pytest.mark.parametrize("packing", [None, *PACKERS])
def test_archives_behind_one_another_are_read_whole(tmp_path: Path, packing: str | None) -> None:
    def packed(data: bytes) -> bytes:
        return data if packing is None else PACKERS[packing](data)  # type: ignore[index]

    first = file(b"a", b"1") + file(b"b", b"2") + END
    second = file(b"a", b"new") + hard_link(b"h", b"b") + END + bytes(7680)
    third = directory(b"d") + END
    for parts in ((first, second, third), (first + second + third,)):
        index = index_of_bytes(tmp_path, b"".join(map(packed, parts)))
        assert sorted((it.path, it.size) for it in index.members if it.kind is Kind.FILE) == [
            (b"a", 3),
            (b"b", 1),
        ]
        assert len(index.members) == 4
        assert any("3 archives stand behind one another" in one for one in index.warnings)
        assert index.doubts == ()


def test_global_headers_hold_for_their_own_archive(tmp_path: Path) -> None:
    data = extended(record(b"uid", b"7"), kind=b"g") + file(b"a") + END + file(b"b") + END
    assert [it.uid for it in index_of_bytes(tmp_path, data).members] == [7, 0]


def test_a_single_block_of_zeros_between_members_is_read_over(tmp_path: Path) -> None:
    data = file(b"a") + bytes(512) + file(b"b") + bytes(512) + file(b"c") + END
    index = index_of_bytes(tmp_path, data)
    assert [it.path for it in index.members] == [b"a", b"b", b"c"]
    assert "2 single blocks" in index.warnings[0]
    # Behind it every header has to be right.
    with pytest.raises(BackupError, match="corrupt"):
        index_of_bytes(tmp_path, file(b"a") + bytes(512) + file(b"b") + file(b"!")[:512][::-1])


def test_a_hole_between_archives_that_fills_no_record_is_a_doubt(tmp_path: Path) -> None:
    whole = file(b"a") + END + bytes(10240 - 2048)
    assert index_of_bytes(tmp_path, whole + file(b"b") + END).doubts == ()
    (doubt,) = index_of_bytes(tmp_path, file(b"a") + bytes(4096) + file(b"b") + END).doubts
    assert "byte 1024" in doubt


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("behind", "said"),
    [
        (bytes(9000), None),
        (b"-----BEGIN PGP SIGNATURE-----\nabc\n", "PGP"),
        (b"\x88\x01signature", "11 bytes"),
        (bytes(512) + b"FWx0", "4 bytes"),
    ],
)
def test_what_is_no_archive_is_said_and_nothing_is_missing(
    tmp_path: Path, behind: bytes, said: str | None, *, packed: bool
) -> None:
    data = file(b"f") + END + behind
    index = index_of_bytes(tmp_path, zipped(data) if packed else data)
    assert index.doubts == ()
    assert len(index.warnings) == (said is not None)
    assert said is None or said in index.warnings[0]
    assert len(index.members) == 1


def test_pixz_puts_a_list_behind_its_archive(tmp_path: Path) -> None:
    listed = bytes.fromhex("a64c322ed614aedb") + b"f\0" + bytes(8)
    assert index_of_bytes(tmp_path, file(b"f") + END + listed).warnings == ()


@pytest.mark.parametrize("cut", [0, 1, 100])
def test_a_long_name_may_fill_its_block(tmp_path: Path, cut: int) -> None:
    name = b"n" * (512 - cut)
    block = header(b"././@LongLink", b"L", len(name), magic=GNU) + name.ljust(512, b"\0")
    assert one(tmp_path, block + file(b"n" * 100)).path == name


@pytest.mark.parametrize(
    ("link", "target"),
    [(b"d/../a", b"a"), (b"./d/./../a", b"a"), (b"/x/../a", b"a"), (b"../a", b"../a")],
)
def test_a_hard_links_target_that_stays_inside_is_what_is_meant(
    tmp_path: Path, link: bytes, target: bytes
) -> None:
    index = index_of_bytes(tmp_path, file(b"a") + directory(b"d") + hard_link(b"h", link) + END)
    assert index.members[2].link == target


def test_a_file_given_twice_is_no_link_to_itself(tmp_path: Path) -> None:
    # GNU tar: `tar -cf b.tar f f`.
    (member,) = index_of_bytes(tmp_path, file(b"f") + hard_link(b"f", b"f") + END).members
    assert (member.kind, member.size) == (Kind.FILE, 3)


def test_a_second_archive_compressed_alone_would_be_left_out(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="corrupt") as caught:
        index_of_bytes(tmp_path, file(b"f") + END + gzip.compress(file(b"g") + END))
    assert "compressed by gzip" in caught.value.reason
