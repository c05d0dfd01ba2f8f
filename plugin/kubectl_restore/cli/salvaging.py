"""`--salvage`, read from a command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.errors import UsageError
from kubectl_restore.plan.policy import Extras, Salvage

if TYPE_CHECKING:
    from kubectl_restore.cli.argv import Parsed


def read_salvage(parsed: Parsed) -> Salvage:
    """Return what is to be restored of a damaged backup."""
    value = parsed.value("salvage")
    if value == Salvage.PARTIAL:
        return Salvage.PARTIAL
    return Salvage.NO if value in {None, "false"} else Salvage.WHOLE


def require_salvageable(parsed: Parsed, backup: str) -> None:
    """Notice a --salvage that cannot be.

    Raises:
        UsageError: the backup is read only once, or more would be lost.
    """
    if read_salvage(parsed) is Salvage.NO:
        return
    reason, fix = "", "leave one of them out"
    if backup == "-":
        reason = "what can be had of a damaged backup shows only when it is read twice"
        fix = "write the backup to a file, then name the file"
    elif parsed.is_set("delete"):
        reason = "what the damaged backup lacks would be deleted (--delete)"
    elif parsed.value("extras") == Extras.FAIL:
        reason = "what is lost would be taken for what the backup does not have (--extras fail)"
    elif parsed.is_set("require-checksum"):
        reason = "a checksum is of the whole backup (--require-checksum)"
    if reason:
        raise UsageError("--salvage is not possible here", reason=reason, fix=fix)
