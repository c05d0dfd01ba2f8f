"""What came of the runs of a campaign, as a table."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LOSS, HANG, ORPHAN, LEFT = "silent loss", "hang", "orphan", "left in the pod"
UNFINISHED, WORDS, EVIDENCE = "not finished", "wrong words or exit code", ""
"""Kinds of findings; the last one is only what was seen besides."""
_HEAD: Final = (
    "| what goes wrong | runs | exit codes | finished by the same command | it took at most |",
    "|---|---|---|---|---|",
)


def table(runs: Sequence[Mapping[str, Any]]) -> str:
    """Return a row for each thing that went wrong, and a line about all of them."""
    rows = []
    for name in sorted({one["breakage"] for one in runs}):
        some = [one for one in runs if one["breakage"] == name]
        codes = Counter(one["code"] for one in some)
        said = ", ".join(f"{code} ({count})" for code, count in sorted(codes.items()))
        finished = sum(one["second"] == 0 for one in some)
        longest = max(one["seconds"] for one in some)
        rows.append(f"| {name} | {len(some)} | {said} | {finished} | {longest:.1f} s |")
    found = Counter(kind for one in runs for kind in {kind for kind, _ in one["findings"]})
    kinds = (LOSS, HANG, ORPHAN, LEFT, UNFINISHED, WORDS)
    counts = ", ".join(f"{kind}: {found[kind]}" for kind in kinds)
    return "\n".join([*_HEAD, *rows, "", f"{len(runs)} runs. {counts}."])
