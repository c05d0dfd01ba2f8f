"""Lines for files and CI systems, to the letter."""

from __future__ import annotations

from kubectl_restore.errors import TargetError
from kubectl_restore.progress import Header, Level, Phase, Status, Summary
from kubectl_restore.ui.display import Display, Quiet
from kubectl_restore.ui.plain import Plain
from tests.unit.ui.screens import Scene


def test_a_line_at_each_phase_and_every_ten_seconds() -> None:
    scene = Scene(terminal=False)
    display = Plain(scene.environment, 0)
    display.header(Header("b.tar", 2048, "db-0", "/data", "kind", "prod", "app"))
    display.status(Status(Phase.CONNECT))
    for seconds in range(1, 41):
        scene.clock.now += 0.25
        display.tick()
        if seconds == 39:
            assert len(scene.err) == 2
    scene.clock.now += 2
    display.status(Status(Phase.CHECK, 0, 2048))
    display.status(Status(Phase.SURVEY, total_files=4))
    display.status(Status(Phase.SEND, 0, 4096, 0, 4))
    scene.clock.now += 5
    display.status(Status(Phase.SEND, 1024, 4096, 1, 4))
    scene.clock.now += 5
    display.status(Status(Phase.SEND, 2048, 4096, 2, 4))
    display.status(Status(Phase.VERIFY, total_files=4))
    display.finished(Summary("/data", files=4, regular_files=4, bytes=2048, seconds=22.0))
    assert scene.err == [
        (
            "Restoring b.tar (2.0 KiB) to pod db-0, container app, path /data, namespace prod, "
            "context kind"
        ),
        "[0.0s] asking the cluster",
        "[10s] still asking the cluster",
        "[12s] checking the backup",
        "[12s] asking what is there",
        "[12s] restoring",
        "[22s] restoring: 50%, 2.0 KiB of 4.0 KiB, 2 of 4 files, 205 B/s, 10s left",
        "[22s] checking what arrived",
    ]
    assert scene.out.getvalue() == "Restored 4 files, 2.0 KiB to /data in 22s\n"


def test_a_stalled_phase_goes_on_saying_so() -> None:
    scene = Scene(terminal=False)
    display = Plain(scene.environment, 0)
    display.status(Status(Phase.SEND, 100, 1000))
    for _ in range(3):
        scene.clock.now += 10
        display.tick()
    assert [line.partition("]")[0] for line in scene.err] == ["[0.0s", "[10s", "[20s", "[30s"]


def test_messages_by_verbosity() -> None:
    for verbosity, wanted in (
        (0, ["Warning: w", "i"]),
        (1, ["Warning: w", "i", "d"]),
        (2, ["Warning: w", "i", "d", "t"]),
    ):
        scene = Scene(terminal=False)
        display = Plain(scene.environment, verbosity)
        for level in (Level.WARNING, Level.INFO, Level.DETAIL, Level.TRACE):
            display.message(level, level.value[0])
        assert scene.err == wanted


def test_a_system_directory_is_warned_about_once() -> None:
    for path, warned in (
        ("/", True), ("/etc", True), ("/var/lib/x", False), ("/var/lib", True),
        ("/var/lib/dpkg/info", True), ("/usr/local", True), ("/bin", True),
        ("/data", False), ("/variable", False), ("/home/etc", False),
    ):  # fmt: skip
        scene = Scene(terminal=False)
        display = Plain(scene.environment, 0)
        display.header(Header("b.tar", 9, "db-0", path))
        display.header(Header("b.tar", 9, "db-0", path, namespace="n"))
        warning = f"Warning: {path} is a system directory of the container"
        assert scene.err.count(warning) == int(warned)


def test_the_header_is_completed_when_more_is_known() -> None:
    scene = Scene(terminal=False)
    display = Plain(scene.environment, 0)
    early = Header("my container b, path /data.tar", 9, "db-0", "/data")
    display.header(early)
    display.header(early)
    display.header(
        Header(early.backup, 9, "db-0", "/data", "kind", "prod", "app", container_is_default=True)
    )
    assert scene.err == [
        "Restoring my container b, path /data.tar (9 B) to pod db-0, path /data",
        "container app (the only one), namespace prod, context kind",
    ]


def test_quiet_says_errors_and_what_a_plugin_asks() -> None:
    scene = Scene(terminal=False)
    display = Quiet(scene.environment, 0)
    display.header(Header("b.tar", 9, "db-0", "/"))
    display.message(Level.WARNING, "w")
    display.status(Status(Phase.SEND, 1, 2))
    display.tick()
    display.broken_off(Summary("/"))
    display.finished(Summary("/", files=1))
    assert scene.lines.getvalue() == ""
    display.foreign(b"Password: ")
    display.error(TargetError("gone"))
    assert scene.lines.getvalue() == "Password: Error: gone\n"
    assert scene.out.getvalue() == ""


def test_without_progress_there_are_the_first_line_messages_and_the_result() -> None:
    scene = Scene(terminal=False)
    display = Display(scene.environment, 0)
    display.header(Header("b.tar", 9, "db-0", "/data"))
    for phase in Phase:
        display.status(Status(phase, 1, 2))
        scene.clock.now += 60
        display.tick()
    display.message(Level.WARNING, "w")
    display.broken_off(Summary("/data", files=2, bytes=10))
    assert scene.err == [
        "Restoring b.tar (9 B) to pod db-0, path /data",
        "Warning: w",
        "Arrived in the pod before it ended: 2 members, 10 B; not verified",
    ]


def test_a_plugins_words_cannot_harm_a_terminal() -> None:
    scene = Scene(terminal=False)
    Plain(scene.environment, 0).foreign(b"open \x1b]0;x\x07 http://h/\\x\r\nnow\xff: ")
    assert scene.lines.getvalue() == "open \\x1b]0;x\\x07 http://h/\\x\nnow\\xff: "


def test_of_a_comparison_nothing_has_arrived() -> None:
    scene = Scene(terminal=False)
    display = Plain(scene.environment, 0)
    display.header(Header("b.tar", 9, "db-0", "/data", is_compared=True))
    display.status(Status(Phase.VERIFY, total_files=5))
    assert scene.err[-1] == "[0.0s] comparing what is there"
