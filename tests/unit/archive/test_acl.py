"""Access control lists: by number, and never more for the group than the list grants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_restore.archive.tar.acl import by_number, granted_mode, listed_mode
from tests.unit.archive.making import END, extended, file, index_of_bytes, record

if TYPE_CHECKING:
    from pathlib import Path

KEY = b"SCHILY.acl.access"
LIST = b"user::rw-,user:%b:rw-,group::r--,mask::rwx,other::r--"


@pytest.mark.parametrize(
    ("value", "numbered"),
    [
        (LIST % b"1000", LIST % b"1000"),
        (b"user::rw-\nuser:1000:rw-\ngroup::r--\nother::r--\n",
         b"user::rw-,user:1000:rw-,group::r--,other::r--"),
        (
            b"user:alice:rw-:1000,group:staff:r-x:50,mask::rwx",
            b"user:1000:rw-,group:50:r-x,mask::rwx",
        ),
        (b"user:1000:rw-:1000,mask:rwx", b"user:1000:rw-,mask::rwx"),
        (LIST % b"alice", None),
        (b"user:alice:rw-:x", None),
        (b"user:9:r--\t#effective:---", b"user:9:r--"),
    ],
)  # fmt: skip
def test_a_list_is_sent_by_number(value: bytes, numbered: bytes | None) -> None:
    expected = None if numbered is None else record(KEY, numbered)
    assert by_number(record(KEY, value)) == expected


def test_other_records_are_as_they_were() -> None:
    assert by_number(record(b"SCHILY.xattr.user.a", b"b:c,d")) == record(
        b"SCHILY.xattr.user.a", b"b:c,d"
    )


@pytest.mark.parametrize(
    ("mode", "value", "granted", "listed"),
    [
        (0o674, LIST % b"1", 0o644, 0o674),
        (0o640, b"user::rw-,group::rwx,mask::r--,other::---", 0o640, 0o640),
        (0o4770, b"user::rwx,group::---,mask::rwx,other::---", 0o4700, 0o4770),
        (0o644, b"garbage", 0o644, None),
        (0o750, b"user::rwx,group::r-x,other::---", 0o750, None),
    ],
)
def test_the_group_gets_what_the_list_grants_it(
    mode: int, value: bytes, granted: int, listed: int | None
) -> None:
    records = record(b"SCHILY.xattr.user.a", b"x") + record(KEY, value)
    assert granted_mode(mode, records) == granted
    assert listed_mode(granted, records) == listed


def test_a_member_has_the_mode_without_its_list(tmp_path: Path) -> None:
    block = file(b"f").replace(b"0000644\0", b"0000674\0", 1)
    data = extended(record(KEY, LIST % b"1000")) + block
    total = sum(data[1024:1172]) + 8 * 32 + sum(data[1180:1536])
    data = data[:1172] + b"%06o\0 " % total + data[1180:]
    (member,) = index_of_bytes(tmp_path, data + END).members
    assert member.mode == 0o644
