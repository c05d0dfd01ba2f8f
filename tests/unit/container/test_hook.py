"""A command of the user's under every POSIX shell, as `kubectl exec` would start it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.container.hook import hook_command, hook_script
from kubectl_restore.pipe.feedback import Beat, EndOfCommand, FeedbackParser, Line
from kubectl_restore.pipe.records import Record, RecordParser
from kubectl_restore.session.mark import Mark
from tests.contract.leftovers import is_ours
from tests.unit.container.shells import SHELLS, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator


class Hook:
    """One exec with a command in it, spoken to as the session does, but blocking."""

    def __init__(self, shell: list[str], command: str, where: Path) -> None:
        self.mark = Mark.new("0123456789abcdef")
        program = shutil.which(shell[0])
        assert program is not None
        self.process = subprocess.Popen(
            ["sh" if len(shell) == 1 else shell[0], *shell[1:], *hook_command(self.mark)[1:]],
            executable=program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=where,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            start_new_session=True,
        )
        assert self.process.stdin
        assert self.process.stdout
        assert self.process.stderr
        self.stdin, self.stdout, self.stderr = (
            self.process.stdin, self.process.stdout, self.process.stderr,
        )  # fmt: skip
        self._records = RecordParser(self.mark.token)
        self._feedback = FeedbackParser(self.mark.token)
        self.stdin.write(hook_script(command))

    def records_until(self, word: bytes) -> list[Record]:
        """Wait for a record; anything else on stdout is a failure."""
        found: list[Record] = []
        while not any(one.word == word for one in found):
            data = os.read(self.stdout.fileno(), 65536)
            assert data, "it has ended"
            for item in self._records.feed(data):
                assert isinstance(item, Record), item
                found.append(item)
        return found

    def said(self) -> tuple[list[bytes], int]:
        """Wait for all of its words; return them, and how often it has beaten."""
        lines: list[bytes] = []
        beats = 0
        while True:
            for event in self._feedback.feed(os.read(self.stderr.fileno(), 65536)):
                if isinstance(event, EndOfCommand):
                    return lines, beats
                if isinstance(event, Line):
                    lines.append(event.text)
                beats += isinstance(event, Beat)

    def run(self) -> tuple[bytes, list[bytes]]:
        """Run the command; return its exit code and its words."""
        self.records_until(b"hello")
        self.stdin.write(b"run" + b" " * 508 + b"\n")
        lines, _ = self.said()
        exit_code, done = self.records_until(b"done")
        assert (exit_code.word, done.rest) == (b"exit", b"0")
        return exit_code.rest, lines

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)
        for stream in (self.stdin, self.stdout, self.stderr):
            stream.close()


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> list[str]:
    return words_of(request.param)


@pytest.fixture
def hooks() -> Iterator[list[Hook]]:
    """Those that a test has begun."""
    begun: list[Hook] = []
    yield begun
    for one in begun:
        one.kill()


CASES: list[tuple[str, set[int], list[str]]] = [
    ("echo out; echo err >&2", {0}, ["out", "err"]),
    ("exit 3", {3}, []),
    ("printf 'no end'; exit 1", {1}, ["no end"]),
    ("echo 'a\n.\nb'\n", {0}, ["a", ".", "b"]),
    # Nothing on its standard input; the environment and the place that the container gives it.
    ('cat; echo "${KUBECTL_RESTORE-none} $LC_ALL"; pwd', {0}, ["none C.UTF-8", "HERE"]),
    # 128 + 15; of ksh93 256 + 15. Some shells say what has ended it.
    ("kill -s TERM $$", {143, 271}, ["MAYBE"]),
    ("exec >&- 2>&-", {0}, []),
    ("-n", {127}, ["WORDS"]),  # that there is no such program
]


@pytest.mark.parametrize("case", CASES, ids=[command for command, _, _ in CASES])
def test_its_exit_code_and_its_words(
    shell: list[str], hooks: list[Hook], tmp_path: Path, case: tuple[str, set[int], list[str]]
) -> None:
    command, codes, expected = case
    hooks.append(hook := Hook(shell, command, tmp_path))
    code, said = hook.run()
    assert int(code) in codes
    lines = [one.decode().replace(str(tmp_path), "HERE") for one in said]
    some = {"MAYBE": {0, 1}, "WORDS": {1}}.get("".join(expected))
    assert len(lines) in some if some else lines == expected
    # It stays until the client has heard it.
    assert hook.process.poll() is None
    hook.stdin.write(b"bye\n")
    hook.records_until(b"bye")
    assert hook.process.wait(30) == 0


def test_what_is_left_in_the_background_holds_up_nothing_and_is_not_marked(
    shell: list[str], hooks: list[Hook], tmp_path: Path
) -> None:
    command = "sleep 600 </dev/null >/dev/null 2>&1 & echo $!"
    hooks.append(hook := Hook(shell, command, tmp_path))
    code, (number,) = hook.run()
    assert code == b"0"
    hook.stdin.write(b"bye\n")
    assert hook.process.wait(30) == 0
    left = Path(f"/proc/{int(number)}")
    try:
        deadline = time.monotonic() + 30
        while not (left / "cmdline").read_bytes().startswith(b"sleep\0"):
            # It is the shell's copy until it is the program.
            assert time.monotonic() < deadline
        assert not is_ours(int(number))
    finally:
        os.kill(int(number), signal.SIGKILL)


def test_it_beats_while_the_command_is_silent(
    shell: list[str], hooks: list[Hook], tmp_path: Path
) -> None:
    command = "while [ ! -e go ]; do sleep 0.1; done"
    hooks.append(hook := Hook(shell, command, tmp_path))
    hook.records_until(b"hello")
    hook.stdin.write(b"run\n")
    parser, beats = FeedbackParser(hook.mark.token), 0
    while beats < 2:
        beats += sum(
            isinstance(one, Beat) for one in parser.feed(os.read(hook.stderr.fileno(), 99))
        )
    (tmp_path / "go").touch()
    assert hook.records_until(b"done")[0] == Record(b"exit", b"0")


def test_a_client_that_goes_ends_it(shell: list[str], hooks: list[Hook], tmp_path: Path) -> None:
    hooks.append(hook := Hook(shell, "touch ran", tmp_path))
    hook.records_until(b"hello")
    hook.stdin.close()
    assert hook.process.wait(30) == 0
    assert not (tmp_path / "ran").exists()


_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.lists(
    st.sampled_from([".", "\n", "'", '"', "\\", "$newline", "`", " ", "-n", "é", "\udcff"])
).map("".join)


@given(command=_TEXT)
def test_any_command_reaches_the_shell_byte_by_byte(command: str) -> None:
    script = hook_script(command)
    *lines, last, nothing = script.split(b"\n")
    assert (last, nothing) == (b".", b"")
    assert b"." not in lines
    word = script.partition(b"\nmark=")[0]
    done = subprocess.run(
        ["sh", "-c", word + b'\nprintf "%s" "$hook"'], capture_output=True, check=True
    )
    assert done.stdout == os.fsencode(command)
