"""What `-o json` prints of a whole command line: lines on stdout, the last one its end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_restore.cli.application import run_words
from kubectl_restore.errors import InTheWayError, RestoreError, SignalledError
from kubectl_restore.progress import Header, Level, Phase, Status, Summary
from tests.json_page import documented, undocumented

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kubectl_restore.deadline import Watch
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Progress

    Engine = Callable[[RestoreRequest, Progress, Watch], Summary]
    UseEngine = Callable[[Engine], None]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> UseEngine:
    """Put another engine in the real one's place."""

    def use(function: Engine) -> None:
        monkeypatch.setattr("kubectl_restore.restore.engine.restore", function)

    return use


def working(request: RestoreRequest, progress: Progress, _watch: Watch) -> Summary:
    progress.header(Header(str(request.backup), 9, request.target.name, request.target_path))
    progress.status(Status(Phase.SEND, 5, 9))
    progress.message(Level.WARNING, "careful")
    summary = Summary("/data", files=1, regular_files=1, bytes=5, seconds=0.5)
    progress.finished(summary)
    return summary


def raising(error: Exception) -> Engine:
    def restore(_request: RestoreRequest, progress: Progress, _watch: Watch) -> Summary:
        progress.status(Status(Phase.SEND, 5, 9))
        progress.broken_off(Summary("/data", files=2, bytes=5))
        raise error

    return restore


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[dict[str, Any]]]:
    """Run a command line; return its code and its lines. Nothing may stand on stderr."""
    code = run_words(list(words))
    out, err = capsys.readouterr()
    assert err == ""
    assert out.endswith("\n")
    return code, [json.loads(line) for line in out.splitlines()]


def types(lines: list[dict[str, Any]]) -> list[str]:
    return [one["message_type"] for one in lines]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], ["status", "message", "summary"]),
        (["--progress=json"], ["status", "message", "summary"]),
        (["--progress=none"], ["message", "summary"]),
        (["-q"], ["summary"]),
    ],
)
def test_a_restore(
    engine: UseEngine, capsys: pytest.CaptureFixture[str], flags: list[str], expected: list[str]
) -> None:
    engine(working)
    code, lines = said(capsys, "pod", "b.tar", "-t/data", "-o", "json", *flags)
    assert (code, types(lines)) == (0, expected)
    assert lines[-1]["files_restored"] == 1
    assert [undocumented(one) for one in lines] == [[]] * len(lines)


def test_json_progress_is_on_stderr_and_the_result_is_text(
    engine: UseEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine(working)
    assert run_words(["pod", "b.tar", "-t/data", "--progress", "json"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("Restored 1 file")
    first, status, warning = err.splitlines()
    assert json.loads(status)["message_type"] == "status"
    assert (first[:9], warning) == ("Restoring", "Warning: careful")


@pytest.mark.parametrize(
    ("error", "code"),
    [(InTheWayError("no", reason="r", fix="f"), 6), (SignalledError("no", number=2), 130)],
)
def test_a_restore_that_fails(
    engine: UseEngine, capsys: pytest.CaptureFixture[str], error: RestoreError, code: int
) -> None:
    engine(raising(error))
    found, lines = said(capsys, "pod", "b.tar", "-t/data", "-o", "json")
    assert (found, types(lines)) == (code, ["status", "exit_error"])
    last = lines[-1]
    assert (last["code"], last["message"]) == (code, "no")
    assert (last["files_acknowledged"], last["bytes_acknowledged"]) == (2, 5)
    assert set(last) == set().union(*documented("exit_error"))


@pytest.mark.parametrize(("flags", "expected"), [([], []), (["-vv"], ["message"])])
def test_a_bug_of_ours(
    engine: UseEngine, capsys: pytest.CaptureFixture[str], flags: list[str], expected: list[str]
) -> None:
    engine(raising(ValueError("oh")))
    code, lines = said(capsys, "pod", "b.tar", "-t/data", "-ojson", *flags)
    assert (code, types(lines)) == (1, ["status", *expected, "exit_error"])
    assert lines[-1]["reason"] == "ValueError: oh"
    assert all("Traceback" in one["text"] for one in lines if one["message_type"] == "message")


@pytest.mark.parametrize(
    "words",
    [
        ["--nope", "pod", "b.tar"], ["pod"], ["a", "b", "c"], ["pod", "b.tar", "--force=maybe"],
        ["pod", "b.tar", "-t", "data"], ["pod", "b.tar", "--compress=x"],
        ["pod", "b.tar", "--list"], ["pod", "b.tar", "--progress=live"],
        ["pod", "b.tar", "--timeout=x"], ["verify", "pod"],
        ["inspect"], ["inspect", "-"], ["inspect", "b.tar", "--force"], ["version", "--list"],
        ["pod", "b.tar", "-t", "/\udcff"], ["inspect", "/nowhere/b.tar", "--checksum=x"],
    ],
)  # fmt: skip
def test_a_wrong_command_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for flags in (["-o", "json"], ["--output=json", "-q"], ["-o", "text", "-ojson"]):
        code, (line,) = said(capsys, *flags, *words)
        assert code == line["code"] == 2
        assert line["message_type"] == "exit_error"
        assert all(line[layer] for layer in ("message", "reason", "fix"))
    code, (line,) = said(capsys, *words, "-o", "json")
    assert code == line["code"] == 2


@pytest.mark.parametrize(
    "words",
    [
        ["pod", "-o", "text"], ["pod", "b.tar", "-o", "yaml"], ["pod", "b.tar", "-o"],
        ["filesystem", "pod", "b.tar", "-o", "json"], ["-o", "json", "filesystem", "pod", "b.tar"],
        ["pod", "-ojson", "-o=text"], ["pod", "--", "-ojson", "x"],
    ],
)  # fmt: skip
def test_where_there_is_no_json_a_failure_is_text(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_words(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.partition(":")[0] for line in err.splitlines()] == ["Error", "Reason", "Fix"]


def test_a_backup_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "b.tar")
    for words in (["inspect", missing], ["inspect", missing, "--list", "--progress=json"]):
        code, lines = said(capsys, *words, "-o", "json")
        assert code == lines[-1]["code"] == 3
        assert types(lines)[-1] == "exit_error"
        assert missing in f"{lines[-1]['message']}{lines[-1]['reason']}"


def test_an_inspection_is_alone_unless_more_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backup = tmp_path / "b.tar"
    backup.write_bytes(bytes(10240))
    assert types(said(capsys, "inspect", str(backup), "-o", "json")[1]) == ["inspection"]
    _, lines = said(capsys, "inspect", str(backup), "-o", "json", "--progress", "json")
    assert types(lines) == ["status", "inspection"]
    (tmp_path / "b.tar.sha256").write_text(f"{'0' * 64}  b.tar\n")
    code, lines = said(capsys, "inspect", str(backup), "-o", "json")
    assert (code, types(lines)) == (3, ["inspection", "exit_error"])
