"""Restores the corpus into each tar: python -m tests.archives.formats --write docs/formats.md.

What stands there afterwards is held against what GNU tar extracts as root (tests/archives/make);
what differs has to have been said, or the run fails.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.archives.corpus import Archive, archives, manifest, parsed
from tests.archives.make.answer import FIRST, LAST, NOW, answer_of
from tests.contract.clusters import embedded_cluster
from tests.contract.program import restore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.contract.clusters import Cluster

KINDS: Final = {"debian": "GNU tar", "busybox": "busybox", "bsdtar": "bsdtar", "toybox": "toybox"}
_NANO: Final = 10**9
_LIST: Final = "system.posix_acl"
_SAID: Final = {
    "fractions": "fractions of a second",
    "attributes": "extended attributes",
    "lists": "access control list",
    "times": "modification time",
}
"""What a note has to have in it for each kind of difference."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of one archive in one pod.

    Attributes:
        text: for the table.
        is_right: it is equal, or what differs was said.
    """

    text: str
    is_right: bool


def restored(cluster: Cluster, archive: Archive, kind: str) -> Cell:
    """Restore one archive into a pod, and look at what stands there from outside."""
    pod = cluster.pod(kind)
    directory = pod.host_directory()
    if directory is None:
        raise RuntimeError("the volume is on another machine")
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / archive.name
        path.write_bytes(archive.content())
        result = restore(pod, path, "--devices")
    if result.code != 0:
        reason = next((one for one in result.err.splitlines() if one.startswith("Error:")), "")
        return Cell(f"exit {result.code}: {reason.removeprefix('Error: ')}", is_right=False)
    found = parsed(answer_of(directory, began=2**63))
    counts = Counter(differing(archive, found))
    said = result.out + result.err
    texts, is_right = [], True
    for what, count in sorted(counts.items()):
        is_said = what == "stated" or (what in _SAID and _SAID[what] in said)
        is_right = is_right and is_said
        texts.append(f"{count} {what}" + ("" if is_said else " (UNSAID)"))
    return Cell(", ".join(texts) or "equal", is_right)


def differing(archive: Archive, found: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Yield the kind of each difference to what GNU tar extracts."""
    for name in archive.answer.keys() ^ found.keys():
        yield "missing" if name in archive.answer else "strange"
    for name in archive.answer.keys() & found.keys():
        right, there = archive.answer[name], found[name]
        for field in _differing_fields(right, there):
            is_stated = f"{name} {field.replace('times', 'mtime')}" in archive.differs
            yield "stated" if is_stated else field


def _differing_fields(right: Mapping[str, str], there: Mapping[str, str]) -> Iterator[str]:
    lost = set(right["attributes"].split(",")) ^ set(there["attributes"].split(","))
    if any(one.startswith(_LIST) for one in lost):
        yield "lists"
    if any(one and not one.startswith(_LIST) for one in lost):
        yield "attributes"
    for field in ("kind", "mode", "owner", "size", "content", "link"):
        # A mode has the list's mask where the list is.
        if right[field] != there[field] and not (field == "mode" and _LIST in right["attributes"]):
            yield field
    if right["mtime"] != NOW:
        # The answers were made on ext4; what stands there may be on another file system.
        when, then = int(right["mtime"]), min(max(int(there["mtime"]), FIRST), LAST)
        if when != then:
            yield "fractions" if when // _NANO == then // _NANO else "times"


def page(cells: Mapping[tuple[str, str], Cell]) -> str:
    """Return docs/formats.md."""
    known = manifest()
    rows = [
        f"| `{one.name}` | {one.program} {one.version} | "
        + " | ".join(cells[one.name, kind].text for kind in KINDS)
        + " |\n"
        for one in archives()
    ]
    stated = [
        f"- `{name}`: {what}: {why}\n"
        for name, one in known.items()
        for what, why in one.get("differs", {}).items()
    ]
    left_out = [f"`{name}`" for name, one in known.items() if one["left_something_out"]]
    return (
        "<!-- made by python -m tests.archives.formats; do not edit -->\n# Formats\n\n"
        "Archives that real programs made of one awkward tree (tests/archives/corpus), each "
        "restored into a pod with each tar (the embedded cluster), and compared from outside with "
        "what GNU tar 1.34 extracts of it as root: content, kinds, modes, owners, times to the "
        "nanosecond, links, attributes and lists of access. `equal`: nothing differs. Else how "
        "many paths differ in what; the program said it, or the run that makes this page fails. "
        "`stated`: see below.\n\nThe tree: names with a newline, blanks, quotes, of 100 and 130 "
        "bytes and without UTF-8; paths of 200; a file with holes; times of 1960, just before "
        "1970, 1970, 2100, with fractions; owners of 2097152, 3000000000 and 4294967294; mode 0, "
        "setuid, setgid, sticky; hard links, a FIFO, an attribute, a list with an unknown user. "
        "What a program cannot take was not given to it.\n\n```sh\n"
        "PYTHONPATH=plugin .venv/bin/python -m tests.archives.formats --write docs/formats.md\n"
        "```\n\n"
        f"| archive | made by | {' | '.join(KINDS.values())} |\n|---|---|{'---|' * len(KINDS)}\n"
        f"{''.join(rows)}\n## Stated\n\n{''.join(stated)}\n"
        "Directories whose members do not stand together in an archive get the archive's time from "
        "us; GNU tar leaves the time of the extraction there (`now` in the corpus).\n"
        + (
            f"\nThe programs of these ended with an error, and left something out: "
            f"{', '.join(left_out)}.\n"
            if left_out
            else ""
        )
    )


def main() -> int:
    """Make the table; return 1 where something differs and was not said."""
    corpus = archives()
    with tempfile.TemporaryDirectory() as place, embedded_cluster(Path(place)) as cluster:

        def column(kind: str) -> dict[tuple[str, str], Cell]:
            return {(one.name, kind): restored(cluster, one, kind) for one in corpus}

        cells: dict[tuple[str, str], Cell] = {}
        with ThreadPoolExecutor(len(KINDS)) as pool:
            for some in pool.map(column, KINDS):
                cells |= some
    wrong = {key: cell.text for key, cell in cells.items() if not cell.is_right}
    for (name, kind), text in sorted(wrong.items()):
        print(f"{name} into {kind}: {text}", file=sys.stderr)
    if sys.argv[1:2] == ["--write"]:
        Path(sys.argv[2]).write_text(page(cells), "utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
