"""A cache that somebody else wrote, or a broken disk: passed over, whatever stands in it.

What would be an endless query ends with the time limit of a test.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from array import array
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubectl_restore.archive.index import cache as cache_module
from kubectl_restore.archive.index.cache import IndexCache
from kubectl_restore.archive.index.read import read_index
from kubectl_restore.archive.members.bulk_compare import (
    LARGEST,
    are_ends,
    never_fall,
    sums_are_within,
)
from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.deadline import Watch
from kubectl_restore.progress import Silence
from tests.unit.archive.making import (
    END,
    GNU,
    directory,
    extended,
    file,
    hard_link,
    header,
    packed,
    padded,
    record,
    summed,
    symlink,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_restore.archive.members.members import Members

NUMBER = 152
"""Of a member among those whose headers are looked at."""
ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select"


def sparse(name: bytes, content: bytes) -> bytes:
    block = bytearray(header(name, b"S", len(content), magic=GNU))
    block[386:410] = b"%011o\0%011o\0" % (4096, len(content))
    block[483:495] = b"%011o\0" % 10000
    return summed(bytes(block)) + padded(content)


def device(name: bytes) -> bytes:
    block = header(name, b"3")
    return summed(block[:329] + b"%07o\0%07o\0" % (1, 3) + block[345:])


ARCHIVE = (
    directory(b"./d/")
    + b"".join(file(b"./d/%d" % number, b"x" * number) for number in range(300))
    + hard_link(b"./h", b"./d/1")
    + symlink(b"s", b"anywhere")
    + device(b"null")
    + sparse(b"holes", b"some data")
    + extended(record(b"mtime", b"7.25") + record(b"SCHILY.xattr.user.a", b"\x00\n"))
    + file(b"pax")
    + END
)


@pytest.fixture(autouse=True)
def _everything_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "_MANY", 1)


class Known:
    """A backup that is known to a cache, and what anybody can do to that."""

    def __init__(self, place: Path, compression: Compression = Compression.NONE) -> None:
        self.path = place / "backup"
        self.path.write_bytes(packed(ARCHIVE, compression))
        self.cache = IndexCache(place / "cache")
        self.right, _ = self.read()
        assert self.read() == (self.right, True)
        (self.store,) = (place / "cache").iterdir()

    def read(self) -> tuple[Members, bool]:
        with BackupFile.open(self.path) as backup:
            index = read_index(
                backup,
                allow_missing_end=False,
                progress=Silence(),
                watch=Watch(None),
                cache=self.cache,
            )
        return index.members, index.is_remembered

    def forge(self, *statements: str, **values: object) -> None:
        with closing(sqlite3.connect(self.store)) as store, store:
            store.execute("pragma writable_schema = on")
            for one in statements:
                store.execute(one, values)

    def column(self, name: str) -> bytes:
        with closing(sqlite3.connect(self.store)) as store:
            rows = store.execute("select data from piece where name = ?", (name,)).fetchall()
        (one,) = rows
        return zlib.decompress(one[0])

    def set_column(self, name: str, data: bytes | bytearray) -> None:
        forged = zlib.compress(data)
        self.forge("update piece set data = :data where name = :name", name=name, data=forged)

    def is_passed_over(self) -> bool:
        """Tell whether what is stored now is not believed, and the next reading helps."""
        found = [self.read() for _ in range(3)]
        assert all(members == self.right for members, _ in found)
        return not found[0][1] and found[2][1]


@pytest.fixture
def known(tmp_path: Path) -> Known:
    return Known(tmp_path)


@pytest.mark.parametrize(
    "statements",
    [
        [
            "create table other as select * from backup",
            "drop table backup",
            f"create view backup as {ENDLESS} key, used, size, about from other, n",
        ],
        [
            "create table other as select * from piece",
            "drop table piece",
            f"create view piece as {ENDLESS} key, number, name, data from other, n",
        ],
        ["drop table piece"],
        ["create table other (a)"],
        [f"create view other as {ENDLESS} i from n"],
        [f"create trigger t after update on backup begin {ENDLESS} i from n; end"],
        ["create index other on piece (name)"],
        ["alter table backup add column other"],
        ["update sqlite_master set sql = replace(sql, 'text not null)', 'blob not null)')"],
        ["update sqlite_master set sql = 'nonsense'"],
    ],
    ids=lambda statements: statements[-1][:28],
)
def test_other_tables_than_ours(known: Known, statements: list[str]) -> None:
    known.forge(*statements)
    assert known.is_passed_over()


NUMBERS = {"modes": "H", "hashes": "I", "owners": "I", "prefixes": "I", "nanoseconds": "I"}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("name_ends", -1),
        ("name_ends", 2**62),
        ("name_ends", 0),
        ("hashes", 7),
        ("kinds", 8),
        ("kinds", 255),
        ("flags", 0x40),
        ("modes", 0o10000),
        ("modes", 0xFFFF),
        ("owners", 1),
        ("owners", 0xFFFF_FFFF),
        ("offsets", -512),
        ("offsets", 2**40),
        ("offsets", 2**63 - 1),
        ("lengths", 0),
        ("lengths", 2**63 - 1),
        ("lengths", -(2**63)),
        ("prefixes", 0),
        ("prefixes", 0xFFFF_FFFF),
        ("sizes", -1),
        ("sizes", 2**20),
        ("sizes", 2**63 - 1),
        ("nanoseconds", 10**9),
        ("nanoseconds", 0xFFFF_FFFF),
    ],
)
@pytest.mark.parametrize("compression", [Compression.NONE, Compression.GZIP])
def test_numbers_that_no_archive_has(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    column: str,
    value: int,
    compression: Compression,
) -> None:
    monkeypatch.setattr(cache_module, "_WORTH_IT", 1)
    known = Known(tmp_path, compression)
    if column in {"kinds", "flags"}:
        data = bytearray(known.column(column))
        data[NUMBER] = value
        known.set_column(column, data)
    else:
        numbers = array(NUMBERS.get(column, "q"), known.column(column))
        numbers[NUMBER] = value
        known.set_column(column, numbers.tobytes())
    assert known.is_passed_over()


@pytest.mark.parametrize(
    ("column", "numbers"),
    [
        ("link_members", [-1, 2]),
        ("link_members", [1, 10**6]),
        ("link_members", [1]),
        ("link_ends", [-5, 13]),
        ("link_ends", [2**50, 13]),
        ("link_ends", [13, 5]),
        ("record_members", [306]),
        ("record_ends", [2**62]),
        ("device_members", [2**40]),
        ("devices", [-2]),
        ("extent_members", [306]),
        ("extent_members", [1]),
        ("extent_ends", [3]),
        ("extents", [0, 2**62]),
        ("extents", [-4096, 9]),
        ("extents", [4096, -9]),
        ("owner_ids", [-1, 0]),
        ("owner_ids", [0, 2**32]),
        ("owner_ids", [0]),
        ("owner_name_ends", [0, -1]),
    ],
)
def test_numbers_of_the_few_that_no_archive_has(
    known: Known, column: str, numbers: list[int]
) -> None:
    before = known.column(column)
    known.set_column(column, array("q", numbers).tobytes())
    assert known.column(column) != before
    assert known.is_passed_over()


@pytest.mark.parametrize(
    "forged", [b"nonsense", b"99 SCHILY.xattr.user.a=x\n", record(b"path", b"elsewhere")]
)
def test_records_that_no_archive_has(known: Known, forged: bytes) -> None:
    assert record(b"SCHILY.xattr.user.a", b"\x00\n") == known.column("records")
    known.set_column("record_ends", array("q", [len(forged)]).tobytes())
    known.set_column("records", forged)
    assert known.is_passed_over()


@pytest.mark.parametrize(
    "forged",
    [
        {"stream_length": "many"},
        {"stream_length": True},
        {"stream_length": -1},
        {"stream_length": 2**70},
        {"stream_length": 1e300},
        {"members": 4},
        {"compression": "gzip"},
        {"compression": "nothing"},
        {"warnings": 3},
    ],
)
def test_an_archive_that_is_none(known: Known, forged: dict[str, object]) -> None:
    with closing(sqlite3.connect(known.store)) as store:
        about = json.loads(store.execute("select about from backup").fetchone()[0])
    known.forge("update backup set about = :about", about=json.dumps(about | forged))
    assert known.is_passed_over()


@pytest.mark.parametrize("about", ["", "[]", "{}", "null", "[" * 100_000, 7, b"\xff"])
def test_a_description_that_is_none(known: Known, about: object) -> None:
    known.forge("update backup set about = :about", about=about)
    assert known.is_passed_over()


@pytest.mark.parametrize(
    "data",
    [
        zlib.compress(bytes(2**24)),
        zlib.compress(bytes(2**20))[:-1],
        b"",
        "text",
        7,
        zlib.compress(b"no whole number"),
    ],
    ids=["too large", "cut", "empty", "text", "number", "odd"],
)
def test_a_piece_that_is_none(known: Known, data: object) -> None:
    known.forge("update piece set data = :data where name = 'sizes'", data=data)
    assert known.is_passed_over()


@pytest.mark.parametrize("name", ["names", "unheard of", "", "few", b"names"])
def test_pieces_without_end(known: Known, name: object) -> None:
    known.forge(
        "with recursive n(i) as (select 1 union all select i + 1 from n limit 50000)"
        " insert into piece select key, i + 1000, :name, :data from backup, n",
        name=name,
        data=zlib.compress(bytes(1000)),
    )
    assert known.is_passed_over()


def test_a_file_that_is_larger_than_we_make_it_is_begun_anew(known: Known) -> None:
    with known.store.open("r+b") as store:
        store.truncate(2**40)
    assert known.is_passed_over()
    assert known.store.stat().st_size < 2**20


@pytest.mark.parametrize("value", ["text", b"\xff", 2**63 - 1, -(2**63), 1e308])
@pytest.mark.parametrize("column", ["used", "size"])
def test_what_stands_in_other_rows_keeps_nothing_from_being_remembered(
    known: Known, column: str, value: object
) -> None:
    known.forge(f"update backup set {column} = :value", value=value)  # noqa: S608 - one of two
    other = known.path.with_name("other")
    other.write_bytes(ARCHIVE + bytes(512))
    known.path = other
    for _ in range(2):
        assert known.read()[0] == known.right


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    st.lists(st.integers(0, LARGEST) | st.integers(0, 3), max_size=9),
    st.lists(st.integers(0, LARGEST) | st.integers(0, 3), min_size=9, max_size=9),
    st.lists(st.integers(0, LARGEST) | st.integers(0, 6), min_size=9, max_size=9),
    st.integers(1, 5),
)
def test_long_numbers_compare_as_each_of_theirs_does(
    monkeypatch: pytest.MonkeyPatch,
    first: list[int],
    second: list[int],
    most: list[int],
    lanes: int,
) -> None:
    monkeypatch.setattr("kubectl_restore.archive.members.bulk_compare._LANES", lanes)
    columns = [array("q", numbers[: len(first)]) for numbers in (first, second, most)]
    pairs = list(zip(first, second, strict=False))
    expected = all(one + other <= limit for (one, other), limit in zip(pairs, most, strict=False))
    assert sums_are_within(*columns) == expected
    assert sums_are_within(columns[0], columns[1], most[0]) == all(
        one + other <= most[0] for one, other in pairs
    )
    small = [number % 2**32 for number in first]
    assert sums_are_within(array("I", small), columns[1], columns[2]) == all(
        one + other <= limit for one, other, limit in zip(small, second, most, strict=False)
    )
    assert never_fall(columns[0]) == (first == sorted(first))
    assert are_ends(columns[0], 3) == (first == sorted(first) and first[-1:] == [3])
