"""Whose keys S3 is asked with: the environment's, a profile's, or boto3's."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.archive.source.objects.profile import credentials_for
from kubectl_restore.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

KEYS = "aws_access_key_id = AKIA1\naws_secret_access_key = s3cr/et%=\n"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """The variables that name two files, which are not there yet."""
    return {
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
    }


def write(files: dict[str, str], *, credentials: str = "", config: str = "") -> None:
    for name, text in (("AWS_SHARED_CREDENTIALS_FILE", credentials), ("AWS_CONFIG_FILE", config)):
        with open(files[name], "w", encoding="utf-8") as file:  # noqa: PTH123 - a name in a variable
            file.write(text)


def test_without_any_file_the_environment_and_the_machine_are_asked(files: dict[str, str]) -> None:
    assert credentials_for("b", files) == ({}, None)


def test_keys_region_and_endpoint_of_the_default_profile(files: dict[str, str]) -> None:
    write(
        files,
        credentials=f"[default]\n{KEYS}",
        config="[default]\nregion = eu-west-1\nendpoint_url = https://minio:9000\n",
    )
    assert credentials_for("b", files) == (
        {
            "access_key_id": "AKIA1",
            "secret_access_key": "s3cr/et%=",
            "region": "eu-west-1",
            "endpoint": "https://minio:9000",
        },
        None,
    )


def test_a_named_profile_is_called_otherwise_in_the_config(files: dict[str, str]) -> None:
    write(
        files,
        credentials=f"[default]\naws_access_key_id = OTHER\n[prod]\n{KEYS}aws_session_token = t\n",
        config="[default]\nregion = us-west-2\n[profile prod]\nregion = eu-west-1\n",
    )
    config, _ = credentials_for("b", {**files, "AWS_PROFILE": "prod"})
    assert config == {
        "access_key_id": "AKIA1",
        "secret_access_key": "s3cr/et%=",
        "session_token": "t",
        "region": "eu-west-1",
    }


def test_the_environment_wins(files: dict[str, str]) -> None:
    write(files, credentials=f"[default]\n{KEYS}", config="[default]\nregion = eu-west-1\n")
    given = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B", "AWS_REGION": "us-east-2"}
    assert credentials_for("b", {**files, **given}) == ({}, None)
    # The profile's region goes with the environment's keys, as for the AWS CLI.
    given.pop("AWS_REGION")
    assert credentials_for("b", {**files, **given}) == ({"region": "eu-west-1"}, None)


def test_a_profile_that_is_not_there_is_said(files: dict[str, str]) -> None:
    write(files, credentials=f"[default]\n{KEYS}")
    with pytest.raises(UsageError) as caught:
        credentials_for("b", {**files, "AWS_PROFILE": "prod"})
    assert "prod" in caught.value.what
    assert files["AWS_CONFIG_FILE"] in caught.value.reason


def test_a_file_that_cannot_be_read_shows_none_of_its_lines(files: dict[str, str]) -> None:
    write(files, credentials="aws_secret_access_key = s3cr3t\n")
    with pytest.raises(UsageError) as caught:
        credentials_for("b", files)
    error = caught.value
    assert "s3cr3t" not in f"{error.what}{error.reason}{error.fix}"


def test_without_boto3_a_profile_that_is_fetched_has_a_way_out(
    files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(files, config="[profile dev]\nsso_session = corp\nsso_account_id = 1\n")
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(UsageError) as caught:
        credentials_for("b", {**files, "AWS_PROFILE": "dev"})
    assert "boto3" in caught.value.reason
    assert caught.value.fix.startswith(
        'eval "$(aws configure export-credentials --profile dev --format env)"'
    )


def test_with_boto3_a_process_gives_credentials(
    files: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("boto3")
    said = '{"Version": 1, "AccessKeyId": "AKIA2", "SecretAccessKey": "x"}'
    (tmp_path / "said.json").write_text(said)
    write(files, config=f"[profile dev]\ncredential_process = cat {tmp_path}/said.json\n")
    for name, value in files.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    _, provider = credentials_for("b", {**files, "AWS_PROFILE": "dev"})
    assert provider is not None
    assert provider()["access_key_id"] == "AKIA2"


def test_where_nobody_has_any_the_machine_is_not_asked_if_it_must_not(
    files: dict[str, str],
) -> None:
    with pytest.raises(UsageError) as caught:
        credentials_for("b", {**files, "AWS_EC2_METADATA_DISABLED": "true"})
    assert "no credentials for the bucket b" in caught.value.what
