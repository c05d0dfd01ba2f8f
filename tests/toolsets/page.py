"""The second matrix of docs/compatibility.md: written, and read again where it is not made anew."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.compatibility.cells import EQUAL
from tests.compatibility.page import safe
from tests.section import Section
from tests.toolsets.judging import SITUATIONS
from tests.toolsets.userlands import IMAGES, USERLANDS

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTION: Final = Section("tests.toolsets")
_SAID: Final = "said"
_SAME: Final = "the same"
_OWN: Final = re.compile(" itself kept | saved in ")
"""What stands in the other table, and what has another name each time."""


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one userland.

    Attributes:
        cells: a text for each situation; fewer where nothing was begun.
        said: what the program said of it.
    """

    cells: tuple[str, ...]
    said: tuple[str, ...]


def written(rows: Mapping[tuple[str, str], Row], *, kubectl: str, node: str) -> str:
    """Return the section, in the order of the userlands."""
    known = {(one.table, one.name): one for one in USERLANDS}
    numbers: dict[str, int] = {}
    tables: dict[str, list[str]] = {}
    for key in known:
        if key in rows:
            row = rows[key]
            marks = [str(numbers.setdefault(text, len(numbers) + 1)) for text in row.said]
            cells = [*row.cells, *[""] * (len(SITUATIONS) - len(row.cells)), ", ".join(marks)]
            tables.setdefault(key[0], []).append(f"| `{key[1]}` | {' | '.join(cells)} |\n")
    head = f"{' | '.join((*SITUATIONS, _SAID))} |\n{'|---' * (len(SITUATIONS) + 2)}|\n"
    parts = [f"## With fewer tools\n\n{_how(kubectl, node)}"]
    for table, lines in tables.items():
        title = "The tools of images" if table == IMAGES else f"{table}, without ..."
        first = "image" if table == IMAGES else "without"
        parts.append(f"\n### {title}\n\n| {first} | {head}{''.join(lines)}")
    parts.append("\n### What was said\n\n")
    parts += [f"{number}. {text}\n" for text, number in numbers.items()]
    parts.append("\n### Where the tools of these images are known from\n\n")
    parts += [f"- `{one.name}`: {one.source}\n" for one in USERLANDS if one.source]
    return "".join(parts)


def read(text: str) -> dict[tuple[str, str], Row]:
    """Return the rows of a page."""
    made = SECTION.read(text)
    said = dict(re.findall(r"^(\d+)\. (.*)$", made, re.MULTILINE))
    found: dict[tuple[str, str], Row] = {}
    table = ""
    for line in made.splitlines():
        if line.startswith("### "):
            title = line.removeprefix("### ")
            table = (
                IMAGES if title == "The tools of images" else title.removesuffix(", without ...")
            )
        elif line.startswith("| `"):
            name, *cells, marks = (one.strip() for one in line.strip("|").split(" |"))
            texts = tuple(said[one] for one in marks.split(", ") if one)
            found[table, name.strip("`")] = Row(tuple(one for one in cells if one), texts)
    return found


def row_of(cells: Mapping[str, str], said: list[str]) -> Row:
    """Return what stands in the page of a userland's cells and notes."""
    texts = [safe(one) for one in said if not _OWN.search(one)]
    first, *rest = (safe(one) for one in cells.values())
    return Row((first, *(_SAME if one == first != EQUAL else one for one in rest)), tuple(texts))


def _how(kubectl: str, node: str) -> str:
    return (
        f"The same backup, without the two files of 9 GiB (kubectl {kubectl}, node {node}), into "
        "containers whose PATH leads to some tools only. What stood in the volume was read from "
        "the node after each run, and compared as above. `equal`: nothing differed. `differs`: "
        "the program said it; `the same`: as after the first run. Shells print, test and kill by "
        "themselves.\n\n"
        "First run: into an empty volume. Second run: the same command has nothing to do. "
        "`--verify checksum`: a flipped bit that neither size nor time shows is found (exit 9), "
        "and `--compare checksum` mends it. `--delete`: what is not in the backup is gone. "
        "`--save-replaced`: what others had written is saved, replaced, and put back by the file. "
        "Cut: the link breaks in the middle (exit 8), the same command finishes it. After each "
        "run no process, no record and nothing else of ours is in the pod, or the run that makes "
        "this table fails.\n\n```sh\nRESTORE_E2E_KUBECONFIG=$(tests/cluster/up | tail -n 1) \\\n"
        "  .venv/bin/python -m tests.toolsets\n```\n\n"
        "The tools are Debian 12's (coreutils 9.1, GNU tar 1.34), busybox 1.35, of images busybox "
        "1.37, and toybox 0.8.9: the sets are those of the images, not their versions.\n"
    )
