"""Checksums as Windows' tools write them are those of sha256sum."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.archive.trust.claims import Sum, parse_sums
from kubectl_restore.archive.trust.sidecars import find_claims
from kubectl_restore.archive.trust.windows_sums import as_lines

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = hashlib.sha256(b"x").hexdigest()
PAIRS = " ".join(DIGEST[at : at + 2] for at in range(0, 64, 2))
CERTUTIL = (
    "SHA256 hash of {name}:\r\n{digits}\r\nCertUtil: -hashfile command completed successfully.\r\n"
)
TABLE = (
    "\r\nAlgorithm       Hash{blanks}Path\r\n---------       ----{blanks}----\r\n"
    "SHA256          {digest}       {name}\r\n\r\n\r\n"
)
FIELDS = "\r\n\r\nAlgorithm : SHA256\r\nHash      : {digest}\r\nPath      : {name}\r\n\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    "text",
    [
        CERTUTIL.format(name="x.tar", digits=DIGEST),
        CERTUTIL.format(name="C:\\backups\\x.tar", digits=DIGEST),
        CERTUTIL.format(name="file x.tar", digits=PAIRS),
        TABLE.format(blanks=" " * 67, digest=DIGEST.upper(), name="C:\\b\\x.tar"),
        FIELDS.format(digest=DIGEST.upper(), name="D:\\b c\\x.tar"),
        f"{DIGEST.upper()} *x.tar\r\n",
        f"{DIGEST}  x.tar\n",
    ],
)
def test_each_form_is_read(text: str, encoding: str) -> None:
    assert parse_sums(text.encode(encoding), b"x.tar") == [Sum(DIGEST, b"x.tar")]


def test_what_is_none_of_these_is_as_it_was() -> None:
    for data in (b"", b"# nothing\n", b"MD5 (x) = 1\n", b"\xff\xfeodd"):
        assert as_lines(data) == data or data.startswith(b"\xff\xfe")


def test_one_beside_a_backup_is_a_claim(tmp_path: Path) -> None:
    backup = tmp_path / "x.tar"
    backup.write_bytes(b"x")
    text = CERTUTIL.format(name="x.tar", digits=DIGEST)
    (tmp_path / "x.tar.sha256").write_bytes(text.encode("utf-16"))
    (claim,) = find_claims(backup, home=tmp_path).claims
    assert claim.value == DIGEST
