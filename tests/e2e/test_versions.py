"""README's table of kubectls still says what is so: some of its rows, made again."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.contract.clusters import ROOT

if TYPE_CHECKING:
    from tests.contract.clusters import Cluster


# One that is too old, the oldest, the newest (with both transports).
@pytest.mark.parametrize("minor", ["1.23", "1.24", "1.37"])
def test_a_row_of_the_table_is_as_it_stands_there(cluster: Cluster, minor: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.versions", f"--kubectls={minor}", "--check"],
        cwd=ROOT,
        env={**os.environ, "RESTORE_E2E_KUBECONFIG": str(cluster.kubeconfig)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
