"""Streams, terminals, colours, CI systems, and which display follows from them."""

from __future__ import annotations

import errno
import io
import os
import pty
import struct
import sys
import termios
from fcntl import ioctl

import pytest

from kubectl_restore.errors import TargetError
from kubectl_restore.progress import Header, Level, Phase, Status, Summary
from kubectl_restore.ui.choice import choose_display
from kubectl_restore.ui.display import Display, Quiet
from kubectl_restore.ui.environment import Environment
from kubectl_restore.ui.json_lines import JsonLines, JsonProgress
from kubectl_restore.ui.live import Live
from kubectl_restore.ui.older import Older
from kubectl_restore.ui.plain import Plain
from tests.unit.ui.screens import Scene

CI = [
    "CI", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_HOME", "CIRCLECI", "TRAVIS", "BUILDKITE", "DRONE",
    "CONTINUOUS_INTEGRATION",
]  # fmt: skip


def chosen(
    *,
    terminal: bool,
    progress: str = "auto",
    quiet: bool = False,
    older: bool = False,
    output: str = "text",
    variables: dict[str, str] | None = None,
) -> type[Display]:
    environment = Scene(terminal=terminal, variables=variables or {}).environment
    return type(
        choose_display(
            environment, progress=progress, quiet=quiet, verbosity=0, older=older, output=output
        )
    )


def test_which_display_a_user_gets() -> None:
    assert chosen(terminal=True) is Live
    assert chosen(terminal=False) is Plain
    assert chosen(terminal=True, older=True) is Live
    assert chosen(terminal=False, older=True) is Older
    assert chosen(terminal=True, progress="plain") is Plain
    assert chosen(terminal=False, progress="live") is Plain
    assert chosen(terminal=True, progress="none") is Display
    assert chosen(terminal=True, quiet=True, progress="live") is Quiet
    for terminal in (True, False):
        assert chosen(terminal=terminal, progress="json") is JsonProgress
        assert chosen(terminal=terminal, quiet=True, progress="json") is Quiet
        for progress in ("auto", "json", "none"):
            assert chosen(terminal=terminal, progress=progress, output="json") is JsonLines
        assert chosen(terminal=terminal, quiet=True, output="json") is JsonLines


@pytest.mark.parametrize("name", CI)
def test_a_ci_system_gets_lines_even_on_a_terminal(name: str) -> None:
    assert chosen(terminal=True, variables={name: "1"}) is Plain
    assert chosen(terminal=True, variables={name: "1"}, older=True) is Older
    assert chosen(terminal=True, variables={name: "1"}, progress="live") is Live
    assert chosen(terminal=True, variables={name: ""}) is Live


def test_a_dumb_terminal_gets_lines_without_codes() -> None:
    scene = Scene(variables={"TERM": "dumb"})
    assert chosen(terminal=True, variables={"TERM": "dumb"}) is Plain
    assert chosen(terminal=True, variables={"TERM": "dumb"}, progress="live") is Plain
    assert not scene.environment.coloured


@pytest.mark.parametrize(
    ("terminal", "variables", "coloured"),
    [
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (False, {}, False),
    ],
)
def test_colours(terminal: bool, variables: dict[str, str], coloured: bool) -> None:  # noqa: FBT001 - a row
    err = io.StringIO()
    err.isatty = lambda: terminal  # type: ignore[method-assign]
    environment = Environment(out=io.StringIO(), err=err, variables=variables)
    display = choose_display(environment, progress="none", quiet=False, verbosity=0, older=False)
    display.message(Level.WARNING, "w")
    display.error(TargetError("e", reason="r", fix="f"))
    assert ("\x1b[" in err.getvalue()) == coloured
    if not coloured:
        assert err.getvalue() == "Warning: w\nError: e\nReason: r\nFix: f\n"


class Broken(io.StringIO):
    """Takes so many writes, then its reader is gone."""

    def __init__(self, takes: int, terminal: bool) -> None:  # noqa: FBT001 - a stand-in
        super().__init__()
        self.takes = takes
        self.tried = 0
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:
        self.tried += 1
        if self.tried > self.takes:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
        return super().write(text)


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("takes", [0, 1, 3])
@pytest.mark.parametrize("older", [True, False])
def test_a_reader_that_goes_away_silences_and_breaks_nothing(
    takes: int, *, terminal: bool, older: bool
) -> None:
    err, out = Broken(takes, terminal), io.StringIO()
    environment = Environment(out=out, err=err, variables={}, width=lambda: 80)
    display = choose_display(environment, progress="auto", quiet=False, verbosity=2, older=older)
    display.header(Header("b.tar", 9, "db-0", "/"))
    for phase in Phase:
        display.status(Status(phase, 1, 1, current=b"x"))
        display.message(Level.TRACE, "t")
    display.foreign(b"Password: ")
    display.finished(Summary("/", files=1))
    display.error(TargetError("e"))
    assert err.tried == takes + 1
    assert bool(out.getvalue()) != (older and not terminal)


def test_closed_streams_are_no_terminals_and_take_everything() -> None:
    closed = io.StringIO()
    closed.close()
    environment = Environment(out=closed, err=closed, variables={})
    assert not environment.err_is_terminal
    environment.say("x")
    environment.result("x")


def test_the_width_is_stderrs_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    # stdout may be redirected, and COLUMNS is as old as the shell's last prompt.
    monkeypatch.setenv("COLUMNS", "200")
    main, other = pty.openpty()
    with os.fdopen(main, "rb"), os.fdopen(other, "w") as err:
        monkeypatch.setattr(sys, "stderr", err)
        environment = Environment()
        for width in (40, 77):
            ioctl(other, termios.TIOCSWINSZ, struct.pack("4H", 24, width, 0, 0))
            assert environment.width() == width
        ioctl(other, termios.TIOCSWINSZ, bytes(8))
        assert environment.width() == 200
