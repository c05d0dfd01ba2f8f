"""A version's section of CHANGELOG.md: the notes of its release."""

from __future__ import annotations

import argparse
import re
import sys
from typing import Final

from distribution.source import ROOT

_TITLE: Final = re.compile(r"## (?P<version>\S+) \((?P<when>[^()]*)\)")
"""`## 1.2.3 (2026-11-23)`, or `(unreleased)`, or `(2026-11-23, withdrawn: REASON)`."""
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_FENCE: Final = ("```", "~~~")


def section(text: str, version: str) -> str:
    """Return what stands below a version's title, without blank lines around it.

    Args:
        text: the changelog; titles of versions are second-level headings, `## VERSION (DATE)`.
        version: as in the title, without a leading v.

    Raises:
        LookupError: there is not one section of this version, or it is empty or bears no date:
            then it has not been made ready for a release.
    """
    found = [(when, lines) for name, when, lines in _sections(text) if name == version]
    if len(found) != 1:
        raise LookupError(f"the changelog has {len(found)} sections titled `## {version} (DATE)`")
    when, lines = found[0]
    if not _DATE.fullmatch(when):
        raise LookupError(f"the changelog's {version} bears no date but `{when}`")
    notes = "\n".join(lines).strip("\n")
    if not notes.strip():
        raise LookupError(f"the changelog says nothing about {version}")
    return f"{notes}\n"


def _sections(text: str) -> list[tuple[str, str, list[str]]]:
    """Return version, date and lines of each section; a heading in a code block is none."""
    found: list[tuple[str, str, list[str]]] = []
    lines: list[str] = []
    fenced = False
    for line in text.split("\n"):
        if line.startswith(_FENCE):
            fenced = not fenced
        if line.startswith("## ") and not fenced:
            title = _TITLE.fullmatch(line.rstrip())
            lines = []
            if title:
                found.append((title["version"], title["when"], lines))
        else:
            lines.append(line)
    return found


def main() -> int:
    """Print the notes of the version that is named, or say why there are none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", required=True, help="as in the changelog, without a leading v")
    version = parser.parse_args().version
    try:
        sys.stdout.write(section((ROOT / "CHANGELOG.md").read_text("utf-8"), version))
    except LookupError as error:
        sys.stderr.write(
            f"Error: no notes for {version}\nReason: {error}\n"
            f"Fix: give its section in CHANGELOG.md the title: ## {version} (YYYY-MM-DD)\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
