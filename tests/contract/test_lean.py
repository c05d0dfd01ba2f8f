"""Containers with other tools than GNU's and busybox's, and with less of them.

`lean` has no df, find, grep, gzip, id, mktemp, readlink, stat and xargs; `uutils` has Rust's
coreutils, which do not print every name as it is, and no xargs.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.contract import trees
from tests.contract.program import restore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod

    Writer = Callable[..., Path]

KINDS = ["lean", "notar", "notar-busybox", "uutils", "uutils-new"]
ODD = [b"latin-\xe9\xff", b"new\nline\xff", b"\xc3\xa4", b"quote'\xfe", b"back\\slash\x81"]


def nothing_stays(pod: Pod) -> bool:
    volume = pod.host_directory()
    left = [] if volume is None else list(volume.rglob(".kubectl-restore*"))
    return pod.marked() == [] and pod.noted() == [] and left == []


@pytest.mark.parametrize("kind", KINDS)
def test_two_thousand_entries_arrive_are_proved_and_are_not_sent_again(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    archive = trees.two_thousand(owner=pod.owner)
    file = backup(archive)
    result = restore(pod, file, "--verify=checksum")
    assert result.code == 0, result
    expected = trees.tree_of(archive)
    assert trees.differences(expected, pod.tree(), owners=pod.is_root) == []
    pod.run("sh", "-c", f"echo x >{pod.path}/extra")
    again = restore(pod, file, "--delete", "--force")
    assert again.code == 0, again
    assert "1 path was deleted" in again.out or "Deleted 1 path" in again.out, again
    last = restore(pod, file)
    assert last.code == 0, last
    assert "Nothing to restore" in last.out
    assert trees.differences(expected, pod.tree(), owners=pod.is_root) == []
    assert nothing_stays(pod)


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_there_is_never_taken_for_missing(
    cluster: Cluster, backup: Writer, tmp_path: Path, kind: str
) -> None:
    pod = cluster.pod(kind)
    old, new = trees.Archive(owner=pod.owner), trees.Archive(owner=pod.owner)
    for name in ODD:
        old.add(name, b"it stands there", mtime=trees.MTIME - 9)
        new.add(name, b"the backup's")
    file = backup(new.finish())
    assert restore(pod, backup(old.finish(), "old.tar")).code == 0
    before = pod.tree()
    refused = restore(pod, file)
    assert refused.code == 6, refused
    assert f"{len(ODD)} paths in the way" in refused.err
    assert restore(pod, file, "--dry-run").code == 6
    assert restore(pod, file, "--overwrite=never").code == 0
    assert pod.tree() == before
    saved = tmp_path / "saved.tar"
    assert restore(pod, file, "--force", f"--save-replaced={saved}").code == 0
    assert {one.content for one in pod.tree().values()} != {one.content for one in before.values()}
    assert restore(pod, saved, "--force").code == 0
    assert pod.tree() == before
    assert nothing_stays(pod)


@pytest.mark.parametrize("kind", ["notar", "notar-busybox"])
def test_a_dry_run_counts_what_the_shell_keeps_and_loses(
    cluster: Cluster, tmp_path: Path, kind: str
) -> None:
    pod = cluster.pod(kind)
    directory = tmp_path / "source"
    directory.mkdir()
    with (directory / "holes").open("wb") as file:
        file.truncate(8 << 20)
    os.utime(directory / "holes", ns=(0, 1_600_000_000_500_000_000))
    path = tmp_path / "sparse.tar"
    words = ["tar", "-S", "--format=pax", "-cf", str(path), "-C", str(directory), "holes"]
    subprocess.run(words, check=True)
    flags = ("--no-same-owner", "-v")
    dry = restore(pod, path, "--dry-run", *flags)
    assert dry.code == 0, dry
    assert "its shell writes the files" in dry.err
    assert pod.tree() == {}
    done = restore(pod, path, *flags)
    assert done.code == 0, done
    lost = [
        [line for line in one.out.splitlines() if " of a second" in line or "zeros" in line]
        for one in (dry, done)
    ]
    assert lost[0] == lost[1], dry
    volume = pod.host_directory()
    if volume is not None:
        made = (volume / "holes").stat()
        assert made.st_blocks < 100
        assert (made.st_mtime_ns % 1_000_000_000 != 0) is (lost[1] == []), done


def test_what_is_done_without_is_said(cluster: Cluster, backup: Writer) -> None:
    result = restore(cluster.pod("lean"), backup(trees.small()), "-v")
    assert result.code == 0, result
    assert "without stat: what stands there is told by ls" in result.err
    assert "without grep: processes are looked for by the shell" in result.err
