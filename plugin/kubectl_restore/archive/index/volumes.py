"""Tars that are a program's own volumes: their members are not the files that were backed up.

duplicity's are whole and valid tars. Each file has another path in them, and a larger one is a
directory of pieces; to restore them as they stand would put back nothing as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.errors import BackupError
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from kubectl_restore.archive.members.members import Members

_PIECES: Final = frozenset({b"multivol_snapshot", b"multivol_diff"})
_PREFIXES: Final = frozenset({b"snapshot", b"diff", b"deleted"}) | _PIECES
"""What all paths in a volume begin with (duplicity/diffdir.py, get_block_iter; duplicity 2.2)."""
_ROOTS: Final = frozenset({b"snapshot/.", b"snapshot/./", b"diff/.", b"diff/./"})
"""How it calls the directory that was backed up; no tar calls one so."""


def require_own_files(members: Members) -> None:
    """Return when these members are files as they were.

    Raises:
        BackupError: they are a volume of duplicity's.
    """
    if not members or members.name(0).partition(b"/")[0] not in _PREFIXES:
        return
    sign = b""
    for number in range(len(members)):
        name = members.name(number)
        first = name.partition(b"/")[0]
        if first not in _PREFIXES:
            return
        if not sign and (first in _PIECES or name in _ROOTS):
            sign = name
    if sign:
        raise BackupError(
            "the backup is a volume of duplicity's, which holds files in pieces and by other names",
            reason=f"all of its paths begin as duplicity's do, one with {shown(sign)}",
            fix="duplicity restore URL unpacked && tar -cf backup.tar -C unpacked .",
        )
