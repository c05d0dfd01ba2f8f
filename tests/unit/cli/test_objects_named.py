"""Objects on a command line: taken as backups, without their secrets; nothing loaded in vain."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kubectl_restore.archive.source.location import Location
from kubectl_restore.cli.application import run_words
from kubectl_restore.cli.argv import parse
from kubectl_restore.cli.inspect import read_inspect_request
from kubectl_restore.cli.reading import read_request

ROOT = Path(__file__).resolve().parents[3]
SIGNED = "https://b.example/db/x.tar.gz?X-Amz-Signature=5ec2e7"
SHOWN = "https://b.example/db/x.tar.gz?REDACTED"


def test_a_command_that_is_shown_has_no_signature() -> None:
    words = ["db-0", SIGNED, "-t", "/data"]
    request = read_request(parse(words), words, older=False)
    assert isinstance(request.backup, Location)
    assert request.backup.url == SIGNED
    assert request.command == ("kubectl", "restore", "db-0", SHOWN, "-t", "/data")
    assert SHOWN in request.command_with("--force")
    assert "5ec2e7" not in repr(request)


def test_nor_has_that_of_a_look() -> None:
    request = read_inspect_request(parse([SIGNED]), [SIGNED])
    assert request.command == ("kubectl", "restore", "inspect", SHOWN)
    assert "5ec2e7" not in repr(request)


@pytest.mark.parametrize(
    "words",
    [
        [SIGNED],
        [SIGNED, "db-0"],
        [SIGNED, SIGNED],
        ["db-0", SIGNED, "more", "words"],
        ["verify", SIGNED],
        ["diff", SIGNED],
        ["seal", SIGNED],
        ["seal", SIGNED, "two"],
        ["inspect", SIGNED, "two"],
        ["db-0", SIGNED, "--bogus"],
        ["db-0", SIGNED, "-t", "relative"],
        ["db-0", "https://b.example/a b?sig=5ec2e7"],
        ["db-0", "ftp://b.example/x.tar?sig=5ec2e7"],
        ["db-0", "https://u:5ec2e7@b.example", "-t", "/data"],
    ],
)
def test_a_wrong_command_line_is_said_without_the_signature(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_words(words) == 2
    said = capsys.readouterr()
    assert "Fix: " in said.err
    assert "5ec2e7" not in said.out + said.err


def test_a_backup_in_a_store_is_not_sealed_and_it_is_said_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_words(["seal", "s3://bucket/x.tar"]) == 2
    said = capsys.readouterr().err
    assert "before it is uploaded" in said
    assert "aws s3 cp s3://bucket/x.tar -" in said


def test_files_need_nothing_of_object_storage(tmp_path: Path) -> None:
    file = tmp_path / "x.tar"
    file.write_bytes(bytes(10240))
    script = (
        "import sys\n"
        "from kubectl_restore.cli.application import run_words\n"
        f"run_words(['inspect', {str(file)!r}])\n"
        "print(*sorted(sys.modules))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "plugin")}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.splitlines()[-1].split()
    assert "kubectl_restore.archive.source.file" in loaded
    late = ("obstore", "boto3", "kubectl_restore.archive.source.objects")
    assert [name for name in loaded if name.startswith(late)] == []
