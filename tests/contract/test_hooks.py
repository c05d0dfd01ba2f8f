"""--before and --after: run in the pod around a restore, and told of as they ended."""

from __future__ import annotations

import json
import shlex
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract import trees
from tests.contract.program import interrupt, restore, restore_piped, run, start
from tests.contract.test_trouble import wait_for
from tests.json_page import undocumented

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod
    from tests.link import LinkProxy

    Writer = Callable[..., Path]

KINDS = ["debian", "busybox", "notar-busybox", "nonroot-gnu"]


def noting(pod: Pod, word: str) -> str:
    """Return a command that notes that it has run, and what of the backup was there."""
    return f'cd {pod.path}; echo "{word} $(ls app 2>/dev/null | wc -l)" >>ran; echo {word} says'


def ran(pod: Pod) -> list[str]:
    """Return what such commands have noted."""
    return [
        " ".join(one.split()) for one in pod.run("cat", f"{pod.path}/ran").decode().splitlines()
    ]


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_one_runs_before_the_first_change_and_one_after_the_proof(
    cluster: Cluster, backup: Writer, tmp_path: Path, kind: str
) -> None:
    pod, receipt = cluster.pod(kind), tmp_path / "receipt.json"
    flags = ["--before", noting(pod, "stop"), "--after", noting(pod, "start")]
    file = backup(trees.small())
    result = restore(pod, file, *flags, f"--receipt={receipt}")
    assert result.code == 0, result
    assert ran(pod) == ["stop 0", "start 2"]
    at = [result.err.index(f"--{one} says") for one in ("before: stop", "after: start")]
    assert at == sorted(at)
    hooks = read(receipt)["hooks"]
    assert [
        (one["when"], one["exit_code"], one["output"], one["total_lines"]) for one in hooks
    ] == [
        ("before", 0, ["stop says"], 1),
        ("after", 0, ["start says"], 1),
    ]
    assert [one["command"] for one in hooks] == flags[1::2]
    # Nothing is to be changed: nothing is stopped, and what may have been left stopped is started.
    again = restore(pod, file, *flags, "-o", "json")
    assert again.code == 0, again
    assert ran(pod) == ["stop 0", "start 2", "start 2"]
    *_, summary = map(json.loads, again.out.splitlines())
    assert undocumented(summary) == []
    assert [one["when"] for one in summary["hooks"]] == ["after"]


@pytest.mark.parametrize("kind", KINDS[:2])
def test_a_dry_run_runs_neither_and_says_them(cluster: Cluster, backup: Writer, kind: str) -> None:
    pod, file = cluster.pod(kind), backup(trees.small())
    flags = ["--before", noting(pod, "stop"), "--after", noting(pod, "start")]
    result = restore(pod, file, *flags, "--dry-run")
    assert result.code == 0, result
    assert "before the first change would run: cd" in result.out
    assert "after the proof would run: cd" in result.out
    assert pod.tree().keys() <= {b"", b"."}
    command = result.out.split("to do it: ")[1].splitlines()[0]
    done = run(*shlex.split(command)[2:])
    assert done.code == 0, done
    assert ran(pod) == ["stop 0", "start 2"]


@pytest.mark.parametrize("kind", KINDS[:2])
def test_where_the_first_one_fails_nothing_is_changed(
    cluster: Cluster, backup: Writer, tmp_path: Path, kind: str
) -> None:
    pod, receipt = cluster.pod(kind), tmp_path / "receipt.json"
    pod.run("sh", "-c", f"mkdir {pod.path}/app && echo mine >{pod.path}/app/config.yaml")
    before = pod.tree()
    flags = ["--force", "--before", "echo cannot stop >&2; exit 3", "--after", noting(pod, "start")]
    saved = tmp_path / "saved.tar"
    file = backup(trees.small())
    result = restore(pod, file, *flags, f"--receipt={receipt}", f"--save-replaced={saved}")
    assert result.code == 7, result
    assert "Error: --before failed; nothing was changed\n" in result.err
    assert "exit code 3" in result.err
    assert result.err.count("cannot stop") >= 2
    assert "--after was not run" in result.err
    assert pod.tree() == before
    assert not saved.exists()
    found = read(receipt)
    assert [(one["exit_code"], one["output"]) for one in found["hooks"]] == [(3, ["cannot stop"])]
    assert found["result"]["exit_code"] == 7
    # What the fix says runs it alone.
    by_hand = result.err.split("try it by hand: kubectl ")[1].splitlines()[0]
    assert shlex.split(by_hand)[-1] == flags[2]


def test_where_the_second_one_fails_everything_is_restored_and_the_same_command_finishes_it(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    pod, receipt = cluster.pod("debian"), tmp_path / "receipt.json"
    flags = ["--before", noting(pod, "stop"), "--after", f"test -e {pod.path}/may && echo up"]
    file = backup(trees.small())
    result = restore(pod, file, *flags, f"--receipt={receipt}")
    assert result.code == 7, result
    assert "Restored 1 file" in result.out
    assert "Error: everything is restored and proved, but --after failed\n" in result.err
    found = read(receipt)
    assert [one["exit_code"] for one in found["hooks"]] == [0, 1]
    assert found["verification"]["is_proved"] is True
    assert found["result"]["exit_code"] == 7
    pod.run("touch", f"{pod.path}/may")
    again = restore(pod, file, *flags)
    assert again.code == 0, again
    assert ran(pod) == ["stop 0"]
    assert "--after: up\n" in again.err


def test_what_a_program_writes_last_is_saved_and_replaced(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    pod, saved = cluster.pod("debian"), tmp_path / "saved.tar"
    pod.run("sh", "-c", f"mkdir {pod.path}/app && echo mine >{pod.path}/app/config.yaml")
    stop = f"cd {pod.path}/app && echo flushed >config.yaml && ln -s elsewhere current"
    archive = trees.small()
    result = restore(pod, backup(archive), "--force", "--before", stop, f"--save-replaced={saved}")
    assert result.code == 0, result
    found = {name: seen.content for name, seen in trees.tree_of(archive).items()}
    there = {name: seen.content for name, seen in pod.tree().items()}
    assert there[b"app/config.yaml"] == found[b"app/config.yaml"]
    assert there[b"app/current"] == found[b"app/current"]
    with tarfile.open(saved) as kept:
        content = kept.extractfile("app/config.yaml")
        assert content is not None
        assert content.read() == b"flushed\n"
        assert kept.getmember("app/current").linkname == "elsewhere"


def test_what_comes_into_the_way_meanwhile_is_not_replaced_unasked(
    cluster: Cluster, backup: Writer
) -> None:
    pod = cluster.pod("debian")
    stop = f"mkdir -p {pod.path}/app && echo new >{pod.path}/app/config.yaml"
    flags = ["--before", stop, "--after", noting(pod, "start")]
    result = restore(pod, backup(trees.small()), *flags)
    assert result.code == 6, result
    assert "--before has run, --after has not" in result.err
    assert pod.run("cat", f"{pod.path}/app/config.yaml") == b"new\n"


def test_from_standard_input(cluster: Cluster) -> None:
    pod = cluster.pod("debian")
    content = trees.of_size(3_000_000, files=300)
    # It does not read the backup that comes on our standard input.
    flags = ["--before", f"cat; {noting(pod, 'stop')}", "--after", noting(pod, "start")]
    result = restore_piped(pod, content, *flags)
    assert result.code == 0, result
    assert ran(pod) == ["stop 0", "start 0"]
    assert trees.tree_of(content).keys() <= pod.tree().keys()


def test_a_lost_link_while_the_backup_is_sent_runs_neither_twice(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    pod = cluster.pod("debian")
    archive = trees.of_size(6_000_000, files=30)
    flags = ["--before", noting(pod, "stop"), "--after", noting(pod, "start")]
    link.cut_after = 3_000_000
    config = cluster.through(link.port, "hooks-sent")
    result = restore(pod, backup(archive), *flags, "--compress=none", kubeconfig=config)
    assert result.code == 0, result
    assert "trying again in " in result.err
    assert ran(pod) == ["stop 0", "start 0"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_link_while_it_runs_is_no_success_and_it_is_not_run_again(
    cluster: Cluster, backup: Writer, link: LinkProxy, tmp_path: Path, when: str
) -> None:
    pod, receipt = cluster.pod("debian"), tmp_path / "receipt.json"
    wait = f"cd {pod.path}; echo begun; echo x >>ran; while [ ! -e go ]; do sleep 0.1; done"
    file = backup(trees.small())
    process = start(
        pod, file, f"--{when}", wait, f"--receipt={receipt}",
        kubeconfig=cluster.through(link.port, f"hooks-{when}"),
    )  # fmt: skip
    wait_for(process, f"--{when}: begun")
    link.cut()
    out, err = process.communicate()
    assert process.returncode == 8, err
    assert f"the end of --{when} did not come" in err
    assert "is not known; it may still run in the container" in err
    pod.run("touch", f"{pod.path}/go")
    assert ran(pod) == ["x"]
    assert (b"app/config.yaml" in pod.tree()) == (when == "after")
    assert ("Restored 1 file" in out) == (when == "after")
    (hook,) = read(receipt)["hooks"]
    assert (hook["when"], hook["exit_code"], hook["output"][0]) == (when, None, "begun")
    again = restore(pod, file, f"--{when}", wait)
    assert again.code == 0, again
    assert ran(pod) == ["x", "x"]


def test_a_frozen_link_is_noticed_and_a_silent_command_is_none(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    pod = cluster.pod("debian")
    file = backup(trees.small())
    config = cluster.through(link.port, "hooks-frozen")
    # It is silent for longer than the limit.
    silent = "sleep 7; echo woken"
    result = restore(pod, file, "--before", silent, "--stall-timeout=5s", kubeconfig=config)
    assert result.code == 0, result
    assert "--before: woken" in result.err
    pod.run("rm", "-r", f"{pod.path}/app")
    wait = f"echo begun; while [ ! -e {pod.path}/go ]; do sleep 0.1; done"
    flags = ["--before", wait, "--stall-timeout=5s", "--retries=3"]
    process = start(pod, file, *flags, kubeconfig=config)
    wait_for(process, "--before: begun")
    link.freeze()
    _, err = process.communicate()
    assert process.returncode == 8, err
    assert "the end of --before did not come: nothing has moved for 5s" in err
    assert "trying again" not in err
    pod.run("touch", f"{pod.path}/go")
    link.heal()


@pytest.mark.parametrize("how", ["signal", "timeout"])
def test_ctrl_c_and_the_time_limit_hold(cluster: Cluster, backup: Writer, how: str) -> None:
    pod = cluster.pod("debian")
    wait = f"cd {pod.path}; echo x >>ran; echo begun; while [ ! -e go ]; do sleep 0.1; done"
    limit = "--timeout=6s" if how == "timeout" else "--timeout=10m"
    process = start(pod, backup(trees.small()), "--before", wait, limit)
    wait_for(process, "--before: begun")
    if how == "signal":
        interrupt(process)
    _, err = process.communicate()
    assert process.returncode == (130 if how == "signal" else 8), err
    assert "what --before has done by then is not known" in err
    pod.run("touch", f"{pod.path}/go")
    assert ran(pod) == ["x"]
    assert b"app" not in pod.tree()


def test_words_are_harmless_bounded_and_whole_at_their_end(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    pod, receipt = cluster.pod("debian"), tmp_path / "receipt.json"
    talk = (
        "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i; done;"
        " printf '\\033[2J\\377'; printf 'x%.0s' $(seq 5000); printf '\\nthe end'"
    )
    result = restore(
        pod, backup(trees.small()), "--before", talk, f"--receipt={receipt}", "--progress=plain"
    )
    assert result.code == 0, result
    assert "\x1b" not in result.err
    assert result.err.count("--before: line ") == 200
    assert "--before: 2,802 further lines (-vv)" in result.err
    (hook,) = read(receipt)["hooks"]
    assert hook["total_lines"] == 3002
    assert len(hook["output"]) == 50
    assert hook["output"][-1] == "the end"
    assert hook["output"][-2].startswith("\\x1b[2J\\xffxxx")
    assert len(hook["output"][-2]) == 1000
    assert hook["output"][-3] == "line 3000"
    quiet = restore(pod, backup(trees.small()), "--after", talk, "-q")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
