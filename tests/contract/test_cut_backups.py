"""Backups cut at 200 places, plain and gzip: exit 3 each, and no exec is ever started."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.cli.application import run_words
from tests.contract import trees

if TYPE_CHECKING:
    from pathlib import Path

POD = {
    "metadata": {"name": "p", "namespace": "n", "uid": "u"},
    "spec": {"containers": [{"name": "app"}]},
    "status": {"phase": "Running"},
}


@pytest.fixture
def kubectl(tmp_path: Path) -> Path:
    """A kubectl that knows the pod, and writes every call down."""
    program = tmp_path / "kubectl"
    (tmp_path / "pod.json").write_text(json.dumps(POD))
    program.write_text(
        f'#!/bin/sh\necho "$*" >>{tmp_path}/calls\n'
        f"case \"$*\" in *'get pod'*) cat {tmp_path}/pod.json;; *) echo '{{}}';; esac\n"
    )
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_two_hundred_cuts(
    tmp_path: Path, kubectl: Path, capsys: pytest.CaptureFixture[str], *, packed: bool
) -> None:
    archive = trees.two_thousand()
    # Where the second block of zeros ends; the padding of the last record may be missing.
    end = len(archive.rstrip(b"\0"))
    whole = archive[: end + -end % 512 + 1024]
    content = gzip.compress(whole) if packed else whole
    randomness = random.Random(20)  # noqa: S311 - places to cut at
    backup = tmp_path / "backup"
    places = sorted({randomness.randrange(1, len(content)) for _ in range(196)})
    # One block of zeros is left of a plain one cut there: that is its end, and nothing is missing.
    single = {len(content) - 512} if not packed else set()
    for place in sorted({*places, len(content) - 1, len(content) - 2}.difference(single)):
        backup.write_bytes(content[:place])
        code = run_words(["p", str(backup), "-t", "/data", f"--kubectl={kubectl}"])
        said = capsys.readouterr()
        assert code == 3, (place, said)
        assert said.out == ""
        assert "Reason: " in said.err
    assert len(places) > 190
    assert "exec" not in (tmp_path / "calls").read_text()


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("archive", [trees.small(), b""], ids=["a tail of zeros", "only zeros"])
def test_what_was_never_written_comes_to_no_exec(
    tmp_path: Path,
    kubectl: Path,
    capsys: pytest.CaptureFixture[str],
    archive: bytes,
    *,
    packed: bool,
) -> None:
    backup = tmp_path / "backup"
    content = archive + bytes((1 << 20) + 10240)
    backup.write_bytes(gzip.compress(content) if packed else content)
    words = ["p", str(backup), "-t", "/data", f"--kubectl={kubectl}"]
    assert run_words(words) == 3
    assert "zeros" in capsys.readouterr().err
    assert not (tmp_path / "calls").exists() or "exec" not in (tmp_path / "calls").read_text()


def test_the_whole_one_is_accepted(
    tmp_path: Path, kubectl: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same set-up does come to an exec when nothing is cut."""
    backup = tmp_path / "backup"
    backup.write_bytes(trees.two_thousand())
    code = run_words(["p", str(backup), "-t", "/data", f"--kubectl={kubectl}"])
    assert code == 8, capsys.readouterr()
    assert " exec p " in (tmp_path / "calls").read_text()


def test_one_that_is_not_what_was_claimed_comes_to_no_exec_either(
    tmp_path: Path, kubectl: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backup, wrong = tmp_path / "backup.tar", "0" * 64
    backup.write_bytes(trees.two_thousand())
    words = ["p", str(backup), "-t", "/data", f"--kubectl={kubectl}", "-v"]
    assert run_words([*words, f"--checksum=sha256:{wrong}"]) == 3
    said = capsys.readouterr().err
    right = hashlib.sha256(backup.read_bytes()).hexdigest()
    assert wrong in said
    assert right in said
    (tmp_path / "SHA256SUMS").write_text(f"{wrong}  backup.tar\n")
    assert run_words(words) == 3
    assert f"{tmp_path}/SHA256SUMS" in capsys.readouterr().err
    assert "exec" not in (tmp_path / "calls").read_text()
    (tmp_path / "SHA256SUMS").write_text(f"{right}  backup.tar\n")
    assert run_words([*words, f"--checksum={right}"]) == 8
    said = capsys.readouterr().err
    assert f"sha256 matches {tmp_path}/SHA256SUMS ({right})" in said
    assert f"the backup matches --checksum (sha256) and {tmp_path}/SHA256SUMS (sha256)" in said
    assert " exec p " in (tmp_path / "calls").read_text()


def test_a_missing_part_comes_to_no_exec(
    tmp_path: Path, kubectl: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = trees.two_thousand()
    for number in (0, 1, 3):
        at = number * len(data) // 4
        (tmp_path / f"b.tar.{number:03}").write_bytes(data[at : at + len(data) // 4])
    words = ["-t", "/data", f"--kubectl={kubectl}"]
    assert run_words(["p", str(tmp_path / "b.tar.000"), *words]) == 3
    assert "b.tar.002" in capsys.readouterr().err
    assert run_words(["p", str(tmp_path / "b.tar.001"), *words]) == 3
    assert "b.tar.000" in capsys.readouterr().err
    assert not (tmp_path / "calls").exists() or "exec" not in (tmp_path / "calls").read_text()
