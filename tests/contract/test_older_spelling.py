"""The older spelling: its lines to the letter (compat: what scripts may rely on)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.contract import trees
from tests.contract.program import restore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster

    Writer = Callable[..., Path]


def shape(text: str) -> list[str]:
    """Lines with their numbers as N and times as T."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "T", text)
    text = re.sub(r"(elapsed=|finished in |duration=)[\d.]+s", r"\1Ns", text)
    # What is known of the cluster may come a line later than the first one.
    return [line for line in text.splitlines() if not line.startswith(("container ", "context "))]


def test_a_pipe_gets_progress_lines_and_the_closing_line(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("debian")
    archive = trees.of_size(300 * 1024, files=3)
    result = restore(pod, backup(archive), older=True)
    assert result.code == 0, result
    assert result.out == ""
    assert "\x1b" not in result.err
    total = len(archive.rstrip(b"\0")) // 512 * 512 + 512
    lines = shape(result.err)
    assert lines[0].startswith("Restoring ")
    first = re.fullmatch(r"PROGRESS: Restore started \(total: (\d+) bytes\)", lines[1])
    assert first, lines
    total = int(first[1])
    assert f"PROGRESS: Restore - {total}/{total} bytes (100.0%)" in lines
    assert lines[-2] == "COMPLETE: Restore finished in Ns"
    assert lines[-1] == (
        f"Restore completed successfully restored_path={pod.path} file_count=3 "
        "bytes_written=300.0 KB duration=Ns"
    )


def test_a_ci_system_gets_its_lines(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("busybox")
    result = restore(pod, backup(trees.small()), older=True, variables={"CI": "true"})
    assert result.code == 0, result
    lines = shape(result.err)
    assert lines[1] == "[PROGRESS] operation=Restore status=started total=10240 timestamp=T"
    assert re.fullmatch(
        r"\[PROGRESS\] operation=Restore current=10240 total=10240 percent=100\.0 rate=\d+ "
        r"elapsed=Ns timestamp=T",
        lines[2],
    ), lines
    assert lines[-2] == (
        "[PROGRESS] operation=Restore status=completed elapsed=Ns total=10240 timestamp=T"
    )
    assert lines[-1].startswith(f"Restore completed successfully restored_path={pod.path} ")


def test_flags_are_joined_and_negated_as_they_always_were(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("debian")
    file = backup(trees.small())
    assert restore(pod, file, f"-ft{pod.path}", older=True).code == 0
    for path in trees.tree_of(trees.small()):
        pod.run("touch", "-h", f"{pod.path}/{path.decode()}")
    assert (
        restore(pod, file, f"-n={cluster.namespace}", "-f", "--force=false", older=True).code == 6
    )
    failed = restore(pod, file, older=True)
    assert failed.code == 6
    assert "completed successfully" not in failed.err
    assert failed.out == ""


def test_overwrite_as_a_switch_names_force(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("debian")
    for spelling in ("-o", "--overwrite"):
        result = restore(pod, backup(trees.small()), spelling, older=True)
        assert result.code == 2, result
        assert "--force" in result.err


def test_logging_flags_are_taken_and_the_log_is_private(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    log = tmp_path / "restore.log"
    result = restore(
        pod, backup(trees.small()), "--verbose", "-d", "--log-level", "info", "--log-format=text",
        f"--log-file={log}", older=True,
    )  # fmt: skip
    assert result.code == 0, result
    assert "Restore completed successfully" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600
