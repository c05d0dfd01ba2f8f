"""Make the second matrix of docs/compatibility.md on the real node: python -m tests.toolsets.

What is not made anew stays in the tables.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.cluster import pods as node_pods
from tests.cluster.places import Places
from tests.compatibility.pods import versions
from tests.compatibility.tree import make
from tests.contract.clusters import KUBECTL, ROOT, Pod, node_cluster
from tests.toolsets.judging import Judge
from tests.toolsets.page import SECTION, Row, read, row_of, written
from tests.toolsets.userlands import USERLANDS, Userland

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.compatibility.tree import Tree
    from tests.contract.clusters import Cluster

_PAGE: Final = ROOT / "docs/compatibility.md"
_AT_ONCE: Final = 2
_TOGETHER: Final = 12
"""Pods; a node has not room for all."""
_OWNER: Final = (1234, 567)


def main(words: Sequence[str]) -> int:
    """Fill the tables, and write them into the page; 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.toolsets", description=__doc__)
    parser.add_argument("--only", default="", help="a pattern: `TABLE: NAME`")
    parser.add_argument("--check", action="store_true", help="compare with the page")
    asked = parser.parse_args(words)
    chosen = [one for one in USERLANDS if re.search(asked.only, f"{one.table}: {one.name}")]
    os.environ.setdefault("RESTORE_E2E_KUBECONFIG", str(Places.here().kubeconfig))
    tree = make(_OWNER, huge=False)
    wrong = 0
    for start in range(0, len(chosen), _TOGETHER):
        known = read(_PAGE.read_text("utf-8"))
        for one, row, broken in _fill(chosen[start : start + _TOGETHER], tree):
            print(f"{one.table}: {one.name}", *row.cells, sep="  ", flush=True)
            print(*(f"    {line}\n" for line in broken), sep="", end="", flush=True)
            wrong += bool(broken)
            if asked.check and known.get((one.table, one.name)) != row:
                wrong += 1
                print(f"    the page has {known.get((one.table, one.name))}\n    not {row}")
            known[one.table, one.name] = row
        if not asked.check:
            _write(known)
    return int(wrong > 0)


def _fill(some: Sequence[Userland], tree: Tree) -> Iterator[tuple[Userland, Row, list[str]]]:
    with (
        tempfile.TemporaryDirectory(prefix="toolsets-") as folder,
        node_cluster(Path(folder), [one.pod for one in some]) as cluster,
        ThreadPoolExecutor(_AT_ONCE) as several,
    ):
        due = {several.submit(_row, cluster, one, tree, Path(folder)): one for one in some}
        for one in as_completed(due):
            yield (due[one], *one.result())


def _row(cluster: Cluster, one: Userland, tree: Tree, folder: Path) -> tuple[Row, list[str]]:
    own = folder / one.pod.kind
    own.mkdir()
    judge = Judge(Pod(cluster, one.pod.kind), tree, own)
    return row_of(judge.cells(), judge.said), judge.broken


def _write(rows: dict[tuple[str, str], Row]) -> None:
    kubeconfig = Path(os.environ["RESTORE_E2E_KUBECONFIG"])
    kubectl, node = versions(node_pods.Cluster(kubeconfig, program=KUBECTL))
    made = written(rows, kubectl=kubectl, node=node)
    _PAGE.write_text(SECTION.put_into(_PAGE.read_text("utf-8"), made), "utf-8")


sys.exit(main(sys.argv[1:]))
