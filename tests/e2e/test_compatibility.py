"""docs/compatibility.md still says what is so: some of its cells, made again."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.contract.clusters import ROOT

if TYPE_CHECKING:
    from tests.contract.clusters import Cluster


def test_some_cells_of_the_page_are_as_they_stand_there(cluster: Cluster) -> None:
    if cluster.kubelet is None:
        pytest.skip("volumes are read from the node, which is another machine")
    words = ["--kinds=debian,bsdtar,nonroot-toybox", "--formats=plain,zstd", "--check"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.compatibility", *words],
        cwd=ROOT,
        env={**os.environ, "RESTORE_E2E_KUBECONFIG": str(cluster.kubeconfig)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
