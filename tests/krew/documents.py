"""The commands that docs/installing.md gives for krew, to be run as they stand there."""

from __future__ import annotations

import re
from itertools import groupby

from distribution.source import ROOT


def documented_commands() -> dict[str, list[str]]:
    """Return the blocks of commands below each heading of the section, in their order."""
    text = (ROOT / "docs/installing.md").read_text("utf-8")
    section = text.partition("\n## krew\n")[2].partition("\n## ")[0]
    _, *parts = re.split(r"^### (.+)\n", section, flags=re.MULTILINE)
    return {
        title: [
            "\n".join(line.strip() for line in lines)
            for indented, lines in groupby(body.splitlines(), lambda line: line[:4] == "    ")
            if indented
        ]
        for title, body in zip(parts[::2], parts[1::2], strict=True)
    }
