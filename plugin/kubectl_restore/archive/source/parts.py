"""The files that a backup consists of: one, or the parts of a split one, found by their names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.source.magic import MAGIC
from kubectl_restore.archive.source.suffixes import PartName
from kubectl_restore.archive.tar.header import BLOCK, END_OF_ARCHIVE, is_header
from kubectl_restore.errors import BackupError
from kubectl_restore.text import counted, listed, pasteable, shown

if TYPE_CHECKING:
    from pathlib import Path

_MOST: Final = 100_000
"""Parts of one backup."""
_GAP: Final = 16
"""Parts in a row that are looked for behind the last one, to name what is missing. A backup that
lacks its end is cut, which is noticed whatever the names are."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a backup consists of.

    Attributes:
        whole: the name that it has, or had before it was split.
        paths: its parts in order; one where it is not split.
        next: the names that a further part would have.
    """

    whole: Path
    paths: tuple[Path, ...]
    next: tuple[Path, ...] = ()


def find_parts(path: Path) -> Parts:
    """Return the parts of the backup that a name means.

    Raises:
        BackupError: a part is missing, or the name is not that of the first part.
    """
    name = PartName.of(path)
    if name is None:
        return Parts(path, (path,))
    first = _there(name.first())
    if first is None:
        before = None if name.may_be_date else _there(name.before())
        if before is None or _are_whole([before, name]):
            return Parts(path, (path,))
        raise _missing([name.first()[0]], [before, name])
    if first.path != path:
        if not os.path.lexists(path) or _are_whole([first, name]):
            return Parts(path, (path,))
        raise _not_first(name, first)
    parts = _chain(first)
    further = tuple(one.path for one in parts[-1].next())
    if len(parts) == 1 or _are_whole(parts):
        return Parts(path, (path,), further)
    return Parts(name.whole, tuple(one.path for one in parts), further)


def first_part_of(whole: Path) -> Path | None:
    """Return the first part of a backup that is there in parts only."""
    for suffix in (".000", ".00", ".aa", ".part1", ".part01", ".part001", ".001", ".01", ".aaa"):
        path = whole.with_name(whole.name + suffix)
        if os.path.lexists(path):
            return path
    return None


def _there(names: list[PartName]) -> PartName | None:
    return next((one for one in names if os.path.lexists(one.path)), None)


def _chain(first: PartName) -> list[PartName]:
    """Return the first part and those behind it.

    Raises:
        BackupError: one is missing, and others behind it are there.
    """
    parts = [first]
    missing: list[PartName] = []
    while len(missing) < _GAP and len(parts) < _MOST:
        names = (missing or parts)[-1].next()
        found = _there(names)
        if found is None:
            if not names:
                break
            missing.append(names[0])
        elif not missing:
            parts.append(found)
        elif _are_whole([*parts, found]):
            break
        else:
            raise _missing(missing, [*parts, found])
    return parts


def _are_whole(names: list[PartName]) -> bool:
    """Tell whether each is a backup by itself: then none goes on with another.

    So are backups called that are kept for some days (`.01`, `.02`; `db-2026-11-01`).
    """
    return all(_is_whole(one.path) for one in names)


def _is_whole(path: Path) -> bool:
    """Tell whether a file begins as a compressed one does, or begins and ends as a tar does."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            head = file.read(BLOCK)
            if head.startswith(tuple(MAGIC.values())):
                return True
            if file.seek(0, os.SEEK_END) < len(head) + len(END_OF_ARCHIVE):
                return False
            file.seek(-len(END_OF_ARCHIVE), os.SEEK_END)
            return is_header(head) and file.read() == END_OF_ARCHIVE
    except OSError:
        return False


def _missing(missing: list[PartName], there: list[PartName]) -> BackupError:
    names = [shown(os.fsencode(one.path.name)) for one in missing]
    last = [shown(os.fsencode(one.path.name)) for one in there[-2:]]
    return BackupError(
        f"the backup is split, and {counted(len(names), 'part')} of it "
        f"{'is' if len(names) == 1 else 'are'} missing",
        reason=f"{listed(names)}\nthere are {' and '.join(last)}",
        fix=f"fetch what is missing into {pasteable(missing[0].path.parent)}, "
        "then name the first part",
    )


def _not_first(name: PartName, first: PartName) -> BackupError:
    return BackupError(
        f"{shown(os.fsencode(name.path))} is not the first part of the backup",
        reason=f"{shown(os.fsencode(first.path.name))} is there too; a split backup is named by "
        "its first part",
        fix=f"name {pasteable(first.path)} instead\n"
        f"if it is a backup by itself: ln -s -- {pasteable(name.path)} backup.tar",
    )
