"""Files beside a backup by their names, whatever capitals Windows gave them."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MOST_NAMES: Final = 100_000
"""Of a directory; the exact name is looked for whatever its size."""


class Directory:
    """The names in directories, each read once."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._known: dict[Path, dict[str, list[str]]] = {}

    def spellings(self, wanted: Path, suffix: str = "") -> Iterator[Path]:
        """Yield the exact name, then other files whose names differ from it in capitals only.

        `BACKUP.TAR.SHA256` is not about `backup.tar` where there is a `BACKUP.TAR`.

        Args:
            wanted: the exact name, which need not be there.
            suffix: its end, where what stands before it is another file's name.
        """
        yield wanted
        about = wanted.name[: len(wanted.name) - len(suffix)]
        for name in self._names(wanted.parent).get(wanted.name.lower(), ()):
            other = name[: len(name) - len(suffix)]
            path = wanted.with_name(name)
            is_anothers = bool(suffix) and other != about and os.path.lexists(path.with_name(other))
            if name != wanted.name and not is_anothers and not _is_same(path, wanted):
                yield path

    def _names(self, place: Path) -> dict[str, list[str]]:
        known = self._known.get(place)
        if known is None:
            known = self._known[place] = {}
            try:
                with os.scandir(place) as entries:
                    for entry in islice(entries, _MOST_NAMES):
                        known.setdefault(entry.name.lower(), []).append(entry.name)
            except OSError:
                # It may be one that is gone through and not read.
                known.clear()
            for names in known.values():
                names.sort()
        return known


def _is_same(one: Path, other: Path) -> bool:
    """Tell whether two names are one file, as where capitals make no difference."""
    try:
        return one.samefile(other)
    except OSError:
        return False
