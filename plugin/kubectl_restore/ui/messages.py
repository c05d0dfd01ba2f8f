"""Errors and warnings as text: what, reason, fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from colorama import Fore, Style

from kubectl_restore.progress import Level
from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from kubectl_restore.errors import RestoreError


def error_text(error: RestoreError, *, coloured: bool = False) -> str:
    """Return an error's three layers, a line each; longer ones go on indented."""
    cause = f" [{error.cause}]" if error.cause else ""
    lines = [_layer("Error", error.what + cause, Fore.RED, coloured=coloured)]
    if error.reason:
        lines.append(_layer("Reason", error.reason, "", coloured=coloured))
    if error.fix:
        lines.append(_layer("Fix", error.fix, Fore.GREEN, coloured=coloured))
    return "".join(lines)


def message_text(level: Level, text: str, *, coloured: bool = False) -> str:
    """Return a message's lines."""
    if level is Level.WARNING:
        return _layer("Warning", text, Fore.YELLOW, coloured=coloured)
    return text + "\n"


def _layer(name: str, text: str, colour: str, *, coloured: bool) -> str:
    # Most of it was made harmless where it came from; a command to paste repeats the user's words.
    first, *rest = shown_text(text).split("\n")
    head = f"{colour}{Style.BRIGHT}{name}:{Style.RESET_ALL}" if coloured and colour else f"{name}:"
    return "".join([f"{head} {first}\n", *(f"  {line}\n" for line in rest)])
