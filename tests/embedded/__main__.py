"""`python -m tests.embedded --directory DIR`: serve until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from tests.embedded.cluster import EmbeddedCluster


def main() -> int:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, required=True)
    directory = parser.parse_args().directory
    directory.mkdir(parents=True, exist_ok=True)
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with EmbeddedCluster(directory) as cluster:
        print(f"KUBECONFIG={cluster.kubeconfig}", flush=True)
        sys.stderr.write(f"pods: {cluster.isolation}\n")
        signal.sigwait(signals)
    return 0


if __name__ == "__main__":
    sys.exit(main())
