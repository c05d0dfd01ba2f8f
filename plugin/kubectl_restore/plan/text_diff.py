"""How two short texts differ: a unified diff of lines, or why there is none. Pure."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LARGEST: Final = 64 * 1024
"""Bytes of a text, on either side."""
MOST_LINES: Final = 2000
"""Lines on either side between the first and the last difference: what they cost grows faster."""
_CONTEXT: Final = 3
"""Lines before and behind a difference, as diff -u has them."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)")
"""What no text has: a tab, a line feed, and a carriage return before one are all it may have."""
_UNENDED: Final = "\\ No newline at end of file"


def as_lines(content: bytes) -> list[str] | None:
    """Return a text's lines with their ends; None for what is no text.

    A text is valid UTF-8 without control characters but tabs and line ends.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if _CONTROL.search(text):
        return None
    # Not splitlines: Unicode has line ends that diff does not know.
    *lines, last = text.split("\n")
    return [f"{line}\n" for line in lines] + ([last] if last else [])


def unified(before: Sequence[str], after: Sequence[str]) -> list[str] | None:
    """Return the hunks of a unified diff, without line ends; None where there is too much of it.

    Args:
        before: lines with their ends, which the diff takes away.
        after: those that it adds.
    """
    start, shorter = 0, min(len(before), len(after))
    while start < shorter and before[start] == after[start]:
        start += 1
    end = 0
    while end < shorter - start and before[-1 - end] == after[-1 - end]:
        end += 1
    if max(len(before), len(after)) - start - end > MOST_LINES:
        return None
    first, behind = max(0, start - _CONTEXT), max(0, end - _CONTEXT)
    old, new = before[first : len(before) - behind], after[first : len(after) - behind]
    found: list[str] = []
    for group in SequenceMatcher(None, old, new).get_grouped_opcodes(_CONTEXT):
        old_range = _range(first + group[0][1], first + group[-1][2])
        new_range = _range(first + group[0][3], first + group[-1][4])
        found.append(f"@@ -{old_range} +{new_range} @@")
        for what, old_from, old_to, new_from, new_to in group:
            if what == "equal":
                found += _marked(" ", old[old_from:old_to])
                continue
            found += _marked("-", old[old_from:old_to])
            found += _marked("+", new[new_from:new_to])
    return found


def _range(start: int, stop: int) -> str:
    """Return a range of lines as diff -u writes it: an empty one begins a line earlier."""
    length = stop - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def _marked(mark: str, lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield mark + line.removesuffix("\n")
        if not line.endswith("\n"):
            yield _UNENDED
