"""Files with several names: those that the backup knows of, and others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract import trees
from tests.contract.program import restore, verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster

    Writer = Callable[..., Path]

TARS = ["busybox", "debian", "bsdtar", "toybox"]


@pytest.mark.parametrize("kind", TARS)
def test_a_name_that_the_backup_does_not_know_keeps_its_mode_and_time(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    archive = trees.Archive(owner=pod.owner)
    archive.directory("app")
    for content in (b"mode", b"time", b"linked", b"alone"):
        archive.add(b"app/" + content, content)
    archive.hardlink("app/linked too", "app/linked")
    file = backup(archive.finish())
    assert restore(pod, file).code == 0
    script = (
        "cd {} && mkdir other && for name in mode time linked; do ln app/$name other/$name; done"
        " && chmod 600 app/mode app/linked app/alone && touch -d @1500000000 app/time"
    )
    pod.run("sh", "-c", script.format(pod.path))
    before = pod.tree()
    result = restore(pod, file, "--force", "--compare=checksum", "-v")
    assert result.code == 0, result
    tree = pod.tree()
    expected = trees.tree_of(file.read_bytes())
    restored = {name: seen for name, seen in tree.items() if name in expected}
    assert trees.differences(expected, restored, owners=pod.is_root) == []
    for path in (b"other/mode", b"other/time", b"other/linked"):
        assert (tree[path].mode, tree[path].mtime) == (before[path].mode, before[path].mtime)
        assert (tree[path].content, tree[path].linked) == (before[path].content, frozenset())
    # With no further name nothing had to be sent.
    assert "4 paths were replaced" in result.out


@pytest.mark.parametrize("kind", TARS)
def test_a_hard_link_to_a_symlink_needs_no_check_sum(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    archive = trees.Archive(owner=pod.owner)
    archive.add("file", b"content")
    archive.symlink("link", "file")
    archive.hardlink("again", "link")
    archive.hardlink("another", "file")
    file = backup(archive.finish())
    # Sent, then kept.
    for _ in range(2):
        result = restore(pod, file, "--verify=checksum")
        assert result.code == 0, result
        assert "Contents compared by sha256sum" in result.out
    assert verify(pod, file).code == 0
    expected = trees.tree_of(file.read_bytes())
    assert trees.differences(expected, pod.tree(), owners=pod.is_root) == []
