"""The two ways in which bringing the node up can end badly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_TAIL_LINES: Final = 25


class UnsupportedError(Exception):
    """The node cannot work on this machine; the text is one line that says why."""


class BrokenError(Exception):
    """Something that should have worked did not."""

    def __init__(self, what: str, log: Path | None = None) -> None:
        """Say what failed, with the end of its log."""
        super().__init__(what if log is None else f"{what}\n{_tail(log)}")


def _tail(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
    except OSError as problem:
        return f"(no log: {problem})"
    return "\n".join([f"the end of {log}:", *(f"  {line}" for line in lines)])
