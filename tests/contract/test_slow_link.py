"""Over a slow link what shrinks is packed for the way, whatever the backup is packed with."""

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

    from tests.contract.clusters import Cluster, Pod
    from tests.link import LinkProxy

    Writer = Callable[..., Path]


def dump(pod: Pod) -> bytes:
    """Return an archive of text that shrinks to a third."""
    chance = random.Random(3)  # noqa: S311 - content, no secret
    words = [b"%x" % chance.getrandbits(64) for _ in range(300)]
    archive = trees.Archive(owner=pod.owner)
    archive.directory("dump")
    for number in range(8):
        archive.add(f"dump/part{number}.sql", b" ".join(chance.choices(words, k=300_000)))
    return archive.finish()


@pytest.mark.parametrize("is_packed", [True, False], ids=["packed", "plain"])
@pytest.mark.parametrize("kind", ["busybox", "debian", "bsdtar", "toybox"])
def test_chunks_are_packed_for_the_way(
    cluster: Cluster, backup: Writer, link: LinkProxy, kind: str, *, is_packed: bool
) -> None:
    pod = cluster.pod(kind)
    if not pod.run("sh", "-c", "command -v gzip; true"):
        pytest.skip("this container has no gzip")
    data = dump(pod)
    file = backup(gzip.compress(data, 1), "dump.tar.gz") if is_packed else backup(data)
    link.rate = 6e6
    result = restore(pod, file, kubeconfig=cluster.through(link.port, "slow"))
    assert result.code == 0, result
    assert trees.differences(trees.tree_of(data), pod.tree(), owners=pod.is_root) == []
    # Without it all of the archive's bytes go over the link, and more.
    assert link.sent < 0.75 * len(data)


@pytest.mark.parametrize(("how", "bounds"), [("none", (1.0, 1.1)), ("gzip", (0.05, 0.5))])
def test_what_is_asked_for_is_not_measured(
    cluster: Cluster, backup: Writer, link: LinkProxy, how: str, bounds: tuple[float, float]
) -> None:
    pod = cluster.pod("debian")
    data = dump(pod)
    config = cluster.through(link.port, "slow")
    result = restore(pod, backup(data), f"--compress={how}", kubeconfig=config)
    assert result.code == 0, result
    assert trees.differences(trees.tree_of(data), pod.tree(), owners=pod.is_root) == []
    part = link.sent / len(data)
    assert bounds[0] < part < bounds[1]


def test_what_does_not_shrink_goes_as_it_is(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    pod = cluster.pod("debian")
    archive = trees.Archive(owner=pod.owner)
    archive.add("blob", random.Random(4).randbytes(24 << 20))  # noqa: S311 - content, no secret
    data = archive.finish()
    config = cluster.through(link.port, "slow")
    result = restore(pod, backup(data), "--compress=gzip", kubeconfig=config)
    assert result.code == 0, result
    assert trees.differences(trees.tree_of(data), pod.tree(), owners=pod.is_root) == []
    assert link.sent < 1.1 * len(data)
