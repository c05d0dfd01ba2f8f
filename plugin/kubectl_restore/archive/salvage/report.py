"""What is said of a damaged backup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.text import pasteable, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_restore.archive.salvage.salvage import Salvaged
    from kubectl_restore.archive.source.location import BackupName


def report_lines(found: Salvaged) -> Iterator[str]:
    """Return a line for each member or place that is not as the backup had it."""
    for gone in found.gone:
        yield f"gone: {gone}"
    for name in found.unproved:
        yield f"not proved: {shown(name)}: a checksum around it is wrong"
    for name in found.partial:
        yield f"in part: {shown(name)}, under a name of its own"


def restored_so(backup: BackupName) -> str:
    """Return the command that restores what is left, where no pod is known."""
    return f"kubectl restore POD {pasteable(backup)} -t PATH --salvage"


def how_to_salvage(again: str, backup: BackupName, *, compared_so: str = "") -> str:
    """Return the lines of a fix that lead to what is left.

    Args:
        again: the command that restores it.
        backup: the file.
        compared_so: the command that compares a pod with it; empty where nothing is compared.
    """
    lines = [f"to see what can still be read: kubectl restore inspect {pasteable(backup)} --list"]
    if compared_so:
        lines.append(f"to compare with that: {compared_so}")
    return "\n".join([*lines, f"to restore that: {again}"])
