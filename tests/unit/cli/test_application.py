"""What a command line ends with: exit codes, three layers, no traceback."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.about import NAME, VERSION
from kubectl_restore.cli.application import run_words
from kubectl_restore.cli.flags import FLAGS, OLDER_COMMANDS, RESERVED
from kubectl_restore.cli.help_text import help_text
from kubectl_restore.errors import (
    CAUSES,
    MEANING,
    AnotherPodError,
    BackupError,
    DamagedError,
    DisprovedError,
    ExitCode,
    InterruptedRestoreError,
    InTheWayError,
    NoPodError,
    NoShellError,
    NotAllowedError,
    NotWritableError,
    OldKubectlError,
    OutOfTimeError,
    PodCannotError,
    RestoreError,
    SignalledError,
    TargetError,
    TimedOutError,
    UnansweredError,
    UsageError,
    VerificationError,
    WarningsError,
)
from kubectl_restore.plan.policy import Overwrite
from kubectl_restore.progress import Header, Level, Summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_restore.deadline import Watch
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Progress

    Engine = Callable[[RestoreRequest, Progress, Watch], Summary]
    UseEngine = Callable[[Engine], None]

START = Path(__file__).resolve().parents[3] / "plugin" / "start.py"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> UseEngine:
    """Put another engine in the real one's place."""
    monkeypatch.delenv("CI", raising=False)

    def use(function: Engine) -> None:
        monkeypatch.setattr("kubectl_restore.restore.engine.restore", function)

    return use


def raising(error: BaseException) -> Engine:
    def restore(_request: RestoreRequest, _progress: Progress, _watch: Watch) -> Summary:
        raise error

    return restore


ERRORS: list[tuple[type[RestoreError], int]] = [
    (RestoreError, 1), (UsageError, 2), (OldKubectlError, 2), (BackupError, 3), (DamagedError, 3),
    (DisprovedError, 3),
    (TargetError, 4), *((kind, 4) for kind in TargetError.__subclasses__()),
    (NotAllowedError, 5), (InTheWayError, 6), (PodCannotError, 7), (NoShellError, 7),
    (NotWritableError, 7), (InterruptedRestoreError, 8),
    (TimedOutError, 8), (OutOfTimeError, 8), (AnotherPodError, 8), (VerificationError, 9),
    (UnansweredError, 8),
    (WarningsError, 10),
]  # fmt: skip


@pytest.mark.parametrize("words", [["pod", "b.tar", "-t/data"], ["filesystem", "pod", "b.tar"]])
@pytest.mark.parametrize(("kind", "code"), ERRORS)
def test_each_error_has_its_exit_code_and_three_layers(
    kind: type[RestoreError],
    code: int,
    words: list[str],
    engine: UseEngine,
    capsys: pytest.CaptureFixture[str],
) -> None:
    engine(raising(kind("it failed", reason="a pod said\nmuch", fix="try this")))
    assert run_words(words) == code
    out, err = capsys.readouterr()
    assert out == ""
    cause = f" [{kind.cause}]" if kind.cause else ""
    assert err == f"Error: it failed{cause}\nReason: a pod said\n  much\nFix: try this\n"


def test_every_cause_of_exit_code_4_has_a_meaning() -> None:
    assert {kind.cause for kind in TargetError.__subclasses__()} == set(CAUSES)


def test_every_error_class_is_tried_above_and_every_code_has_a_meaning() -> None:
    def classes(kind: type[RestoreError]) -> set[type[RestoreError]]:
        return {kind}.union(*(classes(one) for one in kind.__subclasses__()))

    ours = {one for one in classes(RestoreError) if one.__module__.startswith("kubectl_restore")}
    assert ours == {kind for kind, _ in ERRORS} | {SignalledError}
    assert set(MEANING) == set(ExitCode)


@pytest.mark.parametrize(("number", "code"), [(1, 129), (2, 130), (15, 143)])
def test_a_signal_has_its_shells_code(number: int, code: int, engine: UseEngine) -> None:
    engine(raising(SignalledError("interrupted", number=number)))
    assert run_words(["pod", "b.tar"]) == code


def test_without_a_target_path_a_script_is_warned_before_anything_else(
    engine: UseEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    def restore(request: RestoreRequest, progress: Progress, _watch: Watch) -> Summary:
        progress.header(Header("b.tar", 9, "pod", request.target_path))
        return Summary(request.target_path)

    engine(restore)
    assert run_words(["pod", "b.tar"]) == 0
    first, second, *rest = capsys.readouterr().err.splitlines()
    assert first.startswith("Warning: no target path was given")
    assert second.startswith("Restoring b.tar")
    assert rest == []
    assert run_words(["pod", "b.tar", "-t", "/"]) == 0
    assert "/ is a system directory" in capsys.readouterr().err
    assert run_words(["filesystem", "pod", "b.tar"]) == 0
    assert "no target path" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (["list", "b.tar"], "kubectl restore inspect BACKUP --list"),
        (["verfy", "db-0", "b.tar", "-n", "x"], "kubectl restore verify db-0 b.tar --namespace=x"),
        (["inspct"], "did you mean kubectl restore inspect?"),
    ],
)
def test_near_misses_of_commands_lead_to_the_right_one(
    words: list[str], fix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_words(words) == 2
    assert f"Fix: {fix}" in capsys.readouterr().err


def test_a_pod_that_is_not_there_may_be_a_command(
    engine: UseEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine(raising(NoPodError("no such pod", fix="look")))
    assert run_words(["inspct", "b.tar", "-t/data"]) == 4
    said = capsys.readouterr().err
    assert "Error: no such pod [no-such-pod]" in said
    assert "kubectl restore inspect b.tar\n  look" in said


def test_the_errors_of_a_quiet_restore_are_said(
    engine: UseEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine(raising(TargetError("no such pod")))
    assert run_words(["pod", "b.tar", "-q"]) == 4
    assert capsys.readouterr().err == "Error: no such pod\n"


@pytest.mark.parametrize("error", [ValueError("oh\x1b[2J"), KeyError("k"), OSError(5, "I/O error")])
def test_a_bug_of_ours_is_three_layers_and_no_traceback(
    error: Exception, engine: UseEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine(raising(error))
    assert run_words(["pod", "b.tar", "-t/data"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines[0] == "Error: a bug in kubectl restore"
    assert lines[1].startswith(f"Reason: {type(error).__name__}: ")
    assert lines[2].startswith("Fix: ")
    assert len(lines) == 3
    assert "\x1b" not in err


@pytest.mark.parametrize(
    "words",
    [["-vv"], ["-v", "-v"], ["-fvv"], ["--verbose", "-v"], ["filesystem", "-d"],
     ["filesystem", "--debug"]],
)  # fmt: skip
def test_all_words_show_where_the_bug_is(
    words: list[str], engine: UseEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine(raising(ValueError("oh")))
    assert run_words([*words, "pod", "b.tar", "-t/data"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("Error: a bug in kubectl restore\n")
    assert "Traceback (most recent call last)" in err
    assert "ValueError: oh" in err


def test_a_broken_pipe_is_no_success(engine: UseEngine, capsys: pytest.CaptureFixture[str]) -> None:
    engine(raising(BrokenPipeError(32, "Broken pipe")))
    assert run_words(["pod", "b.tar"]) == 1
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(("before", "code"), [("", -2), ("signal.signal(2, signal.SIG_IGN); ", 0)])
def test_ctrl_c_outside_the_watch_ends_it_unless_it_is_ignored(before: str, code: int) -> None:
    # As an installed wheel starts it: without start.py.
    script = (
        "import os, signal\n"
        "import kubectl_restore.cli.application as application\n"
        "import kubectl_restore.__main__ as program\n"
        "application.run_words = lambda words: os.kill(os.getpid(), signal.SIGINT) or 0\n"
        f"{before}program.run()"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(START.parent)},
        timeout=60,
    )
    assert (result.returncode, result.stdout, result.stderr) == (code, b"", b"")


@pytest.mark.parametrize(
    ("words", "out", "err"),
    [
        (
            ["pod", "b.tar", "-t/data"],
            "Restored 1 file, 5 B to /data in 0.5s\n",
            "Restoring b.tar (9 B)",
        ),
        (["pod", "b.tar", "-q"], "", ""),
        (["filesystem", "pod", "b.tar"], "", "Restoring b.tar (9 B)"),
    ],
)
def test_a_restore_that_is_done_is_0(
    words: list[str], out: str, err: str, engine: UseEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    def restore(request: RestoreRequest, progress: Progress, watch: Watch) -> Summary:
        watch.check()
        progress.header(Header(str(request.backup), 9, request.target.name, request.target_path))
        summary = Summary("/data", files=1, regular_files=1, bytes=5, seconds=0.5)
        progress.finished(summary)
        return summary

    engine(restore)
    assert run_words(words) == 0
    captured = capsys.readouterr()
    assert captured.out == out
    assert captured.err.startswith(err)
    assert captured.err or not err


@pytest.mark.parametrize(
    ("words", "limit"), [([], 600.0), (["--timeout=5s"], 5.0), (["--timeout=0"], None)]
)
def test_the_watch_has_the_time_limit(
    words: list[str], limit: float | None, engine: UseEngine
) -> None:
    seen = []

    def restore(_request: RestoreRequest, _progress: Progress, watch: Watch) -> Summary:
        seen.append(watch.limit)
        return Summary("/data")

    engine(restore)
    assert run_words(["pod", "b.tar", *words]) == 0
    assert seen == [limit]


def test_words_reach_the_request_past_cleos_own_flags(engine: UseEngine) -> None:
    seen = []

    def restore(request: RestoreRequest, _progress: Progress, _watch: Watch) -> Summary:
        seen.append(request)
        return Summary("/data")

    engine(restore)
    assert run_words(["-n", "prod", "-ft/data", "-v", "--", "pod", "-weird.tar"]) == 0
    assert run_words(["--", "pod", "--"]) == 0
    assert seen[0].kubectl.namespace == "prod"
    assert seen[0].backup == Path("-weird.tar")
    assert seen[0].overwrite is Overwrite.IF_CHANGED
    assert seen[1].backup == Path("--")


@pytest.mark.parametrize("name", [*RESERVED, *OLDER_COMMANDS])
def test_reserved_names_are_no_pods(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_words([name, "b.tar"]) == 2
    if name != "restore":
        assert f"kubectl restore pod/{name} BACKUP" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["help"], ["--help"], ["-h"], ["pod", "b.tar", "--help"],
                                   ["filesystem", "-h"]])  # fmt: skip
def test_help_goes_to_stdout(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_words(words) == 0
    assert capsys.readouterr() == (help_text(), "")


@pytest.mark.parametrize("command", ["verify", "diff", "inspect", "seal"])
def test_a_commands_help_names_the_flags_that_it_takes_and_no_others(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"kubectl restore {command} " in help_text()
    assert run_words([command, "--help"]) == 0
    out, err = capsys.readouterr()
    assert f"\nUsage:\n  kubectl restore {command} " in out
    assert err == ""
    told = set(re.findall(r"(?<![\w-])--([\w-]+)", out))
    assert told >= {"checksum", "timeout", "help", "devices"}
    for flag in FLAGS:
        # None of these values is good for anything; a flag that means nothing here is said before.
        words = [f"--{flag.name}=\0"] if flag.value else [f"--{flag.name}"]
        if command == "inspect":
            words.insert(0, "--against=db-0")
        positionals = ["/nowhere"] if command in {"inspect", "seal"} else ["db-0", "/nowhere"]
        if flag.name not in {"help", "version"}:
            run_words([command, *positionals, *words])
            said = capsys.readouterr().err
            strange = re.search(r"has no meaning|belongs to|not yet supported", said)
            assert (flag.name in told) == (strange is None), said


@pytest.mark.parametrize("words", [["version"], ["--version"], ["pod", "--version"]])
def test_the_version(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_words(words) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == f"{NAME} {VERSION}"
    assert err == ""


@pytest.mark.parametrize(
    "words",
    [["--nope"], ["pod"], ["pod", "b.tar", "-t", "data"], ["pod", "b.tar", "--compress=no"]],
)
def test_a_wrong_command_line_reaches_no_engine(
    words: list[str], engine: UseEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine(raising(AssertionError("the engine was called")))
    assert run_words(words) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["Error", "Reason", "Fix"]


def test_a_control_character_in_a_word_reaches_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_words(["\x1b[2J.tar", "db-0"]) == 2
    assert run_words(["\x1b[2J", "b\x07", "c"]) == 2
    assert run_words(["pod", "b.tar", "-t", "/\x1b"]) == 2
    assert run_words(["pod", "b.tar", "--\x1b"]) == 2
    err = capsys.readouterr().err
    assert err.count("Error: ") == 4
    assert "\x1b" not in err
    assert "\x07" not in err


class GoneReader(io.StringIO):
    """A stream whose reader is gone."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


def test_a_gone_reader_of_stderr_breaks_no_restore(
    engine: UseEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def restore(_request: RestoreRequest, progress: Progress, _watch: Watch) -> Summary:
        progress.header(Header("b.tar", 9, "pod", "/data"))
        summary = Summary("/data", files=1, regular_files=1, bytes=5, seconds=0.5)
        progress.finished(summary)
        return summary

    engine(restore)
    monkeypatch.setattr(sys, "stderr", GoneReader())
    assert run_words(["pod", "b.tar"]) == 0
    assert capsys.readouterr().out == "Restored 1 file, 5 B to /data in 0.5s\n"


def test_the_log_file_has_the_errors_too_and_is_private(tmp_path: Path, engine: UseEngine) -> None:
    engine(raising(TargetError("no such pod")))
    log = tmp_path / "log"
    for _ in range(2):
        assert run_words(["filesystem", "pod", "b.tar", f"--log-file={log}"]) == 4
    lines = [line.partition(" ")[2] for line in log.read_text().splitlines()]
    assert lines[1::2] == ["Error: no such pod"] * 2
    assert lines[0].endswith(f"kubectl restore filesystem pod b.tar --log-file={log}")
    assert log.stat().st_mode & 0o777 == 0o600


def test_the_log_file_has_all_words_whatever_is_shown_but_no_secret(
    tmp_path: Path, engine: UseEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    def restore(request: RestoreRequest, progress: Progress, _watch: Watch) -> Summary:
        progress.header(Header("b.tar", 9, "pod", request.target_path))
        progress.message(Level.TRACE, "sent: Bearer geheim")
        raise TargetError("gone", reason="said geheim")

    engine(restore)
    log = tmp_path / "log"
    words = ["pod", "b.tar", "-q", "-t/data", "--token=geheim", f"--log-file={log}"]
    assert run_words(words) == 4
    said = capsys.readouterr().err
    assert said.startswith("Error: gone\n")
    assert f"all that was said: {log}" in said
    text = log.read_text()
    assert "geheim" not in text
    assert "Restoring b.tar" in text
    assert "Bearer REDACTED" in text
    assert "Error: gone" in text
    assert all(re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z ", line) for line in text.splitlines())


@pytest.mark.parametrize(
    ("variables", "words", "limit"),
    [
        ({"TIMEOUT": "30m"}, [], 1800.0),
        ({"TIMEOUT": "30m"}, ["--timeout", "5s"], 5.0),
        ({"TIMEOUT": ""}, [], 600.0),
    ],
)
def test_flags_have_defaults_in_the_environment(
    variables: dict[str, str],
    words: list[str],
    limit: float,
    engine: UseEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = []

    def restore(_request: RestoreRequest, _progress: Progress, watch: Watch) -> Summary:
        limits.append(watch.limit)
        return Summary("/data")

    engine(restore)
    for name, value in variables.items():
        monkeypatch.setenv(f"KUBECTL_RESTORE_{name}", value)
    assert run_words(["pod", "b.tar", "-t/data", *words]) == 0
    assert limits == [limit]


def test_defaults_of_the_environment_are_told_repeated_and_blamed(
    engine: UseEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = []

    def restore(request: RestoreRequest, _progress: Progress, _watch: Watch) -> Summary:
        commands.append(request.command)
        return Summary("/data")

    engine(restore)
    monkeypatch.setenv("KUBECTL_RESTORE_TARGET_PATH", "/data")
    monkeypatch.setenv("KUBECTL_RESTORE_TOKEN", "geheim")
    monkeypatch.setenv("KUBECTL_RESTORE_FORCE", "true")
    monkeypatch.setenv("KUBECTL_RESTORE_LIST", "true")
    assert run_words(["pod", "b.tar", "-v", "--overwrite", "never"]) == 0
    first = capsys.readouterr().err.splitlines()[0]
    assert "--target-path=/data (KUBECTL_RESTORE_TARGET_PATH)" in first
    assert "REDACTED" in first
    assert "geheim" not in first + str(commands)
    assert "--force" not in first
    assert "--target-path=/data" in commands[0]
    monkeypatch.setenv("KUBECTL_RESTORE_JOBS", "9")
    assert run_words(["pod", "b.tar"]) == 2
    assert "--jobs=9 (KUBECTL_RESTORE_JOBS)" in capsys.readouterr().err


def test_a_log_file_that_cannot_be_written_is_a_usage_error(
    tmp_path: Path, engine: UseEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine(raising(AssertionError("the engine was called")))
    assert run_words(["filesystem", "pod", "b.tar", f"--log-file={tmp_path}"]) == 2
    assert "log file" in capsys.readouterr().err


# The real program


def start(
    *words: str,
    redirections: str = "",
    variables: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run the program through sh, which can close streams."""
    command = shlex.join([sys.executable, str(START), *words])
    environment = {"PATH": os.environ["PATH"], **(variables or {})}
    return subprocess.run(
        ["sh", "-c", f"{command} {redirections}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        env=environment,
        cwd=cwd,
        timeout=60,
    )


CLOSED = ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"]


@pytest.mark.parametrize("redirections", CLOSED)
def test_closed_streams_change_no_exit_code(redirections: str, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_bytes(b"x" * 2000)
    cases = [(["version"], 0), (["--nope"], 2), (["pod", "b.tar", "--kubectl=/nowhere"], 2)]
    for words, code in cases:
        result = start(*words, redirections=redirections, cwd=tmp_path)
        assert result.returncode == code, result
        assert b"Traceback" not in result.stderr
        assert b"Exception ignored" not in result.stderr
    # A pipe of ours that got a closed stream's number would have written into the backup.
    assert (tmp_path / "b.tar").read_bytes() == b"x" * 2000


def test_closed_streams_and_a_kubectl(tmp_path: Path) -> None:
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(
        "#!/bin/sh\necho 'Error from server (NotFound): pods \"p\" not found' >&2\nexit 1\n"
    )
    kubectl.chmod(0o755)
    (tmp_path / "b.tar").write_bytes(bytes(10240))
    for redirections in ["", *CLOSED]:
        words = ["p", "b.tar", f"--kubectl={kubectl}"]
        result = start(*words, redirections=redirections, cwd=tmp_path)
        assert result.returncode == 4, (redirections, result)


@pytest.mark.parametrize("stream", [1, 2])
@pytest.mark.parametrize(
    ("words", "code"), [(["--nope"], 2), (["--nope", "-o", "json"], 2), (["version"], None)]
)
def test_a_reader_that_is_gone_from_the_start(
    words: list[str], code: int | None, stream: int
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        result = subprocess.run(
            [sys.executable, str(START), *words],
            stdin=subprocess.DEVNULL,
            stdout=writing if stream == 1 else subprocess.PIPE,
            stderr=writing if stream == 2 else subprocess.PIPE,
            check=False,
            timeout=60,
        )
    finally:
        os.close(writing)
    if code is None:
        # What was asked for cannot be shown: no success.
        code = 1 if stream == 1 else 0
    assert result.returncode == code
    assert b"Traceback" not in (result.stderr or b"")
    assert b"Exception ignored" not in (result.stderr or b"")


def test_without_a_home_and_with_nothing_in_the_environment() -> None:
    result = start("version")
    assert result.returncode == 0
    assert result.stdout.startswith(f"{NAME} {VERSION}\n".encode())


def test_a_directory_that_cannot_be_written_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    result = start("pod", "b.tar", "--kubectl=/nowhere", cwd=tmp_path)
    assert result.returncode == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "variables",
    [
        {"LANG": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "POSIX"},
        {"PYTHONIOENCODING": "ascii"},
    ],
)
@pytest.mark.parametrize("name", ["\u00fcber \u65e5\u672c.tar", os.fsdecode(b"caf\xe9.tar")])
def test_a_name_that_the_locale_cannot_show(
    name: str, variables: dict[str, str], tmp_path: Path
) -> None:
    kubectl = tmp_path / "kubectl"
    kubectl.write_text("#!/bin/sh\nexit 1\n")
    kubectl.chmod(0o755)
    result = start("pod", name, f"--kubectl={kubectl}", variables=variables, cwd=tmp_path)
    assert result.returncode == 3, result
    assert b"Traceback" not in result.stderr
    # With the file there it is found by its bytes.
    (tmp_path / name).write_bytes(bytes(10240))
    found = start("pod", name, f"--kubectl={kubectl}", variables=variables, cwd=tmp_path)
    assert found.returncode == 8, found
    assert b"Restoring " in found.stderr
