"""`kubectl restore version`: what it says, and that nothing about kubectl makes it fail."""

from __future__ import annotations

import json
import platform
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.about import NAME, VERSION
from kubectl_restore.build import commit
from kubectl_restore.cli.application import run_words
from kubectl_restore.cluster.kubectl import KubectlOptions
from kubectl_restore.session.kubectl_version import ask_kubectl
from tests.json_page import undocumented

if TYPE_CHECKING:
    from collections.abc import Callable

    Kubectl = Callable[[str], Path]

ROOT = Path(__file__).resolve().parents[3]
ANSWER = """\
case $* in "version --client=true --output=json "*) ;; *) exit 3 ;; esac
echo '{"clientVersion": {"gitVersion": "v1.30.2"}}'"""


@pytest.fixture
def kubectl(tmp_path: Path) -> Kubectl:
    """Write a kubectl that does what a script says."""

    def write(script: str) -> Path:
        path = tmp_path / "kubectl"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return write


def head() -> str:
    """What git says of this checkout."""
    command = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def test_the_text_names_all_four(kubectl: Kubectl, capsys: pytest.CaptureFixture[str]) -> None:
    path = kubectl(ANSWER)
    assert run_words(["version", f"--kubectl={path}"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{NAME} {VERSION}",
        f"commit:  {commit()}",
        f"Python:  {platform.python_version()}",
        f"kubectl: v1.30.2 ({path})",
    ]


@pytest.mark.parametrize("words", [["version", "-o", "json"], ["version", "--output=json"],
                                   ["-ojson", "version"], ["--version", "-o=json"]])  # fmt: skip
def test_json_is_one_object_on_one_line(
    words: list[str], kubectl: Kubectl, capsys: pytest.CaptureFixture[str]
) -> None:
    path = kubectl(ANSWER)
    assert run_words([*words, f"--kubectl={path}"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {
        "message_type": "version",
        "name": NAME,
        "version": VERSION,
        "commit": commit(),
        "python_version": platform.python_version(),
        "kubectl_version": "v1.30.2",
        "kubectl_path": str(path),
        "kubectl_problem": None,
    }
    assert undocumented(json.loads(line)) == []


def test_a_checkout_knows_its_commit() -> None:
    assert commit().removesuffix("-dirty") == head()


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("exit 1", "it does not say its version"),
        ("echo 'no such flag' >&2; exit 1", "it does not say its version; it said: no such flag"),
        ("echo '{}'", "it does not say its version"),
        ("echo '[[[['", "it does not say its version"),
        ("printf '\\377'", "it does not say its version"),
        ("""echo '{"clientVersion": {"gitVersion": 5}}'""", "it does not say its version"),
    ],
)
def test_a_kubectl_that_does_not_say_its_version(
    script: str, problem: str, kubectl: Kubectl, capsys: pytest.CaptureFixture[str]
) -> None:
    path = kubectl(script)
    assert run_words(["version", f"--kubectl={path}"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"kubectl: unknown ({path}: {problem})"


def test_no_kubectl(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("KUBECTL_RESTORE_KUBECTL", raising=False)
    assert run_words(["version"]) == 0
    assert capsys.readouterr().out.endswith("kubectl: none (there is no kubectl on PATH)\n")
    assert run_words(["version", "-o", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["kubectl_version"], said["kubectl_path"]) == (None, None)
    assert said["kubectl_problem"] == "there is no kubectl on PATH"


def test_a_kubectl_that_hangs_is_ended(kubectl: Kubectl) -> None:
    path = kubectl("sleep 600 & wait")
    found = ask_kubectl(KubectlOptions(program=str(path)), limit=0.2)
    assert (found.path, found.version) == (str(path), None)
    assert found.problem == "it did not answer in 0.2s"


def test_control_characters_of_a_kubectl_reach_no_terminal(
    kubectl: Kubectl, capsys: pytest.CaptureFixture[str]
) -> None:
    path = kubectl("""echo '{"clientVersion": {"gitVersion": "v1\\u001b[2J"}}'""")
    assert run_words(["version", f"--kubectl={path}"]) == 0
    assert run_words(["version", "--kubectl=/none\x1b[2J"]) == 0
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("words", [["version", "-o", "yaml"], ["version", "--list"],
                                   ["version", "-o"], ["version", "-o="]])  # fmt: skip
def test_a_wrong_flag_is_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_words(words) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["Error", "Reason", "Fix"]


def test_ctrl_c_ends_it_while_kubectl_hangs(kubectl: Kubectl, tmp_path: Path) -> None:
    started = tmp_path / "started"
    path = kubectl(f"mkfifo {started}.never; : >{started}; exec cat {started}.never")
    process = subprocess.Popen(
        [sys.executable, "-I", str(ROOT / "plugin/start.py"), "version", f"--kubectl={path}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while not started.exists():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err
