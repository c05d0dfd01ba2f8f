"""JSON lines, to the letter: a contract with scripts (docs/json.md)."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import fields
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.errors import InTheWayError, RestoreError, SignalledError
from kubectl_restore.progress import Header, Hint, HintKind, HookRun, Level, Phase, Status, Summary
from kubectl_restore.text import shown
from kubectl_restore.ui.choice import choose_display
from kubectl_restore.ui.environment import Environment
from kubectl_restore.ui.json_fields import named, summary_fields
from kubectl_restore.ui.json_lines import JsonLines, JsonProgress
from tests.json_page import documented, undocumented
from tests.unit.ui.screens import Scene

HEADER = Header("b.tar", 2048, "db-0", "/data", "kind", "prod", "app")
HINT = Hint(HintKind.NO_TREE, "a b", "to load it: \x1b")


def lines(text: str) -> list[dict[str, Any]]:
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def test_a_line_at_each_phase_and_every_second() -> None:
    scene = Scene(terminal=False)
    display = JsonLines(scene.environment, 0)
    display.header(HEADER)
    display.status(Status(Phase.CONNECT))
    for _ in range(9):
        scene.clock.now += 0.125
        display.tick()
    display.status(Status(Phase.SEND, 0, 4096, 0, 4))
    for sent in range(1, 17):
        scene.clock.now += 0.125
        display.status(Status(Phase.SEND, 128 * sent, 4096, sent // 8, 4, b"app/x"))
    assert scene.out.getvalue().splitlines() == [
        (
            '{"message_type": "status", "phase": "connect", "seconds_elapsed": 0.0, '
            '"seconds_remaining": null, "percent_done": null, "total_files": null, '
            '"files_done": 0, "total_bytes": null, "bytes_done": 0, "current_files": []}'
        ),
        (
            '{"message_type": "status", "phase": "connect", "seconds_elapsed": 1.0, '
            '"seconds_remaining": null, "percent_done": null, "total_files": null, '
            '"files_done": 0, "total_bytes": null, "bytes_done": 0, "current_files": []}'
        ),
        (
            '{"message_type": "status", "phase": "send", "seconds_elapsed": 1.125, '
            '"seconds_remaining": null, "percent_done": 0.0, "total_files": 4, "files_done": 0, '
            '"total_bytes": 4096, "bytes_done": 0, "current_files": []}'
        ),
        (
            '{"message_type": "status", "phase": "send", "seconds_elapsed": 2.125, '
            '"seconds_remaining": 3, "percent_done": 0.25, "total_files": 4, "files_done": 1, '
            '"total_bytes": 4096, "bytes_done": 1024, "current_files": ["app/x"]}'
        ),
        (
            '{"message_type": "status", "phase": "send", "seconds_elapsed": 3.125, '
            '"seconds_remaining": 2, "percent_done": 0.5, "total_files": 4, "files_done": 2, '
            '"total_bytes": 4096, "bytes_done": 2048, "current_files": ["app/x"]}'
        ),
    ]
    assert scene.err == []


def test_the_summary_is_the_last_line_of_a_restore_that_is_done() -> None:
    scene = Scene(terminal=False)
    display = JsonLines(scene.environment, 0)
    display.header(Header("b.tar", 2048, "db-0", "/data"))
    display.header(HEADER)
    display.finished(
        Summary(
            "/data", 5, 4, 2048, 22.04567, kept=1, replaced=2, notes=("a", "b\\x1b"), hints=(HINT,)
        )
    )
    assert scene.out.getvalue() == (
        '{"message_type": "summary", "namespace": "prod", "pod": "db-0", "container": "app", '
        '"backup": "b.tar", "path": "/data", "files_restored": 5, "regular_files_restored": 4, '
        '"bytes_restored": 2048, "seconds_elapsed": 22.046, "links_restored": 0, '
        '"devices_restored": 0, "directories_kept": 1, '
        '"files_replaced": 2, '
        '"files_adjusted": 0, "files_unchanged": 0, "files_skipped": 0, "files_deleted": 0, '
        '"dry_run": false, "verified": "size", "warnings": [], '
        '"notes": ["a", "b\\\\x1b"], "hints": [{"kind": "no-tree", "text": "a b", '
        '"fix": "to load it: \\\\x1b"}], "next_steps": [], "salvaged": false, "hooks": []}\n'
    )
    assert scene.err == []


def test_a_command_of_the_users_stands_in_the_summary() -> None:
    hook = HookRun("before", "stop", 3, 0.12345, ("\\x1b[2J", "b"), 7)
    made = summary_fields(Summary("/data", hooks=(hook,)), None)
    assert made["hooks"] == [
        {
            "when": "before",
            "command": "stop",
            "exit_code": 3,
            "seconds": 0.123,
            "output": ["\\x1b[2J", "b"],
            "total_lines": 7,
        }
    ]
    assert undocumented(made) == []


def test_every_field_of_the_summary_has_a_field() -> None:
    made = summary_fields(Summary("/data"), None)
    assert len(made) == len(fields(Summary)) + len(
        ("message_type", "namespace", "pod", "container", "backup")
    )
    assert (made["namespace"], made["pod"], made["backup"]) == (None, None, None)


def test_the_error_is_the_last_line_with_what_had_arrived() -> None:
    scene = Scene(terminal=False)
    display = JsonLines(scene.environment, 0)
    display.broken_off(Summary("/data", files=3, regular_files=2, bytes=10))
    display.error(SignalledError("interrupted", number=15, reason="SIGTERM", fix="again"))
    assert scene.out.getvalue() == (
        '{"message_type": "exit_error", "code": 143, "message": "interrupted", '
        '"cause": "", "reason": "SIGTERM", "fix": "again", "files_acknowledged": 3, '
        '"bytes_acknowledged": 10}\n'
    )
    scene = Scene(terminal=False)
    JsonLines(scene.environment, 0).error(InTheWayError("2 paths", reason="a: x\nb: y"))
    assert lines(scene.out.getvalue()) == [
        {"message_type": "exit_error", "code": 6, "message": "2 paths", "cause": "",
         "reason": "a: x\nb: y",
         "fix": ""}
    ]  # fmt: skip
    assert scene.err == []


def test_messages_by_verbosity() -> None:
    for verbosity, wanted in (
        (-1, []),
        (0, ["warning", "info"]),
        (1, ["warning", "info", "detail"]),
        (2, ["warning", "info", "detail", "trace"]),
    ):
        scene = Scene(terminal=False)
        display = JsonLines(scene.environment, verbosity)
        for level in (Level.WARNING, Level.INFO, Level.DETAIL, Level.TRACE):
            display.message(level, "one\ntwo")
        said = lines(scene.out.getvalue())
        assert [one["level"] for one in said] == wanted
        for one in said:
            assert one == {"message_type": "message", "level": one["level"], "text": "one\ntwo"}
        assert scene.err == []


def test_a_system_directory_is_warned_about_once() -> None:
    scene = Scene(terminal=False)
    display = JsonLines(scene.environment, 0)
    display.header(Header("b.tar", 9, "db-0", "/etc"))
    display.header(Header("b.tar", 9, "db-0", "/etc", namespace="n"))
    assert [one["text"] for one in lines(scene.out.getvalue())] == [
        "/etc is a system directory of the container"
    ]


def test_stderr_has_a_plugins_words_and_nothing_else() -> None:
    scene = Scene(terminal=True)
    display = JsonLines(scene.environment, 2)
    display.foreign(b"Password: \x1b[2J")
    assert scene.screen.line == "Password: \\x1b[2J"
    assert scene.out.getvalue() == ""


def test_a_name_that_is_no_text_is_there_as_it_stands() -> None:
    scene = Scene(terminal=False)
    display = JsonLines(scene.environment, 0)
    display.status(Status(Phase.SEND, 1, 2, current=b"caf\xe9\n"))
    (said,) = lines(scene.out.getvalue())
    assert said["current_files"] == ["caf\\xe9\\n"]
    assert set(said) == set().union(*documented("status"))
    assert base64.b64decode(said["current_files_bytes"][0]) == b"caf\xe9\n"


@given(st.binary(min_size=1, max_size=80))
def test_every_name_can_be_had_back(name: bytes) -> None:
    made = json.loads(json.dumps(named(name, "link")))
    if "link_bytes" in made:
        assert base64.b64decode(made["link_bytes"]) == name
        assert made["link"] == shown(name)
    else:
        assert made["link"].encode() == name


@given(st.text(max_size=40), st.binary(max_size=40))
def test_whatever_is_said_is_one_line_of_ascii(text: str, raw: bytes) -> None:
    words = text.encode("utf-8", "replace").decode() + raw.decode("utf-8", "surrogateescape")
    scene = Scene(terminal=False)
    display = JsonLines(scene.environment, 2)
    display.status(Status(Phase.SEND, current=raw))
    display.message(Level.TRACE, words)
    display.error(RestoreError(words, reason=words, fix=words))
    said = scene.out.getvalue()
    assert said.replace("\n", "").isprintable()
    assert said.isascii()
    for one in lines(said):
        # No parser has to put up with half a surrogate pair.
        json.dumps(one, ensure_ascii=False).encode("utf-8")


class Counting(io.StringIO):
    """Its reader is gone after some writes."""

    tried = 0

    def write(self, text: str) -> int:
        self.tried += 1
        if self.tried > 2:
            raise BrokenPipeError(32, "Broken pipe")
        return super().write(text)


def test_a_reader_that_is_gone_breaks_nothing() -> None:
    out = Counting()
    display = JsonLines(Environment(out=out, err=io.StringIO(), variables={}), 0)
    for phase in Phase:
        display.status(Status(phase))
    display.finished(Summary("/data"))
    assert out.tried == 3


# Which lines there are


def test_without_progress_there_are_messages_and_the_result() -> None:
    scene = Scene(terminal=False)
    for quiet, progress in ((False, "none"), (True, "auto"), (True, "json")):
        display = choose_display(
            scene.environment, progress=progress, quiet=quiet, verbosity=0, older=False,
            output="json",
        )  # fmt: skip
        display.status(Status(Phase.CONNECT))
        scene.clock.now += 5
        display.tick()
        display.message(Level.WARNING, "w")
        display.finished(Summary("/data"))
    types = [one["message_type"] for one in lines(scene.out.getvalue())]
    assert types == ["message", "summary", "summary", "summary"]


def test_json_progress_for_people_who_read_the_result() -> None:
    scene = Scene(terminal=False)
    display = choose_display(
        scene.environment, progress="json", quiet=False, verbosity=0, older=False
    )
    assert type(display) is JsonProgress
    display.header(HEADER)
    display.status(Status(Phase.SEND, 0, 10))
    scene.clock.now += 1
    display.status(Status(Phase.SEND, 5, 10))
    display.message(Level.WARNING, "w")
    display.finished(Summary("/data", files=1, regular_files=1, bytes=5, seconds=1.0))
    display.error(RestoreError("e"))
    first, *statuses, warning, error = scene.err
    assert first.startswith("Restoring b.tar")
    assert [json.loads(line)["percent_done"] for line in statuses] == [0.0, 0.5]
    assert (warning, error) == ("Warning: w", "Error: e")
    assert scene.out.getvalue() == "Restored 1 file, 5 B to /data in 1.0s\n"
