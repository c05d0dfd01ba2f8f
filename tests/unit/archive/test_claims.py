"""The formats that say what a backup should be."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.trust.claims import (
    Record,
    Sum,
    UnreadableError,
    fitting,
    line_of,
    parse_digest,
    parse_meta,
    parse_older,
    parse_sums,
)

if TYPE_CHECKING:
    from pathlib import Path

A, B = "a1" * 32, "b2" * 32
NAMES = st.binary(min_size=1, max_size=40).filter(lambda name: not {0, 47} & set(name))


def test_every_way_to_write_a_line() -> None:
    lines = [
        f"{A}  b.tar", f"{A} *b.tar", f"{A} b.tar", f"{A.upper()}  b.tar\r",
        f"SHA256 (b.tar) = {A}", f"SHA256(b.tar)= {A}", f"SHA2-256(b.tar)= {A}",
    ]  # fmt: skip
    assert parse_sums("\n".join(lines).encode(), b"b.tar") == [Sum(A, b"b.tar")] * len(lines)
    for bare in (A, f" {A} \n", f"sha256:{A}\r\n", f"\ufeff{A}"):
        assert parse_sums(bare.encode(), b"b.tar") == [Sum(A, None)]


@given(st.lists(NAMES, min_size=1, max_size=5, unique=True))
def test_what_is_written_is_read_back(names: list[bytes]) -> None:
    data = b"".join(line_of(A, name) for name in names)
    # A name's own blank or star at its beginning stays: two characters part it from the digits.
    assert parse_sums(data, names[0]) == [Sum(A, name) for name in names]


@pytest.mark.parametrize("flag", ["--text", "--binary", "--tag"])
def test_sha256sum_itself_is_read_and_reads_us(tmp_path: Path, flag: str) -> None:
    names = [b"plain", b"two words", b"new\nline", b"back\\slash", b"\xff", b"-x", b"re\rturn"]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes(name)
    command = [b"sha256sum", flag.encode(), b"--", *names]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout
    assert parse_sums(said, b"plain") == [
        Sum(hashlib.sha256(name).hexdigest(), name) for name in names
    ]
    ours = b"".join(line_of(hashlib.sha256(name).hexdigest(), name) for name in names)
    (tmp_path / "ours").write_bytes(ours)
    check = ["sha256sum", "--check", "--strict", "--quiet", "ours"]
    assert subprocess.run(check, cwd=tmp_path, check=False).returncode == 0


@given(st.binary(max_size=300))
def test_any_bytes_are_lines_or_unreadable(data: bytes) -> None:
    try:
        sums = parse_sums(data, b"b.tar")
    except UnreadableError:
        return
    assert all(len(one.digest) == 64 for one in sums)


def test_other_lines_are_passed_over() -> None:
    data = (
        f"# made by hand: b.tar\n\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n"
        f"SHA512 (b.tar) = {A}{A}\nMD5 (b.tar) = 00\n{A[:-1]}  other.tar\n{B}  b.tar\n"
    )
    assert parse_sums(data.encode(), b"b.tar") == [Sum(B, b"b.tar")]


@pytest.mark.parametrize(
    "line",
    [
        f"{A[:-1]}  b.tar", f"{A}0  b.tar", f"{A[:-1]}g  b.tar", f"{A}{A}  b.tar", "  b.tar",
        f"SHA256 (b.tar) = {A[:-1]}", "x  dir/b.tar", f"{A}\tb.tar", f"> {A}  b.tar",
    ],
)  # fmt: skip
def test_a_line_about_the_backup_is_never_passed_over(line: str) -> None:
    with pytest.raises(UnreadableError, match="line 2"):
        parse_sums(f"{A}  other\n{line}\n".encode(), b"b.tar")


def test_other_encodings_are_unreadable() -> None:
    # UTF-16 is read where it has its mark.
    for data in (f"{A}  b.tar".encode("utf-16-le"), f"{A}  b.tar\0".encode()):
        with pytest.raises(UnreadableError, match="NUL"):
            parse_sums(data, b"b.tar")


@pytest.mark.parametrize(
    ("names", "fit"),
    [
        ([b"b.tar", b"c.tar"], [b"b.tar"]),
        ([b"./b.tar"], [b"./b.tar"]),
        ([b"x/b.tar", b"y/b.tar"], [b"x/b.tar"]),
        ([b"b.tar", b"x/b.tar"], [b"b.tar"]),
        ([b"/w/x/b.tar", b"/v/x/b.tar", b"/b.tar"], [b"/w/x/b.tar"]),
        ([b"b.tar.gz", b"a-b.tar", b"b.tar/", b"../x/b.tar"], [b"b.tar/"]),
        ([b"b.tar", b"b.tar"], [b"b.tar", b"b.tar"]),
        ([b".", b"/"], []),
    ],
)
def test_the_line_whose_name_fits(names: list[bytes], fit: list[bytes]) -> None:
    sums = [Sum(A, name) for name in names]
    assert [one.name for one in fitting([*sums, Sum(B, None)], b"/w/x/b.tar")] == fit


def test_digests_on_the_command_line() -> None:
    assert parse_digest(f"sha256:{A}") == parse_digest(A) == parse_digest(A.upper()) == A
    for text in ("", "sha256:", A[:-1], f"{A}0", f"sha512:{A}", f"md5:{A}", f" {A}", f"{A}\n"):
        with pytest.raises(UnreadableError):
            parse_digest(text)


def test_meta_with_all_its_fields() -> None:
    meta = {
        "checksum": f"sha256:{A}", "fileCount": 3, "totalSize": 0, "tool": {"any": [1]},
        "createdAt": "2026-01-02T03:04:05Z",
    }  # fmt: skip
    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    whole = Record(checksum=A, files=3, content=0, created=when)
    assert parse_meta(json.dumps(meta).encode()) == whole
    assert parse_meta(json.dumps({"checksum": A.upper()}).encode()) == Record(checksum=A)
    assert parse_meta(b'{"checksum": null, "createdAt": "yesterday"}') == Record()
    assert parse_meta(b"\xef\xbb\xbf{}") == Record()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"\xff", b'{"checksum": ""}', b'{"checksum": 5}',
        b'{"checksum": "md5:00"}', b'{"checksum": "sha512:' + A.encode() + b'"}',
        b'{"fileCount": -1}', b'{"fileCount": 1.0}', b'{"fileCount": "1"}', b'{"fileCount": true}',
        b'{"totalSize": 9223372036854775808}', b'{"totalSize": 1e400}', b'{"totalSize": NaN}',
        b'{"fileCount": ' + b"9" * 5000 + b"}", b'{"fileCount": 1, "fileCount": 2}',
        b"[" * 100_000, b'{"a":' * 100_000,
    ],
)  # fmt: skip
def test_malformed_meta_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        parse_meta(data)


def test_the_older_tools_records() -> None:
    # The fields and their order as that tool wrote them; Go leaves nothing out.
    record = (
        '{"id": "backup-1", "type": "filesystem", "backup_file": "b.tar", "compression": "",'
        f' "size": 10240, "checksum": "{A}", "created_at": "2025-01-07T10:00:00.123456789+09:00",'
        ' "completed_at": "2025-01-07T10:00:01.5+09:00", "status": "completed",'
        ' "provider_info": {"exclude": null}}'
    )
    when = datetime.fromisoformat("2025-01-07T01:00:01.5+00:00")
    assert parse_older(record.encode()) == Record(
        checksum=A, file_size=10240, backup_file="b.tar", created=when
    )
    assert parse_older(b'{"checksum": "", "size": 0, "backup_file": 7}') == Record()
    with pytest.raises(UnreadableError, match="checksum"):
        parse_older(b'{"backup_file": "b.tar", "checksum": "abc123"}')


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["checksum", "size", "backup_file", "completed_at", "x"]), inner
            )
        ),
    )
)
def test_any_json_is_a_record_or_unreadable(value: object) -> None:
    for parse in (parse_meta, parse_older):
        try:
            record = parse(json.dumps(value).encode())
        except UnreadableError:
            continue
        assert record.checksum is None or len(record.checksum) == 64
