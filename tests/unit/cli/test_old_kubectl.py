"""A kubectl that is older than the oldest supported one: what a person is told."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.cli.application import run_words

if TYPE_CHECKING:
    from pathlib import Path

# As 1.23 does it, recorded.
OLD = """\
#!/bin/sh
echo "$*" >>{calls}
case "$*" in
*--subresource*) echo 'Error: unknown flag: --subresource' >&2
    echo "See 'kubectl get --help' for usage." >&2
    exit 1 ;;
'version --client=true'*) echo {answer} ;;
*) echo '{{}}' ;;
esac
"""


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ('{"clientVersion": {"gitVersion": "v1.23.0"}}', "{path} is v1.23.0, older than 1.24"),
        ("nothing", "kubectl said: Error: unknown flag: --subresource"),
    ],
    ids=["says its version", "does not"],
)
def test_it_is_named_in_three_layers_before_the_backup_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: str, reason: str
) -> None:
    kubectl, backup, calls = tmp_path / "kubectl", tmp_path / "b.tar", tmp_path / "calls"
    kubectl.write_text(OLD.format(calls=calls, answer=shlex.quote(version)))
    kubectl.chmod(0o755)
    backup.write_bytes(bytes(10240))
    words = ["db-0", str(backup), "-t", "/data", f"--kubectl={kubectl}", "--progress=none"]
    assert run_words(words) == 2
    head, *said = capsys.readouterr().err.splitlines()
    assert head.startswith("Restoring ")
    assert said == [
        "Error: this kubectl is too old",
        f"Reason: {reason.format(path=kubectl)}",
        "Fix: install kubectl 1.24 or newer, or name one: --kubectl /path/to/kubectl",
    ]
    assert " exec " not in calls.read_text()


def test_the_version_command_says_it_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl = tmp_path / "kubectl"
    answer = '{"clientVersion": {"gitVersion": "v1.23.17"}}'
    kubectl.write_text(OLD.format(calls=tmp_path / "calls", answer=shlex.quote(answer)))
    kubectl.chmod(0o755)
    assert run_words(["version", f"--kubectl={kubectl}"]) == 0
    problem = "too old: 1.24 or newer is needed"
    assert capsys.readouterr().out.endswith(f"kubectl: v1.23.17 ({kubectl}: {problem})\n")
    assert run_words(["version", "-o", "json", f"--kubectl={kubectl}"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["kubectl_version"], said["kubectl_problem"]) == ("v1.23.17", problem)
