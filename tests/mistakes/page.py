"""docs/mistakes.md: what each mistake is answered, as it was answered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tests.mistakes.cases import MISTAKES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.mistakes.stage import Ended

_HEAD: Final = """\
<!-- made by python -m tests.mistakes; do not edit -->
# Mistakes

What goes wrong most, made on purpose on the embedded cluster: the message, the exit code
([register](exit-codes.md)), and what the pod holds afterwards. The tests make each again, compare
the words, and run the `kubectl restore` that a fix ends with. Amounts and times are another each
time: `N`.
"""
_KEPT: Final = "as it was"
_SOME: Final = "what had arrived; the same command goes on"
_ENTRY: Final = re.compile(
    r"^## (?P<name>.+)\n\n```console\n\$ .*\n(?P<text>(?:.*\n)*?)```$", re.MULTILINE
)


def page(ended: Mapping[str, Ended]) -> str:
    """Return the page, with how the command of each mistake ended."""
    parts = [_HEAD]
    for one in MISTAKES:
        text = ended[one.name].text
        held = f"left with {_SOME}" if one.changes else _KEPT
        parts.append(
            f"\n## {one.name}\n\n```console\n$ kubectl restore {one.words}\n{text}\n```\n\n"
            f"Exit code {one.code}. The pod is {held}.\n"
        )
    return "".join(parts)


def answers(text: str) -> dict[str, str]:
    """Return what the page says of each mistake."""
    return {found["name"]: found["text"].rstrip("\n") for found in _ENTRY.finditer(text)}
