"""Members written by the shell, where there is no tar: under every shell, with real tools."""

from __future__ import annotations

import os
import random
import secrets
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.index.read import read_index
from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.stream.normalise import Dialect, Shell
from kubectl_restore.archive.stream.quoting import room_of, words_of
from kubectl_restore.archive.stream.segments import Zeros, read_segments
from kubectl_restore.container.agent import toolbox_script, trial_script
from kubectl_restore.container.capabilities import Tar, read_probe
from kubectl_restore.deadline import Watch
from kubectl_restore.pipe.records import Record
from kubectl_restore.plan.sameness import Policy
from kubectl_restore.progress import Silence
from kubectl_restore.session.mark import Mark
from tests.contract import trees
from tests.unit.container.shells import SHELLS
from tests.unit.container.shells import words_of as shell_words
from tests.unit.container.test_agent import Agent, directory_of, framed
from tests.unit.plan.planning import make_plan

TOOLS = ["basename", "cat", "chmod", "chown", "dd", "grep", "head", "id", "kill", "ln", "ls",
         "mkdir", "mkfifo", "mknod", "mv", "printf", "rm", "rmdir", "sleep", "stat", "touch", "tr",
         "truncate"]  # fmt: skip
OWNER = (os.getuid(), os.getgid())
NAMES = [b"plain", b"-n", b"two\nlines", b"quote'\"$`", b" a  b ", b"\xff\xfe\x81", b"\xc3\xa4",
         b"back\\slash", b"*", b"\x01\x7f\x88\x9b", b"x" * 250, b"%s"]  # fmt: skip
CONTENTS = [b"", b"plain\n", b"-n", b"'", b"''''" * 50, b"%s%d\\n\\", bytes(range(256)) * 4,
            bytes(4000), b"\x0012", b"a\x00\n\n", b"\n\n\n", b"\r\n \t"]  # fmt: skip


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> list[str]:
    words = shell_words(request.param)
    if words[0] == "busybox":
        pytest.skip("this busybox finds its own applets without PATH: pod kinds have it")
    return words


class Restored:
    """An agent without tar, and what it was sent."""

    def __init__(self, shell: list[str], where: Path, *, without: tuple[str, ...] = ()) -> None:
        self.target = where / "target"
        self.target.mkdir(exist_ok=True)
        tools = {name: name for name in TOOLS if name not in without}
        path = directory_of(where / secrets.token_hex(4), tools)
        self.agent = Agent(shell, self.target, path=path, mark=Mark.new("0123456789abcdef"))
        self.agent.send(b"probe\n")
        found = read_probe((one.word, one.rest) for one in self.agent.records_until_done())
        self.agent.lines_until_done()
        assert found.tar is Tar.SHELL
        assert found.missing == ()
        script = toolbox_script()
        self.agent.send(b"learn\n%d\n%send\n" % (len(script), script))
        said = self.agent.records_until_done()
        self.agent.lines_until_done()
        self.ways = {one.rest: one for one in said if one.word == b"ways"}.popitem()[0].split()

    def stream(self, archive: bytes, where: Path) -> list[bytes]:
        """Return the two streams of a restore into an empty target."""
        path = where / "backup"
        path.write_bytes(archive)
        dialect = Dialect(shell=Shell(b"text" in self.ways, b"fractions" in self.ways))
        with BackupFile.open(path) as backup:
            index = read_index(
                backup, allow_missing_end=False, progress=Silence(), watch=Watch(None)
            )
            plan = make_plan(index, {}, Policy(dialect=dialect, owner=OWNER))
            layout = plan.layout
            assert layout is not None
            streams = []
            for one in (layout, layout.directories):
                blocks = read_segments(backup, index.compression, one.segments(), Watch(None))
                data = b"".join(bytes(it) for it in blocks if not isinstance(it, Zeros))
                assert len(data) == one.total
                streams.append(data)
            return streams

    def extract(self, stream: bytes) -> tuple[Record, list[bytes]]:
        """Have a stream taken; return how that ended, and what was said."""
        if not stream:
            return Record(b"exit", b"0"), []
        self.agent.send(b"extract -p --numeric-owner\n" + framed(stream) + b"end\n")
        records = self.agent.records_until_done()
        assert records[-1] == Record(b"done", b"0")
        (ended,) = (one for one in records if one.word == b"exit")
        return ended, self.agent.lines_until_done()

    def tree(self) -> dict[bytes, trees.Seen]:
        words = ["tar", "-cf", "-", "-C", str(self.target), "."]
        return trees.tree_of(subprocess.run(words, capture_output=True, check=True).stdout)


def restored(one: Restored, archive: bytes, where: Path) -> None:
    for stream in one.stream(archive, where):
        assert one.extract(stream) == (Record(b"exit", b"0"), [])


def odd_tree() -> bytes:
    archive = trees.Archive(owner=OWNER)
    archive.directory("in")
    for number, name in enumerate(NAMES):
        archive.directory(b"in/" + name, mode=0o750, mtime=trees.MTIME - number)
        for content in CONTENTS:
            path = b"in/%s/%d" % (name, CONTENTS.index(content))
            archive.add(path, content, mode=0o640 if number % 2 else 0o4755)
        archive.add(b"in/%s/long" % name, random.Random(number).randbytes(70_000))  # noqa: S311
        archive.hardlink(b"in/%s/hard" % name, b"in/%s/long" % name)
        archive.hardlink(b"in/%s/harder" % name, b"in/%s/long" % name)
        archive.symlink(b"in/%s/link" % name, b"-to/" + name)
        archive.add(b"in/" + name + b".txt", b"beside", mtime=trees.MTIME + number)
    archive.directory("closed", mode=0o500)
    archive.add("closed/file", b"below what is closed", mode=0o400)
    return archive.finish()


def twice(one: Restored, where: Path) -> None:
    """Restore into an empty target, and over all of it."""
    archive = odd_tree()
    for _ in range(2):
        restored(one, archive, where)
        assert trees.differences(trees.tree_of(archive), one.tree(), owners=True) == []
        (one.target / "closed").chmod(0o700)
    one.agent.kill()


def test_every_name_and_content_arrives(shell: list[str], tmp_path: Path) -> None:
    twice(Restored(shell, tmp_path), tmp_path)


@pytest.mark.parametrize(
    "without", ["tr", "mv", "truncate rmdir", "dd truncate", "dd mv tr mkfifo"], ids=str
)
def test_every_name_and_content_arrives_with_less(tmp_path: Path, without: str) -> None:
    twice(Restored(["dash"], tmp_path, without=tuple(without.split())), tmp_path)


def test_nothing_half_written_stands_at_its_place_when_the_stream_ends(tmp_path: Path) -> None:
    one = Restored(["dash"], tmp_path)
    archive = trees.Archive(owner=OWNER)
    archive.add("first", random.Random(1).randbytes(600_000))  # noqa: S311
    archive.add("second", b"x" * 100_000)
    (stream, _) = one.stream(archive.finish(), tmp_path)
    (one.target / "second").write_bytes(b"old")
    one.agent.send(b"extract -p\n" + framed(stream[:-60_000]))
    one.agent.stdin.close()
    one.agent.process.wait(30)
    assert {path.name for path in one.target.iterdir()} == {"first", "second"}
    assert (one.target / "second").read_bytes() == b"old"
    one.agent.kill()


def test_a_further_name_that_stands_there_already_is_no_error(tmp_path: Path) -> None:
    """To put one name of a file over another is refused by mv."""
    one = Restored(["dash"], tmp_path)
    for name, to in (("file", "hard"), ("link", "other")):
        if name == "file":
            (one.target / name).write_bytes(b"content")
        else:
            (one.target / name).symlink_to("nowhere")
        (one.target / to).hardlink_to(one.target / name)
    text = (
        b'in_rooms() { "$@" .; }\nopen_rooms || return 2\n'
        b'link ./file ./"$s"hard\nlink ./link ./"$s"other\n'
        b"arrive . hard other\nclose_rooms\n"
    )
    assert one.extract(b"t %d\n%se\n" % (len(text), text)) == (Record(b"exit", b"0"), [])
    assert {path.name for path in one.target.iterdir()} == {"file", "hard", "link", "other"}
    assert (one.target / "hard").samefile(one.target / "file")
    one.agent.kill()


def test_nothing_is_written_through_a_link_that_cannot_be_taken_away(tmp_path: Path) -> None:
    one = Restored(["dash"], tmp_path, without=("mv", "rm"))
    outside = tmp_path / "outside"
    outside.write_bytes(b"not the backup's business")
    archive = trees.Archive(owner=OWNER)
    archive.add("short", b"content")
    archive.add("long", b"content" * 30_000)
    (stream, _) = one.stream(archive.finish(), tmp_path)
    for name in ("short", "long"):
        (one.target / name).symlink_to(outside)
    ended, said = one.extract(stream)
    assert ended == Record(b"exit", b"2")
    assert [line.partition(b": Cannot open")[0] for line in said] == [b"sh: short", b"sh: long"]
    assert outside.read_bytes() == b"not the backup's business"
    one.agent.kill()


def test_what_cannot_be_made_is_said_of_each_and_the_rest_is_made(tmp_path: Path) -> None:
    one = Restored(["dash"], tmp_path)
    archive = trees.Archive(owner=OWNER)
    archive.add("file", b"below me?")
    archive.add("a/name", b"content")
    archive.add("a/other", b"content" * 3000)
    archive.add("b", b"content")
    (stream, _) = one.stream(archive.finish(), tmp_path)
    for name in ("a/name", "a/other"):
        (one.target / name).mkdir(parents=True)
        (one.target / name / "in the way").touch()
    ended, lines = one.extract(stream)
    assert ended.rest == b"2"
    assert [line.split(b": ")[:3] for line in lines] == [
        [b"sh", b"a/name", b"Cannot open"],
        [b"sh", b"a/other", b"Cannot open"],
    ]
    assert (one.target / "b").read_bytes() == b"content"
    assert sorted(path.name for path in one.target.iterdir()) == ["a", "b", "file"]
    one.agent.kill()


@given(st.binary(max_size=3000), st.sampled_from([b"", b"\x00", b"'", b"%\\"]), st.integers(0, 900))
def test_every_content_fits_its_room_and_is_said_exactly(
    content: bytes, costly: bytes, count: int
) -> None:
    content = costly * count + content
    words = words_of(content)
    assert len(words) == room_of(len(content))
    script = 'if [ "$#" = 1 ]; then printf "$1"; else printf "$1" | tr "$2" "$3"; fi'
    command = b"set -- %s\n%s" % (words, script.encode())
    done = subprocess.run(["dash"], input=command, capture_output=True, check=True)
    assert done.stdout == content


@pytest.mark.parametrize(
    ("does", "outcome"),
    [
        ('exec "$REAL" "$@"', b"fit"),
        ("cat >/dev/null", b"unfit"),
        ("echo broken >&2; exit 127", b"unfit"),
        ('case $* in *numeric-owner*) exit 2 ;; esac; exec "$REAL" "$@"', b"unfit"),
    ],
)
def test_a_tar_that_is_not_known_is_tried(tmp_path: Path, does: str, outcome: bytes) -> None:
    target, programs = tmp_path / "target", tmp_path / "bin"
    target.mkdir()
    path = directory_of(programs, {name: name for name in [*TOOLS, "sh"]})
    real = shutil.which("tar")
    first = '[ "$1" != --version ] || { echo sometar 1.0; exit; }'
    (programs / "tar").write_text(f"#!/bin/sh\nREAL={real}\n{first}\n{does}\n")
    (programs / "tar").chmod(0o755)
    agent = Agent(["dash"], target, path=path)
    try:
        agent.send(b"probe\n")
        found = read_probe((one.word, one.rest) for one in agent.records_until_done())
        assert found.tar is Tar.OTHER
        script = trial_script(OWNER)
        agent.send(b"learn\n%d\n%send\n" % (len(script), script))
        said = [one.rest.strip() for one in agent.records_until_done() if one.word == b"tar_is"]
        assert said == [outcome]
        assert list(target.iterdir()) == []
        assert not list(Path("/dev/shm").glob(".kubectl-restore.*"))  # noqa: S108
    finally:
        agent.kill()
