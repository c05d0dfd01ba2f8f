"""`--log-file` never writes into what is read, or what another flag names."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.cli.application import run_words
from tests.unit.archive.making import END, file

if TYPE_CHECKING:
    from pathlib import Path

MEMBERS = file(b"a", b"x" * 5000) + file(b"b", b"y" * 3000) + END


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    path = tmp_path / "b.tar"
    path.write_bytes(MEMBERS)
    assert run_words(["seal", str(path), "-q"]) == 0
    return path


def everything(place: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in place.iterdir() if one.is_file()}


def refused(place: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return what is said, with exit 2 and not a byte written; the fix is taken."""
    before = everything(place)
    assert run_words([*words]) == 2
    assert everything(place) == before
    return capsys.readouterr().err


@pytest.mark.parametrize("name", ["b.tar", "b.tar.sha256", "b.tar.meta.json", "./sub/../b.tar"])
def test_what_is_read_is_no_log(
    backup: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place = backup.parent
    (place / "sub").mkdir()
    said = refused(place, capsys, "inspect", str(backup), f"--log-file={place}/{name}")
    assert "nothing was written" in said
    (fix,) = [line for line in said.splitlines() if line.startswith("Fix: --log-file ")]
    _, _, other = shlex.split(fix)
    assert run_words(["inspect", str(backup), "--log-file", other]) == 0
    assert run_words(["inspect", str(backup), "--log-file", other]) == 0


@pytest.mark.parametrize("is_hard", [False, True])
def test_another_name_of_the_backup_is_no_log(
    backup: Path, capsys: pytest.CaptureFixture[str], *, is_hard: bool
) -> None:
    link = backup.with_name("link.log")
    link.hardlink_to(backup) if is_hard else link.symlink_to(backup)
    said = refused(backup.parent, capsys, "pod", str(backup), "-t/d", f"--log-file={link}")
    assert "is the backup itself" in said


@pytest.mark.parametrize("name", ["b.tar.sha256", "SHA256SUMS", "b.tar.meta.json"])
@pytest.mark.parametrize("command", ["inspect", "seal"])
def test_what_would_be_read_as_a_checksum_is_no_log(
    tmp_path: Path, command: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "b.tar"
    path.write_bytes(MEMBERS)
    said = refused(tmp_path, capsys, command, str(path), f"--log-file={tmp_path / name}")
    assert "a checksum of the backup" in said


@pytest.mark.parametrize("name", ["p.tar.aa", "p.tar.ab", "p.tar.ac", "p.tar.ab.sha256"])
def test_a_part_and_what_would_be_one_are_no_log(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.tar.aa").write_bytes(MEMBERS[:4096])
    (tmp_path / "p.tar.ab").write_bytes(MEMBERS[4096:])
    said = refused(
        tmp_path, capsys, "inspect", f"{tmp_path}/p.tar.aa", f"--log-file={tmp_path / name}"
    )
    assert "the backup" in said


@pytest.mark.parametrize("flag", ["--receipt", "--save-replaced"])
def test_what_another_flag_names_is_no_log(
    backup: Path, flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    new = backup.with_name("new")
    words = ("pod", str(backup), "-t/d", "--force", f"{flag}={new}", f"--log-file={new}")
    assert f"is what {flag} names too" in refused(backup.parent, capsys, *words)


def test_the_backups_of_a_fleet_and_its_map_are_no_log(
    backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = backup.with_name("map")
    listed.write_text(f"pod/a {backup}\n")
    for log in (backup, listed, backup.with_name("SHA256SUMS")):
        refused(backup.parent, capsys, "--map", str(listed), "-t/d", f"--log-file={log}")


def test_what_has_content_is_a_log_or_refused(
    backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = backup.with_name("x.yml")
    other.write_text("kind: Pod\n")
    said = refused(backup.parent, capsys, "inspect", str(backup), f"--log-file={other}")
    assert "is no log" in said
    # What is left of a log of which the beginning was cut off is one.
    log = backup.with_name("log")
    log.touch()
    assert run_words(["inspect", str(backup), f"--log-file={log}", "-q"]) == 0
    log.write_text(log.read_text().partition("\n")[2])
    assert log.read_text()
    assert run_words(["inspect", str(backup), f"--log-file={log}", "-q"]) == 0
