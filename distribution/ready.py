"""Whether this tree can become the release that a tag names; asked before anything is built."""

from __future__ import annotations

import argparse
import sys

from distribution.changelog import section
from distribution.source import ROOT
from kubectl_restore.about import HOMEPAGE, VERSION


def problems(tag: str, address: str, changelog: str) -> list[str]:
    """Return what keeps the release from being made, a sentence each.

    Args:
        tag: as git has it, vX.Y.Z.
        address: where the release will stand, without `/releases`.
        changelog: the text of CHANGELOG.md.
    """
    found = []
    if tag != f"v{VERSION}":
        found.append(f"the tag is {tag}, the version {VERSION}")
    if address != HOMEPAGE:
        # krew's manifest has addresses below it.
        found.append(f"the release will stand at {address}, and HOMEPAGE is {HOMEPAGE}")
    try:
        section(changelog, VERSION)
    except LookupError as error:
        found.append(str(error))
    return found


def main() -> int:
    """Say what is wrong, all at once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tag", required=True)
    parser.add_argument("--address", required=True, help="of the repository, as browsers have it")
    given = parser.parse_args()
    found = problems(given.tag, given.address, (ROOT / "CHANGELOG.md").read_text("utf-8"))
    if found:
        lines = "\n  ".join(found)
        sys.stderr.write(
            f"Error: this tree is not the release {given.tag}\nReason: {lines}\n"
            "Fix: VERSION and HOMEPAGE stand in plugin/kubectl_restore/about.py; the changelog's\n"
            f"  section has the title: ## {VERSION} (YYYY-MM-DD)\n"
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
