"""A part of the corpus in each tar; the whole by python -m tests.archives.formats."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.archives.corpus import archives
from tests.archives.formats import KINDS, restored

if TYPE_CHECKING:
    from tests.contract.clusters import Cluster

SOME = random.Random(20).sample(archives(), 3)  # noqa: S311 - which


@pytest.mark.parametrize("kind", KINDS)
def test_archives_of_other_programs_arrive_as_gnu_tar_extracts_them(
    cluster: Cluster, kind: str
) -> None:
    if cluster.embedded is None or not cluster.can_chown:
        pytest.skip("its volume is looked at from outside, as root")
    cells = {one.name: restored(cluster, one, kind) for one in SOME}
    assert all(cell.is_right for cell in cells.values()), cells
