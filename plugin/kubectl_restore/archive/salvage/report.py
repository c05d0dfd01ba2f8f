"""What is said of a damaged backup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.text import pasteable, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_restore.archive.salvage.salvage import Salvaged
    from kubectl_restore.archive.source.location import BackupName


_NAMED: Final = 10
"""Members that one wrong checksum is about, and that are named without `-v`."""


@dataclass(frozen=True, slots=True)
class Line:
    """Something that is said of a damaged backup.

    Attributes:
        text: safe to print.
        is_detail: it is one of many of its kind, and there is a line that counts them.
        is_count: it is that line.
    """

    text: str
    is_detail: bool = False
    is_count: bool = False


def report_lines(found: Salvaged) -> Iterator[Line]:
    """Return a line for each member or place that is not as the backup had it.

    Where one checksum is about many members, some are named and the others are details; none is
    where it is the whole backup's, of which a warning speaks.
    """
    at = 0
    for count in () if found.is_disproved else found.causes:
        for number, name in enumerate(found.unproved[at : at + count]):
            text = f"not proved: {shown(name)}: a checksum around it is wrong"
            yield Line(text, is_detail=number >= _NAMED)
        at += count
        if count > _NAMED:
            text = (
                f"not proved: {count:,} members in all, by one checksum that is about all of them"
            )
            yield Line(text, is_count=True)
    for name in found.partial:
        yield Line(f"in part: {shown(name)}, under a name of its own")
    for gone in found.gone:
        yield Line(f"gone: {gone}")


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
