"""By which of kubectl's protocols a backup is carried: `--transport`."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from tests.contract import trees
from tests.contract.program import Result, restore, start

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod
    from tests.link import LinkProxy

    Writer = Callable[..., Path]

LARGE = 257 << 20
"""Bytes from which on both are tried."""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "kubectl-restore" / "transports.json"


def large(pod: Pod) -> bytes:
    archive = trees.Archive(owner=pod.owner)
    archive.directory("d")
    archive.add("d/large", b"no hole" * (LARGE // 7))
    archive.add("d/behind", b"behind\n")
    return archive.finish()


def whole(pod: Pod) -> bool:
    """Tell whether the large backup stands there."""
    size = pod.run("sh", "-c", f"wc -c <{pod.path}/d/large; cat {pod.path}/d/behind").split()
    return size == [b"%d" % (LARGE // 7 * 7), b"behind"]


def test_both_are_tried_once_and_what_was_found_is_remembered(
    cluster: Cluster, backup: Writer, cache: Path
) -> None:
    pod = cluster.pod("debian")
    path = backup(gzip.compress(large(pod), 1), "large.tar.gz")

    first = restore(pod, path, "-v")

    assert first.code == 0, first
    assert "remembered for this cluster" in first.err
    assert whole(pod)
    (found,) = json.loads(cache.read_text()).values()
    assert found[0] in {"websocket", "spdy"}
    pod.clear()
    second = restore(pod, path, "-v")
    assert second.code == 0, second
    assert "remembered for this cluster" not in second.err
    assert whole(pod)


@pytest.mark.parametrize("kind", ["debian", "toybox"])
def test_each_is_used_where_it_is_named(cluster: Cluster, backup: Writer, kind: str) -> None:
    pod = cluster.pod(kind)
    data = trees.small()
    for wire in ("websocket", "spdy"):
        if wire == "spdy" and cluster.embedded is not None:
            continue
        pod.clear()
        result = restore(pod, backup(data), f"--transport={wire}")
        assert result.code == 0, result
        assert trees.differences(trees.tree_of(data), pod.tree(), owners=pod.is_root) == []


def test_another_is_refused_with_those_that_there_are(cluster: Cluster, backup: Writer) -> None:
    result = restore(cluster.pod("busybox"), backup(trees.small()), "--transport=quic")

    assert result.code == 2, result
    assert "spdy" in result.err


def test_one_that_breaks_is_gone_on_without(
    cluster: Cluster, backup: Writer, cache: Path, link: LinkProxy
) -> None:
    if cluster.embedded is not None:
        pytest.skip("the embedded cluster has one protocol only")
    pod = cluster.pod("debian")
    path = backup(gzip.compress(large(pod), 1), "large.tar.gz")
    config = cluster.through(link.port, "breaks")
    assert restore(pod, path, kubeconfig=config).code == 0
    (key,) = json.loads(cache.read_text())
    cache.write_text(json.dumps({key: ["spdy", json.loads(cache.read_text())[key][1]]}))
    pod.clear()
    before = link.sent
    process = start(pod, path, "-v", "--compress=none", kubeconfig=config)
    while link.sent - before < LARGE // 4 and process.poll() is None:
        pass
    link.cut()

    out, err = process.communicate(timeout=120)

    assert process.returncode == 0, Result(process.returncode, out, err)
    assert "trying again" in err
    assert whole(pod)
    assert json.loads(cache.read_text())[key][0] == "websocket"
