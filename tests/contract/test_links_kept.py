"""`--keep-directory-symlinks` beside what deletes, and beside what compares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract import trees
from tests.contract.program import restore, verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod

    Writer = Callable[..., Path]

KEEP = "--keep-directory-symlinks"


def linked(cluster: Cluster, backup: Writer, kind: str) -> tuple[Pod, Path]:
    """Return a pod in which a link stands for a directory of the backup, and the backup."""
    pod = cluster.pod(kind)
    archive = trees.Archive(owner=pod.owner)
    archive.directory("app")
    archive.directory("app/current")
    archive.add("app/current/file", b"through the link")
    archive.directory("app/current/sub")
    archive.add("app/current/sub/deep", b"deeper")
    archive.directory("app/near")
    archive.add("app/near/file", b"one level up")
    make = (
        "cd {} && mkdir -p app/beside && ln -s beside app/near && echo mine >app/beside/old"
        " && mkdir -p app/releases/2 app/releases/1 && ln -s releases/2 app/current"
        " && echo mine >app/releases/2/old && echo mine >app/releases/1/old && echo >app/extra"
        " && mkdir app/releases/2/sub && echo mine >app/releases/2/sub/old"
    )
    pod.run("sh", "-c", make.format(pod.path))
    return pod, backup(archive.finish())


@pytest.mark.parametrize("kind", ["busybox", "debian", "bsdtar", "toybox"])
def test_what_came_through_a_link_is_not_deleted_nor_what_stands_beside_it(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod, file = linked(cluster, backup, kind)
    stood = pod.tree()
    # The second one finds the first one's files where the link leads.
    for _ in range(2):
        result = restore(pod, file, KEEP, "--delete", "--force", "--verify=checksum")
        assert result.code == 0, result
        tree = pod.tree()
        assert tree[b"app/current"].kind == "symlink"
        assert tree.keys() - stood.keys() == {
            b"app/releases/2/file", b"app/releases/2/sub/deep", b"app/beside/file"
        }  # fmt: skip
        assert stood.keys() - tree.keys() == {b"app/extra"}


def test_what_stands_where_a_link_leads_is_compared_and_not_called_extra(
    cluster: Cluster, backup: Writer
) -> None:
    pod, file = linked(cluster, backup, "debian")
    assert restore(pod, file, KEEP, "--force").code == 0
    found = verify(pod, file, KEEP)
    assert found.code == 0, found
    assert found.out.startswith("extra    app/extra\n")
    found = verify(pod, file, KEEP, "--extras=fail")
    assert found.code == 9, found
    assert "extra    app/extra\n" in found.out
    pod.run("sh", "-c", f"cd {pod.path} && rm app/extra && touch -d @{trees.MTIME} app")
    same = verify(pod, file, KEEP)
    assert same.code == 0, same
    pod.flip("app/releases/2/file")
    changed = verify(pod, file, KEEP)
    assert "content  app/current/file: " in changed.out
    without = verify(pod, file)
    assert "kind     app/current: a symlink instead of a directory" in without.out
