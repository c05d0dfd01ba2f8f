"""How much there is to save."""

from __future__ import annotations

from array import array
from itertools import pairwise
from typing import TYPE_CHECKING

from kubectl_restore.archive.tar.header import BLOCK
from kubectl_restore.archive.tar.member_header import header_length
from kubectl_restore.archive.tar.writer import END
from kubectl_restore.container.survey import Standing

if TYPE_CHECKING:
    from kubectl_restore.container.survey import Entry


class Sizes:
    """How much there is to save, each file once."""

    def __init__(self) -> None:
        """Have nothing yet."""
        self.paths = 0
        self.fetched = 0
        """Bytes of contents so far."""
        self.content = 0
        """Bytes of contents; known once all were added."""
        self.total = END
        """Bytes of the archive; known once all were added."""
        self.repeated: frozenset[int] = frozenset()
        """Inodes that several paths have; known once all were added."""
        self.inodes = array("Q")
        self._lengths = array("Q")

    def add(self, path: bytes, entry: Entry) -> None:
        """Count what stands at a path."""
        self.paths += 1
        self.total += header_length(path + b"/")
        if entry.kind is Standing.SYMLINK:
            self.total += entry.size
        if entry.kind is Standing.FILE:
            self.inodes.append(entry.number)
            self._lengths.append(entry.size)

    def close(self) -> None:
        """Say that these are all."""
        self.repeated = frozenset(
            one for one, next_ in pairwise(sorted(self.inodes)) if one == next_
        )
        seen: set[int] = set()
        for inode, length in zip(self.inodes, self._lengths, strict=True):
            if inode in seen:
                continue
            if inode in self.repeated:
                seen.add(inode)
            self.content += length
            self.total += length + -length % BLOCK
