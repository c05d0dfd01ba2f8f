"""Directories that are other programs' repositories, by what stands in them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from kubectl_restore.archive.source.magic import KOPIA, FileType

_RESTIC: Final = (
    "restic -r {path} restore latest --target unpacked && tar -cf backup.tar -C unpacked ."
)
"""Not `restic dump`: its tar has no hard links and no FIFOs (findings/restic-dump-tar.sh)."""
_REPOSITORIES: Final = (
    (
        frozenset({"config", "data", "index", "keys", "snapshots"}),
        FileType("a restic repository", fix=_RESTIC),
    ),
    (frozenset({"kopia.repository.f"}), FileType("a kopia repository", fix=KOPIA)),
    (frozenset({"kopia.repository"}), FileType("a kopia repository", fix=KOPIA)),
)
"""What stands in their directories (restic's design document; kopia's blob names)."""
_BORG: Final = FileType(
    "a borg repository",
    fix="borg export-tar {path}::ARCHIVE backup.tar  # borg list {path} names the archives; "
    "then restore backup.tar",
)
_SECTION: Final = b"[repository]"
"""Borg's names are everybody's (`config`, `data`); its configuration begins so (borg's internals,
"Repository and Archives")."""
_DEEPEST: Final = 3
"""Levels that a repository keeps its files below itself (restic: data/ab/ID; kopia: p/abc/def)."""


def identify_directory(place: Path) -> FileType | None:
    """Tell which program's repository a directory looks like; None when nothing fits."""
    for names, look in _REPOSITORIES:
        if all(os.path.lexists(place / name) for name in names):
            return look
    return _BORG if _is_borgs(place) else None


def _is_borgs(place: Path) -> bool:
    if not os.path.lexists(place / "data"):
        return False
    try:
        descriptor = os.open(place / "config", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return os.read(descriptor, len(_SECTION)) == _SECTION
    except OSError:
        return False
    finally:
        os.close(descriptor)


def repository_around(path: Path) -> tuple[FileType, Path] | None:
    """Return what repository a file lies in, and where that is; None where it lies in none.

    The files in it are encrypted, so they look like nothing.
    """
    for place in Path(os.path.realpath(path)).parents[:_DEEPEST]:
        look = identify_directory(place)
        if look is not None:
            return look, place
    return None
