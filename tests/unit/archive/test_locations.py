"""What names an object, and what of it is never shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.source.location import (
    Location,
    backup_name,
    redacted,
    secrets_in,
    without_secrets,
)
from kubectl_restore.errors import UsageError

PRESIGNED = "https://AKIA:pw@b.example/db/x.tar.gz?X-Amz-Signature=5ec2e7&X-Amz-Expires=60"


def test_files_are_files() -> None:
    for name in ("backup.tar", "./s3:/b/x.tar", "s3:b", "a:b/c", "-"):
        assert backup_name(name) == Path(name)


def test_a_directory_that_is_called_like_a_scheme_is_still_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "odd:").mkdir()
    (tmp_path / "odd:" / "x.tar").touch()
    assert backup_name("odd://x.tar") == Path("odd:/x.tar")


def test_a_key_is_taken_as_it_is() -> None:
    found = backup_name("s3://my.bucket/db 1/ü%20+#?.tar.gz")
    assert isinstance(found, Location)
    assert (found.host, found.key) == ("my.bucket", "db 1/ü%20+#?.tar.gz")
    assert os.fspath(found) == "s3://my.bucket/db 1/ü%20+#?.tar.gz"
    assert (found.name, found.suffix) == ("ü%20+#?.tar.gz", ".gz")
    assert os.fspath(found.with_name("SHA256SUMS")) == "s3://my.bucket/db 1/SHA256SUMS"


def test_what_is_beside_a_key_without_a_directory_is_in_the_bucket() -> None:
    found = backup_name("s3://bucket/x.tar")
    assert isinstance(found, Location)
    assert os.fspath(found.with_name("x.tar.sha256")) == "s3://bucket/x.tar.sha256"


def test_a_url_keeps_its_escapes_and_shows_no_secret() -> None:
    found = backup_name(PRESIGNED)
    assert isinstance(found, Location)
    assert found.url == PRESIGNED
    shown = "https://REDACTED@b.example/db/x.tar.gz?REDACTED"
    assert os.fspath(found) == str(found) == bytes(found).decode() == redacted(PRESIGNED) == shown
    for text in (repr(found), found.reader, f"{found}"):
        assert "5ec2e7" not in text
        assert "AKIA" not in text
    assert found.with_name("x.tar.gz.sha256").url == "https://AKIA:pw@b.example/db/x.tar.gz.sha256"


@pytest.mark.parametrize(
    "text",
    [
        "s3://",
        "s3://bucket",
        "s3://bucket/",
        "s3://bucket/dir/",
        "s3:///key",
        "s3://bucket/a//b",
        "s3://bucket/../b",
        "s3://bucket/a\nb",
        "https://host",
        "https:///path",
        "https://host/a b",
        "https://host/ü",
        "gs://bucket/key",
        "az://container/blob",
        "ftp://host/x.tar",
    ],
)
def test_what_names_no_object_is_said_with_a_way_out(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        backup_name(text)
    assert caught.value.reason
    assert caught.value.fix


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("s3:/backups/db/x.tar", "s3://backups/db/x.tar"),
        ("https:/me:secret@host/x?sig=5ec2e7", "https://REDACTED@host/x?REDACTED"),
        ("HTTP:/host/x", "HTTP://host/x"),
    ],
)
def test_a_slash_that_is_missing_is_said(text: str, meant: str) -> None:
    with pytest.raises(UsageError) as caught:
        backup_name(text)
    assert caught.value.fix == f"name it with two: {meant}"
    said = f"{caught.value.what}{caught.value.reason}"
    assert "5ec2e7" not in said
    assert "secret" not in said
    assert "secret" not in without_secrets(f"quoted: {text}", secrets_in([text]))


def test_a_file_with_one_slash_behind_a_colon_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s3:").mkdir()
    (tmp_path / "s3:" / "x.tar").touch()
    assert backup_name("s3:/x.tar") == Path("s3:/x.tar")


def test_an_error_about_a_url_has_none_of_its_secrets() -> None:
    with pytest.raises(UsageError) as caught:
        backup_name("https://me:secret@host/a b?sig=5ec2e7")
    said = f"{caught.value.what}{caught.value.reason}{caught.value.fix}"
    assert "5ec2e7" not in said
    assert "me:secret" not in said


@given(
    rest=st.text("abc:/@?#=&.-", max_size=12),
    secret=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=6, max_size=12),
    as_user=st.booleans(),
)
def test_no_secret_is_left_in_a_word_or_in_what_quotes_it(
    rest: str, secret: str, *, as_user: bool
) -> None:
    word = f"https://u:{secret}@host/{rest}" if as_user else f"https://host/p?sig={secret}{rest}"
    assert secret not in redacted(word)
    quoted = without_secrets(f"the word {word!r} is none: '{word}'", secrets_in([word]))
    assert secret not in quoted


def test_words_without_secrets_stay_as_they_are() -> None:
    for word in ("s3://b/k?x=1@y", "backup.tar", "https://host/path", "a@b?c", "--flag=https://x"):
        assert redacted(word) == word
        assert secrets_in([word]) == []
