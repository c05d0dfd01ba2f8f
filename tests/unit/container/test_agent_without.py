"""The agent with other tools than it knows, and with less than it wants."""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.archive.checksums import Algorithm
from kubectl_restore.container.agent import agent_command, agent_script
from kubectl_restore.container.answers import Digests
from kubectl_restore.container.capabilities import read_probe
from kubectl_restore.container.leases import read_leases
from kubectl_restore.container.links import read_text
from kubectl_restore.session.mark import Mark
from tests.unit.container.shells import SHELLS, builds_in, words_of
from tests.unit.container.test_agent import (
    COMMON,
    Agent,
    _restore,
    directory_of,
    framed,
    processes_of,
    tar_of,
    told,
)

if TYPE_CHECKING:
    from kubectl_restore.container.capabilities import Capabilities

NAMES = [b"plain", b"-n", b"two\nlines", b"quote'\"$`", b" a  b ", b"\xff\xfe\x81", b"\xc3\xa4",
         b"back\\slash", b"*", b"\x01\x7f\x88\x9b", b"x" * 255]  # fmt: skip
RUST = Path("/usr/lib/cargo/bin/coreutils")
"""Where Debian has it (rust-coreutils, `make tars`)."""
MEMORY = Path("/dev/shm")  # noqa: S108


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> list[str]:
    words = words_of(request.param)
    if words[0] == "busybox":
        pytest.skip("this busybox finds its own applets without PATH")
    return words


def rust(*names: str) -> dict[str, str]:
    """Return Rust's programs of these names."""
    if not RUST.exists():
        pytest.skip("no rust-coreutils on this machine")
    return {name: str(RUST / name) for name in names}


def probed(agent: Agent) -> Capabilities:
    agent.send(b"probe\n")
    return read_probe((one.word, one.rest) for one in agent.records_until_done())


def fill(target: Path) -> dict[bytes, bytes]:
    target.mkdir()
    contents = {name: b"content of %d" % number for number, name in enumerate(NAMES)}
    for name, content in contents.items():
        (target / os.fsdecode(name)).write_bytes(content)
        (target / os.fsdecode(b"to " + name[:250])).symlink_to(os.fsdecode(name + b"!"))
    return contents


@pytest.mark.parametrize("tools", ["gnu", "rust"])
def test_every_name_has_its_own_answer_whatever_the_tools_print(
    shell: list[str], tmp_path: Path, tools: str
) -> None:
    contents = fill(tmp_path / "target")
    names = {**COMMON, **{name: name for name in ("dd", "find", "readlink", "sha256sum")}}
    if tools == "rust":
        # Its dd takes more than it is told to (0.0.17), so it takes no chunks.
        names |= rust("dd")
        names |= rust("stat", "head", "readlink", "sha256sum", "cat", "id", "ls", "rm")
    agent = Agent(shell, tmp_path / "target", path=directory_of(tmp_path / "bin", names))
    try:
        assert probed(agent).keeps_bytes
        found = agent.survey([*contents, *(name + b"?" for name in contents)])
        assert {name: entry.size for name, entry in found.items()} == {
            name: len(content) for name, content in contents.items()
        }
        digests = Digests(list(contents), Algorithm.SHA256)
        agent.ask(b"hasheach sha256sum", digests)
        assert digests.found == {
            name: hashlib.sha256(content).digest() for name, content in contents.items()
        }
        plain = [name for name in contents if b"\n" not in name and b"\\" not in name]
        digests = Digests([*plain, b"gone"], Algorithm.SHA256)
        agent.ask(b"hash sha256sum", digests)
        assert digests.found == {name: hashlib.sha256(contents[name]).digest() for name in plain}
        texts = texts_of(agent, [b"to " + name[:250] for name in contents])
        assert texts == {b"to " + name[:250]: name + b"!" for name in contents}
    finally:
        agent.kill()


def texts_of(agent: Agent, names: list[bytes]) -> dict[bytes, bytes | None]:
    return told(agent, b"texts", b"text", names, read_text)


@pytest.mark.parametrize(
    ("tools", "is_told"),
    [
        ({"find": "find"}, True),
        ({}, True),
        ({"stat": "busybox", "ls": "busybox"}, True),
        ({"stat": "toybox", "ls": "toybox"}, True),
        ({"stat": "stat", "ls": "busybox"}, False),
    ],
    ids=["find", "ls", "busybox", "toybox", "ls of busybox alone"],
)
def test_without_readlink_a_link_s_text_is_exact_or_not_told(
    shell: list[str], tmp_path: Path, tools: dict[str, str], *, is_told: bool
) -> None:
    target = tmp_path / "target"
    wanted = {b"to " + name[:250]: name + b"!" for name in fill(target)}
    for name, text in ((b"asks", b"a?b"), (b"arrow", b"x -> y"), (b"quoted", b"'q'")):
        (target / os.fsdecode(name)).symlink_to(os.fsdecode(text))
        wanted[name] = text
    agent = Agent(
        shell, target, path=directory_of(tmp_path / "bin", {**COMMON, "dd": "dd", **tools})
    )
    try:
        found = texts_of(agent, list(wanted))
    finally:
        agent.kill()
    assert found == {name: wanted[name] for name in found}
    assert b"to plain" in found
    assert (found == wanted) is is_told


@pytest.mark.parametrize("ls", ["ls", "busybox", "toybox"])
def test_ls_tells_what_stat_tells(shell: list[str], tmp_path: Path, ls: str) -> None:
    target = tmp_path / "target"
    contents = fill(target)
    (target / "d").mkdir()
    (target / "d").chmod(0o3751)
    (target / "plain").chmod(0o4711)
    os.utime(target / "plain", (0, 1_000_000_007))
    os.mkfifo(target / "fifo")
    os.link(target / "plain", target / "linked")
    asked = [*contents, b"d", b"fifo", b"linked", b"gone", b"to plain"]
    by_stat = Agent(shell, target, path=directory_of(tmp_path / "bin", {**COMMON, "dd": "dd"}))
    without = {**COMMON, "dd": "dd", "ls": ls}
    del without["stat"]
    by_ls = Agent(shell, target, path=directory_of(tmp_path / "other", without))
    try:
        assert probed(by_ls).missing == ()
        wanted = by_stat.survey(asked)
        found = by_ls.survey(asked)
        assert found == {
            name: entry._replace(device=0, blocks=found[name].blocks)
            for name, entry in wanted.items()
        }
    finally:
        by_stat.kill()
        by_ls.kill()


@pytest.mark.parametrize("tool", ["grep", "cat", "id", "ls", "rm"])
def test_an_earlier_exec_is_ended_and_nothing_stays_without(
    shell: list[str], tmp_path: Path, tool: str
) -> None:
    names = {name: name for name in (*COMMON, "dd", "rmdir", "mv", "ln") if name != tool}
    path = directory_of(tmp_path / "bin", names)
    same = _restore()
    lease = f"kubectl-restore.{same}.{same}"
    earlier = Agent(shell, tmp_path, mark=Mark.new(same), path=path, lease=lease)
    later = Agent(shell, tmp_path, mark=Mark.new(same), path=path, lease=lease)
    try:
        assert probed(later).missing == ()
        earlier.send(b"extract -p\n" + framed(tar_of(one=bytes(100_000))[:70_000]))
        assert earlier.next().word == b"ack"
        later.send(b"evict %s\n" % same.encode())
        later.records_until_done()
        assert processes_of(earlier) == []
        later.send(b"hold - 1 %s\n" % same.encode())
        words = {one.word for one in later.records_until_done()}
        assert (b"held" in words) == (tool not in {"ls", "rm"})
        later.send(b"bye\n")
        later.end()
        assert processes_of(later) == []
        assert not (MEMORY / lease).exists()
    finally:
        earlier.kill()
        later.kill()


@pytest.mark.parametrize("tool", ["kill", "sleep"])
def test_where_nothing_could_be_ended_nothing_is_begun(
    shell: list[str], tmp_path: Path, tool: str
) -> None:
    if builds_in(shell, tool):
        pytest.skip(f"this shell has a {tool} of its own")
    names = {name: name for name in (*COMMON, "dd") if name != tool}
    agent = Agent(shell, tmp_path, path=directory_of(tmp_path / "bin", names))
    try:
        assert probed(agent).missing == (tool,)
        agent.send(b"bye\n")
        agent.end()
        assert processes_of(agent) == []
    finally:
        agent.kill()


def test_a_record_that_has_no_room_does_not_stay(shell: list[str], tmp_path: Path) -> None:
    same = _restore()
    lease = f"kubectl-restore.{same}.{same}"

    def no_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    agent = Agent(shell, tmp_path, lease=lease, before=no_room)
    try:
        agent.send(b"hold - 1 %s\n" % same.encode())
        assert b"unplaced" in {one.word for one in agent.records_until_done()}
        assert not (MEMORY / lease).exists()
    finally:
        agent.kill()
        shutil.rmtree(MEMORY / lease, ignore_errors=True)


def test_execs_of_one_run_beat_together(shell: list[str], tmp_path: Path) -> None:
    group, other = _restore(), _restore()
    lease = f"kubectl-restore.{group}.{other}"
    holder = Agent(shell, tmp_path, mark=Mark.new(other), lease=lease)
    looker = Agent(shell, tmp_path, lease=f"kubectl-restore.{group}.{_restore()}")
    try:
        holder.send(b"hold - 1 %s\n" % other.encode())
        holder.records_until_done()
        for name, beats in (("a", 90), ("b", 70)):
            (MEMORY / lease / f"lane.{name}").write_bytes(holder.mark.token + b"\n")
            (MEMORY / lease / f"still.{name}").write_text(f"0 {beats} {holder.process.pid}\n")
        looker.send(b"leases\n")
        said = [(one.word, one.rest) for one in looker.records_until_done()]
        (seen,) = read_leases(said).records
        # Each guard beats every two seconds: who moves for two seconds has moved once.
        assert (seen.beats, seen.still, seen.is_alive) == (90, 0, True)
    finally:
        holder.kill()
        looker.kill()
        shutil.rmtree(MEMORY / lease, ignore_errors=True)


def test_a_shell_that_loses_bytes_of_names_is_told(tmp_path: Path) -> None:
    if shutil.which("yash") is None:
        pytest.skip("yash is not on this machine")
    # It ends before the agent's first word: the script has every byte in it.
    command = agent_command(Mark.new(_restore()), str(tmp_path), 60.0)[1:]
    done = subprocess.run(
        ["yash", *command], input=agent_script(), capture_output=True, check=False, timeout=60
    )
    assert done.returncode not in {0, 137, 143}
    assert b"hello" not in done.stdout


@pytest.mark.parametrize("chunk", ["dd", "head"])
def test_what_takes_too_much_takes_no_chunks(tmp_path: Path, chunk: str) -> None:
    """A dd that reads ahead, and a head that does."""
    programs = tmp_path / "bin"
    path = directory_of(programs, COMMON)
    (programs / chunk).write_text("#!/bin/sh\nexec /usr/bin/head -c 5\n")
    (programs / chunk).chmod(0o755)
    agent = Agent(["dash"], tmp_path, path=path)
    try:
        assert probed(agent).missing == ("dd",)
    finally:
        agent.kill()


def test_debian_has_shells_to_try() -> None:
    """Where CI runs, each is there: none is skipped unseen."""
    if not os.environ.get("CI"):
        pytest.skip("only CI has to have them all")
    for words in SHELLS.values():
        assert subprocess.run([*words, "-c", "true"], check=False).returncode == 0
