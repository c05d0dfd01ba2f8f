"""Members with holes, in each of GNU tar's four formats, packed by GNU tar itself."""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.compatibility.entry import BLOCK, Entry, digest

if TYPE_CHECKING:
    from pathlib import Path

_MODE: Final = 0o640
_MTIME: Final = 1_600_000_456
_GIB: Final = 1 << 30
_GAP: Final = 64 * 1024
_FORMATS: Final = {
    "old": ("--format=gnu",),
    "pax-0.0": ("--format=pax", "--sparse-version=0.0"),
    "pax-0.1": ("--format=pax", "--sparse-version=0.1"),
    "pax-1.0": ("--format=pax", "--sparse-version=1.0"),
}


@dataclass(frozen=True, slots=True)
class SparseFile:
    """A file with holes: its name, its format, its size, and where how many bytes of data are."""

    name: str
    layout: str
    size: int
    data: tuple[tuple[int, int], ...]

    def pieces(self) -> list[tuple[int, bytes]]:
        """Return the data itself; no byte of it is zero."""
        randomness = random.Random(self.name)  # noqa: S311 - content, no secret
        return [
            (offset, bytes(randomness.choices(range(1, 256), k=length)))
            for offset, length in self.data
        ]

    def entry(self, owner: tuple[int, int]) -> Entry:
        """Return what must come of it."""
        return Entry(
            kind="file",
            mode=_MODE,
            mtime=_MTIME * 10**9,
            owner=owner,
            size=self.size,
            content=digest(self.size, self.pieces()),
            blocks=sum(-(-length // BLOCK) for _, length in self.data),
        )

    def member(self, directory: Path, owner: tuple[int, int]) -> bytes:
        """Return its blocks in an archive."""
        path = directory / self.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for offset, piece in self.pieces():
                file.seek(offset)
                file.write(piece)
            file.truncate(self.size)
        command = ["tar", "--create", "--file=-", "--sparse", "--hole-detection=seek"]
        command += ["--blocking-factor=1", f"--mode={_MODE:o}", f"--mtime=@{_MTIME}"]
        # Names that exist in no pod: the numbers are what counts.
        command += [f"--owner=nobody-here:{owner[0]}", f"--group=nobody-here:{owner[1]}"]
        command += [*_FORMATS[self.layout], f"--directory={directory}", self.name]
        packed = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
        path.unlink()
        assert len(packed) < 1 << 20, f"tar saw no holes in {self.name}"
        return packed[: -2 * 512]


def _many(count: int, *, first: int) -> tuple[tuple[int, int], ...]:
    return tuple((first + number * _GAP, BLOCK) for number in range(count))


def _small(layout: str) -> list[SparseFile]:
    """Return files of one format; its old one counts 4 extents, then 21 in each further block."""
    end = 60 * _GAP
    return [
        SparseFile(f"sparse/{layout}-3", layout, end, _many(3, first=0)),
        SparseFile(f"sparse/{layout}-7", layout, end, _many(7, first=_GAP)),
        SparseFile(f"sparse/{layout}-50", layout, end + 123, (*_many(49, first=_GAP), (end, 123))),
        SparseFile(f"sparse/{layout}-hole", layout, end, ()),
    ]


def _huge(layout: str) -> SparseFile:
    # Around the limits of 32 bits and of 11 octal digits, and in the last bytes.
    data = ((0, BLOCK), (4 * _GIB - BLOCK, 2 * BLOCK), (8 * _GIB, BLOCK), (9 * _GIB, 123))
    return SparseFile(f"sparse/{layout}-9GiB", layout, 9 * _GIB + 123, data)


SMALL: Final = tuple(file for layout in _FORMATS for file in _small(layout))
HUGE: Final = (_huge("old"), _huge("pax-1.0"))
