"""docs/compatibility.md: written, and read again to be checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.compatibility.cells import Cell

_MADE: Final = "<!-- made by python -m tests.compatibility; do not edit -->\n"
_KIND: Final = "kind of pod"


@dataclass(frozen=True, slots=True)
class Row:
    """What the page says of a kind of pod."""

    kind: str
    tar: str
    owner: tuple[int, int]
    mark: str
    """Of a footnote."""
    cells: Mapping[str, Cell]


def page(rows: Sequence[Row], *, kubectl: str, node: str, entries: int) -> str:
    """Return the page."""
    formats = list(rows[0].cells)
    return (
        f"{_MADE}# Compatibility\n\n{_how(kubectl, node, entries)}\n"
        f"{_table(rows, formats)}\n{_footnote(rows)}{_tars(rows)}\n{_notes(rows)}"
    )


def cells_of(text: str) -> dict[tuple[str, str], str]:
    """Return the table's cells by kind and format."""
    found: dict[tuple[str, str], str] = {}
    formats: list[str] = []
    for line in text.splitlines():
        if not line.startswith("| "):
            formats = formats if line.startswith("|-") else []
            continue
        kind, *cells = (part.strip() for part in re.split(r"(?<!\\)\|", line)[1:-1])
        if kind == _KIND:
            formats = cells
        elif formats:
            kind = kind.rstrip("¹² ").strip("`")
            found |= {(kind, name): cell for name, cell in zip(formats, cells, strict=True)}
    return found


def written(cell: Cell) -> str:
    """Return a cell as it stands in the table."""
    return safe(cell.text)


def _how(kubectl: str, node: str, entries: int) -> str:
    return (
        f"One backup of {entries:,} entries, in every format, restored into every kind of pod on a "
        f"real kubelet (kubectl {kubectl}, node {node}); what stood in the volume afterwards was "
        "read from the node, not with the pod's tools, and compared with what the backup says: "
        "content, kinds, modes, owners, modification times to the nanosecond (those of symbolic "
        "links too), hard links, extended attributes, ACLs, and holes.\n\nThe backup has all that "
        "tars stumble over: names with newlines and without UTF-8, absolute ones and long ones, "
        "PAX records known and unknown, setuid and read-only directories, sizes in base 256, and "
        "files with holes in GNU tar's four formats, two of 9 GiB among them.\n\n"
        "`equal` means that nothing differed. `differs` names every attribute that did and at how "
        "many paths (a file with several names counts once); the program said each of them in a "
        "`Note:` (below), or the run that makes this page fails.\n\n```sh\n"
        "RESTORE_E2E_KUBECONFIG=$(tests/cluster/up | tail -n 1) \\\n"
        "  .venv/bin/python -m tests.compatibility --write docs/compatibility.md\n```\n"
    )


def _table(rows: Sequence[Row], formats: Sequence[str]) -> str:
    lines = [f"| {' | '.join([_KIND, *formats])} |", "|---" * (len(formats) + 1) + "|"]
    for row in rows:
        head = f"`{row.kind}` {row.mark}".rstrip()
        cells = [written(row.cells[name]) for name in formats]
        lines.append(f"| {' | '.join([head, *cells])} |")
    return "\n".join(lines) + "\n"


def _footnote(rows: Sequence[Row]) -> str:
    notes = {
        "¹": "Without the two files of 9 GiB: its volume is in memory.",
        "²": "Its tar fills holes; the two files of 9 GiB are in the plain backup only.",
    }
    marks = {row.mark for row in rows}
    lines = [f"{mark} {note}" for mark, note in notes.items() if mark in marks]
    return "\n".join(f"{line}\n" for line in lines) + "\n" if lines else ""


def _tars(rows: Sequence[Row]) -> str:
    lines = [
        "## The pods\n",
        "| kind | files belong to | its tar says of itself |",
        "|---|---|---|",
    ]
    lines += [f"| `{row.kind}` | {row.owner[0]}:{row.owner[1]} | {safe(row.tar)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _notes(rows: Sequence[Row]) -> str:
    lines = ["## What the program said\n"]
    for row in rows:
        notes = list(dict.fromkeys(note for cell in row.cells.values() for note in cell.notes))
        said = "; ".join(safe(note) for note in notes) or "nothing"
        lines.append(f"- `{row.kind}`: {said}")
    return "\n".join(lines) + "\n"


def safe(text: str) -> str:
    """Return one line that Markdown takes for text."""
    line = text.encode("utf-8", "backslashreplace").decode()
    return re.sub(r"([\\|<>*_`\[\]])", r"\\\1", " ".join(line.split()))
