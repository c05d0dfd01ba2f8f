"""`make try`: a shell whose kubectl leads to an embedded cluster, until it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.embedded.cluster import EmbeddedCluster

ROOT = Path(__file__).resolve().parent.parent.parent


def main() -> int:
    """Serve as long as the shell runs, and end with its exit code."""
    with tempfile.TemporaryDirectory(prefix="kubectl-restore-try-") as name:
        cluster_directory, here = Path(name, "cluster"), Path(name, "here")
        cluster_directory.mkdir()
        here.mkdir()
        with EmbeddedCluster(cluster_directory) as cluster:
            print(
                f"An embedded cluster is up; its pods: {cluster.isolation}. kubectl leads to it in "
                "this shell.\n`exit` ends it, and removes this directory.",
                flush=True,
            )
            environment = {
                **os.environ,
                "PATH": f"{ROOT}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
                "KUBECONFIG": str(cluster.kubeconfig),
            }
            # Ctrl-C is for what runs in the shell, which has it as it was.
            with subprocess.Popen(
                [os.environ.get("SHELL") or "/bin/sh"], cwd=here, env=environment
            ) as shell:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                return shell.wait()


if __name__ == "__main__":
    sys.exit(main())
