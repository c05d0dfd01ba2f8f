"""The corpus: archives by real programs, and what GNU tar makes of each (tests/archives/make)."""

from __future__ import annotations

import json
import lzma
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PLACE: Final = Path(__file__).resolve().parent / "corpus"
_FIELDS: Final = ("kind", "mode", "owner", "size", "mtime", "content", "name", "link", "attributes")


@dataclass(frozen=True, slots=True)
class Archive:
    """One archive of the corpus.

    Attributes:
        name: of its file.
        program: that made it.
        version: the program's.
        how: the command.
        answer: what GNU tar extracts as root: by name the fields of tests/archives/make/answer.py.
        differs: what a restore has otherwise, by name and field, and why; empty for nothing.
    """

    name: str
    program: str
    version: str
    how: str
    answer: Mapping[str, Mapping[str, str]]
    differs: Mapping[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        """Return the archive as the program made it."""
        return lzma.decompress((PLACE / f"{self.name}.xz").read_bytes())


def manifest() -> dict[str, Any]:
    """Return what is written down of each archive, by name."""
    found: dict[str, Any] = json.loads((PLACE / "MANIFEST.json").read_text("utf-8"))
    return found


def archives() -> list[Archive]:
    """Return the whole corpus."""
    return [
        Archive(
            name,
            known["program"],
            known["version"],
            known["how"],
            parsed((PLACE / f"{name}.txt").read_text("utf-8")),
            known.get("differs", {}),
        )
        for name, known in manifest().items()
    ]


def parsed(answer: str) -> dict[str, dict[str, str]]:
    """Return the lines of an answer by name."""
    lines = (
        dict(zip(_FIELDS, line.split("\t"), strict=True)) for line in answer.split("\n") if line
    )
    return {one["name"]: one for one in lines}
