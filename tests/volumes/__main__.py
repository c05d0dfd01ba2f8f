"""Make the matrix of docs/volumes.md on the real node: python -m tests.volumes [--answers A,B].

Each cell is a pod of its own, whose calls are answered by a seccomp profile: a first restore, the
same command again, verify, --strict, and one whose link is cut, with the same command behind it.
What is not made anew stays in the table.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.cluster import pods as node_pods
from tests.cluster.places import Places
from tests.contract.clusters import Pod, node_cluster
from tests.refusals import ANSWERS, FAMILIES, write_profiles
from tests.section import Section
from tests.volumes.judging import TARS, WAYS, judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.contract.clusters import Cluster

PAGE: Final = Path(__file__).resolve().parent.parent.parent / "docs/volumes.md"
SECTION: Final = Section("tests.volumes")
_AT_ONCE: Final = 3


class Cell(NamedTuple):
    """One situation: which calls are answered how, for which tar, and how the backup comes."""

    family: str
    answer: str
    tar: str
    way: str

    @property
    def name(self) -> str:
        """What its pod is called."""
        return f"{self.family}-{self.answer}-{self.tar}-{self.way}".lower()


def main(words: Sequence[str]) -> int:
    """Fill the matrix, and write it into the page."""
    parser = argparse.ArgumentParser(prog="tests.volumes")
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--answers", default=",".join(ANSWERS))
    parser.add_argument("--tars", default=",".join(TARS))
    parser.add_argument("--ways", default=",".join(WAYS))
    chosen = parser.parse_args(words)
    is_broken = False
    for family in chosen.families.split(","):
        some = [
            Cell(family, answer, tar, way)
            for answer in chosen.answers.split(",")
            for tar in chosen.tars.split(",")
            for way in chosen.ways.split(",")
        ]
        found: dict[Cell, str] = {}
        for cell, text, broken in _fill(some):
            found[cell] = text + "!" * bool(broken)
            is_broken = is_broken or bool(broken)
            print(*cell, text, *broken, sep="  ", flush=True)
        _write(found)
    return int(is_broken)


def _fill(cells: list[Cell]) -> Iterator[tuple[Cell, str, list[str]]]:
    places = Places.here()
    os.environ.setdefault("RESTORE_E2E_KUBECONFIG", str(places.kubeconfig))
    refused = {one: {one.family: one.answer} for one in cells}
    write_profiles(places.state / "kubelet/seccomp", *refused.values())
    pods = [
        node_pods.refusing(one.name, f"restore.test/{one.tar}:latest", refused[one])
        for one in cells
    ]
    with (
        tempfile.TemporaryDirectory() as folder,
        node_cluster(Path(folder), pods) as cluster,
        ThreadPoolExecutor(_AT_ONCE) as several,
    ):
        due = {several.submit(_cell, cluster, one, Path(folder)): one for one in cells}
        for one in as_completed(due):
            yield (due[one], *one.result())


def _cell(cluster: Cluster, cell: Cell, folder: Path) -> tuple[str, list[str]]:
    own = folder / cell.name
    own.mkdir()
    return judge(Pod(cluster, cell.name), cell.family, TARS[cell.tar], cell.way, own)


def _write(found: dict[Cell, str]) -> None:
    text = PAGE.read_text("utf-8")
    table = _table(_read(SECTION.read(text)) | found)
    PAGE.write_text(SECTION.put_into(text, table), "utf-8")


def _read(table: str) -> dict[Cell, str]:
    """Return the cells of a table."""
    found: dict[Cell, str] = {}
    for line in table.splitlines():
        words = [one.strip() for one in line.strip("|").split("|")]
        if words[0] in FAMILIES and len(words) == len(TARS) + 3:
            family, answer, way, *texts = words
            named = zip(TARS, texts, strict=True)
            found |= {Cell(family, answer, tar, way): text for tar, text in named}
    return found


def _table(found: dict[Cell, str]) -> str:
    lines = [
        "Exit codes: first run, the same command, `verify`, `--strict`; a run whose link is cut,",
        "the same behind it (`f`: with `--force`, as the error says: a profile that refuses hard",
        "links does so where it is noted what is in flight, too). `!`: a broken promise.",
        "",
        "| calls | answer | way | " + " | ".join(TARS.values()) + " |",
        "|---|---|---|" + "---|" * len(TARS),
    ]
    order = {name: number for number, name in enumerate((*FAMILIES, *ANSWERS, *WAYS))}
    rows = {(one.family, one.answer, one.way) for one in found}
    lines += [
        f"| {family} | {answer} | {way} | "
        + " | ".join(found.get(Cell(family, answer, tar, way), "") for tar in TARS)
        + " |"
        for family, answer, way in sorted(rows, key=lambda row: [order[one] for one in row])
    ]
    return "\n".join(lines) + "\n"


sys.exit(main(sys.argv[1:]))
