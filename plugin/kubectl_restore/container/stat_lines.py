"""What stands at many paths, as the lines that stat says of them.

Nearly all of them are as they are expected, to the byte: that is told by comparing lines. An entry
is made of one where somebody has to know more.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from kubectl_restore.container.survey import Standing, line_of, read_entry, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kubectl_restore.container.survey import Entry

NOTHING: Final = b""
"""The line of a path at which nothing stands."""
_LINK: Final = b"%x" % (stat.S_IFLNK >> 12)
"""How a symbolic link's mode begins."""


class StatLines(Mapping[bytes, "Entry"]):
    """What stands at each of some paths.

    Attributes:
        paths: what was asked about.
        lines: of each what stat said of it; see `read_entry`.
    """

    def __init__(self, paths: Sequence[bytes]) -> None:
        """Have nothing stand there yet."""
        self.paths = paths
        self.lines = [NOTHING] * len(paths)
        self._places: dict[bytes, int] | None = None

    def __getitem__(self, path: bytes) -> Entry:
        """Return what stands at a path.

        Raises:
            KeyError: nothing does, or nobody has asked.
            PodCannotError: what was said of it makes no sense.
        """
        found = self.at(self._place_of[path])
        if found is None:
            raise KeyError(path)
        return found

    @property
    def _place_of(self) -> dict[bytes, int]:
        if self._places is None:
            self._places = {one: place for place, one in enumerate(self.paths)}
        return self._places

    def __iter__(self) -> Iterator[bytes]:
        return (path for path, line in zip(self.paths, self.lines, strict=True) if line)

    def __len__(self) -> int:
        return len(self.lines) - self.lines.count(NOTHING)

    def at(self, place: int) -> Entry | None:
        """Return what stands at the path that was asked about in this place; None for nothing.

        Raises:
            PodCannotError: what was said of it makes no sense.
        """
        line = self.lines[place]
        if not line:
            return None
        entry = read_entry(line)
        if entry is None:
            raise unreadable(line)
        return entry

    def update(self, known: Mapping[bytes, Entry]) -> None:
        """Take what stands at some of the paths from somebody who knows better."""
        places = self._place_of
        for path, entry in known.items():
            self.lines[places[path]] = line_of(entry)

    def symlinks(self) -> list[bytes]:
        """Return the paths at which symbolic links stand."""
        likely = (place for place, line in enumerate(self.lines) if line.startswith(_LINK))
        return [
            self.paths[place]
            for place in likely
            if (entry := self.at(place)) is not None and entry.kind is Standing.SYMLINK
        ]

    def entries(self) -> dict[bytes, Entry]:
        """Return what stands there, by path."""
        return {
            path: entry
            for place, path in enumerate(self.paths)
            if (entry := self.at(place)) is not None
        }
