"""The older spelling's lines, to the letter: scripts read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from kubectl_restore.progress import Header, Phase, Status, Summary
from kubectl_restore.ui.older import Older, older_size
from tests.unit.ui.screens import Scene

SUMMARY = Summary("/data", files=5, regular_files=3, bytes=307200, seconds=9.382)


def send(display: Older, done: int, total: int, name: bytes | None = None) -> None:
    display.status(Status(Phase.SEND, done, total, 0, 3, name))


def a_restore(scene: Scene, verbosity: int = 0) -> None:
    display = Older(scene.environment, verbosity)
    for phase in (Phase.CONNECT, Phase.CHECK, Phase.SURVEY):
        display.status(Status(phase, 5, 10))
        scene.clock.now += 60
        display.tick()
    send(display, 0, 310000)
    for done in (100000, 200000, 300000):
        scene.clock.now += 1.75
        send(display, done, 310000, b"a\nb")
    scene.clock.now += 6
    send(display, 310000, 310000, b"two")
    send(display, 310000, 310000)
    display.status(Status(Phase.VERIFY, total_files=3))
    display.finished(SUMMARY)


def test_the_lines_in_a_pipe() -> None:
    scene = Scene(terminal=False)
    a_restore(scene)
    assert scene.err == [
        "PROGRESS: Restore started (total: 310000 bytes)",
        "PROGRESS: Restore - 200000/310000 bytes (64.5%)",
        "PROGRESS: Restore - 310000/310000 bytes (100.0%)",
        "COMPLETE: Restore finished in 9.382s",
        (
            "Restore completed successfully restored_path=/data file_count=3 "
            "bytes_written=300.0 KB "
            "duration=9s"
        ),
    ]
    assert scene.out.getvalue() == ""


def test_the_lines_in_a_ci_system(monkeypatch: pytest.MonkeyPatch) -> None:
    class Frozen(datetime):
        @classmethod
        def now(cls, tz: object = None) -> Frozen:
            assert tz is UTC
            return cls(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    monkeypatch.setattr("kubectl_restore.ui.older.datetime", Frozen)
    scene = Scene(terminal=False, variables={"CI": "true"})
    a_restore(scene)
    stamp = "timestamp=2026-01-02T03:04:05Z"
    assert scene.err == [
        f"[PROGRESS] operation=Restore status=started total=310000 {stamp}",
        (
            "[PROGRESS] operation=Restore current=310000 total=310000 percent=100.0 rate=27556 "
            f"elapsed=11.250s {stamp}"
        ),
        f"[PROGRESS] operation=Restore status=completed elapsed=9.382s total=310000 {stamp}",
        (
            "Restore completed successfully restored_path=/data file_count=3 "
            "bytes_written=300.0 KB "
            "duration=9s"
        ),
    ]
    assert scene.out.getvalue() == ""


def test_in_ci_systems_a_line_every_ten_seconds() -> None:
    scene = Scene(terminal=False, variables={"GITLAB_CI": "1"})
    display = Older(scene.environment, 0)
    send(display, 0, 1000)
    for done in range(1, 30):
        scene.clock.now += 1
        send(display, done, 1000)
    currents = re.findall(r"current=(\d+)", scene.lines.getvalue())
    assert currents == ["10", "20"]


def test_verbose_names_each_member_once_and_escaped() -> None:
    scene = Scene(terminal=False)
    a_restore(scene, verbosity=1)
    named = [line for line in scene.err if line.startswith("[VERBOSE]")]
    assert named == ["[VERBOSE] Restoring: a\\nb", "[VERBOSE] Restoring: two"]


def test_the_success_line_is_said_on_success_only() -> None:
    scene = Scene(terminal=False)
    display = Older(scene.environment, 0)
    send(display, 10, 10)
    display.broken_off(SUMMARY)
    assert "completed" not in scene.lines.getvalue()
    assert "COMPLETE" not in scene.lines.getvalue()


def test_an_empty_backup() -> None:
    scene = Scene(terminal=False)
    display = Older(scene.environment, 0)
    send(display, 0, 0)
    display.finished(Summary("/data"))
    assert scene.err == [
        "PROGRESS: Restore started (total: 0 bytes)",
        "PROGRESS: Restore - 0/0 bytes (0.0%)",
        "COMPLETE: Restore finished in 0.000s",
        (
            "Restore completed successfully restored_path=/data file_count=0 bytes_written=0 B "
            "duration=0s"
        ),
    ]


def test_notes_come_before_the_closing_lines() -> None:
    scene = Scene(terminal=False)
    Older(scene.environment, 0).finished(Summary("/data", notes=("one was left out",)))
    assert scene.err[0] == "Note: one was left out"
    assert scene.err[-1].startswith("Restore completed successfully ")


def test_a_system_directory_in_the_older_words() -> None:
    scene = Scene(terminal=False)
    Older(scene.environment, 0).header(Header("b.tar", 9, "db-0", "/"))
    assert scene.err[1:] == ["Warning: Restoring to system directory: /"]


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KB"), (307200, "300.0 KB"), (1 << 20, "1.0 MB"),
     (5 << 30, "5.0 GB"), (3 << 40, "3.0 TB"), (5000 << 40, "5000.0 TB")],
)  # fmt: skip
def test_sizes_as_the_older_tool_wrote_them(number: int, text: str) -> None:
    assert older_size(number) == text
