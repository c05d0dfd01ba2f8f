"""A backup in parts, put back into every pod."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from tests.contract import trees
from tests.contract.program import restore

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.clusters import Cluster


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("kind", ["busybox", "debian", "bsdtar", "toybox"])
def test_parts_arrive_as_one_tree(
    cluster: Cluster, tmp_path: Path, kind: str, *, packed: bool
) -> None:
    pod = cluster.pod(kind)
    archive = trees.of_size(3_000_000, files=300)
    data = gzip.compress(archive, 1) if packed else archive
    length = len(data) // 5 + 1
    for number in range(5):
        part = data[number * length : (number + 1) * length]
        (tmp_path / f"b.tar.{number:03}").write_bytes(part)
    result = restore(pod, tmp_path / "b.tar.000")
    assert result.code == 0, result
    assert "b.tar.000 and 4 further parts (" in result.err
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []


def test_the_name_of_a_later_part_changes_nothing(cluster: Cluster, tmp_path: Path) -> None:
    pod = cluster.pod("debian")
    archive = trees.Archive(owner=pod.owner)
    for number in range(40):
        archive.add(f"f{number}", b"x" * 512)
    data = archive.finish()
    # It begins with a header, and so looks like an archive.
    (tmp_path / "b.aa").write_bytes(data[:10240])
    (tmp_path / "b.ab").write_bytes(data[10240:])
    result = restore(pod, tmp_path / "b.ab", "--force")
    assert result.code == 3, result
    assert "b.ab is not the first part of the backup" in result.err
    assert pod.tree() == {}
