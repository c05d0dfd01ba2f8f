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


@pytest.mark.parametrize(
    "words",
    [
        ["tests.compatibility", "--kinds=debian,bsdtar,nonroot-toybox", "--formats=plain,zstd"],
        ["tests.toolsets", "--only=^images: (ubi9-micro|photon)"],
    ],
    ids=lambda words: words[0],
)
def test_some_cells_of_the_page_are_as_they_stand_there(cluster: Cluster, words: list[str]) -> None:
    if cluster.kubelet is None:
        pytest.skip("volumes are read from the node, which is another machine")
    done = subprocess.run(
        [sys.executable, "-m", *words, "--check"],
        cwd=ROOT,
        env={**os.environ, "RESTORE_E2E_KUBECONFIG": str(cluster.kubeconfig)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
