"""What a script reads of a restore: JSON lines on stdout, nothing else, the last one its end."""

from __future__ import annotations

import base64
import json
import random
import signal
from typing import TYPE_CHECKING, Any, Final

import pytest

from kubectl_restore.progress import Phase
from tests.contract import trees
from tests.contract.program import interrupt, restore, restore_piped, start
from tests.json_page import undocumented

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster
    from tests.contract.program import Result
    from tests.link import LinkProxy

    Writer = Callable[..., Path]
    Line = dict[str, Any]

_MAYBE_INT: Final = (int, type(None))
_MAYBE_FLOAT: Final = (float, type(None))
TYPES: Final[dict[str, dict[str, type | tuple[type, ...]]]] = {
    "status": {
        "message_type": str, "phase": str, "seconds_elapsed": float,
        "seconds_remaining": _MAYBE_INT, "percent_done": _MAYBE_FLOAT,
        "total_files": _MAYBE_INT, "files_done": int, "total_bytes": _MAYBE_INT,
        "bytes_done": int, "current_files": list, "current_files_bytes": list,
    },
    "message": {"message_type": str, "level": str, "text": str},
    "summary": {
        "message_type": str, "namespace": str, "pod": str, "container": str, "backup": str,
        "path": str, "files_restored": int, "regular_files_restored": int, "bytes_restored": int,
        "links_restored": int, "devices_restored": int,
        "seconds_elapsed": float, "directories_kept": int, "files_replaced": int,
        "files_deleted": int, "dry_run": bool, "salvaged": bool, "verified": str, "warnings": list,
        "files_adjusted": int, "files_unchanged": int, "files_skipped": int, "notes": list,
        "next_steps": list, "hints": list, "hooks": list,
    },
    "exit_error": {
        "message_type": str, "code": int, "message": str, "cause": str, "reason": str, "fix": str,
        "files_acknowledged": int, "bytes_acknowledged": int,
    },
}  # fmt: skip
PHASES: Final = [phase.value for phase in Phase]


def lines_of(out: str) -> list[Line]:
    """Return the lines, each held against the contract; only the last one is an end."""
    assert out.isascii()
    assert out.endswith("\n")
    lines: list[Line] = [json.loads(line) for line in out.splitlines()]
    for one in lines:
        assert undocumented(one) == []
        types = TYPES[one["message_type"]]
        wrong = {name: value for name, value in one.items() if not isinstance(value, types[name])}
        assert wrong == {}
    ends = [one["message_type"] in {"summary", "exit_error"} for one in lines]
    assert ends == [False] * (len(lines) - 1) + [True]
    return lines


def failed(result: Result, code: int) -> Line:
    """Return the last line of a restore that failed with a code."""
    assert result.code == code, result
    assert result.err == ""
    last = lines_of(result.out)[-1]
    assert (last["message_type"], last["code"]) == ("exit_error", code)
    return last


@pytest.mark.parametrize("kind", ["debian", "busybox"])
def test_a_restore_that_succeeds(cluster: Cluster, backup: Writer, kind: str) -> None:
    pod = cluster.pod(kind)
    pod.run("mkdir", "-m", "700", f"{pod.path}/app")
    file = backup(trees.small())
    result = restore(pod, file, "-o", "json")
    assert result.code == 0, result
    assert result.err == ""
    *before, summary = lines_of(result.out)
    phases = [one["phase"] for one in before if one["message_type"] == "status"]
    # A cluster that is slow to answer is waited for when the backup has been read.
    steps = [one for one in phases if one != "connect"]
    assert steps == sorted(steps, key=PHASES.index)
    assert {"check", "survey", "send", "verify"} <= set(phases)
    places = {name: summary[name] for name in ("namespace", "pod", "container", "backup", "path")}
    assert places == {
        "namespace": cluster.namespace,
        "pod": pod.name,
        "container": pod.container,
        "backup": str(file),
        "path": pod.path,
    }
    counts = ("files_restored", "regular_files_restored", "bytes_restored", "directories_kept")
    assert [summary[name] for name in counts] == [2, 1, 6, 1]
    (note,) = summary["notes"]
    assert note.startswith("1 directory stood there already")
    again = restore(pod, file, "-o", "json", "--progress", "none", "--force")
    (summary,) = lines_of(again.out)
    assert (again.code, again.err, summary["message_type"]) == (0, "", "summary")
    assert (summary["files_adjusted"], summary["files_replaced"]) == (1, 0)
    assert summary["files_unchanged"] == 2


def test_counts_rise_and_a_name_that_is_no_text_is_there_as_it_stands(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    pod = cluster.pod("debian")
    link.rate = 5e6
    name = b"caf\xe9"
    archive = trees.Archive(owner=pod.owner)
    archive.add(name, random.Random(1).randbytes(20_000_000))  # noqa: S311 - content
    file = backup(archive.finish())
    result = restore(pod, file, "-ojson", kubeconfig=cluster.through(link.port, "json"))
    assert result.code == 0, result
    sent = [one for one in lines_of(result.out) if one.get("phase") == "send"]
    assert len(sent) >= 3
    for field in ("bytes_done", "files_done", "percent_done", "seconds_elapsed"):
        assert [one[field] for one in sent] == sorted(one[field] for one in sent)
    assert all(0 <= one["percent_done"] <= 1 for one in sent)
    current = [one for one in sent if one["current_files"]]
    assert current
    for one in current:
        assert one["current_files"] == ["caf\\xe9"]
        assert [base64.b64decode(raw) for raw in one["current_files_bytes"]] == [name]


def test_standard_input_has_no_totals(cluster: Cluster) -> None:
    pod = cluster.pod("debian")
    result = restore_piped(pod, trees.small(), "-o", "json")
    assert (result.code, result.err) == (0, ""), result
    *before, summary = lines_of(result.out)
    assert summary["backup"] == "standard input"
    assert summary["files_restored"] == 3
    sent = [one for one in before if one.get("phase") == "send"]
    assert sent
    assert {one["total_bytes"] for one in sent} == {None}


def test_something_in_the_way_is_6(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("debian")
    pod.run("sh", "-c", f"mkdir {pod.path}/app && echo mine >{pod.path}/app/config.yaml")
    before = pod.tree()
    error = failed(restore(pod, backup(trees.small()), "-o", "json"), 6)
    assert "nothing was changed" in error["message"]
    assert "app/config.yaml: a file stands there" in error["reason"]
    assert {"-o", "json", "--force"} <= set(error["fix"].split())
    assert "files_acknowledged" not in error
    assert pod.tree() == before


def test_a_cut_backup_is_3(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("debian")
    error = failed(restore(pod, backup(trees.small()[:1300]), "--output=json"), 3)
    assert "truncated" in error["message"]
    assert pod.tree() == {}


@pytest.mark.parametrize("flag", ["--nope", "--progress=live", "--compress=x", "--context=nowhere"])
def test_a_wrong_command_line_is_2(cluster: Cluster, backup: Writer, flag: str) -> None:
    pod = cluster.pod("debian")
    for flags in (("-o", "json", flag), (flag, "-o", "json")):
        error = failed(restore(pod, backup(trees.small()), *flags), 2)
        assert error["message"]
        assert error["fix"]
    assert pod.tree() == {}


@pytest.mark.leaves("record")
def test_a_link_that_is_cut_is_8_with_what_had_arrived(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    pod = cluster.pod("debian")
    link.cut_after = 20_000_000
    file = backup(trees.of_size(40_000_000, files=40))
    kubeconfig = cluster.through(link.port, "json-cut")
    error = failed(restore(pod, file, "-o", "json", "--retries=0", kubeconfig=kubeconfig), 8)
    assert 0 <= error["files_acknowledged"] < 40
    assert error["bytes_acknowledged"] == error["files_acknowledged"] * 1_000_000
    assert {"-o", "json", "--retries=0"} <= set(error["fix"].split())


@pytest.mark.leaves("record")
def test_ctrl_c_is_130(cluster: Cluster, backup: Writer, link: LinkProxy) -> None:
    pod = cluster.pod("debian")
    link.rate = 5e6
    kubeconfig = cluster.through(link.port, "json-signal")
    file = backup(trees.of_size(40_000_000, files=20))
    process = start(pod, file, "-o", "json", kubeconfig=kubeconfig)
    assert process.stdout
    said = ""
    for line in process.stdout:
        said += line
        if json.loads(line).get("phase") == "send":
            break
    interrupt(process, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, ""), said + out
    last = lines_of(said + out)[-1]
    assert (last["message_type"], last["code"]) == ("exit_error", 130)


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.parametrize(
    ("where", "answer", "code"),
    [("get_answer", 404, 4), ("get_answer", 503, 8), ("exec_answer", 403, 5)],
)
def test_what_kubectl_says_is_the_reason(
    cluster: Cluster, backup: Writer, where: str, answer: int, code: int
) -> None:
    assert cluster.embedded
    pod = cluster.pod("debian")
    setattr(cluster.embedded.pod("debian").faults, where, answer)
    error = failed(restore(pod, backup(trees.small()), "-o", "json"), code)
    assert error["reason"].startswith("kubectl said: ")


@pytest.mark.parametrize(("flags", "levels"), [((), set()), (("-v",), {"detail"})])
def test_details_are_messages(
    cluster: Cluster, backup: Writer, flags: tuple[str, ...], levels: set[str]
) -> None:
    result = restore(cluster.pod("debian"), backup(trees.small()), "-o", "json", *flags)
    assert (result.code, result.err) == (0, ""), result
    messages = [one for one in lines_of(result.out) if one["message_type"] == "message"]
    assert {one["level"] for one in messages} == levels


@pytest.mark.usefixtures("embedded_only")
def test_a_credential_plugins_words_are_all_that_stands_on_stderr(
    cluster: Cluster, backup: Writer
) -> None:
    assert cluster.embedded
    plugin = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "interactiveMode": "IfAvailable",
            "command": "sh",
            "args": ["-c", "echo visit http://login/ >&2; exit 1"],
        }
    }
    port = cluster.address[1]
    kubeconfig = cluster.embedded.kubeconfig_through(port, "json-plugin", user=plugin)
    result = restore(
        cluster.pod("debian"), backup(trees.small()), "-o", "json", kubeconfig=kubeconfig
    )
    last = lines_of(result.out)[-1]
    assert last["code"] == result.code == 5
    assert set(result.err.splitlines()) == {"visit http://login/"}


def test_json_progress_beside_a_result_for_people(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("debian")
    result = restore(pod, backup(trees.small()), "--progress", "json")
    assert result.code == 0, result
    assert result.out.startswith("Restored 1 file")
    statuses = [json.loads(line) for line in result.err.splitlines() if line.startswith("{")]
    assert {"send", "verify"} <= {one["phase"] for one in statuses}
    for one in statuses:
        assert undocumented(one) == []
