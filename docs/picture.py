"""The README's picture: a terminal with some of the tutorial's commands, and what they said.

The texts are a real run's: tests/contract/test_pages.py runs the commands again and compares.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from tests.pages.console import Command, commands_of

_TUTORIAL: Final = Path(__file__).with_name("tutorial.md")
_SHOWN: Final = (
    ("Restore", "kubectl restore debian shop.tar.gz -t /data"),
    ("Verify", "kubectl restore verify debian shop.tar.gz -t /data"),
    ("Something is in the way", "kubectl restore debian shop.tar.gz -t /data"),
    ("A damaged backup", "kubectl restore debian cut.tar.gz -t /data"),
)
_COLUMNS: Final = 100
_WIDTH: Final = 8.0
"""Of a column, in pixels; the font's own is a little less, or a little more."""
_HEIGHT: Final = 18
_MARGIN: Final = 16
_STYLE: Final = (
    "text{font:13px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#d0d4dc;"
    "white-space:pre}.command{fill:#ffffff;font-weight:bold}.good{fill:#7ee787}"
    ".bad{fill:#ff8d85}.fix{fill:#79c0ff}"
)
_KINDS: Final = (
    ("$ ", "command"),
    ("Restored ", "good"),
    ("/data is as the backup", "good"),
    ("Error:", "bad"),
    ("Fix:", "fix"),
)


def picture() -> str:
    """Return the SVG.

    Raises:
        StopIteration: the tutorial has no longer what is shown.
    """
    every = commands_of(_TUTORIAL.read_text("utf-8"))
    lines = [one for words in _SHOWN for one in (*_screen(_find(every, *words)), ("", ""))][:-1]
    drawn = "".join(
        f'<text x="{_MARGIN}" y="{_MARGIN + _HEIGHT * (number + 1) - 5}"{kind}>'
        f"{escape(line)}</text>\n"
        for number, (line, kind) in enumerate(lines)
        if line
    )
    width = int(_COLUMNS * _WIDTH) + 2 * _MARGIN
    height = _HEIGHT * len(lines) + 2 * _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" xml:space="preserve">\n'
        "<!-- made by docs/generate.py from docs/tutorial.md; do not edit -->\n"
        "<title>kubectl restore: a restore, a comparison, a file in the way, a damaged backup"
        f"</title>\n<style>{_STYLE}</style>\n"
        f'<rect width="{width}" height="{height}" rx="8" fill="#161b22"/>\n{drawn}</svg>\n'
    )


def _find(every: list[Command], heading: str, words: str) -> Command:
    return next(one for one in every if (one.heading, one.words) == (heading, words))


def _screen(command: Command) -> list[tuple[str, str]]:
    """Return the lines of a terminal of so many columns, each with its class."""
    lines = [f"$ {command.words}", *command.shown.splitlines()]
    return [
        (part, _class(line))
        for line in lines
        for part in textwrap.wrap(
            line, _COLUMNS, subsequent_indent="  ", drop_whitespace=False, break_on_hyphens=False
        )
    ]


def _class(line: str) -> str:
    found = [kind for start, kind in _KINDS if line.startswith(start)]
    return f' class="{found[0]}"' if found else ""
