"""A cluster whose names are those of README: context prod-eu, namespace prod."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tests.contract.clusters import embedded_cluster
from tests.embedded.cluster import Contents
from tests.embedded.pods import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.clusters import Cluster

_PODS: Final = ("db-0", "db-1", "shop-0", "web-6d5")
_NAMESPACE: Final = "prod"


@contextmanager
def production(directory: Path) -> Iterator[Cluster]:
    """Run it: a set of two pods with claims of their own, and a claim that one pod mounts."""
    contents = Contents(tuple(map(Kind, _PODS)), _NAMESPACE, "prod-eu")
    with embedded_cluster(directory, contents) as cluster:
        embedded = cluster.embedded
        assert embedded is not None
        workloads = embedded.workloads
        databases = [embedded.pod(name) for name in _PODS[:2]]
        workloads.add("statefulsets", "db", databases, replicas=2, namespace=_NAMESPACE)
        for pod in databases:
            pod.claim = f"data-{pod.name}"
        workloads.add("persistentvolumeclaims", "data", namespace=_NAMESPACE)
        embedded.pod("web-6d5").claim = "data"
        yield cluster
