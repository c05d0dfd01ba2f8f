"""Files that a run writes on this machine, as a command line names them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_restore.errors import UsageError

if TYPE_CHECKING:
    from kubectl_restore.cli.argv import Parsed


def read_receipt(parsed: Parsed) -> Path | None:
    """Return where it is written down what was done; None for nowhere.

    Raises:
        UsageError: it is no file's name.
    """
    text = parsed.value("receipt")
    if text in {"", "-"}:
        raise UsageError(
            "the receipt cannot be written",
            reason=f"{text!r} is no file's name",
            fix="--receipt receipt.json",
        )
    return None if text is None else Path(text)


def read_save_replaced(parsed: Parsed, backup: str) -> Path | None:
    """Return where what is replaced is saved first; None for nowhere.

    Raises:
        UsageError: it is no file's name, or the backup comes through a pipe.
    """
    text = parsed.value("save-replaced")
    if text is None:
        return None
    reason = ""
    if backup == "-":
        reason = "a backup from standard input is restored part by part, and cannot be read twice"
    elif text in {"", "-"}:
        reason = f"{text!r} is no file's name"
    if reason:
        raise UsageError(
            "what is replaced cannot be saved",
            reason=reason,
            fix="kubectl restore POD BACKUP --force --save-replaced before.tar",
        )
    return Path(text)
