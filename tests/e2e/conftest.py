"""The node suite uses the contract suite's fixtures, and has workloads of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.conftest import (
    backup,
    cluster,
    frozen_program,
    link,
    nothing_stays,
    pytest_generate_tests,
    tested_program,
)
from tests.e2e.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.clusters import Cluster

__all__ = [
    "backup",
    "cluster",
    "frozen_program",
    "link",
    "nothing_stays",
    "pytest_generate_tests",
    "shop",
    "tested_program",
]


@pytest.fixture
def shop(cluster: Cluster) -> Iterator[Shop]:
    """Whatever is called `shop`, deleted in the end with its pods."""
    one = Shop(cluster)
    yield one
    kinds = "deployments,statefulsets,daemonsets,jobs,services,persistentvolumeclaims"
    kinds += ",serviceaccounts,roles,rolebindings"
    one.kubectl("delete", kinds, "shop", "--ignore-not-found", "--cascade=foreground")
    one.wait(0)
