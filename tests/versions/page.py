"""The table of kubectls in README.md: written, and read again to be checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.cluster.kubectl import OLDEST_TEXT
from tests.section import Section
from tests.versions.situations import SITUATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.versions.cells import Row

SECTION: Final = Section("tests.versions", " --write")
_HEAD: Final = "| kubectl | WebSocket | SPDY | result |\n|---|---|---|---|\n"


def section(rows: Sequence[Row], node: str) -> str:
    """Return what stands between the marks."""
    table = "".join(f"{line(row)}\n" for row in rows)
    return (
        f"kubectl {OLDEST_TEXT} and newer. What `make dist` makes was run with each of these on a "
        f"real node ({node}), in {len(SITUATIONS)} situations over each transport (kubectl has "
        "WebSocket since 1.30; `KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false` is its switch to "
        "SPDY):\n\n"
        f"{_HEAD}{table}\n"
        f"The situations, with the exit code where it is not 0: {'; '.join(SITUATIONS)}.\n"
    )


def line(row: Row) -> str:
    """Return a row as it stands in the table."""
    return f"| {row.version} | {row.websocket} | {row.spdy} | {row.result} |"


def lines_of(text: str) -> list[str]:
    """Return the lines of the table in a text with the marks.

    Raises:
        NoPlaceError: there are no marks.
    """
    made = SECTION.read(text)
    return [one for one in made.splitlines() if one.startswith("| ")][1:]
