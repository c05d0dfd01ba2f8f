"""Which cluster the suite runs against: RESTORE_CLUSTER is `embedded` (the default) or `node`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.contract.clusters import Cluster, embedded_cluster, node_cluster
from tests.link import LinkProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WHICH = os.environ.get("RESTORE_CLUSTER", "embedded")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster, for the whole run."""
    make = {"embedded": embedded_cluster, "node": node_cluster}[WHICH]
    with make(tmp_path_factory.mktemp("cluster")) as one:
        yield one


@pytest.fixture
def backup(tmp_path: Path) -> Callable[[bytes], Path]:
    """Write an archive to a file."""

    def write(content: bytes, name: str = "backup.tar") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def link(cluster: Cluster) -> Iterator[LinkProxy]:
    """A link to the cluster that can be made bad."""
    with LinkProxy(cluster.address) as proxy:
        yield proxy


@pytest.fixture
def embedded_only(cluster: Cluster) -> None:
    """Skip on clusters that do not misbehave on request."""
    if cluster.embedded is None:
        pytest.skip("only the embedded cluster misbehaves on request")
