"""Cells of the matrix of docs/volumes.md, drawn by RESTORE_SEED; RESTORE_CELLS names others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.refusals import DRAWN, Refusing
from tests.volumes.judging import TARS, WAYS, judge

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.clusters import Cluster


@pytest.mark.parametrize("kind", DRAWN, ids=lambda kind: kind.name)
def test_a_cell_keeps_every_promise(cluster: Cluster, kind: Refusing, tmp_path: Path) -> None:
    pod = cluster.pod(kind.name)
    (family,) = kind.refused
    way = WAYS[DRAWN.index(kind) % len(WAYS)]

    codes, broken = judge(pod, family, TARS[kind.tar], way, tmp_path)

    assert broken == [], codes
