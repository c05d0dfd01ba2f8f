"""A version's section of the changelog: the notes of its release."""

from __future__ import annotations

import argparse
import re
import sys
from typing import Final

from distribution.source import ROOT

_HEADING: Final = re.compile(r"^## (?P<version>[^\s]+)(?: .*)?$", re.MULTILINE)


def section(changelog: str, version: str) -> str:
    """Return what stands below a version's heading.

    Raises:
        LookupError: there is no such heading, or nothing below it.
    """
    headings = list(_HEADING.finditer(changelog))
    for number, heading in enumerate(headings):
        if heading["version"] != version:
            continue
        last = number + 1 == len(headings)
        end = len(changelog) if last else headings[number + 1].start()
        text = changelog[heading.end() : end].strip()
        if text:
            return text + "\n"
    raise LookupError(f"the changelog says nothing about {version}")


def main() -> None:
    """Print a version's section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", required=True)
    given = parser.parse_args()
    try:
        text = section((ROOT / "CHANGELOG.md").read_text("utf-8"), given.version)
    except LookupError as error:
        sys.exit(f"Error: {error}\nFix: write its section into CHANGELOG.md")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
