"""`python -m tests.faults`: so many broken restores; can be gone on with; prints a table."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests import surroundings
from tests.contract.clusters import embedded_cluster, node_cluster
from tests.faults.cases import Case, draw
from tests.faults.running import Outcome, run
from tests.faults.table import table
from tests.link import LinkProxy


def main() -> int:
    """Run, print a table, and return 1 when something was found."""
    surroundings.settle()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cluster", choices=["embedded", "node"], default="embedded")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="so many at once")
    parser.add_argument("--part", default="1/1", help="2/3: of three processes, the second")
    parser.add_argument("--only", type=int, help="the run of this number alone")
    parser.add_argument("--state", type=Path, help="where each run is noted, a line of JSON each")
    given = parser.parse_args()
    if not given.state:
        given.state = Path(tempfile.mkstemp(prefix="kubectl-restore-faults-")[1])
    if given.jobs > 1:
        _share(given)
    else:
        _run(given)
    known = _read(given.state)
    print(table(list(known.values())))
    return 1 if any(one["findings"] for one in known.values()) else 0


def _share(given: argparse.Namespace) -> None:
    """Have several processes do it, each with a cluster or a namespace of its own."""
    words = [sys.executable, "-m", "tests.faults", f"--cluster={given.cluster}"]
    words += [f"--count={given.count}", f"--seed={given.seed}", f"--state={given.state}"]
    parts = [f"--part={one + 1}/{given.jobs}" for one in range(given.jobs)]
    for one in [subprocess.Popen([*words, part], stdout=subprocess.DEVNULL) for part in parts]:
        one.wait()


def _run(given: argparse.Namespace) -> None:
    mine, parts = (int(word) for word in given.part.split("/"))
    known = _read(given.state)
    numbers = [given.only] if given.only is not None else range(mine - 1, given.count, parts)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        of = embedded_cluster if given.cluster == "embedded" else node_cluster
        with of(place) as cluster, LinkProxy(cluster.address) as link:
            kubeconfig = cluster.through(link.port, "broken")
            for number in numbers:
                if number in known:
                    continue
                case = draw(given.seed, number, embedded=given.cluster == "embedded")
                _note(given, case, run(case, cluster, link, kubeconfig, place))


def _note(given: argparse.Namespace, case: Case, outcome: Outcome) -> None:
    if outcome.findings:
        said = [
            f"{given.seed}:{case.number} {case}",
            *(f"  {kind}: {seen}" for kind, seen in outcome.findings),
        ]
        print(*said, sep="\n", file=sys.stderr, flush=True)
    with given.state.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**asdict(case), **asdict(outcome)}) + "\n")


def _read(state: Path) -> dict[int, dict[str, Any]]:
    if not state.exists():
        return {}
    runs = [json.loads(line) for line in state.read_text("utf-8").splitlines()]
    return {run["number"]: run for run in runs}


if __name__ == "__main__":
    sys.exit(main())
