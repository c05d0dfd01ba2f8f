"""What the agent changes for a moment on a volume, and gives back, under every shell."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.container.answers import Answers
from kubectl_restore.container.traits import ALL_KEPT, read_traits
from tests.unit.container.shells import SHELLS, words_of
from tests.unit.container.test_agent import Agent

if TYPE_CHECKING:
    from collections.abc import Iterator

MODES = {b"d": 0o644, b"d/inner": 0o000, b"it's \xff": 0o333}
TIME = 1_600_000_000_123_456_789


@pytest.fixture(params=SHELLS)
def agent(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Agent]:
    target = tmp_path / "target"
    target.mkdir()
    one = Agent(words_of(request.param), target)
    yield one
    one.kill()


def modes(target: Path) -> dict[bytes, int]:
    return {path: stat.S_IMODE((target / os.fsdecode(path)).stat().st_mode) for path in MODES}


def open_all(agent: Agent, target: Path) -> None:
    """Have directories opened, the outer one first."""
    for path, mode in MODES.items():
        (target / os.fsdecode(path)).mkdir()
        (target / os.fsdecode(path)).chmod(mode)
        agent.ask(b"open", Answers([path]), [b"%04o" % mode])
    assert modes(target) == {path: mode | 0o700 for path, mode in MODES.items()}


def test_what_is_opened_is_closed_again_when_the_stream_ends(agent: Agent, tmp_path: Path) -> None:
    open_all(agent, tmp_path / "target")
    assert agent.end() == 0
    assert modes(tmp_path / "target") == MODES


def test_what_is_opened_is_closed_again_when_the_agent_is_ended(
    agent: Agent, tmp_path: Path
) -> None:
    open_all(agent, tmp_path / "target")
    agent.process.send_signal(signal.SIGTERM)
    assert agent.process.wait(30) == 143
    assert modes(tmp_path / "target") == MODES


def test_what_has_its_mode_already_stays_so(agent: Agent, tmp_path: Path) -> None:
    open_all(agent, tmp_path / "target")
    agent.send(b"forget\n")
    agent.records_until_done()
    before = modes(tmp_path / "target")
    assert agent.end() == 0
    assert modes(tmp_path / "target") == before


def test_a_volume_is_tried_without_a_trace(agent: Agent, tmp_path: Path) -> None:
    target = tmp_path / "target"
    os.utime(target, ns=(TIME, TIME))
    found: list[tuple[bytes, bytes]] = []

    def take(word: bytes, rest: bytes) -> bool:
        found.append((word, rest))
        return True

    answers = Answers([b""], take)

    agent.ask(b"traits -", answers)

    tried = [(word, b"" if word == b"tried" else rest) for word, rest in found]
    traits = read_traits(tried, gives_away=False).at(b"x")
    assert traits.lacking() == ALL_KEPT.lacking()
    # busybox's touch takes no fraction.
    assert target.stat().st_mtime_ns in {TIME, TIME - TIME % 10**9}
    assert list(target.iterdir()) == []


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A directory of this machine that no path from our own root leads to."""
    (tmp_path / "inside").mkdir()
    script = 'mount -t tmpfs none "$1" && mkdir -p "$1/data/d/e" && echo ready && exec cat'
    words = ["unshare", "-m", "sh", "-c", script, "sh", str(tmp_path / "inside")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdin
        if process.stdout.readline() != b"ready\n":
            pytest.skip("this machine gives us no mounts of our own")
        yield Path(f"/proc/{process.pid}/root{tmp_path}/inside/data")
        process.stdin.close()


@pytest.mark.parametrize("shell", SHELLS)
def test_what_no_path_from_our_root_leads_to_is_deleted_there_and_not_here(
    shell: str, tmp_path: Path, elsewhere: Path
) -> None:
    if words_of(shell) == ["zsh"]:
        pytest.skip("zsh does not even get there")
    # What a pwd that walks up tells is a directory of ours.
    ours = tmp_path / "inside/data/d"
    ours.mkdir(parents=True)
    for place in (ours, elsewhere / "d", elsewhere / "d/e"):
        (place / "file").write_text("x")
    (elsewhere / "d/link").symlink_to("e")
    agent = Agent(words_of(shell), elsewhere)
    try:
        agent.ask(b"remove rm -f", Answers([b"d/file", b"d/link/file", b"gone/file"]))
        agent.ask(b"remove rmdir", Answers([b"d/e"]))
        agent.send(b"mounts\n")
        assert [one for one in agent.records_until_done() if one.word == b"here"] == []
    finally:
        agent.kill()
    assert (ours / "file").exists()
    assert sorted(one.name for one in (elsewhere / "d").iterdir()) == ["e", "link"]
    assert (elsewhere / "d/e/file").exists()
