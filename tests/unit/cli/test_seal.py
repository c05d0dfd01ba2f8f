"""`kubectl restore seal`: what it writes, what it refuses, and that it writes whole or nothing."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.archive.trust.seal import SealRequest, seal
from kubectl_restore.cli.application import run_words
from kubectl_restore.deadline import Watch
from kubectl_restore.errors import TimedOutError, UsageError
from kubectl_restore.progress import Silence
from tests.json_page import undocumented
from tests.unit.archive.making import END, file, hard_link, header, symlink

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = file(b"a", b"12345") + file(b"b", b"") + hard_link(b"h", b"a") + symlink(b"s", b"a") + END
DIGEST = hashlib.sha256(DATA).hexdigest()
WRONG = "0" * 64
MADE = 1_700_000_000


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No record of the older tool but those that a test makes."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def backup(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "work" / "b.tar"
    path.parent.mkdir()
    path.write_bytes(DATA)
    os.utime(path, (MADE, MADE))
    yield path
    assert not [one for one in path.parent.iterdir() if one.name.startswith(".")]


def meta_of(backup: Path) -> dict[str, object]:
    fields: dict[str, object] = json.loads(Path(f"{backup}.meta.json").read_bytes())
    return fields


def left_beside(backup: Path) -> set[str]:
    return {one.name for one in backup.parent.iterdir()} - {backup.name}


def test_it_writes_what_later_restores_prove(
    backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_words(["seal", str(backup)]) == 0
    assert capsys.readouterr().out == (
        f"Sealed {backup}: 2 files, 5 bytes\nsha256:{DIGEST}\n"
        f"Wrote {backup}.sha256\nWrote {backup}.meta.json\n"
    )
    assert Path(f"{backup}.sha256").read_text() == f"{DIGEST}  b.tar\n"
    assert meta_of(backup) == {
        "checksum": f"sha256:{DIGEST}",
        "fileCount": 2,
        "totalSize": 5,
        "createdAt": "2023-11-14T22:13:20Z",
    }
    before = {name: (backup.parent / name).read_bytes() for name in left_beside(backup)}
    # Its own seal is a claim like any other.
    assert run_words(["seal", str(backup), "-v", f"--checksum={DIGEST}"]) == 0
    assert before == {name: (backup.parent / name).read_bytes() for name in left_beside(backup)}
    backup.write_bytes(file(b"a", b"12346") + END)
    assert run_words(["seal", str(backup)]) == 3
    assert DIGEST in capsys.readouterr().err


@pytest.mark.parametrize("name", ["new\nline", "back\\slash", "two words", "\udcff"])
def test_sha256sum_agrees_whatever_it_is_called(backup: Path, name: str) -> None:
    path = backup.with_name(name)
    backup.rename(path)
    assert run_words(["seal", str(path), "-q"]) == 0
    check = [b"sha256sum", b"--check", b"--strict", b"--quiet", os.fsencode(f"{name}.sha256")]
    assert subprocess.run(check, cwd=path.parent, check=False).returncode == 0
    path.rename(backup)


@pytest.mark.parametrize(("mode", "sealed"), [(0o777, 0o644), (0o600, 0o600), (0o440, 0o440)])
def test_the_mode_is_the_backups_and_never_wider(backup: Path, mode: int, sealed: int) -> None:
    backup.chmod(mode)
    assert run_words(["seal", str(backup), "-q"]) == 0
    assert {(backup.parent / one).stat().st_mode & 0o777 for one in left_beside(backup)} == {sealed}


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".sha256", f"{WRONG}  b.tar\n"),
        (".sha256", "nothing\n"),
        (".meta.json", "{"),
        (".meta.json", '{"fileCount": 3, "who": "me"}'),
    ],
)
def test_another_seal_is_replaced_by_force_alone(backup: Path, suffix: str, text: str) -> None:
    other = Path(f"{backup}{suffix}")
    other.write_text(text)
    assert run_words(["seal", str(backup)]) == 3
    assert left_beside(backup) == {other.name}
    assert other.read_text() == text
    assert run_words(["seal", str(backup), "--force"]) == 0
    assert set(meta_of(backup)) == {"checksum", "fileCount", "totalSize", "createdAt"}
    assert run_words(["seal", str(backup)]) == 0


def test_force_believes_no_less_what_others_claim(backup: Path) -> None:
    backup.with_name("SHA256SUMS").write_text(f"{WRONG}  b.tar\n")
    assert run_words(["seal", str(backup), "--force"]) == 3
    backup.with_name("SHA256SUMS").unlink()
    assert run_words(["seal", str(backup), "--force", f"--checksum={WRONG}"]) == 3
    assert not left_beside(backup)


def test_what_says_the_same_and_more_stays(
    backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = f"{WRONG}  other\n{DIGEST}  b.tar\n{DIGEST}  b.tar\n"
    Path(f"{backup}.sha256").write_text(lines)
    Path(f"{backup}.meta.json").write_text('{"who": "me", "createdAt": "2020-01-01"}')
    assert run_words(["seal", str(backup)]) == 0
    assert f"Kept {backup}.sha256, which says the same" in capsys.readouterr().out
    assert Path(f"{backup}.sha256").read_text() == lines
    assert meta_of(backup)["who"] == "me"
    assert meta_of(backup)["createdAt"] == "2020-01-01"
    assert meta_of(backup)["fileCount"] == 2


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (DATA[:-1024], "truncated"),
        (DATA[:700], "truncated"),
        (file(b"../x") + END, "not safe"),
        (b"", "empty"),
        (b"PK\x03\x04".ljust(600, b"\0"), "zip"),
    ],
)
def test_only_what_could_be_restored_is_sealed(
    backup: Path, data: bytes, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    backup.write_bytes(data)
    assert run_words(["seal", str(backup)]) == 3
    said = capsys.readouterr()
    assert words in said.err
    assert said.out == ""
    assert not left_beside(backup)


def test_a_place_that_cannot_be_written_to_is_told_before_the_reading(
    backup: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # /proc/self/fd takes no new file from anybody, root included.
    with backup.open("rb") as file_:
        assert run_words(["seal", f"/proc/self/fd/{file_.fileno()}"]) == 2
    said = capsys.readouterr()
    assert "the seal cannot be written" in said.err
    assert "Fix: ls -ld -- /proc/self/fd" in said.err
    assert "checking" not in said.err

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert run_words(["seal", str(backup)]) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert not left_beside(backup)


def test_a_directory_in_the_way(backup: Path) -> None:
    Path(f"{backup}.sha256").mkdir()
    assert run_words(["seal", str(backup)]) == 3
    assert run_words(["seal", str(backup), "--force"]) == 2
    assert left_beside(backup) == {"b.tar.sha256"}


def test_a_directory_in_the_way_of_the_second_file_is_found_before_the_first_is_written(
    backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(f"{backup}.meta.json").mkdir()
    assert run_words(["seal", str(backup), "--force"]) == 2
    assert left_beside(backup) == {"b.tar.meta.json"}
    assert "b.tar.meta.json is a directory" in capsys.readouterr().err


def test_odd_times_are_left_out(backup: Path) -> None:
    os.utime(backup, (1 << 40, 1 << 40))
    if backup.stat().st_mtime != 1 << 40:
        pytest.skip("this file system has no such time")
    assert run_words(["seal", str(backup), "-q"]) == 0
    assert "createdAt" not in meta_of(backup)


@pytest.mark.parametrize(
    "words",
    [
        [], ["a", "b"], ["-"], ["b.tar", "-n", "prod"], ["b.tar", "--context=c"],
        ["b.tar", "-t", "/"], ["b.tar", "--checksum=x"], ["b.tar", "-d"],
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_words(["seal", *words]) == UsageError.code
    assert "Fix: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("odd", "flag", "restored"),
    [
        (header(b"null", b"3"), "--devices", 3),
        (header(b"pipe", b"6"), "--devices", 3),
        (header(b"null", b"3"), "--skip-unsafe", 2),
        (file(b"../out"), "--skip-unsafe", 2),
    ],
)
def test_what_a_restore_takes_with_a_flag_is_sealed_with_it(
    backup: Path, capsys: pytest.CaptureFixture[str], odd: bytes, flag: str, restored: int
) -> None:
    backup.write_bytes(file(b"a") + odd + file(b"b") + END)
    assert run_words(["seal", str(backup), "-q"]) == 3
    assert not left_beside(backup)
    assert f"kubectl restore seal {backup} -q {flag}" in capsys.readouterr().err
    assert run_words(["seal", str(backup), flag]) == 0
    told = capsys.readouterr().err
    assert ("a restore leaves it out: " in told) == (flag == "--skip-unsafe")
    # A restore proves the seal before it leaves anything out.
    assert run_words(["inspect", str(backup), flag]) == 0
    out = capsys.readouterr().out
    assert f"members:   {restored} " in out
    assert f"the backup matches {backup}.sha256" in out


def test_help_and_a_pod_of_that_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_words(["seal", "--help"]) == 0
    assert "kubectl restore seal BACKUP" in capsys.readouterr().out


def test_a_time_limit_ends_it_and_nothing_is_written(backup: Path) -> None:
    with pytest.raises(TimedOutError):
        seal(SealRequest(backup), Silence(), Watch(0))
    assert not left_beside(backup)


def test_of_a_damaged_backup_the_way_to_what_is_left_is_named(
    backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backup.write_bytes(DATA[:800])
    assert run_words(["seal", str(backup)]) == 3
    said = capsys.readouterr().err
    assert f"kubectl restore inspect {backup} --list" in said
    assert f"kubectl restore POD {backup} -t PATH --salvage" in said
    assert not left_beside(backup)


def test_a_seal_that_cannot_be_read_is_not_written_over(
    backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = Path(f"{backup}.sha256")
    source.write_text("no checksum")
    assert run_words(["seal", str(backup)]) == 3
    assert "cannot be read" in capsys.readouterr().err
    assert source.read_text() == "no checksum"
    assert run_words(["seal", str(backup), "--force"]) == 0


def test_for_scripts_it_says_so_in_lines(backup: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_words(["seal", str(backup), "-o", "json"]) == 0
    *before, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert [undocumented(one) for one in (*before, last)] == [[]] * (len(before) + 1)
    assert (last["message_type"], last["sha256"], last["total_files"]) == ("seal", DIGEST, 2)
    assert last["written"] == [f"{backup}.sha256", f"{backup}.meta.json"]
    backup.write_bytes(DATA[:700])
    assert run_words(["seal", str(backup), "-o", "json", "--force"]) == 3
    said = capsys.readouterr()
    assert json.loads(said.out.splitlines()[-1])["message_type"] == "exit_error"
    assert said.err == ""
