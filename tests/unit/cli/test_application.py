"""Exit codes and messages, from the first word to the last."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kubectl_restore import errors
from kubectl_restore.about import VERSION
from kubectl_restore.cli.application import run_words
from kubectl_restore.cli.flags import OLDER_COMMANDS, RESERVED

START = Path(__file__).resolve().parents[3] / "plugin" / "start.py"
SIMPLE = [
    errors.UsageError,
    errors.BackupError,
    errors.TargetError,
    errors.NotAllowedError,
    errors.InTheWayError,
    errors.PodCannotError,
    errors.InterruptedRestoreError,
    errors.TimedOutError,
    errors.VerificationError,
]


def raising(error: BaseException) -> object:
    def restore(*_: object) -> None:
        raise error

    return restore


@pytest.mark.parametrize("kind", SIMPLE, ids=lambda kind: kind.__name__)
def test_each_error_has_its_code_and_three_layers(
    kind: type[errors.RestoreError],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = kind("it broke", reason="because\nof this", fix="mend it")
    monkeypatch.setattr("kubectl_restore.engine.restore", raising(error))
    assert run_words(["p", "b.tar"]) == kind.code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "Error: it broke\nReason: because\n  of this\nFix: mend it\n"


@pytest.mark.parametrize(("number", "code"), [(1, 129), (2, 130), (15, 143)])
def test_signals_have_the_shells_codes(
    number: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = errors.SignalledError("interrupted", number=number)
    monkeypatch.setattr("kubectl_restore.engine.restore", raising(error))
    assert run_words(["p", "b.tar"]) == code


@pytest.mark.parametrize("error", [ValueError("odd"), BrokenPipeError(), AssertionError("no")])
def test_a_bug_is_1_and_no_traceback(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("kubectl_restore.engine.restore", raising(error))
    assert run_words(["p", "b.tar"]) == 1
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("name", [*RESERVED, *OLDER_COMMANDS])
def test_reserved_names_are_no_pods(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_words([name, "b.tar"]) == 2
    said = capsys.readouterr().err
    if name != "restore":
        assert f"pod/{name}" in said


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"], ["p", "b", "--help"]])
def test_help_is_0(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_words(words) == 0
    assert "Usage:\n  kubectl restore [pod/]POD BACKUP" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["version"], ["--version"]])
def test_version(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_words(words) == 0
    assert capsys.readouterr().out == f"kubectl restore {VERSION}\n"


@pytest.mark.parametrize(
    "words", [["p"], ["p", "b", "c"], ["p", "b", "--nope"], ["p", "b", "-t", "x"]]
)
def test_usage_is_2_before_any_contact(words: list[str]) -> None:
    assert run_words(words) == 2


def program(script: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run the program in a shell that does something to its streams."""
    environment = {**os.environ, **variables}
    return subprocess.run(
        ["sh", "-c", script, "sh", sys.executable, "-I", str(START)],
        env=environment,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ('"$@" version >&-', 0),
        ('"$@" version 2>&-', 0),
        ('"$@" version <&-', 0),
        ('"$@" version >&- 2>&- <&-', 0),
        ('"$@" p /nonexistent --kubectl=/bin/false >&- 2>&- <&-', 3),
        ('unset HOME; "$@" p /nonexistent', 3),
        ('cd /proc && "$@" version', 0),
        ('"$@" p /nonexistent/\u00fc', 3),
    ],
)
def test_odd_surroundings(script: str, code: int) -> None:
    done = program(script, LANG="C", LC_ALL="C")
    assert done.returncode == code, done
    assert b"Traceback" not in done.stderr


def test_no_kubectl_is_2(tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_bytes(bytes(1024))
    done = program(f'PATH=/nonexistent "$@" p {tmp_path}/b.tar')
    assert done.returncode == 2
    assert b"no kubectl" in done.stderr
