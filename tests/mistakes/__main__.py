"""`python -m tests.mistakes`: make each mistake once, and write docs/mistakes.md."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests import surroundings
from tests.contract.clusters import ROOT, embedded_cluster
from tests.mistakes.cases import MISTAKES
from tests.mistakes.page import page
from tests.mistakes.stage import Stage


def main() -> int:
    """Write the page; 1 where a mistake ends with another exit code."""
    surroundings.settle()
    ended = {}
    wrong = 0
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "cluster").mkdir()
        with embedded_cluster(directory / "cluster") as cluster:
            for number, one in enumerate(MISTAKES):
                stage = Stage(cluster, directory / str(number))
                one.set_up(stage)
                ended[one.name] = stage.run(one.words)
                if ended[one.name].code != one.code:
                    print(f"{one.name}: {ended[one.name]}", file=sys.stderr)
                    wrong = 1
    (ROOT / "docs/mistakes.md").write_text(page(ended), "utf-8")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
