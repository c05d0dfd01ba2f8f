"""Make the matrix of docs/volumes.md on the real node: python -m tests.volumes [--answers A,B].

Each cell is a pod of its own, whose calls are answered by a seccomp profile: a first restore, the
same command again, verify, and --strict.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.cluster import pods as node_pods
from tests.cluster.places import Places
from tests.contract.clusters import KUBECTL, Cluster, Pod
from tests.contract.program import restore, restore_piped, verify
from tests.contract.test_volumes import contents, everything, expected
from tests.refusals import ANSWERS, FAMILIES, write_profiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.contract.program import Result

PAGE: Final = Path(__file__).resolve().parent.parent.parent / "docs/volumes.md"
BEGIN: Final = "<!-- made by python -m tests.volumes; do not edit -->"
END: Final = "<!-- end of what tests.volumes made -->"
TARS: Final = {"debian": "GNU", "busybox": "busybox", "bsdtar": "bsdtar", "toybox": "toybox"}
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
    parser.add_argument("--answers", default=",".join(ANSWERS))
    parser.add_argument("--ways", default="file,stdin")
    chosen = parser.parse_args(words)
    cells = [
        Cell(family, answer, tar, way)
        for family in FAMILIES
        for answer in chosen.answers.split(",")
        for tar in TARS
        for way in chosen.ways.split(",")
    ]
    found: dict[Cell, str] = {}
    for family in FAMILIES:
        some = [one for one in cells if one.family == family]
        for cell, text in _fill(some):
            found[cell] = text
            print(*cell, text, flush=True)
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, behind = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{_table(found)}{END}{behind}")
    return int(any("!" in one for one in found.values()))


def _fill(cells: list[Cell]) -> Iterator[tuple[Cell, str]]:
    places = Places.here()
    kubeconfig = Path(os.environ.get("RESTORE_E2E_KUBECONFIG", places.kubeconfig))
    node, namespace = node_pods.Cluster(kubeconfig, KUBECTL), f"volumes-{uuid.uuid4().hex[:8]}"
    refused = {one: {one.family: one.answer} for one in cells}
    write_profiles(places.state / "kubelet/seccomp", *refused.values())
    pods = [
        node_pods.refusing(one.name, f"restore.test/{one.tar}:latest", refused[one])
        for one in cells
    ]
    node_pods.create_namespace(node, namespace)
    try:
        node_pods.apply(node, namespace, pods)
        node_pods.wait(node, namespace, pods)
        cluster = Cluster("node", kubeconfig, namespace, ("", 0), lambda _port, _name: kubeconfig)
        with ThreadPoolExecutor(_AT_ONCE) as several:
            yield from zip(cells, several.map(lambda one: _cell(cluster, one), cells), strict=True)
    finally:
        node_pods.delete_namespace(node, namespace)


def _cell(cluster: Cluster, cell: Cell) -> str:
    """Return the exit codes of one cell, with `!` where a promise is broken."""
    pod = Pod(cluster, cell.name)
    archive = everything(pod)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "backup.tar"
        path.write_bytes(archive)

        def again() -> Result:
            return restore(pod, path) if cell.way == "file" else restore_piped(pod, archive)

        first = again()
        tree = pod.tree()
        wants_link = cell.family == "symlink"
        whole = len(contents(tree)) == expected(pod, symlink=not wants_link)
        uid = pod.owner[0]
        disarmed = all(
            one.mode is None or not one.mode & 0o6000 or (one.owner or (uid,))[0] == uid
            for one in tree.values()
            if one.kind == "file"
        )
        second = again()
        checked = verify(pod, path)
        strict = restore(pod, path, "--strict")
    done = 7 if wants_link else 0
    good = whole and disarmed and (first.code, second.code) == (done, done)
    good = good and (done != 0 or ("Nothing to restore" in second.out and checked.code == 0))
    codes = f"{first.code} {second.code} {checked.code} {strict.code}"
    return codes if good else f"{codes}!"


def _table(found: dict[Cell, str]) -> str:
    lines = [
        "Exit codes: first run, the same command, `verify`, `--strict`; `!`: a broken promise.",
        "",
        "| calls | answer | way | " + " | ".join(TARS.values()) + " |",
        "|---|---|---|" + "---|" * len(TARS),
    ]
    rows = sorted({(one.family, one.answer, one.way) for one in found})
    lines += [
        f"| {family} | {answer} | {way} | "
        + " | ".join(found.get(Cell(family, answer, tar, way), "") for tar in TARS)
        + " |"
        for family, answer, way in rows
    ]
    return "\n".join(lines) + "\n"


sys.exit(main(sys.argv[1:]))
