"""The agent under every POSIX shell that this machine has, as `kubectl exec` would start it."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import secrets
import shutil
import signal
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.container.agent import agent_command, agent_script
from kubectl_restore.container.answers import Answers, Standings
from kubectl_restore.container.batches import one_batch, questions
from kubectl_restore.container.capabilities import Tar, read_probe
from kubectl_restore.container.links import read_link
from kubectl_restore.container.space import read_space
from kubectl_restore.container.survey import Standing
from kubectl_restore.pipe.feedback import Beat, EndOfCommand, FeedbackParser, Line
from kubectl_restore.pipe.framing import Framing, envelope
from kubectl_restore.pipe.records import Data, Record, RecordParser
from kubectl_restore.session.mark import Mark
from tests.contract.slow_mounts import unanswered
from tests.unit.container.shells import SHELLS, builds_in, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kubectl_restore.container.survey import Entry


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> list[str]:
    return words_of(request.param)


def directory_of(programs: Path, names: dict[str, str]) -> str:
    """Return a PATH that has just these programs."""
    programs.mkdir()
    for name, source in names.items():
        found = shutil.which(source)
        if found is None:
            pytest.skip(f"{source} is not on this machine")
        (programs / name).symlink_to(found)
    return str(programs)


COMMON = {
    name: name
    for name in ("stat", "tar", "sleep", "kill", "id", "grep", "cat", "printf", "ls", "mkdir", "rm")
}


def _restore() -> str:
    """Return the identity of a restore that no other test, or run of this one, has."""
    return secrets.token_hex(8)


class Agent:
    """One agent, spoken to as the session does, but blocking."""

    def __init__(
        self,
        shell: list[str],
        target: Path,
        *,
        mark: Mark | None = None,
        path: str | None = None,
        lease: str = "",
        before: Callable[[], None] | None = None,
    ) -> None:
        self.mark = mark or Mark.new(_restore())
        environment = dict(os.environ)
        if path is not None:
            environment["PATH"] = path
        program = shutil.which(shell[0])
        assert program is not None
        command = agent_command(self.mark, str(target), 60.0, lease)[1:]
        self.process = subprocess.Popen(
            # Some shells look by which name they are called.
            ["sh" if len(shell) == 1 else shell[0], *shell[1:], *command],
            executable=program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=environment,
            preexec_fn=before,  # noqa: PLW1509 - there are none
            start_new_session=True,  # as runc does: the shell leads its group
        )
        assert self.process.stdin
        assert self.process.stdout
        assert self.process.stderr
        self.stdin, self.stdout, self.stderr = (
            self.process.stdin,
            self.process.stdout,
            self.process.stderr,
        )
        self._records = RecordParser(self.mark.token)
        self._feedback = FeedbackParser(self.mark.token)
        self._waiting: list[Record] = []
        self.data = b""
        self.send(agent_script())
        assert self.next() == Record(b"hello", b"1")

    def send(self, data: bytes) -> None:
        self.stdin.write(data)

    def next(self) -> Record:
        """Wait for the next record; anything else on stdout is a failure."""
        while not self._waiting:
            data = os.read(self.stdout.fileno(), 65536)
            assert data, "the agent has ended"
            for item in self._records.feed(data):
                if isinstance(item, Data):
                    self.data += item.data
                    continue
                assert isinstance(item, Record), item
                self._waiting.append(item)
        return self._waiting.pop(0)

    def records_until_done(self) -> list[Record]:
        records = []
        while (record := self.next()).word != b"done":
            records.append(record)
        return [*records, record]

    def lines_until_done(self) -> list[bytes]:
        lines: list[bytes] = []
        while True:
            for event in self._feedback.feed(os.read(self.stderr.fileno(), 65536)):
                if isinstance(event, EndOfCommand):
                    return lines
                if isinstance(event, Line):
                    lines.append(event.text)

    def beats_until_one_waits(self) -> list[Beat]:
        """Return the signs of life up to one that says that a disk is waited for."""
        beats: list[Beat] = []
        while not any(one.waits for one in beats):
            events = self._feedback.feed(os.read(self.stderr.fileno(), 65536))
            beats += [event for event in events if isinstance(event, Beat)]
        return beats

    def ask(self, command: bytes, answers: Answers, words: Iterable[bytes] = ()) -> None:
        """Ask about the answers' paths, as container/questions.py does."""
        for payload, _ in questions(answers.paths, words):
            self.send(b"%s\n%d\n%send\n" % (command, len(payload), payload))
            for record in self.records_until_done():
                taken = answers.take(record.word, record.rest)
                assert taken or record == Record(b"done", b"0"), record
        answers.require_all()

    def survey(self, paths: Sequence[bytes]) -> dict[bytes, Entry]:
        standings = Standings(paths)
        self.ask(b"survey", standings)
        return standings.found

    def end(self) -> int:
        self.stdin.close()
        return self.process.wait(30)

    def kill(self) -> None:
        """Whatever a test left, of this group only."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)
        for stream in (self.stdin, self.stdout, self.stderr):
            stream.close()


@pytest.fixture
def agent(shell: list[str], tmp_path: Path) -> Iterator[Agent]:
    target = tmp_path / "target"
    target.mkdir()
    agent = Agent(shell, target)
    yield agent
    agent.kill()


def payload_of(*paths: bytes) -> bytes:
    (payload,) = (payload for payload, _ in questions(paths))
    return payload


def tar_of(**files: bytes) -> bytes:
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            info.mtime = 1_700_000_000
            archive.addfile(info, BytesIO(content))
    return buffer.getvalue()


def framed(data: bytes, chunk: int = 65536 + 7) -> bytes:
    pieces = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    return b"".join(b"%d\n%s" % (len(piece), piece) for piece in pieces)


def processes_of(agent: Agent) -> list[int]:
    """The processes of the agent's group that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, group = stat.read_text().rpartition(") ")[2].split()[:3]
            if int(group) == agent.process.pid and state not in "ZX":
                found.append(int(stat.parent.name))
    return found


def test_probe_tells_the_tar_the_user_and_the_target(agent: Agent, tmp_path: Path) -> None:
    agent.send(b"probe\n")
    records = agent.records_until_done()
    capabilities = read_probe((record.word, record.rest) for record in records)
    assert capabilities.missing == ()
    assert capabilities.tar is not None
    assert capabilities.uid == os.getuid()
    assert capabilities.target == f"ready {tmp_path}/target"
    assert capabilities.tar is Tar.GNU or "GNU" not in capabilities.tar_version


def test_every_chunk_is_acknowledged_and_the_files_are_whole(agent: Agent, tmp_path: Path) -> None:
    content = os.urandom(300_000)
    stream = tar_of(one=content, two=b"")
    agent.send(b"extract -p\n" + framed(stream) + b"end\n")
    records = agent.records_until_done()
    acknowledged = [int(record.rest) for record in records if record.word == b"ack"]
    assert sum(acknowledged) == len(stream)
    assert len(acknowledged) == len(stream) // (65536 + 7) + 1
    assert Record(b"exit", b"0") in records
    assert records[-1] == Record(b"done", b"0")
    assert (tmp_path / "target/one").read_bytes() == content
    assert int((tmp_path / "target/one").stat().st_mtime) == 1_700_000_000


def test_names_of_any_kind_are_surveyed_without_a_shift(agent: Agent, tmp_path: Path) -> None:
    names = [b"plain", b"-n", b"two\nlines", b"quote'\"", b" space ", b"\xff\xfe", b"x" * 255]
    for name in names:
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), b"target", name))).write_bytes(name)
    (tmp_path / "target/link").symlink_to("nowhere")
    (tmp_path / "target/dir").mkdir()
    found = agent.survey([*names, b"missing", b"link", b"dir", b"dir/missing"])
    assert {name: entry.size for name, entry in found.items() if entry.kind is Standing.FILE} == {
        name: len(name) for name in names
    }
    assert found[b"link"].kind is Standing.SYMLINK
    assert found[b"dir"].kind is Standing.DIRECTORY
    there = (tmp_path / "target/plain").stat()
    plain = found[b"plain"]
    assert (plain.device, plain.inode, plain.links) == (there.st_dev, there.st_ino, 1)
    assert b"missing" not in found
    assert b"dir/missing" not in found


def test_files_are_fetched_one_after_the_other(agent: Agent, tmp_path: Path) -> None:
    names = [b"plain", b"-n", b"two\nlines", b"back\\slash", b"\xff\xfe", b"x" * 255, b"--help"]
    # What a file holds is no record, even where it looks like one.
    record = agent.mark.token + b" done 0 " + agent.mark.token + b"\n"
    contents = [record, b"", b"\n", os.urandom(300_000), b"\0" * 5000, b"1", record * 2]
    for name, content in zip(names, contents, strict=True):
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), b"target", name))).write_bytes(content)
    payload = payload_of(*names)
    whole = b"".join(contents)
    for _ in range(2):
        agent.data = b""
        agent.send(b"fetch %d\n%d\n%b" % (len(whole), len(payload), payload) + b"end\n")
        assert agent.records_until_done() == [
            Record(b"data", b"%d" % len(whole)), Record(b"done", b"0"),
        ]  # fmt: skip
        assert agent.data == whole
        assert agent.lines_until_done() == []


@pytest.mark.parametrize("size", [0, 1, 100_000, 3_000_000], ids=str)
def test_a_file_of_another_size_than_was_said_leaves_the_exec_in_step(
    agent: Agent, tmp_path: Path, size: int
) -> None:
    (tmp_path / "target/one").write_bytes(b"1" * size)
    (tmp_path / "target/two").write_bytes(b"2" * 1000)
    payload = payload_of(b"one", b"gone", b"two")
    question = b"%d\n%b" % (len(payload), payload)
    agent.send(b"fetch 101000\n" + question + b"end\n")
    assert agent.records_until_done() == [Record(b"data", b"101000"), Record(b"done", b"0")]
    assert agent.data == (b"1" * size + b"2" * 1000).ljust(101_000, b"\0")[:101_000]
    agent.send(b"survey\n" + question + b"end\n")
    assert [one.word for one in agent.records_until_done()] == [
        b"gone", b"stats", b"asked", b"done",
    ]  # fmt: skip


@pytest.mark.parametrize("tool", ["cat", "head"])
def test_a_tool_that_fetching_lacks_is_named_and_the_agent_stays(
    shell: list[str], tmp_path: Path, tool: str
) -> None:
    if shell[0] == "busybox":
        pytest.skip("this busybox finds its own applets without PATH")
    names = {name: name for name in (*COMMON, "dd", "head") if name != tool}
    agent = Agent(shell, tmp_path, path=directory_of(tmp_path / "bin", names))
    try:
        payload = payload_of(b"one")
        agent.send(b"fetch 7\n%d\n%bend\n" % (len(payload), payload))
        assert agent.records_until_done() == [
            Record(b"lacking", b" " + tool.encode()), Record(b"done", b"0"),
        ]  # fmt: skip
        agent.send(b"probe\n")
        assert agent.records_until_done()[-1] == Record(b"done", b"0")
    finally:
        agent.kill()


def test_each_toolbox_fetches(shell: list[str], tmp_path: Path) -> None:
    if shell[0] == "busybox":
        pytest.skip("this busybox finds its own applets without PATH")
    content = os.urandom(200_000)
    for box in ("busybox", "toybox"):
        target = tmp_path / box
        target.mkdir()
        (target / "one").write_bytes(content)
        tools = dict.fromkeys(("cat", "head"), box)
        agent = Agent(
            shell,
            target,
            path=directory_of(tmp_path / f"{box}-bin", {**COMMON, "dd": "dd", **tools}),
        )
        try:
            payload = payload_of(b"one")
            agent.send(b"fetch 150000\n%d\n%bend\n" % (len(payload), payload))
            assert agent.records_until_done()[-1] == Record(b"done", b"0")
            assert agent.data == content[:150_000], box
        finally:
            agent.kill()


def test_a_tar_that_dies_early_is_told_at_once_and_the_agent_stays(
    agent: Agent, tmp_path: Path
) -> None:
    agent.send(b"extract --no-such-option\n" + framed(bytes(2_000_000)))
    while (record := agent.next()).word != b"exit":
        assert record.word == b"ack"
    assert record.rest != b"0"
    agent.send(b"abort\n")
    assert agent.records_until_done()[-1] == Record(b"done", b"1")
    assert agent.lines_until_done()
    agent.send(b"extract -p\n" + framed(tar_of(after=b"all is well")) + b"end\n")
    assert Record(b"exit", b"0") in agent.records_until_done()
    assert (tmp_path / "target/after").read_bytes() == b"all is well"


def test_a_stream_that_ends_early_is_never_called_whole(agent: Agent) -> None:
    agent.send(b"extract -p\n" + framed(tar_of(one=bytes(200_000)))[:100_000])
    agent.stdin.close()
    assert agent.records_until_done()[-1] == Record(b"done", b"2")


def test_the_end_leaves_no_process_and_no_zombie(agent: Agent) -> None:
    agent.send(b"probe\nbye\n")
    while agent.next().word != b"bye":
        pass
    assert agent.end() == 0
    assert processes_of(agent) == []


def test_a_client_that_is_gone_ends_everything(agent: Agent) -> None:
    agent.send(b"extract -p\n100\n")
    agent.end()
    assert processes_of(agent) == []


def test_a_later_exec_of_the_same_restore_ends_the_earlier_one(
    shell: list[str], tmp_path: Path
) -> None:
    same = _restore()
    earlier = Agent(shell, tmp_path, mark=Mark.new(same))
    other = Agent(shell, tmp_path, mark=Mark.new(_restore()))
    try:
        for one in (earlier, other):
            one.send(b"extract -p\n" + framed(tar_of(one=bytes(100_000))[:70_000]))
            assert one.next().word == b"ack"
        later = Agent(shell, tmp_path, mark=Mark.new(same))
        later.send(b"evict %s\n" % same.encode())
        later.records_until_done()
        assert processes_of(earlier) == []
        earlier.process.wait(30)
        assert processes_of(other)
        later.send(b"bye\n")
        later.end()
        later.kill()
    finally:
        earlier.kill()
        other.kill()


def test_sigterm_ends_everything_it_started(agent: Agent) -> None:
    agent.send(b"extract -p\n" + framed(tar_of(one=bytes(100_000)))[:70_000])
    assert agent.next().word == b"ack"
    agent.process.terminate()
    # Its shell waits for dd, which waits for input: what a runtime closes when it ends an exec.
    agent.end()
    assert processes_of(agent) == []


@pytest.mark.parametrize("tool", ["dd", "tar mkdir", "sleep"])
def test_a_missing_tool_is_named(shell: list[str], tmp_path: Path, tool: str) -> None:
    if shell[0] == "busybox":
        pytest.skip("this busybox finds its own applets without PATH")
    if any(builds_in(shell, one) for one in tool.split()):
        pytest.skip(f"this shell has a {tool} of its own")
    tools = {**COMMON, "dd": "dd"}
    names = {name: source for name, source in tools.items() if name not in tool.split()}
    agent = Agent(shell, tmp_path, path=directory_of(tmp_path / "bin", names))
    try:
        agent.send(b"probe\n")
        records = agent.records_until_done()
        assert read_probe((one.word, one.rest) for one in records).missing == tuple(tool.split())
    finally:
        agent.kill()


def test_the_target_is_told_apart(shell: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for name, state in {"absent": "absent", "file": "file", ".": "ready"}.items():
        agent = Agent(shell, tmp_path / name)
        try:
            agent.send(b"probe\n")
            records = agent.records_until_done()
            found = read_probe((one.word, one.rest) for one in records)
            assert found.target.partition(" ")[0] == state
        finally:
            agent.kill()


@pytest.mark.parametrize(
    ("names", "framing"),
    [
        ({**COMMON, "dd": "dd", "head": "head"}, Framing.DD),
        ({**COMMON, "head": "head"}, Framing.HEAD),
        ({**COMMON, "head": "toybox", "tar": "toybox"}, Framing.TAR),
    ],
    ids=["dd", "head", "toybox"],
)
def test_each_framing_takes_chunks_and_questions_exactly(
    shell: list[str], tmp_path: Path, names: dict[str, str], framing: Framing
) -> None:
    if shell[0] == "busybox":
        pytest.skip("this busybox finds its own applets without PATH")
    target = tmp_path / "target"
    target.mkdir()
    agent = Agent(shell, target, path=directory_of(tmp_path / "bin", names))

    def wrapped(data: bytes) -> bytes:
        before, behind = envelope(framing, b"%d\n" % len(data), len(data))
        return before + data + behind

    try:
        agent.send(b"probe\n")
        found = read_probe((one.word, one.rest) for one in agent.records_until_done())
        assert (found.framing, found.missing) == (framing, ())
        stream = tar_of(one=os.urandom(200_000), two=b"2")
        chunks = [stream[at : at + 65_543] for at in range(0, len(stream), 65_543)]
        agent.send(b"extract -p\n" + b"".join(map(wrapped, chunks)) + b"end\n")
        records = agent.records_until_done()
        lengths = [int(record.rest) for record in records if record.word == b"ack"]
        assert lengths == [len(chunk) for chunk in chunks]
        assert Record(b"exit", b"0") in records
        assert (target / "two").read_bytes() == b"2"
        agent.send(b"survey\n" + wrapped(payload_of(b"two", b"missing")) + b"end\n")
        answers = Standings([b"two", b"missing"])
        for one in agent.records_until_done():
            answers.take(one.word, one.rest)
        answers.require_all()
        assert answers.found.keys() == {b"two"}
    finally:
        agent.kill()


@pytest.mark.parametrize("framing", [{"dd": "dd"}, {"head": "head"}, {"head": "toybox"}])
def test_zeros_are_made_in_the_pod(
    shell: list[str], tmp_path: Path, framing: dict[str, str]
) -> None:
    if shell[0] == "busybox":
        pytest.skip("this busybox finds its own applets without PATH")
    names = {**COMMON, **framing, **({"tar": "toybox"} if "toybox" in framing.values() else {})}
    target = tmp_path / "target"
    target.mkdir()
    agent = Agent(shell, target, path=directory_of(tmp_path / "bin", names))
    length = 300_000
    stream = tar_of(hole=bytes(length))
    way = Framing.TAR if "tar" in names and names["tar"] == "toybox" else Framing.DD

    def wrapped(data: bytes) -> bytes:
        before, behind = envelope(way, b"%d\n" % len(data), len(data))
        return before + data + behind

    try:
        agent.send(
            b"extract -p\n"
            + wrapped(stream[:512])
            + b"zeros %d\n" % length
            + wrapped(stream[512 + length :])
            + b"end\n"
        )
        records = agent.records_until_done()
        assert Record(b"ack", b"%d" % length) in records
        assert Record(b"exit", b"0") in records
        assert (target / "hole").read_bytes() == bytes(length)
    finally:
        agent.kill()


@pytest.mark.parametrize("framing", [{"dd": "dd"}, {"head": "head"}, {"head": "toybox"}])
def test_packed_chunks_are_unpacked_and_acknowledged_by_what_is_in_them(
    shell: list[str], tmp_path: Path, framing: dict[str, str]
) -> None:
    if shell[0] == "busybox":
        pytest.skip("this busybox finds its own applets without PATH")
    is_toybox = "toybox" in framing.values()
    tar = {"tar": "toybox"} if is_toybox else {}
    target = tmp_path / "target"
    target.mkdir()
    names = {**COMMON, **framing, **tar, "gzip": "gzip"}
    agent = Agent(shell, target, path=directory_of(tmp_path / "bin", names))
    way = Framing.TAR if is_toybox else Framing.DD
    stream = tar_of(one=os.urandom(100_000) + bytes(100_000), two=b"2")

    def chunk(data: bytes, *, is_packed: bool) -> bytes:
        small = gzip.compress(data) if is_packed else data
        line = b"packed %d %d\n" % (len(small), len(data)) if is_packed else b"%d\n" % len(data)
        before, behind = envelope(way, line, len(small))
        return before + small + behind

    try:
        agent.send(b"probe\n")
        assert read_probe((one.word, one.rest) for one in agent.records_until_done()).unpacks
        pieces = [stream[at : at + 65_543] for at in range(0, len(stream), 65_543)]
        chunks = [chunk(data, is_packed=number != 1) for number, data in enumerate(pieces)]
        agent.send(b"extract -p\n" + b"".join(chunks) + b"end\n")
        records = agent.records_until_done()
        lengths = [int(record.rest) for record in records if record.word == b"ack"]
        assert lengths == [len(data) for data in pieces]
        assert Record(b"exit", b"0") in records
        with tarfile.open(fileobj=io.BytesIO(stream)) as whole:
            content = whole.extractfile("one")
            assert content is not None
            assert (target / "one").read_bytes() == content.read()
    finally:
        agent.kill()


def test_a_packed_chunk_that_is_damaged_is_not_acknowledged(agent: Agent, tmp_path: Path) -> None:
    stream = tar_of(one=bytes(100_000))
    small = bytearray(gzip.compress(stream))
    small[-8] ^= 1
    agent.send(b"extract -p\n" + b"packed %d %d\n" % (len(small), len(stream)) + small + b"end\n")
    records = agent.records_until_done()
    assert not [one for one in records if one.word == b"ack"]
    assert Record(b"done", b"4") in records
    assert tmp_path.exists()


def test_a_consumer_never_takes_a_cut_for_the_end(agent: Agent, tmp_path: Path) -> None:
    # bsdtar would give the file its full size and its time.
    stream = tar_of(whole=bytes(70_000), cut=b"c" * 200_000)
    agent.send(b"extract -p\n" + framed(stream[:150_000]))
    for _ in range(3):
        assert agent.next().word == b"ack"
    agent.stdin.close()
    records = agent.records_until_done()
    assert Record(b"exit", b"137") in records
    assert records[-1] == Record(b"done", b"2")
    left = tmp_path / "target/cut"
    assert not left.exists() or left.stat().st_size < 200_000


def test_directories_that_take_nothing_are_told(agent: Agent, tmp_path: Path) -> None:
    target = tmp_path / "target"
    for name in ("open", "two\nlines", "-n", "back\\tslash"):
        (target / name).mkdir()
    asked = [b"", b"open", b"two\nlines", b"-n", b"back\\tslash", b"gone"]
    found: list[bytes] = []

    def take(word: bytes, rest: bytes) -> bool:
        if word == b"closed":
            found.extend(asked[number] for number in answers.numbers(rest))
        return word == b"closed"

    answers = Answers(asked, take)
    agent.ask(b"closed", answers)
    # Root may write anywhere; what is not there takes nothing.
    assert found == [b"gone"]


def told(
    agent: Agent,
    command: bytes,
    word: bytes,
    names: list[bytes],
    read: Callable[[bytes], bytes | None],
) -> dict[bytes, bytes | None]:
    """Return what is read of the records of a word that answer a command about names."""
    found: dict[bytes, bytes | None] = {}

    def take(said: bytes, rest: bytes) -> bool:
        if said == word:
            number, _, text = rest.partition(b" ")
            found[answers.path(number)] = read(text)
        return said == word

    answers = Answers(names, take)
    agent.ask(command, answers)
    return found


def test_where_links_lead_is_told(agent: Agent, tmp_path: Path) -> None:
    target = tmp_path / "target"
    (target / "real/deep\n").mkdir(parents=True)
    (target / "to real").symlink_to("real")
    (target / "two\nlines").symlink_to(target / "real/deep\n")
    (target / "out").symlink_to(tmp_path)
    (target / "self").symlink_to(".")
    (target / "nowhere").symlink_to("gone")
    (target / "file").write_bytes(b"")
    (target / "to file").symlink_to("file")
    asked = [b"to real", b"two\nlines", b"out", b"self", b"nowhere", b"to file"]
    assert told(agent, b"resolve", b"leads", asked, read_link) == {
        b"to real": b"real",
        b"two\nlines": b"real/deep\n",
        b"out": None,
        b"self": None,
        b"nowhere": None,
        b"to file": None,
    }


@pytest.mark.parametrize("where", [b"", b"link"], ids=["target", "link"])
def test_names_that_are_tried_are_told_apart_and_leave_nothing(
    agent: Agent, tmp_path: Path, where: bytes
) -> None:
    target = tmp_path / "target"
    directory = target / "dir"
    directory.mkdir()
    (target / "link").symlink_to("dir")
    for one in (directory, target):
        os.utime(one, (1_700_000_000, 1_700_000_000))
    names = [b"README", b"readme", b"-n", b"two\nlines", b"\xff", b".a", b"a "]
    payload = one_batch([where, *names])
    agent.send(b"apart\n%d\n%bend\n" % (len(payload), payload))
    records = agent.records_until_done()
    entries = [one.rest for one in records if one.word == b"entry"]
    assert sorted(entries) == sorted(names)
    standing = [int(one.rest) for one in records if one.word == b"stands"]
    assert standing == list(range(1, len(names) + 1))
    assert sorted(one.name for one in target.iterdir()) == ["dir", "link"]
    assert list(directory.iterdir()) == []
    assert (directory if where else target).stat().st_mtime == 1_700_000_000


def remove(agent: Agent, command: bytes, paths: list[bytes]) -> None:
    agent.ask(b"remove " + command, Answers(paths))
    agent.lines_until_done()


def test_what_is_named_is_removed_whatever_its_name(agent: Agent, tmp_path: Path) -> None:
    target = tmp_path / "target"
    names = [b"plain", b"-n", b"two\nlines\n", b"quote'\"", b" space ", b"\xff\xfe", b"*"]
    directories = [b"", b"a", b"a/-p", b"a/new\nline\n", b"a/new\nline\n/\\"]
    for directory in directories:
        place = os.path.join(os.fsencode(target), directory)
        Path(os.fsdecode(place)).mkdir(exist_ok=True)
        for name in names:
            Path(os.fsdecode(os.path.join(place, name))).write_bytes(name)
    (target / "stays").write_bytes(b"")
    (tmp_path / "linked").write_bytes(b"outside")
    (target / "a/link").symlink_to(tmp_path / "linked")
    files = [os.path.join(directory, name) for directory in directories for name in names]
    remove(agent, b"rm -f", [*files, b"a/link", b"gone/missing", b"missing"])
    assert (tmp_path / "linked").read_bytes() == b"outside"
    remove(agent, b"rmdir", sorted(directories[1:], reverse=True))
    assert [one.name for one in target.iterdir()] == ["stays"]


@pytest.mark.parametrize("where", ["a", "a/b"])
def test_nothing_is_removed_through_a_link(agent: Agent, tmp_path: Path, where: str) -> None:
    """A directory that was named has become a link by then, or the one around it has."""
    target, outside = tmp_path / "target", tmp_path / "outside"
    for top in (target / "a/b", outside / "b"):
        (top / "empty").mkdir(parents=True)
        for place in (top, top.parent):
            (place / "file").write_bytes(b"mine")
    (target / "file").write_bytes(b"")
    (target / where).rename(tmp_path / "moved away")
    (target / where).symlink_to(outside if where == "a" else outside / "b")
    before = sorted(outside.rglob("*"))
    remove(agent, b"rm -f", [b"a/b/file", b"a/file", b"a/b/file", b"file"])
    remove(agent, b"rmdir", [b"a/b/empty"])
    assert sorted(outside.rglob("*")) == before
    # What stands elsewhere goes all the same.
    assert not (target / "file").exists()
    if where == "a/b":
        assert not (target / "a/file").exists()


def test_the_room_that_is_left_is_told(agent: Agent) -> None:
    agent.send(b"space\n")
    space = read_space((one.word, one.rest) for one in agent.records_until_done())
    text = str(space)
    assert "KiB are free" in text
    assert "inodes are free" in text


@pytest.mark.parametrize("tar", ["tar", "busybox", "bsdtar", "toybox"])
@pytest.mark.parametrize("end", [0, 200, 512, 1024, 1536, 1700, 2048 + 100_000, 2048 + 512 * 300])
def test_no_cut_stream_is_a_success_and_what_was_in_flight_looks_cut(
    tmp_path: Path, tar: str, end: int
) -> None:
    # In nothing, a header, data; at members' edges, where every tar alone would exit with 0.
    target = tmp_path / "target"
    target.mkdir()
    path = directory_of(tmp_path / "bin", {**COMMON, "dd": "dd", "tar": tar})
    agent = Agent(["dash"], target, path=path)
    try:
        stream = tar_of(small=b"x" * 512, flight=b"y" * (512 * 300))
        agent.send(b"extract -p\n" + framed(stream[:end], 4096))
        agent.stdin.close()
        records = agent.records_until_done()
        assert records[-1] == Record(b"done", b"2")
        assert Record(b"exit", b"0") not in records
        left = target / "flight"
        if end < 1536 + 512 * 300 and left.exists():
            assert (left.stat().st_size, left.stat().st_mtime) != (512 * 300, 1_700_000_000)
    finally:
        agent.kill()


def test_who_waits_for_a_mount_that_does_not_answer_is_told_from_who_works(
    agent: Agent, tmp_path: Path
) -> None:
    with unanswered(tmp_path / "target/gone"):
        standings = Standings([b"gone/file"])
        for payload, _ in questions(standings.paths):
            agent.send(b"survey\n%d\n%send\n" % (len(payload), payload))
        assert Beat(moved=False, waits=True) in agent.beats_until_one_waits()
        agent.kill()


@pytest.mark.parametrize(
    ("said", "where", "heard"),
    [
        (b"survey\n", "missing", b"survey absent"),
        (b"learn\n", "file", b"learn file"),
        (b"nonsense 1 2\n", ".", b"nonsense ready"),
        (b"\n", ".", b"- ready"),
    ],
)
def test_what_makes_no_sense_is_answered_before_the_agent_ends(
    shell: list[str], tmp_path: Path, said: bytes, where: str, heard: bytes
) -> None:
    (tmp_path / "file").write_bytes(b"")
    agent = Agent(shell, tmp_path / where)
    try:
        agent.send(said)
        assert agent.next() == Record(b"astray", heard)
        # Where the TERM for its guard comes right behind the first word, zsh says that word twice.
        while (record := agent.next()) == Record(b"hello", b"1"):
            assert "zsh" in shell[0]
        assert record.word == b"bye"
    finally:
        agent.kill()


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("deep/er", "absent {}"),
        ("file", "file {}/file"),
        ("file/deep/er", "below {}/file"),
        ("nowhere", "below {}/nowhere"),
        ("nowhere/deep", "below {}/nowhere"),
        ("/kubectl-restore/nowhere", "absent"),
    ],
)
def test_what_a_target_cannot_be_made_below_is_told(
    shell: list[str], tmp_path: Path, path: str, told: str
) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "nowhere").symlink_to("not here")
    agent = Agent(shell, tmp_path / path)
    try:
        agent.send(b"probe\n")
        found = read_probe((one.word, one.rest) for one in agent.records_until_done())
        assert found.target == told.format(tmp_path)
    finally:
        agent.kill()
