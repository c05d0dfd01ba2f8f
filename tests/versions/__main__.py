"""`python -m tests.versions`: make README's table of kubectls on the real node, or check it."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.cluster.pods import PODS
from tests.contract.clusters import ROOT, node_cluster
from tests.versions.cells import measure
from tests.versions.kubectls import known
from tests.versions.page import SECTION, line, lines_of, section
from tests.versions.situations import KINDS
from tests.versions.stage import allow_reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.contract.clusters import Cluster
    from tests.versions.cells import Row

_PAGE: Final = ROOT / "README.md"
_NODE: Final = "--output=jsonpath={.items[0].status.nodeInfo.kubeletVersion}"


def main() -> int:
    """Play with the kubectls that were asked for."""
    asked = _arguments()
    if not os.environ.get("RESTORE_E2E_KUBECONFIG"):
        print("Error: RESTORE_E2E_KUBECONFIG names no kubeconfig", file=sys.stderr)
        return 2
    if asked.write and not os.environ.get("RESTORE_TEST_PROGRAM"):
        # The table is about what users install.
        print("Error: RESTORE_TEST_PROGRAM names no frozen program", file=sys.stderr)
        return 2
    pods = [pod for pod in PODS if pod.kind in KINDS]
    with (
        tempfile.TemporaryDirectory(prefix="versions-") as name,
        node_cluster(Path(name), pods) as cluster,
    ):
        allow_reader(cluster)
        node = _ask(cluster, "get", "nodes", _NODE)
        rows = [measure(cluster, minor, Path(name)) for minor in asked.kubectls]
    failed = sum(row.fails for row in rows)
    if asked.check:
        failed += _check(rows)
    elif asked.write:
        made = section(rows, f"Kubernetes {node.removeprefix('v')}")
        _PAGE.write_text(SECTION.put_into(_PAGE.read_text("utf-8"), made), "utf-8")
    else:
        print("\n".join(map(line, rows)))
    print(f"{failed} of the rows are wrong" if failed else "every row is right", file=sys.stderr)
    return 1 if failed else 0


def _check(rows: Sequence[Row]) -> int:
    """Compare rows with those of the page, and return how many differ."""
    there = lines_of(_PAGE.read_text("utf-8"))
    missing = [line(row) for row in rows if line(row) not in there]
    for one in missing:
        print(f"{_PAGE.name} does not have: {one}", file=sys.stderr)
    return len(missing)


def _ask(cluster: Cluster, *words: str) -> str:
    command = [*cluster.kubectl, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.versions", description=__doc__)
    parser.add_argument("--kubectls", type=_minors, default=known(), help="1.24,1.37 and the like")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true", help=f"write the table into {_PAGE.name}")
    what.add_argument("--check", action="store_true", help=f"compare with {_PAGE.name}")
    return parser.parse_args()


def _minors(text: str) -> list[str]:
    asked = text.split(",")
    unknown = [one for one in asked if one not in known()]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown} is none of {', '.join(known())}")
    return asked


if __name__ == "__main__":
    sys.exit(main())
