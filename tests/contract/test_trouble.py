"""What a restore does when something goes wrong: succeed, or fail loudly and leave nothing."""

from __future__ import annotations

import gzip
import signal
import sys
import tarfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.contract import trees
from tests.contract.meddling import changing_kubectl
from tests.contract.program import interrupt, restore, start
from tests.contract.slow_mounts import answered_late, unanswered

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from tests.contract.clusters import Cluster, Pod
    from tests.link import LinkProxy

    Writer = Callable[..., Path]

BIG = 40_000_000


def until_nothing_is_left(pod: Pod, seconds: float = 40.0) -> list[str]:
    """Wait until no process of a restore runs in the pod; return what still does in the end."""
    deadline = time.monotonic() + seconds
    while (left := pod.marked()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return left


def children_of(process: subprocess.Popen[str]) -> list[int]:
    """The processes of its group that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, group = stat.read_text().rpartition(") ")[2].split()[:3]
        except OSError:
            continue
        if int(group) == process.pid and state not in "ZX":
            found.append(int(stat.parent.name))
    return found


def wait_for(process: subprocess.Popen[str], words: str) -> str:
    """Read stderr until it says `words`."""
    assert process.stderr
    said = ""
    for line in process.stderr:
        said += line
        if words in line:
            return said
    raise AssertionError(f"{words!r} was never said:\n{said}")


def says_how_to_go_on(said: str) -> bool:
    """Tell whether the fix is the same command: what is there is this restore's own."""
    fix = said.split("Fix:")[1]
    return "to go on: kubectl restore " in fix and "--force" not in fix


# Backups that are no good


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_cut_backup_is_exit_3_and_the_pod_is_not_touched(
    cluster: Cluster, backup: Writer, *, packed: bool
) -> None:
    pod = cluster.pod("debian")
    before = 0 if cluster.embedded is None else len(cluster.embedded.requests)
    whole = trees.of_size(1_000_000, files=7)
    whole = gzip.compress(whole) if packed else whole.rstrip(b"\0") + bytes(1024)
    for cut in (1, len(whole) // 3, len(whole) - 700, len(whole) - 1):
        result = restore(pod, backup(whole[:cut]))
        assert result.code == 3, (cut, result)
    if cluster.embedded is not None:
        assert not any(one.endswith("/exec") for one in cluster.embedded.requests[before:])
    assert pod.tree() == {}


def test_hostile_members_are_listed_and_nothing_is_restored(
    cluster: Cluster, backup: Writer
) -> None:
    pod = cluster.pod("busybox")
    archive = trees.Archive()
    archive.add("fine", b"x")
    archive.add("../outside\x1b[31m", b"x")
    archive.symlink("door", "/etc")
    archive.add("door/passwd", b"x")
    archive.add("null", kind=b"3")
    result = restore(pod, backup(archive.finish()))
    assert result.code == 3, result
    assert "../outside\\x1b[31m" in result.err
    assert "door/passwd" in result.err
    assert "null" in result.err
    assert "\x1b" not in result.err
    assert pod.tree() == {}


# Links that break


def test_a_link_that_is_cut_is_exit_8_and_the_same_command_goes_on(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    pod = cluster.pod("debian")
    archive = trees.of_size(BIG, files=10)
    file = backup(archive)
    kubeconfig = cluster.through(link.port, "cut")
    link.cut_after = BIG // 2
    result = restore(pod, file, "--retries=0", kubeconfig=kubeconfig)
    assert result.code == 8, result
    assert "Restored" not in result.out
    assert says_how_to_go_on(result.err)
    assert until_nothing_is_left(pod) == []
    link.heal()
    again = restore(pod, file, kubeconfig=kubeconfig)
    assert again.code == 0, again
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []


@pytest.mark.parametrize("flag", ["--timeout=5s", "--stall-timeout=5s"])
@pytest.mark.leaves("record")
def test_a_frozen_link_is_exit_8_and_leaves_no_orphan(
    cluster: Cluster, backup: Writer, link: LinkProxy, flag: str
) -> None:
    pod = cluster.pod("busybox")
    kubeconfig = cluster.through(link.port, "frozen")
    link.freeze_after = BIG // 2
    flags = [flag, "--retries=0", *(["--stall-timeout=15s"] if "stall" not in flag else [])]
    result = restore(pod, backup(trees.of_size(BIG)), *flags, kubeconfig=kubeconfig)
    assert result.code == 8, result
    assert "Restored" not in result.out
    # The link is dead for the clean-up too: the agent's own limit ends what is left.
    assert until_nothing_is_left(pod) == []


def test_a_slow_link_is_no_reason_to_give_up(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    pod = cluster.pod("debian")
    link.rate, link.delay = 5e6, 0.05
    archive = trees.of_size(10_000_000, files=50)
    result = restore(pod, backup(archive), kubeconfig=cluster.through(link.port, "slow"))
    assert result.code == 0, result
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []


# Time


@pytest.mark.leaves("record")
def test_a_time_out_in_the_middle_says_how_far_it_came_and_how_to_go_on(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    pod = cluster.pod("debian")
    link.rate = 2e6
    file = backup(trees.of_size(BIG, files=40))
    result = restore(
        pod, file, "--timeout=5s", "--container=app", kubeconfig=cluster.through(link.port, "late")
    )
    assert result.code == 8, result
    assert "timed out after 5s" in result.err
    assert "Arrived in the pod before it ended" in result.err
    assert says_how_to_go_on(result.err)
    assert until_nothing_is_left(pod) == []


def test_a_credential_plugin_that_hangs_is_ended(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    if cluster.embedded is None:
        pytest.skip("needs a user of its own")
    pid = tmp_path / "pid"
    plugin = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "interactiveMode": "IfAvailable",
            "command": "sh",
            "args": ["-c", f"echo please wait >&2; echo $$ >{pid}; exec sleep 600"],
        }
    }
    kubeconfig = cluster.embedded.kubeconfig_through(cluster.address[1], "plugin", user=plugin)
    process = start(cluster.pod("debian"), backup(trees.small()), "--timeout=5s",
                    kubeconfig=kubeconfig)  # fmt: skip
    said = wait_for(process, "please wait")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 8, said + err
    assert "timed out after 5s" in err
    assert children_of(process) == []
    assert pid.exists()


def test_a_decompression_that_takes_too_long_is_ended_before_the_pod_is_touched(
    cluster: Cluster, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    path = tmp_path / "bomb.tar.gz"
    with gzip.open(path, "wb", 1) as file:
        header = tarfile.TarInfo("zeros")
        header.size = 30 << 30
        file.write(header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(512):
            file.write(bytes(1 << 20))
    packed = path.read_bytes()
    # Many gzip members, so that it need not be made at the size that it has.
    with path.open("ab") as out:
        piece = gzip.compress(bytes(256 << 20), 1)
        for _ in range(118):
            out.write(piece)
    assert len(packed) < path.stat().st_size
    result = restore(pod, path, "--timeout=2s")
    assert result.code == 8, result
    assert pod.tree() == {}


# A cluster that misbehaves (hazards of docs/architecture.md)


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.parametrize(
    ("fault", "value"),
    [
        ("drop_after", BIG // 2),
        ("no_status", True),
        ("end_after", BIG // 2),
        ("truncate_after", BIG // 2),
        ("drop_after", 100),
        ("truncate_after", 5000),
        ("never_ends", True),
        ("stdout_after", 500),
        ("stdout_after", 5000),
    ],
)
@pytest.mark.leaves("record")
def test_no_misbehaviour_is_ever_a_success_with_a_wrong_tree(
    cluster: Cluster, backup: Writer, fault: str, value: int
) -> None:
    assert cluster.embedded
    pod = cluster.pod("debian")
    archive = trees.of_size(BIG, files=10)
    setattr(cluster.embedded.pod("debian").faults, fault, value)
    result = restore(pod, backup(archive), "--stall-timeout=10s", "--retries=0")
    cluster.embedded.pod("debian").faults.clear()
    if fault in {"no_status", "never_ends"}:
        # Neither kubectl's status nor its end is what we trust: everything was shown to be there.
        assert result.code == 0, result
        assert trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []
    else:
        assert result.code == 8, result
        assert "Restored" not in result.out
    assert until_nothing_is_left(pod) == []


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.leaves("record")
def test_a_frozen_exec_is_ended_by_the_stall_limit(cluster: Cluster, backup: Writer) -> None:
    assert cluster.embedded
    pod = cluster.pod("debian")
    cluster.embedded.pod("debian").faults.freeze_after = BIG // 2
    result = restore(pod, backup(trees.of_size(BIG)), "--stall-timeout=3s", "--retries=0")
    assert result.code == 8, result
    assert "nothing has moved for 3s" in result.err
    cluster.embedded.pod("debian").faults.clear()
    assert until_nothing_is_left(pod) == []


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.parametrize("below", ["app", ""], ids=["below the target", "the target"])
def test_a_mount_whose_server_is_gone_is_ended_by_the_stall_limit(
    cluster: Cluster, backup: Writer, below: str
) -> None:
    assert cluster.embedded
    pod = cluster.pod("debian")
    with unanswered(cluster.embedded.pod("debian").volume() / below):
        for compare in ((), ("--dry-run",)):
            result = restore(
                pod, backup(trees.small()), "--stall-timeout=5s", "--retries=0", *compare
            )
            assert result.code == 8, result
            assert "nothing has moved for 5s" in result.err
            assert "a mount whose server does not answer" in result.err
            assert until_nothing_is_left(pod) == []


def test_an_agent_that_is_told_nonsense_makes_it_a_bug_with_words(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    kubectl = changing_kubectl(tmp_path, pod, 'child.stdin.write(b"nonsense\\n")', when="survey")
    result = restore(pod, backup(trees.small()), kubectl=kubectl)
    assert result.code == 1, result
    assert "Error: a bug in kubectl restore\n" in result.err
    assert "was told 'nonsense', and its target is 'ready'" in result.err
    assert pod.tree() == {}
    assert until_nothing_is_left(pod) == []


@pytest.mark.usefixtures("embedded_only")
def test_a_volume_that_answers_late_is_no_stall(cluster: Cluster, backup: Writer) -> None:
    assert cluster.embedded
    pod = cluster.pod("debian")
    archive = trees.Archive(owner=pod.owner)
    archive.directory("app")
    for number in range(12):
        archive.add(f"app/{number}", b"x")
    volume = cluster.embedded.pod("debian").volume()
    # It takes no time of a processor, and longer than the limit.
    with answered_late(volume / "app", seconds=1):
        result = restore(
            pod, backup(archive.finish()), "--stall-timeout=6s", "--retries=0", "--dry-run"
        )
    assert result.code == 6, result
    assert "12 paths in the way" in result.err


@pytest.mark.usefixtures("embedded_only")
def test_a_slow_volume_is_no_stall(cluster: Cluster, backup: Writer) -> None:
    assert cluster.embedded
    pod = cluster.pod("busybox")
    cluster.embedded.pod("busybox").faults.drain = 300_000
    archive = trees.of_size(2_000_000)
    result = restore(pod, backup(archive), "--stall-timeout=3s")
    assert result.code == 0, result
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.leaves("record")
def test_a_slow_volume_and_a_time_out(cluster: Cluster, backup: Writer) -> None:
    assert cluster.embedded
    pod = cluster.pod("debian")
    cluster.embedded.pod("debian").faults.drain = 300_000
    result = restore(pod, backup(trees.of_size(BIG)), "--timeout=5s")
    assert result.code == 8, result
    assert "at this rate it takes" in result.err or "timed out" in result.err
    cluster.embedded.pod("debian").faults.clear()
    assert until_nothing_is_left(pod) == []


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.parametrize(
    ("where", "answer", "code"),
    [
        ("get_answer", 401, 5),
        ("get_answer", 403, 5),
        ("get_answer", 404, 4),
        ("get_answer", 410, 4),
        ("get_answer", 500, 8),
        ("get_answer", 503, 8),
        ("exec_answer", 401, 5),
        ("exec_answer", 403, 5),
        ("exec_answer", 404, 4),
        ("exec_answer", 410, 4),
        ("exec_answer", 500, 8),
        ("exec_answer", 503, 8),
    ],
)
def test_an_api_servers_refusal_has_its_exit_code(
    cluster: Cluster, backup: Writer, where: str, answer: int, code: int
) -> None:
    assert cluster.embedded
    pod = cluster.pod("debian")
    setattr(cluster.embedded.pod("debian").faults, where, answer)
    result = restore(pod, backup(trees.small()), "--retries=0")
    assert result.code == code, result
    assert "Reason: kubectl said:" in result.err


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.leaves("record")
def test_a_container_that_restarts_in_the_middle_is_exit_8(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    assert cluster.embedded
    pod = cluster.pod("debian")
    link.rate = 5e6
    kubeconfig = cluster.through(link.port, "re")
    process = start(pod, backup(trees.of_size(BIG)), "--retries=0", kubeconfig=kubeconfig)
    wait_for(process, "restoring")
    while link.sent < BIG // 8:
        time.sleep(0.01)
    cluster.embedded.pod("debian").restart()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 8, out + err


# Signals


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["SIGINT", "SIGTERM", "SIGHUP"],
)
@pytest.mark.leaves("record")
def test_a_signal_in_the_stream_ends_both_sides(
    cluster: Cluster, backup: Writer, link: LinkProxy, number: int, code: int
) -> None:
    pod = cluster.pod("debian")
    link.rate = 5e6
    kubeconfig = cluster.through(link.port, "signal")
    process = start(pod, backup(trees.of_size(BIG, files=20)), kubeconfig=kubeconfig)
    wait_for(process, "restoring")
    while link.sent < BIG // 8:
        time.sleep(0.01)
    interrupt(process, number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, out + err
    assert "Traceback" not in err
    assert says_how_to_go_on(err)
    assert children_of(process) == []
    assert until_nothing_is_left(pod) == []


@pytest.mark.parametrize("phase", ["Restoring", "checking the backup", "asking what", "restoring"])
@pytest.mark.leaves("record")
def test_ctrl_c_twice_in_any_phase_is_130_without_a_traceback(
    cluster: Cluster, backup: Writer, link: LinkProxy, phase: str
) -> None:
    pod = cluster.pod("debian")
    link.rate, link.delay = 5e6, 0.2
    kubeconfig = cluster.through(link.port, "twice")
    process = start(pod, backup(trees.of_size(BIG)), kubeconfig=kubeconfig)
    wait_for(process, phase)
    interrupt(process)
    interrupt(process)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "Traceback" not in err
    assert until_nothing_is_left(pod) == []


def test_an_orphan_of_a_killed_restore_is_ended_by_the_next(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    pod = cluster.pod("busybox")
    archive = trees.of_size(BIG)
    file = backup(archive)
    kubeconfig = cluster.through(link.port, "orphan")
    link.freeze_after = BIG // 2
    process = start(pod, file, "--stall-timeout=120s", kubeconfig=kubeconfig)
    wait_for(process, "restoring")
    while link.sent < BIG // 2:
        time.sleep(0.01)
    interrupt(process, signal.SIGKILL)
    process.communicate(timeout=60)
    assert pod.marked() != []
    result = restore(pod, file)
    assert result.code == 0, result
    assert pod.marked() == []
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []


@pytest.mark.leaves("record")
def test_a_tar_that_is_killed_in_the_pod_is_no_success(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    pod = cluster.pod("debian")
    link.rate = 5e6
    kubeconfig = cluster.through(link.port, "killed")
    process = start(pod, backup(trees.of_size(BIG, files=20)), kubeconfig=kubeconfig)
    wait_for(process, "restoring")
    pod.signal_tar("KILL")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 9, out + err
    assert "137" in err
    assert "Restored" not in out
    assert until_nothing_is_left(pod) == []


@pytest.mark.leaves("record")
def test_a_backup_that_changes_while_it_is_read_is_exit_3(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    pod = cluster.pod("debian")
    link.rate = 5e6
    file = backup(trees.of_size(BIG))
    process = start(pod, file, kubeconfig=cluster.through(link.port, "changing"))
    wait_for(process, "restoring")
    with file.open("r+b") as stream:
        stream.truncate(BIG // 2)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, out + err
    assert "changed while it was read" in err
    assert until_nothing_is_left(pod) == []


@pytest.mark.leaves("record")
def test_a_backup_that_is_written_to_while_it_is_sent_is_exit_3(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    pod = cluster.pod("debian")
    link.rate = 5e6
    file = backup(trees.of_size(BIG, files=10))
    process = start(pod, file, kubeconfig=cluster.through(link.port, "written"))
    wait_for(process, "restoring")
    with file.open("r+b") as stream:
        stream.seek(BIG // 2)
        stream.write(b"of another backup, as long as the first")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, out + err
    assert "changed while it was read" in err
    assert "--compare=checksum" in err.split("Fix:")[1]
    assert until_nothing_is_left(pod) == []


if sys.platform != "linux":
    pytest.skip("processes are looked for in /proc", allow_module_level=True)
