"""The commands of a page and what it shows of each: its fenced `console` blocks.

A comment right above one, `<!-- before: COMMAND -->`, is run first, and not shown to a reader.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FENCE: Final = re.compile(
    r"^(?:<!-- before: ([^\n]*) -->\n)?```console\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
_HEADING: Final = re.compile(r"^## (.*)$", re.MULTILINE)
_PROMPT: Final = "$ "
_GOES_ON: Final = "> "


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a page.

    Attributes:
        heading: of the section (`##`) in which it stands; empty above the first.
        words: what is typed behind the prompt; several lines where it goes on behind `>`.
        shown: what the page shows below it, without the last line break.
        before: what is run first.
    """

    heading: str
    words: str
    shown: str
    before: str = ""


def commands_of(page: str) -> list[Command]:
    """Return the commands of a page in their order.

    Raises:
        ValueError: a block does not begin with a command.
    """
    found = []
    for block in _FENCE.finditer(page):
        before = _HEADING.findall(page, 0, block.start())
        heading = before[-1] if before else ""
        first, *more = _read(block[2])
        found.append(Command(heading, *first, before=block[1] or ""))
        found += [Command(heading, *one) for one in more]
    return found


def with_shown(page: str, shown: Iterable[str]) -> str:
    """Return the page with other texts below its commands, which are taken in their order."""
    texts = iter(shown)

    def again(block: re.Match[str]) -> str:
        lines = []
        for words, _ in _read(block[2]):
            typed = words.replace("\n", f"\n{_GOES_ON}")
            lines += [f"{_PROMPT}{typed}", *next(texts).splitlines()]
        before = [f"<!-- before: {block[1]} -->"] if block[1] else []
        return "\n".join([*before, "```console", *lines, "```"])

    return _FENCE.sub(again, page)


def _read(block: str) -> Sequence[tuple[str, str]]:
    found: list[tuple[list[str], list[str]]] = []
    for line in block.splitlines():
        if line.startswith(_PROMPT):
            found.append(([line.removeprefix(_PROMPT)], []))
        elif not found:
            raise ValueError(f"no command before: {line}")
        elif line.startswith(_GOES_ON) and not found[-1][1]:
            found[-1][0].append(line.removeprefix(_GOES_ON))
        else:
            found[-1][1].append(line)
    return [("\n".join(words), "\n".join(shown)) for words, shown in found]
