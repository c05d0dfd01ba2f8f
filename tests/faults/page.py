"""`python -m tests.faults.page EMBEDDED NODE`: a campaign's tables, written into docs/faults.md."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.faults.table import table

PAGE = Path(__file__).resolve().parents[2] / "docs/faults.md"
_MARK = "<!-- made by python -m tests.faults.page; do not edit -->\n"


def main() -> None:
    """Put both tables behind the mark."""
    text = PAGE.read_text("utf-8").partition(_MARK)[0]
    parts = [text, _MARK]
    for title, name in zip(
        ("On the embedded cluster", "On the real node"), sys.argv[1:], strict=True
    ):
        parts.append(f"\n## {title}\n\n{table(_runs(Path(name)))}\n")
    PAGE.write_text("".join(parts), "utf-8")


def _runs(state: Path) -> list[dict[str, Any]]:
    known = [json.loads(line) for line in state.read_text("utf-8").splitlines()]
    return list({one["number"]: one for one in known}.values())


if __name__ == "__main__":
    main()
