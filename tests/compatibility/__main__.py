"""`python -m tests.compatibility`: make docs/compatibility.md on the real node, or check it."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.cluster.pods import Cluster
from tests.compatibility.cells import measure
from tests.compatibility.formats import FORMATS
from tests.compatibility.page import Row, cells_of, page, written
from tests.compatibility.pods import (
    FILLING,
    IN_MEMORY,
    KINDS,
    is_small,
    owner_in,
    tar_version,
    targets,
    versions,
)
from tests.compatibility.tree import Tree, make
from tests.contract.clusters import KUBECTL, ROOT
from tests.toolsets.page import SECTION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.compatibility.cells import Cell, Target

_PAGE: Final = ROOT / "docs/compatibility.md"


class Backups:
    """The backups, each made when it is first asked for."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._trees: dict[tuple[tuple[int, int], bool], Tree] = {}

    def tree(self, kind: str, layout: str) -> Tree:
        """Return what is restored into a kind of pod in a format."""
        key = owner_in(kind), not is_small(kind, layout)
        if key not in self._trees:
            self._trees[key] = make(key[0], huge=key[1])
        return self._trees[key]

    @property
    def trees(self) -> list[Tree]:
        """All that were made."""
        return list(self._trees.values())

    def file(self, kind: str, layout: str) -> Path:
        """Return the backup's file in a format."""
        suffix, pack = FORMATS[layout]
        size = "small" if is_small(kind, layout) else "whole"
        path = self._directory / f"{owner_in(kind)[0]}-{size}-{layout}" / f"tree{suffix}"
        if not path.exists():
            path.parent.mkdir()
            path.write_bytes(pack(self.tree(kind, layout).archive))
        return path


def main() -> int:
    """Run the cells that were asked for."""
    asked = _arguments()
    kubeconfig = os.environ.get("RESTORE_E2E_KUBECONFIG")
    if not kubeconfig:
        print("Error: RESTORE_E2E_KUBECONFIG names no kubeconfig", file=sys.stderr)
        return 2
    cluster = Cluster(Path(kubeconfig).absolute(), program=KUBECTL)
    for kind in asked.kinds:
        if kind not in KINDS:
            print(f"skipped: there is no kind {kind}", file=sys.stderr)
    kinds = [kind for kind in asked.kinds if kind in KINDS]
    with (
        tempfile.TemporaryDirectory(prefix="compatibility-") as directory,
        targets(cluster, kinds) as there,
    ):
        backups = Backups(Path(directory))
        rows = [_row(cluster, target, backups, asked.formats) for target in there]
        entries = max((len(tree.expected) for tree in backups.trees), default=0)
    if not rows:
        print("Error: no pod of these kinds could be made", file=sys.stderr)
        return 2
    failed = sum(cell.fails for row in rows for cell in row.cells.values())
    if asked.check:
        failed += _check(rows)
    else:
        kubectl, node = versions(cluster)
        text = page(rows, kubectl=kubectl, node=node, entries=entries)
        if asked.write:
            old = asked.write.read_text("utf-8") if asked.write.exists() else ""
            asked.write.write_text(text + SECTION.whole(old), "utf-8")
        else:
            print(text, end="")
    print(f"{failed} of the cells are wrong" if failed else "every cell is right", file=sys.stderr)
    return 1 if failed else 0


def _row(cluster: Cluster, target: Target, backups: Backups, formats: Sequence[str]) -> Row:
    cells: dict[str, Cell] = {}
    for layout in formats:
        backup = backups.file(target.kind, layout)
        started = time.monotonic()
        cell = measure(target, backup, backups.tree(target.kind, layout).expected)
        cells[layout] = cell
        took = time.monotonic() - started
        print(f"{target.kind}, {layout}: {cell.text} ({took:.1f} s)", file=sys.stderr, flush=True)
    return Row(
        kind=target.kind,
        tar=tar_version(cluster, target),
        owner=owner_in(target.kind),
        mark="¹" if target.kind in IN_MEMORY else "²" if target.kind in FILLING else "",
        cells=cells,
    )


def _check(rows: Sequence[Row]) -> int:
    """Compare cells with those of the page, and return how many differ."""
    known = cells_of(_PAGE.read_text("utf-8") if _PAGE.exists() else "")
    wrong = 0
    for row in rows:
        for layout, cell in row.cells.items():
            old = known.get((row.kind, layout), "nothing")
            if old != written(cell):
                wrong += 1
                print(f"{row.kind}, {layout}: the page says {old!r}", file=sys.stderr)
    return wrong


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.compatibility", description=__doc__)
    parser.add_argument("--kinds", type=_names, default=list(KINDS), help="kinds, with commas")
    parser.add_argument("--formats", type=_formats, default=list(FORMATS), help="with commas")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", type=Path, help="write the page here, not on stdout")
    what.add_argument("--check", action="store_true", help=f"compare with {_PAGE.name}")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _formats(text: str) -> list[str]:
    unknown = [name for name in _names(text) if name not in FORMATS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown} is none of {', '.join(FORMATS)}")
    return _names(text)


if __name__ == "__main__":
    sys.exit(main())
