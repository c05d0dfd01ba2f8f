"""The program under test: from source, or frozen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.contract.clusters import KUBECTL, ROOT

if TYPE_CHECKING:
    from tests.contract.clusters import Pod

_CI: Final = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "CONTINUOUS_INTEGRATION")


def program() -> list[str]:
    """Return the command line of the program under test (RESTORE_TEST_PROGRAM: a frozen one)."""
    frozen = os.environ.get("RESTORE_TEST_PROGRAM")
    return [frozen] if frozen else [sys.executable, "-I", str(ROOT / "plugin/start.py")]


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended."""

    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit {self.code}\n{self.out}\n{self.err}"


def arguments(
    pod: Pod,
    backup: Path | str,
    *flags: str,
    kubeconfig: Path | None = None,
    older: bool = False,
    kubectl: str = KUBECTL,
    command: str = "",
) -> list[str]:
    """Return the whole command line of a restore, or of another command."""
    return [
        *program(),
        *(["filesystem"] if older else []),
        *([command] if command else []),
        # Some kinds are called as a command is.
        pod.name if older else f"pod/{pod.name}",
        str(backup),
        f"--kubeconfig={kubeconfig or pod.cluster.kubeconfig}",
        f"--namespace={pod.cluster.namespace}",
        f"--target-path={pod.path}",
        f"--kubectl={kubectl}",
        *flags,
    ]


def environment(**variables: str) -> dict[str, str]:
    """Return an environment without a CI system or a kubeconfig of the machine's."""
    kept = {name: value for name, value in os.environ.items() if name not in (*_CI, "KUBECONFIG")}
    return {**kept, **variables}


def run(*words: str, variables: dict[str, str] | None = None) -> Result:
    """Run a command that a message names, without its `kubectl restore`, to its end."""
    return _ended([*program(), *words], **(variables or {}))


def restore(
    pod: Pod,
    backup: Path | str,
    *flags: str,
    kubeconfig: Path | None = None,
    older: bool = False,
    variables: dict[str, str] | None = None,
    kubectl: str = KUBECTL,
) -> Result:
    """Run a restore to its end."""
    command = arguments(pod, backup, *flags, kubeconfig=kubeconfig, older=older, kubectl=kubectl)
    return _ended(command, **(variables or {}))


def verify(
    pod: Pod, backup: Path | str, *flags: str, variables: dict[str, str] | None = None
) -> Result:
    """Run `kubectl restore verify` to its end."""
    return _ended(arguments(pod, backup, *flags, command="verify"), **(variables or {}))


def diff(
    pod: Pod, backup: Path | str, *words: str, variables: dict[str, str] | None = None
) -> Result:
    """Run `kubectl restore diff` to its end."""
    return _ended(arguments(pod, backup, *words, command="diff"), **(variables or {}))


def _ended(command: list[str], **variables: str) -> Result:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        stdin=subprocess.DEVNULL,
        env=environment(**variables),
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def restore_piped(
    pod: Pod,
    content: bytes,
    *flags: str,
    kubeconfig: Path | None = None,
    piece: int | None = None,
    pause: float = 0.0,
) -> Result:
    """Run a restore of what is piped in, with a pause of so many seconds after each piece."""
    process = subprocess.Popen(
        arguments(pod, Path("-"), *flags, kubeconfig=kubeconfig),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdin is not None
    if piece is not None:
        with suppress(BrokenPipeError):
            for at in range(0, len(content), piece):
                process.stdin.write(content[at : at + piece])
                process.stdin.flush()
                time.sleep(pause)
    written = process.communicate(b"" if piece else content)
    out, err = (text.decode("utf-8", "surrogateescape") for text in written)
    return Result(process.returncode, out, err)


def start(
    pod: Pod,
    backup: Path | str,
    *flags: str,
    kubeconfig: Path | None = None,
    variables: dict[str, str] | None = None,
    kubectl: str = KUBECTL,
) -> subprocess.Popen[str]:
    """Start a restore in a process group of its own, to be interrupted."""
    return subprocess.Popen(
        arguments(pod, backup, *flags, kubeconfig=kubeconfig, kubectl=kubectl),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=environment(**(variables or {})),
        start_new_session=True,
    )


def interrupt(process: subprocess.Popen[str], number: int = signal.SIGINT) -> None:
    """Send a signal to the whole group, as a terminal does with Ctrl-C."""
    os.killpg(process.pid, number)
