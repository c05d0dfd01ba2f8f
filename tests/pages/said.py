"""What a command said, as a page shows it, and as it is compared."""

from __future__ import annotations

import re
from typing import Final

from tests.normalised import normalised

_PROGRESS: Final = re.compile(r"^\[\d[\d.hm]*s\] .*\n?", re.MULTILINE)
"""At a terminal it is the line that is drawn over, and gone at the end."""
_FOUND: Final = re.compile(
    r"^((?:Restoring|Comparing) .*? (?:to|with) )\S+/\S+?(?:, .*)?\n(pod \S+ \()", re.MULTILINE
)
"""Of what was named instead of a pod: the pod stands on the next line where the cluster is slow."""
_UNFOUND: Final = re.compile(
    r"^(?:Restoring|Comparing) .*? (?:to|with) [a-z]+/\S+?(?:, .*)?\n(?=Error: )", re.MULTILINE
)
"""It is said where the cluster is slow, and no pod is found."""
_FIRST: Final = re.compile(
    r"^((?:Restoring|Comparing) .*? (?:to|with) pod \S+?(?: \([^)]*\))?),.*$", re.MULTILINE
)
_PLACES: Final = re.compile(r"^container \S+ \(the only one\), .*\n", re.MULTILINE)
"""How much the first line says, and where the rest of it stands, depends on how soon the cluster
has answered."""
_CHANGING: Final = (
    (re.compile(r"\b[\d,]+ members\b"), "N members"),
    (re.compile(r"\b[\d,]+ of [\d,]+ bytes\b"), "N of N bytes"),
    (
        re.compile(r"(mtime ).*? (newer|older) there \([^()]* instead of [^()]*\)"),
        r"\1 N \2 there (N instead of N)",
    ),
    (re.compile(r"(PROGRESS: Restore - .*\n)+"), "PROGRESS: Restore - ...\n"),
    (re.compile(r'("seconds_elapsed": )[\d.]+'), r"\1N"),
)


def page_form(said: str, directory: str) -> str:
    """Return what a page shows of it: without progress, in another directory."""
    return _PROGRESS.sub("", said).replace(directory, "/home/me").rstrip("\n")


def compared_form(text: str) -> str:
    """Return what is compared of what a page shows."""
    text = _UNFOUND.sub("", _FOUND.sub(r"\1\2", f"{text}\n"))
    text = _PLACES.sub("", _FIRST.sub(r"\1", text))
    for pattern, instead in _CHANGING:
        text = pattern.sub(instead, text)
    return normalised(text, "/home/me").rstrip("\n")
