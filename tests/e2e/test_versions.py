"""README's table of kubectls still says what is so: some of its rows, made again."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.contract.clusters import ROOT

if TYPE_CHECKING:
    from tests.contract.clusters import Cluster


def test_some_rows_of_the_table_are_as_they_stand_there(cluster: Cluster) -> None:
    # One that is too old, the oldest, one that has both transports, the newest.
    done = subprocess.run(
        [sys.executable, "-m", "tests.versions", "--kubectls=1.23,1.24,1.31,1.37", "--check"],
        cwd=ROOT,
        env={**os.environ, "RESTORE_E2E_KUBECONFIG": str(cluster.kubeconfig)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
