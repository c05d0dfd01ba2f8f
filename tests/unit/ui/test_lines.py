"""What is printed, to the letter."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.errors import InTheWayError
from kubectl_restore.progress import Header, Level, Phase, Status, Summary
from kubectl_restore.ui.amounts import as_rate, as_size, as_time
from kubectl_restore.ui.choice import choose_display
from kubectl_restore.ui.environment import Environment
from kubectl_restore.ui.live import Live, cut
from kubectl_restore.ui.older import older_size

if TYPE_CHECKING:
    from kubectl_restore.ui.display import Display

HEADER = Header(
    backup="b.tar.gz",
    backup_size=1536,
    pod="db-0",
    path="/data",
    context="prod",
    namespace="n",
    container="app",
    container_is_default=True,
    other_containers=("side",),
)


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


class Stage:
    """A display with streams and a clock of its own."""

    def __init__(
        self,
        *,
        terminal: bool = False,
        progress: str = "auto",
        older: bool = False,
        quiet: bool = False,
        verbosity: int = 0,
        variables: dict[str, str] | None = None,
    ) -> None:
        self.now = 100.0
        self.columns = 100
        self.out = io.StringIO()
        self.err: io.StringIO = Terminal() if terminal else io.StringIO()
        self.environment = Environment(
            out=self.out,
            err=self.err,
            variables=variables or {},
            width=lambda: self.columns,
            clock=lambda: self.now,
        )
        self.display: Display = choose_display(
            self.environment, progress=progress, quiet=quiet, verbosity=verbosity, older=older
        )

    def said(self) -> str:
        """Return and forget what was said on stderr."""
        text = self.err.getvalue()
        self.err.seek(0)
        self.err.truncate()
        return text


def sending(done: int, *, current: bytes | None = b"a/b", total: int = 1000) -> Status:
    return Status(Phase.SEND, done, total, done // 100, 10, current)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (300 << 20, "300 MiB"),
     (5 << 30, "5.0 GiB"), (2000 << 40, "2000 TiB")],
)  # fmt: skip
def test_sizes(number: int, text: str) -> None:
    assert as_size(number) == text


def test_rates_and_times() -> None:
    assert as_rate(1 << 20) == "1.0 MiB/s"
    assert [as_time(s) for s in (0.44, 12, 185, 7380)] == ["0.4s", "12s", "3m05s", "2h03m"]


@pytest.mark.parametrize(
    ("number", "text"), [(999, "999 B"), (307200, "300.0 KB"), (1 << 30, "1.0 GB")]
)
def test_sizes_as_the_older_tool_had_them(number: int, text: str) -> None:
    assert older_size(number) == text


def test_plain_lines() -> None:
    stage = Stage()
    stage.display.header(HEADER)
    stage.display.status(Status(Phase.CHECK, 0, 1536))
    stage.now += 0.5
    stage.display.status(sending(0))
    for _ in range(30):
        stage.now += 0.5
        stage.display.status(sending(500))
        stage.display.tick()
    stage.display.finished(
        Summary("/data", files=3, regular_files=1, bytes=1024, seconds=15.5, replaced=1,
                notes=("a note",))
    )  # fmt: skip
    assert stage.said() == (
        "Restoring b.tar.gz (1.5 KiB) to pod db-0, container app (kubectl's default; there is also "
        "side), path /data, namespace n, context prod\n"
        "[0.0s] checking the backup\n"
        "[0.5s] restoring\n"
        "[10s] restoring: 50%, 500 B of 1.0 KiB, 5 of 10 files, nothing has moved for 9.5s\n"
    )
    assert stage.out.getvalue() == (
        "Restored 1 file and 2 directories, 1.0 KiB to /data in 16s\n"
        "1 path was replaced\nNote: a note\n"
    )


def test_a_long_silence_is_broken_every_ten_seconds() -> None:
    stage = Stage()
    stage.display.status(Status(Phase.CONNECT))
    stage.said()
    for _ in range(250):
        stage.now += 0.1
        stage.display.tick()
    assert stage.said() == "[10s] still asking the cluster\n[20s] still asking the cluster\n"


def test_what_is_learned_later_is_said_once() -> None:
    stage = Stage()
    stage.display.header(Header("b", 1, "db-0", "/data"))
    assert stage.said() == "Restoring b (1 B) to pod db-0, path /data\n"
    late = Header("b", 1, "db-0", "/data", "c", "n", "app", True, ())  # noqa: FBT003
    stage.display.header(late)
    stage.display.header(late)
    assert stage.said() == "container app (the only one), namespace n, context c\n"


def test_an_error_has_three_layers() -> None:
    stage = Stage()
    stage.display.error(InTheWayError("in the way", reason="a\nb", fix="do"))
    assert stage.said() == "Error: in the way\nReason: a\n  b\nFix: do\n"


def test_a_system_directory_is_warned_of() -> None:
    stage = Stage()
    stage.display.header(Header("b", 1, "p", "/etc/app", container="app"))
    assert "Warning: /etc/app is a system directory of the container\n" in stage.said()
    older = Stage(older=True)
    older.display.header(Header("b", 1, "p", "/", container="app"))
    assert "Warning: Restoring to system directory: /\n" in older.said()


def test_verbosity_decides_what_is_said() -> None:
    for verbosity, expected in (
        (0, "Warning: w\n"),
        (1, "Warning: w\nd\n"),
        (2, "Warning: w\nd\nt\n"),
    ):
        stage = Stage(verbosity=verbosity)
        stage.display.message(Level.WARNING, "w")
        stage.display.message(Level.DETAIL, "d")
        stage.display.message(Level.TRACE, "t")
        assert stage.said() == expected


def test_quiet_says_errors_only() -> None:
    stage = Stage(quiet=True, terminal=True)
    stage.display.header(HEADER)
    stage.display.status(sending(10))
    stage.display.tick()
    stage.display.message(Level.WARNING, "w")
    stage.display.finished(Summary("/data"))
    assert stage.said() + stage.out.getvalue() == ""
    stage.display.error(InTheWayError("x"))
    assert "Error:" in stage.said()


def test_the_live_line_is_drawn_ten_times_a_second_at_most() -> None:
    stage = Stage(terminal=True)
    stage.display.status(sending(0))
    stage.said()
    for number in range(1000):
        stage.now += 0.001
        stage.display.status(sending(number))
    assert stage.said().count("\r") <= 10


def test_the_live_line_follows_a_resize_at_once_and_never_wraps() -> None:
    stage = Stage(terminal=True)
    stage.display.status(sending(500, current="\u6f22\u5b57\x1b[31m".encode() * 30))
    first = stage.said()
    assert "restoring [##########..........] 50%" in first
    for stage.columns in (40, 20, 7):
        stage.display.tick()
        line = stage.said().removeprefix("\r\x1b[2K")
        assert 0 < len(line) < stage.columns
        assert "\x1b" not in line


def test_the_live_line_is_gone_when_it_is_done() -> None:
    stage = Stage(terminal=True)
    stage.display.status(sending(500))
    stage.display.message(Level.WARNING, "w")
    stage.now += 1
    stage.display.status(sending(600))
    stage.display.finished(Summary("/data", files=1, regular_files=1))
    text = stage.said()
    assert text.endswith("\r\x1b[2K")
    before_warning = text[: text.index("Warning")]
    assert before_warning.rindex("\x1b[2K") > before_warning.rindex("restoring")


def test_a_prompt_is_left_alone_until_its_line_ends() -> None:
    stage = Stage(terminal=True)
    stage.display.foreign(b"Password: ")
    assert stage.said() == "Password: "
    stage.now += 1
    stage.display.tick()
    assert stage.said() == ""
    stage.display.foreign(b"\n")
    stage.now += 1
    stage.display.tick()
    assert "asking the cluster" in stage.said()


def test_what_a_plugin_says_cannot_harm_the_terminal() -> None:
    stage = Stage()
    stage.display.foreign(b"go to \x1b]0;x\x07 https://login\n")
    assert stage.said() == "go to \\x1b]0;x\\x07 https://login\n"


def test_wide_characters_take_two_columns() -> None:
    assert cut("a\u6f22\u5b57", 4) == "a\u6f22"
    assert cut("e\u0301x", 2) == "e\u0301x"


@pytest.mark.parametrize(
    ("variables", "progress", "live"),
    [({}, "auto", True), ({"CI": "true"}, "auto", False), ({"CI": "true"}, "live", True),
     ({"TERM": "dumb"}, "live", False), ({"JENKINS_HOME": "/x"}, "auto", False),
     ({}, "plain", False)],
)  # fmt: skip
def test_which_display(variables: dict[str, str], progress: str, *, live: bool) -> None:
    stage = Stage(terminal=True, progress=progress, variables=variables)
    assert isinstance(stage.display, Live) is live
    assert not isinstance(Stage(progress="live").display, Live)


def test_no_color() -> None:
    for variables, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        stage = Stage(terminal=True, variables=variables)
        stage.display.error(InTheWayError("x"))
        assert ("\x1b[31m" in stage.said()) is coloured


class Broken(io.StringIO):
    """A reader that is gone."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


def test_a_reader_that_is_gone_breaks_nothing() -> None:
    environment = Environment(out=Broken(), err=Broken(), variables={})
    display = choose_display(environment, progress="auto", quiet=False, verbosity=0, older=False)
    display.header(HEADER)
    display.status(sending(1))
    display.error(InTheWayError("x"))
    display.finished(Summary("/data"))
