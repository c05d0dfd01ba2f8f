"""`kubectl restore inspect`: what is in a backup, said to people and to scripts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubectl_restore.cli.application import run_words
from tests.json_page import documented, undocumented
from tests.unit.archive.gnu_tar import gnu_only
from tests.unit.archive.making import (
    END,
    directory,
    extended,
    file,
    hard_link,
    header,
    record,
    symlink,
    zipped,
)

ROOT = Path(__file__).resolve().parents[3]
MIXED = (
    directory(b"./")
    + directory(b"./d/")
    + file(b"./d/big", b"x" * 3000)
    + file(b"/abs", b"yy")
    + hard_link(b"./h", b"./d/big")
    + symlink(b"./s", b"../somewhere")
    + extended(record(b"mtime", b"1700000000.5"))
    + file(b"./new", b"")
    + END
)


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    path = tmp_path / "backup.tar.gz"
    path.write_bytes(zipped(MIXED))
    return path


def inspected(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = run_words(["inspect", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_for_people(backup: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = inspected(capsys, str(backup))
    assert code == 0
    assert re.search(r"tar, gzip, \d+ B; complete", out)
    assert "members:   7 (3 files, 2 directories, 1 hard link, 1 symlink)" in out
    assert "content:   2.9 KiB (3,002 bytes)" in out
    assert "checksum: none was found beside the backup" in out
    assert "Note: 1 absolute name: restored below the target" in out
    assert "Note: ./ has an entry of its own" in out
    assert "1 member with fractions of a second" in out
    lines = out.splitlines()
    assert lines[lines.index("biggest:") + 1].endswith("d/big")
    assert lines[lines.index("newest:") + 1].endswith("new")


def test_an_archive_without_members_is_said_to_have_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "backup.tar"
    path.write_bytes(END)
    code, out, _ = inspected(capsys, str(path))
    assert code == 0
    assert out.splitlines()[1] == "members:   0"


@pytest.mark.parametrize("words", [["inspect"], ["seal"], ["verify", "db-0"], ["db-0"]])
def test_a_backup_without_a_name_is_usage(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert run_words([*words, ""]) == 2
    said = capsys.readouterr().err
    assert "Error: the backup has no name" in said
    assert "Fix: kubectl restore " in said


def test_what_is_claimed_is_shown_and_held_against_it(
    backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_words(["seal", str(backup), "-q"]) == 0
    code, out, _ = inspected(capsys, str(backup))
    assert code == 0
    assert "backup.tar.gz.sha256" in out
    backup.write_bytes(zipped(file(b"another") + END))
    code, out, err = inspected(capsys, str(backup))
    assert code == 3
    assert "checksum: what was found beside the backup does not hold" in out
    assert "differs" in err
    other = "0" * 64
    code, out, err = inspected(capsys, str(backup), "--checksum", other)
    assert (code, out) == (3, "")


def test_what_is_in_a_backup_whose_checksum_is_wrong_is_shown_as_not_proved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "backup.tar"
    path.write_bytes(MIXED)
    assert run_words(["seal", str(path), "-q"]) == 0
    damaged = bytearray(MIXED)
    damaged[MIXED.index(b"xxx") + 9] ^= 1
    path.write_bytes(damaged)
    code, out, err = inspected(capsys, str(path), "--list")
    assert code == 3
    assert len(out.splitlines()) == 7
    assert "no content of it is proved" in err
    assert f"{path}.sha256 says: its sha256 differs" in err
    assert f"kubectl restore POD {path} -t PATH --salvage" in err
    assert f"mv -- {path}.sha256 {path}.sha256.old" in err
    code, out, _ = inspected(capsys, str(path), "-o", "json")
    result, error = (json.loads(line) for line in out.splitlines())
    assert (code, error["code"], len(result["not_proved"])) == (3, 3, 7)
    assert undocumented(result) == []


def test_members_that_one_checksum_is_about_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "backup.tar.gz"
    whole = bytearray(zipped(b"".join(file(b"f%d" % number) for number in range(30)) + END))
    whole[-6] ^= 1
    path.write_bytes(whole)
    _, out, err = inspected(capsys, str(path))
    assert out.count("Note: not proved: f") == 10
    assert "Note: not proved: 30 members in all" in out
    assert "gone: " not in out + err
    _, _, err = inspected(capsys, str(path), "--list")
    assert err.count("not proved: f") == 30


def test_the_same_flags_as_a_restore_show_what_it_would_take(
    backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = inspected(capsys, str(backup), "--list", "--include", "./d")
    assert code == 0
    assert [line.rpartition(" ")[2] for line in out.splitlines()] == ["./d/", "./d/big"]
    code, out, err = inspected(capsys, str(backup), "--include", "nowhere")
    assert (code, out) == (2, "")
    assert "nothing that matches" in err


@pytest.mark.parametrize("flags", [(), ("--skip-unsafe",)])
def test_what_would_be_refused_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...]
) -> None:
    path = tmp_path / "backup.tar"
    path.write_bytes(file(b"good") + file(b"../bad") + header(b"dev", b"3") + END)
    code, out, _ = inspected(capsys, str(path), *flags)
    assert code == (0 if flags else 3)
    assert "refused (2):" in out
    assert "  ../bad: its name leads out of the target with .." in out
    found = json.loads(inspected(capsys, str(path), "-o", "json", *flags)[1])
    assert found["total_members"] == 1
    assert [one["name"] for one in found["refused"]] == ["../bad", "dev"]


@pytest.mark.parametrize("good", [0, 3])
def test_the_list_has_what_is_refused_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], good: int
) -> None:
    path = tmp_path / "backup.tar"
    names = [b"../first", *(b"good-%d" % number for number in range(good)), b"../last"]
    path.write_bytes(b"".join(map(file, names)) + header(b"dev", b"3") + END)
    bad = ["../first", "../last"]
    reason = "its name leads out of the target with .."
    code, out, err = inspected(capsys, str(path), "--list")
    assert code == 3
    lines = out.splitlines()
    assert [line.split()[5] for line in lines] == [*map(bytes.decode, names), "dev"]
    marked = [line for line in lines if line.endswith(f" [refused: {reason}]")]
    assert [line.split()[5] for line in marked] == bad
    assert sum("refused" in line for line in lines) == 3
    assert "Error: the backup is not safe to restore: 3 members refused\n" in err
    assert (
        f"  dev: it is a character device\nFix: to leave them out: kubectl restore inspect {path}"
        in err
    )
    assert "--list --skip-unsafe\n" in err
    code, out, err = inspected(capsys, str(path), "--list", "-o", "json")
    *members, inspection = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (3, "")
    assert [one["name"] for one in members if one.get("refused") == reason] == bad
    assert [one["name"] for one in members] == [*map(bytes.decode, names), "dev"]
    assert inspection["total_members"] == good
    # What was not asked for is not in force.
    assert "--skip-unsafe" not in "".join(inspection["notes"])
    assert "--skip-unsafe" not in inspected(capsys, str(path))[1]
    code, out, err = inspected(capsys, str(path), "--list", "--skip-unsafe")
    assert code == 0
    assert "refused" not in out + err
    assert len(out.splitlines()) == good
    assert "(--skip-unsafe)" in inspected(capsys, str(path), "--skip-unsafe")[1]


def test_a_cut_backup_is_exit_3_behind_what_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "backup.tar"
    path.write_bytes(MIXED[:2000])
    code, out, err = inspected(capsys, str(path))
    assert code == 3
    assert "Note: gone: ./d/big: cut: 464 of 3,000 bytes are there" in out
    assert "truncated" in err
    assert f"kubectl restore POD {path} -t PATH --salvage" in err
    code, out, _ = inspected(capsys, str(path), "-o", "json")
    result, error = (json.loads(line) for line in out.splitlines())
    assert (code, error["code"]) == (3, 3)
    assert undocumented(result) == []
    assert result["gone"] == [{"name": "./d/big", "reason": "cut: 464 of 3,000 bytes are there"}]
    assert result["not_proved"] == []
    path.write_bytes(MIXED[: -len(END)])
    code, out, _ = inspected(capsys, str(path), "--allow-missing-end")
    assert code == 0
    assert "no end marker" in out


@gnu_only
def test_the_list_says_what_gnu_tars_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "backup.tar"
    path.write_bytes(MIXED)
    said = subprocess.run(
        ["tar", "--utc", "--full-time", "-tvf", path],
        capture_output=True,
        text=True,
        check=True,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    ).stdout
    expected = [line.split() for line in said.splitlines()]
    _, out, _ = inspected(capsys, str(path), "--list")
    found = [line.split() for line in out.splitlines()]
    for line in expected:
        # GNU tar shows fractions of seconds; ours are in the JSON.
        line[4] = line[4].partition(".")[0]
    assert found == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    st.binary(min_size=1, max_size=90).filter(lambda name: b"\0" not in name and name[-1:] != b"/")
)
def test_no_name_moves_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: bytes
) -> None:
    path = tmp_path / "backup.tar"
    path.write_bytes(file(b"x" + name) + symlink(b"s", name) + END)
    for flags in ((), ("--list",), ("--list", "-o", "json")):
        _, out, _ = inspected(capsys, str(path), "--skip-unsafe", *flags)
        assert all(line.isprintable() for line in out.split("\n"))
        if "-o" in flags:
            lines = [json.loads(line) for line in out.splitlines()]
            assert [one["message_type"] for one in lines[-1:]] == ["inspection"]


def test_names_that_fill_a_screen_are_short_for_people_and_whole_for_scripts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, owner = b"a" * 9000 + b"z", b"o" * 7000
    path = tmp_path / "backup.tar"
    records = extended(record(b"path", b"d/" * 4000 + name), record(b"uname", owner))
    path.write_bytes(records + file(b"short") + records + file(b"short", b"longer") + END)
    code, out, _ = inspected(capsys, str(path), "--skip-unsafe")
    assert code == 0
    assert max(map(len, out.splitlines())) < 500
    assert "[... 17,001 bytes ...]" in out
    path.write_bytes(extended(record(b"uname", owner)) + file(b"short") + END)
    assert max(map(len, inspected(capsys, str(path))[1].splitlines())) < 500
    for flags in (("--list",), ("--list", "-o", "json"), ("-o", "json")):
        assert owner.decode() in inspected(capsys, str(path), *flags)[1]


def test_the_fields_are_those_of_the_docs(backup: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = inspected(capsys, str(backup), "--list", "-o", "json")
    *members, inspection = [json.loads(line) for line in out.splitlines()]
    assert len(members) == inspection["total_members"] == 7
    for one in (*members, inspection, *inspection["biggest"]):
        assert undocumented(one) == []
    assert any("link" in one for one in members)


def test_the_fields_that_are_not_always_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "backup.tar"
    path.write_bytes(symlink(b"\xff", b"\xfe") + header(b"dev", b"3") + file(b"../bad") + END)
    _, out, _ = inspected(capsys, str(path), "--list", "-o", "json", "--devices")
    *members, _inspection = [json.loads(line) for line in out.splitlines()]
    always, sometimes = documented("member")
    assert set().union(*members) == always | sometimes


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "backup.tar"
    with tarfile.open(path, "w") as archive:
        for number in range(5000):
            archive.addfile(tarfile.TarInfo(f"file-{number}"))
    command = [sys.executable, "-I", str(ROOT / "plugin/start.py"), "inspect", str(path), "--list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait() == 0, said
    assert b"Error" not in said
    assert b"Traceback" not in said


@pytest.mark.parametrize("flags", [[], ["--list"], ["-o", "json"]], ids=["text", "list", "json"])
def test_a_result_that_cannot_be_written_is_an_error(backup: Path, flags: list[str]) -> None:
    command = [sys.executable, "-I", str(ROOT / "plugin/start.py"), "inspect", str(backup), *flags]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert "the result could not be written" in done.stderr


def test_a_list_has_the_notes_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "b.tar"
    path.write_bytes(file(b"a/f") + file(b"b/f") + END + file(b"second") + END)
    code, out, err = inspected(
        capsys, str(path), "--list", "--exclude=typo", "--strip-components=1"
    )
    assert code == 0
    assert len(out.splitlines()) == 1
    assert "2 archives stand behind one another" in err
    assert "--exclude typo" in err
    assert "--strip-components" in err


def test_a_prefix_below_which_nothing_is_is_said(
    backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "nowhere=" in inspected(capsys, str(backup), "--transform-prefix=nowhere=x")[1]


@pytest.mark.parametrize("words", [["-t", "/data"], ["--force"], ["--token=x"], ["-n", "x"]])
def test_flags_of_a_restore_mean_nothing_here(
    backup: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    code, out, err = inspected(capsys, str(backup), *words)
    assert (code, out) == (2, "")
    assert "no meaning for inspect" in err
    assert inspected(capsys)[0] == 2
    assert inspected(capsys, "-")[0] == 2
    assert run_words(["p", str(backup), "--list"]) == 2
