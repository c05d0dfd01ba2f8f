"""The real program on a real terminal, with a kubectl that does what a test wants."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.terminal.terminal import keep_output

if TYPE_CHECKING:
    from collections.abc import Iterator

START = Path(__file__).resolve().parents[2] / "plugin" / "start.py"
CONNECTING = "asking the cluster ..."
WIPE = "\r\x1b[2K"

HANGS = """\
#!/bin/sh
echo $$ >> "$PIDS"
exec sleep 600
"""
# kubectl does not end a plugin that hangs; its child has to go too.
PLUGIN_HANGS = """\
#!/bin/sh
echo $$ >> "$PIDS"
sleep 600 &
echo $! >> "$PIDS"
wait
"""
# It neither hears SIGINT nor SIGTERM.
DEAF = """\
#!/bin/sh
trap '' INT TERM HUP
echo $$ >> "$PIDS"
exec sleep 600
"""
# It hears them, says so, and goes on.
STUBBORN = """\
#!/bin/sh
trap 'echo heard >> "$PIDS.heard"' INT TERM HUP
echo $$ >> "$PIDS"
while :; do sleep 600; done
"""
ASKS = """\
#!/bin/sh
echo $$ >> "$PIDS"
case " $* " in
*' config '*) echo '{}' ;;
*' get '*)
  printf 'Password: ' >&2
  read -r answer < /dev/tty
  echo "heard <$answer>" >&2
  echo 'error: You must be logged in to the server (Unauthorized)' >&2
  exit 1 ;;
esac
"""


@dataclass
class Stage:
    """A directory with a backup and a kubectl, and the programs that were started there."""

    path: Path

    def __post_init__(self) -> None:
        """Make the backup: an archive with nothing in it."""
        self.started: list[pexpect.spawn[str]] = []
        (self.path / "b.tar").write_bytes(bytes(10240))

    def start(
        self, kubectl: str, *words: str, variables: dict[str, str] | None = None
    ) -> pexpect.spawn[str]:
        """Start the program on a terminal of 80 columns."""
        program = self.path / "kubectl"
        program.write_text(kubectl)
        program.chmod(0o755)
        child: pexpect.spawn[str] = pexpect.spawn(
            sys.executable,
            [str(START), "db-0", "b.tar", "-t", "/data", f"--kubectl={program}", *words],
            cwd=str(self.path),
            env={
                "PATH": os.environ["PATH"],
                "TERM": "xterm",
                "PIDS": str(self.path / "pids"),
                "PYTHONDONTWRITEBYTECODE": "1",
                **(variables or {}),
            },
            encoding="utf-8",
            dimensions=(24, 80),
            timeout=90,
        )
        keep_output(child)
        self.started.append(child)
        return child

    def pids(self) -> list[int]:
        """Who was started as kubectl, or by it."""
        return [int(line) for line in (self.path / "pids").read_text().split()]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    for child in made.started:
        child.close(force=True)


def ended(child: pexpect.spawn[str]) -> str:
    """Wait for the end and return what came until then."""
    child.expect(pexpect.EOF)
    child.close()
    assert child.signalstatus is None
    return child.before or ""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    # A zombie that its new parent has not yet taken is no running program.
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def screen_is_clean(said: str) -> bool:
    """Tell whether the last thing that happened to the live line is that it was wiped."""
    return not said.rpartition(WIPE)[2].startswith(("asking", "checking", "restoring"))


def connected(child: pexpect.spawn[str], stage: Stage, programs: int = 2) -> None:
    """Wait until the live line stands there and the programs run."""
    child.expect_exact(CONNECTING)
    while not (stage.path / "pids").exists() or len(stage.pids()) < programs:
        # The line moves or time runs out: nothing else is waited for here.
        child.expect([re.escape(CONNECTING), pexpect.TIMEOUT], timeout=0.05)


def test_the_first_line_comes_though_the_cluster_does_not_answer(stage: Stage) -> None:
    child = stage.start(HANGS)
    child.expect_exact("Restoring b.tar (10.0 KiB) to pod db-0, path /data")
    child.expect_exact(CONNECTING)


@pytest.mark.parametrize(
    ("kubectl", "times"),
    [(HANGS, 1), (HANGS, 2), (HANGS, 5), (PLUGIN_HANGS, 1), (PLUGIN_HANGS, 2), (DEAF, 2)],
    ids=["once", "twice", "often", "plugin", "plugin-twice", "deaf"],
)
def test_ctrl_c_however_often_is_130_and_leaves_nothing(
    kubectl: str, times: int, stage: Stage
) -> None:
    child = stage.start(kubectl, variables={"NO_COLOR": "1"})
    connected(child, stage, 4 if kubectl is PLUGIN_HANGS else 2)
    for _ in range(times):
        child.sendintr()
    said = ended(child)
    assert child.exitstatus == 130, said
    assert "Traceback" not in said
    assert "Error: interrupted\r\nReason: SIGINT was received\r\n" in said
    assert "Fix: to go on: kubectl restore db-0 b.tar -t /data " in said
    assert screen_is_clean(said)
    assert not [pid for pid in stage.pids() if alive(pid)]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
@pytest.mark.parametrize("kubectl", [HANGS, PLUGIN_HANGS], ids=["hangs", "plugin"])
def test_a_signal_to_us_alone_ends_kubectl_too(
    number: signal.Signals, code: int, kubectl: str, stage: Stage
) -> None:
    child = stage.start(kubectl)
    connected(child, stage, 4 if kubectl is PLUGIN_HANGS else 2)
    child.kill(number)
    said = ended(child)
    assert child.exitstatus == code, said
    assert "Traceback" not in said
    assert f"{number.name} was received" in said
    assert not [pid for pid in stage.pids() if alive(pid)]


def test_the_first_signal_decides(stage: Stage) -> None:
    child = stage.start(STUBBORN)
    connected(child, stage)
    child.kill(signal.SIGINT)
    # Of two that come at once nobody can tell which was first: it has been heard when kubectl is.
    while not (stage.path / "pids.heard").exists():
        assert child.isalive()
        time.sleep(0.01)
    child.kill(signal.SIGTERM)
    said = ended(child)
    assert child.exitstatus == 130, said


@pytest.mark.parametrize("kubectl", [HANGS, PLUGIN_HANGS, DEAF], ids=["hangs", "plugin", "deaf"])
def test_a_time_limit_ends_a_kubectl_that_hangs(kubectl: str, stage: Stage) -> None:
    child = stage.start(kubectl, "--timeout", "1s", variables={"NO_COLOR": "1"})
    said = ended(child)
    assert child.exitstatus == 8, said
    assert "Error: timed out after 1s\r\n" in said
    assert "Reason: --timeout is 1s\r\n" in said
    assert "Fix: give it longer with --timeout (0 for no limit)\r\n" in said
    assert screen_is_clean(said)
    assert not [pid for pid in stage.pids() if alive(pid)]


def test_a_plugins_question_reaches_the_terminal_and_its_answer_the_plugin(stage: Stage) -> None:
    child = stage.start(ASKS, variables={"NO_COLOR": "1"})
    child.expect_exact("Password: ")
    child.sendline("sesame")
    child.expect_exact("heard <sesame>")
    said = ended(child)
    assert child.exitstatus == 5, said
    assert "Error: the cluster does not know this user\r\n" in said


def test_a_question_is_not_drawn_over(stage: Stage) -> None:
    child = stage.start(ASKS, "--timeout=2s")
    child.expect_exact("Password: ")
    # Nothing but the header's line, on a line of its own, may come before the answer or the end.
    said = ended(child)
    assert child.exitstatus == 8
    first, _, _ = said.partition(WIPE)
    assert first == "" or first.startswith("\r\n"), said


@pytest.mark.parametrize("words", [["-q"], ["--progress=none"], ["--progress=plain"]])
def test_a_question_reaches_the_terminal_whatever_the_display(
    words: list[str], stage: Stage
) -> None:
    child = stage.start(ASKS, *words)
    child.expect_exact("Password: ")
    child.sendline("sesame")
    child.expect_exact("heard <sesame>")
    ended(child)
    assert child.exitstatus == 5


def test_a_narrower_terminal_is_drawn_for_at_once(stage: Stage) -> None:
    child = stage.start(HANGS)
    connected(child, stage)
    child.setwinsize(24, 12)
    child.expect_exact(f"{WIPE}asking the ")
    child.setwinsize(24, 100)
    child.expect_exact(f"{WIPE}{CONNECTING}")
    assert "cluster" not in (child.before or "")


@pytest.mark.parametrize(
    ("words", "variables"),
    [
        (["--progress=plain"], {}),
        (["--progress=none"], {}),
        ([], {"CI": "true"}),
        ([], {"TERM": "dumb"}),
    ],
)
def test_no_line_moves_where_none_is_wanted(
    words: list[str], variables: dict[str, str], stage: Stage
) -> None:
    child = stage.start(HANGS, "--timeout=4s", *words, variables={"NO_COLOR": "1", **variables})
    said = ended(child)
    assert child.exitstatus == 8
    assert "\x1b" not in said
    assert said.startswith("Restoring b.tar")
    assert ("asking the cluster" in said) == ("--progress=none" not in words)


def test_quiet_says_only_why_it_ended(stage: Stage) -> None:
    child = stage.start(HANGS, "--timeout=1s", "-q", variables={"NO_COLOR": "1"})
    said = ended(child)
    assert child.exitstatus == 8
    assert said.startswith("Error: timed out after 1s\r\n")


def test_ctrl_c_while_a_plugin_asks(stage: Stage) -> None:
    child = stage.start(ASKS)
    child.expect_exact("Password: ")
    child.sendintr()
    child.sendintr()
    said = ended(child)
    assert child.exitstatus == 130, said
    assert "Traceback" not in said
    assert not [pid for pid in stage.pids() if alive(pid)]
