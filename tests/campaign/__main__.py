"""`python -m tests.campaign`: as many mutated archives as are asked for; can be gone on with."""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import resource
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.campaign.judging import Verdict, judge
from tests.campaign.mutations import mutated

_FINDINGS = {Verdict.DIFFERS, Verdict.CRASHED, Verdict.HUNG}
_SAVED = 1000
"""Archives between two notes of how far it is."""


def main() -> int:
    """Run, print a table, and return 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", type=Path, help="where it is noted how far it is")
    parser.add_argument("--keep", type=Path, help="a directory for archives that are findings")
    given = parser.parse_args()
    counts: Counter[str] = Counter()
    begin = 0
    if given.state and given.state.exists():
        noted = json.loads(given.state.read_text("utf-8"))
        if noted["seed"] == given.seed:
            begin, counts = noted["next"], Counter(noted["counts"])
    findings = []
    early = 0
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "archive"
        for number in range(begin, given.count):
            data = mutated(given.seed, number)
            path.write_bytes(data)
            verdict, evidence = judge(path)
            counts[verdict] += 1
            if verdict in _FINDINGS:
                findings.append((number, verdict, evidence))
                print(f"{given.seed}:{number} {verdict}: {evidence}", flush=True)
                if given.keep:
                    given.keep.mkdir(parents=True, exist_ok=True)
                    (given.keep / f"{given.seed}-{number}.tar").write_bytes(data)
            if number + 1 == begin + _SAVED:
                early = _memory()
            if given.state and (number + 1) % _SAVED == 0:
                noted = {"seed": given.seed, "next": number + 1, "counts": counts}
                given.state.write_text(json.dumps(noted), "utf-8")
    for verdict in Verdict:
        print(f"{verdict:<10} {counts[verdict]:>9,}")
    print(f"memory     {_memory():>9,} MiB at the end, {early} after the first {_SAVED:,}")
    return 1 if findings or any(counts[one] for one in _FINDINGS) else 0


def _memory() -> int:
    """Return what this process holds now, in MiB, less what its allocator only keeps for later."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return (
        int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize() >> 20
    )


if __name__ == "__main__":
    sys.exit(main())
