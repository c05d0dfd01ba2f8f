"""The line that moves: ten times a second at most, never too wide, gone at the end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.errors import TargetError
from kubectl_restore.progress import Header, Level, Phase, Status, Summary
from kubectl_restore.ui.live import Live, cut, shortened
from tests.unit.ui.screens import Scene, Terminal, columns

HEADER = Header("b.tar", 9, "db-0", "/data")


def live(scene: Scene) -> Live:
    return Live(scene.environment, 0)


def send(done: int, total: int = 1000, name: bytes | None = None) -> Status:
    return Status(Phase.SEND, done, total, done // 100, total // 100, name)


def test_the_line_shows_phase_bar_counts_rate_time_left_and_name() -> None:
    scene = Scene(screen=Terminal(200))
    display = live(scene)
    display.status(send(0, 1024 * 1000))
    scene.clock.now += 2
    display.status(Status(Phase.SEND, 512 * 1000, 1024 * 1000, 3, 1200, b"a\nb"))
    assert scene.screen.line == (
        "restoring [##########..........] 50%, 500 KiB of 1.0 MiB, 3 of 1,200 files, 250 KiB/s, "
        "2.0s left  a\\nb"
    )


def test_nothing_known_yet_still_shows_something() -> None:
    scene = Scene()
    live(scene).tick()
    assert scene.screen.line == "asking the cluster ..."


@given(st.lists(st.tuples(st.floats(0, 0.3), st.integers(0, 4)), max_size=200))
def test_at_most_ten_drawings_in_any_second(steps: list[tuple[float, int]]) -> None:
    scene = Scene()
    display = live(scene)
    times: list[float] = []
    phases = list(Phase)
    for number, (seconds, what) in enumerate(steps):
        scene.clock.now += seconds
        before = len(scene.screen.drawn)
        if what == 0:
            display.tick()
        elif what == 1:
            display.message(Level.INFO, f"message {number}")
        elif what == 2:
            display.status(Status(phases[number % 5], number, 1000))
        else:
            display.status(send(number))
        drawn = len(scene.screen.drawn) - before
        times += [scene.clock.now] * drawn
    for first, eleventh in zip(times, times[10:], strict=False):
        assert eleventh - first > 1 - 1e-6


def test_it_moves_when_it_is_time() -> None:
    scene = Scene()
    display = live(scene)
    display.status(send(0))
    for done in (100, 200):
        scene.clock.now += 0.0625
        display.status(send(done))
    assert len(scene.screen.drawn) == 2
    assert "200 B of 1.0 KiB" in scene.screen.line


def test_an_unchanged_line_is_not_drawn_again() -> None:
    scene = Scene()
    display = live(scene)
    for _ in range(5):
        display.tick()
        scene.clock.now += 1
    assert len(scene.screen.drawn) == 1


def test_a_resize_is_drawn_at_once() -> None:
    scene = Scene()
    display = live(scene)
    display.status(send(500, name=b"x" * 300))
    scene.screen.width = 30
    display.tick()
    assert len(scene.screen.drawn) == 2
    assert columns(scene.screen.line) == 29
    scene.screen.width = 120
    display.tick()
    assert columns(scene.screen.line) == 119


@given(
    st.integers(0, 200),
    st.integers(1, 300),
    st.binary(max_size=300) | st.text(st.characters(), max_size=200).map(
        lambda text: text.encode("utf-8", "surrogatepass")
    ),
)  # fmt: skip
def test_never_wider_than_the_terminal_whatever_a_member_is_called(
    done: int, width: int, name: bytes
) -> None:
    # The terminal asserts it, and that nothing but printable characters comes.
    scene = Scene(screen=Terminal(width))
    display = live(scene)
    display.status(Status(Phase.SEND, done, 200, done, 200, name))
    assert len(scene.screen.drawn) <= 1


def test_wide_characters_take_two_columns() -> None:
    assert cut("日本語", 6) == "日本語"
    assert cut("日本語", 5) == "日本"
    assert cut("e\u0301x", 1) == "e\u0301"
    assert cut("abc", 0) == ""
    assert cut("", 5) == ""


@given(st.text(), st.integers(0, 100))
def test_a_cut_text_is_a_beginning_that_fits_and_could_not_be_longer(text: str, room: int) -> None:
    short = cut(text, room)
    assert text.startswith(short)
    assert columns(short) <= room
    assert short == text or columns(text[: len(short) + 1]) > room


def test_messages_stand_above_the_line_and_the_end_leaves_nothing_of_it() -> None:
    scene = Scene()
    display = live(scene)
    display.header(HEADER)
    display.status(send(100))
    display.message(Level.WARNING, "mind the gap")
    assert scene.screen.line == ""
    scene.clock.now += 0.125
    display.tick()
    assert scene.screen.line.startswith("restoring [##")
    display.finished(Summary("/data", files=1, regular_files=1, bytes=5, seconds=0.5))
    assert scene.screen.line == ""
    assert scene.screen.above == [
        "Restoring b.tar (9 B) to pod db-0, path /data",
        "Warning: mind the gap",
    ]
    assert scene.out.getvalue() == "Restored 1 file, 5 B to /data in 0.5s\n"


@pytest.mark.parametrize("end", ["error", "broken_off", "close"])
def test_every_end_wipes_the_line(end: str) -> None:
    scene = Scene(variables={"NO_COLOR": "1"})
    display = live(scene)
    display.status(send(100))
    assert scene.screen.line
    if end == "error":
        display.error(TargetError("gone"))
    elif end == "broken_off":
        display.broken_off(Summary("/data"))
    else:
        display.close()
    assert scene.screen.line == ""
    assert not any("restoring [" in line for line in scene.screen.above)


def test_a_plugins_question_is_left_alone_until_its_line_ends() -> None:
    scene = Scene()
    display = live(scene)
    display.tick()
    display.foreign(b"Password: ")
    for _ in range(3):
        scene.clock.now += 1
        display.tick()
    assert scene.screen.line == "Password: "
    display.foreign(b"\n")
    display.tick()
    assert scene.screen.above == ["Password: "]
    assert scene.screen.line == "asking the cluster ..."


def test_a_question_that_comes_in_pieces_stays_whole() -> None:
    scene = Scene()
    display = live(scene)
    for piece in (b"Enter", b"", b" code", b": "):
        display.foreign(piece)
    assert scene.screen.line == "Enter code: "


def test_after_the_answer_the_line_moves_again() -> None:
    # The answer's newline was echoed by the terminal, not said by the plugin.
    scene = Scene()
    display = live(scene)
    display.foreign(b"Password: ")
    display.status(Status(Phase.SURVEY, total_files=5))
    assert scene.screen.above == ["Password: "]
    assert scene.screen.line.startswith("asking what is there")


def test_nothing_is_said_behind_a_question() -> None:
    scene = Scene()
    display = live(scene)
    display.foreign(b"Password: ")
    display.header(HEADER)
    assert scene.screen.above == ["Password: ", "Restoring b.tar (9 B) to pod db-0, path /data"]


@given(st.text(), st.integers(0, 100))
def test_a_shortened_name_fits_and_keeps_both_ends(text: str, room: int) -> None:
    short = shortened(text, room)
    assert columns(short) <= max(room, 3)
    if columns(text) <= room:
        assert short == text
    else:
        start, end = short.split("...", 1) if "..." not in text else ("", "")
        assert text.startswith(start)
        assert text.endswith(end)


def test_a_long_name_lacks_its_middle() -> None:
    assert shortened("var/lib/shop/catalogue/images/0001.jpg", 20) == "var/l...ges/0001.jpg"


def test_what_says_least_is_left_out_where_the_terminal_is_narrow() -> None:
    seen = []
    for width in (25, 40, 50, 60, 75):
        scene = Scene(screen=Terminal(width))
        display = live(scene)
        display.status(send(0, 1024 * 1000))
        scene.clock.now += 2
        display.status(Status(Phase.SEND, 512 * 1000, 1024 * 1000, 3, 1200))
        seen.append(scene.screen.line)
    assert seen == [
        "restoring 50%, 2.0s left",
        "restoring 50%, 2.0s left",
        "restoring 50%, 500 KiB of 1.0 MiB, 2.0s left",
        "restoring [##########..........] 50%, 2.0s left",
        "restoring [##########..........] 50%, 500 KiB of 1.0 MiB, 2.0s left",
    ]


def test_a_retry_is_said_until_something_happens() -> None:
    scene = Scene(screen=Terminal(120))
    display = live(scene)
    display.status(send(500, name=b"file"))
    scene.clock.now += 1
    display.retrying(2.5, "1 of 5")
    assert scene.screen.line == (
        "restoring [##########..........] 50%, 500 B of 1.0 KiB, 5 of 10 files, "
        "trying again in 2.5s (1 of 5)"
    )
    scene.clock.now += 1
    display.retrying(0, "1 of 5")
    assert scene.screen.line.endswith("trying again now (1 of 5)")
    scene.clock.now += 1
    display.status(Status(Phase.SURVEY, total_files=5))
    assert "again" not in scene.screen.line


def test_after_standing_still_the_line_is_drawn_again() -> None:
    scene = Scene()
    display = live(scene)
    display.tick()
    # The process was stopped; the shell has written where the line was.
    scene.clock.now += 20
    display.tick()
    assert len(scene.screen.drawn) == 2


def test_what_the_terminals_encoding_lacks_is_escaped_before_columns_are_counted() -> None:
    class Ascii(Terminal):
        encoding = "ascii"

    scene = Scene(screen=Ascii(100))
    display = live(scene)
    display.status(send(500, name="ä".encode() * 60))
    assert scene.screen.line.isascii()
    assert "\\xe4" in scene.screen.line
    assert columns(scene.screen.line) < 100
