"""A packed backup over a slow link: what was small in the file is small on the way."""

from __future__ import annotations

import gzip
import random
from typing import TYPE_CHECKING

import pytest

from tests.contract import trees
from tests.contract.program import restore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster
    from tests.link import LinkProxy

    Writer = Callable[..., Path]


@pytest.mark.parametrize("kind", ["busybox", "debian", "bsdtar", "toybox"])
def test_chunks_are_packed_for_the_way(
    cluster: Cluster, backup: Writer, link: LinkProxy, kind: str
) -> None:
    pod = cluster.pod(kind)
    if not pod.run("sh", "-c", "command -v gzip; true"):
        pytest.skip("this container has no gzip")
    chance = random.Random(3)  # noqa: S311 - content, no secret
    words = [b"%x" % chance.getrandbits(64) for _ in range(300)]
    archive = trees.Archive(owner=pod.owner)
    archive.directory("dump")
    for number in range(8):
        archive.add(f"dump/part{number}.sql", b" ".join(chance.choices(words, k=300_000)))
    data = archive.finish()
    link.rate = 6e6
    config = cluster.through(link.port, "slow")
    result = restore(pod, backup(gzip.compress(data, 1), "dump.tar.gz"), kubeconfig=config)
    assert result.code == 0, result
    assert trees.differences(trees.tree_of(data), pod.tree(), owners=pod.is_root) == []
    # Without it all of the archive's bytes go over the link, and more.
    assert link.sent < 0.75 * len(data)
