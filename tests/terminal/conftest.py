"""What the tests of the terminal stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.clusters import embedded_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.clusters import Cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The embedded cluster: what is seen does not depend on who stands behind kubectl."""
    with embedded_cluster(tmp_path_factory.mktemp("cluster")) as one:
        yield one
