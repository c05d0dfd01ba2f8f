"""The backup: one file, or the parts of a split one behind each other, read by position."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections import deque
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.source.parts import find_parts, first_part_of
from kubectl_restore.archive.source.regular import RegularFile
from kubectl_restore.errors import BackupError
from kubectl_restore.text import pasteable, shown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType
    from typing import Self

_HELD: Final = 64
"""Descriptors that are kept open; a process may have 1024 by habit."""


class BackupFile:
    """A backup that is open for reading.

    Attributes:
        path: as the user named it; of a split backup the first part.
        whole: what it was called before it was split; else the same.
        parts: its files in order.
        size: bytes of all, when they were opened.
        identity: of each part device, inode, size and modification time in nanoseconds; and the
            nanoseconds since 1970 when content or attributes of a part last changed.
    """

    def __init__(self, path: Path) -> None:
        """Open a backup.

        Raises:
            BackupError: it, or a part of it, is missing, unreadable, empty or no regular file.
        """
        found = find_parts(path)
        self.path = path
        self.whole = found.whole
        self.parts: list[RegularFile] = []
        self._next = found.next
        self._held: deque[RegularFile] = deque()
        for one in found.paths:
            self.parts.append(_opened(one))
            self._hold(self.parts[-1])
        self._starts = [0, *accumulate(one.size for one in self.parts)]
        self.size = self._starts[-1]
        changed_at = max(one.changed_at for one in self.parts)
        self.identity = (tuple(one.identity for one in self.parts), changed_at)

    has_samples = True

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a backup; see `__init__`."""
        return cls(path)

    @property
    def is_split(self) -> bool:
        """Tell whether there is more than one part."""
        return len(self.parts) > 1

    @property
    def part_count(self) -> int:
        """How many files it consists of."""
        return len(self.parts)

    def reader(self, wanted: Iterable[tuple[int, int] | None] | None = None) -> Self:  # noqa: ARG002
        """Return itself: whoever reads by position is in nobody's way."""
        return self

    def is_ready(self, offset: int, length: int) -> bool:  # noqa: ARG002 - a reader's
        """Tell that nobody waits for a file."""
        return True

    def let_go(self) -> None:
        """Keep everything: what is read once more is at hand."""

    @property
    def mode(self) -> int:
        """Permission bits: who may read every part."""
        mode = 0o777
        for one in self.parts:
            mode &= one.mode
        return mode

    @property
    def written_at(self) -> int:
        """Seconds since 1970 when a part was last written to."""
        return max(one.identity[3] for one in self.parts) // 10**9

    def close(self) -> None:
        """Close the files; twice does no harm."""
        for one in self.parts:
            one.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`; fewer only at the end.

        Raises:
            BackupError: a file cannot be read.
        """
        pieces: list[bytes] = []
        while length > 0:
            part, at, left = self._place(offset)
            piece = part.read(at, min(length, left)) if left else b""
            if not piece:
                break
            pieces.append(piece)
            offset += len(piece)
            length -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def read_into(self, view: memoryview, offset: int) -> int:
        """Read into `view` from `offset`; return how many bytes came, 0 only at the end.

        Raises:
            BackupError: a file cannot be read.
        """
        part, at, left = self._place(offset)
        return part.read_into(view[:left], at) if left else 0

    def check_unchanged(self, *, is_sending: bool = False) -> None:
        """Return when the files are what they were when they were opened.

        Args:
            is_sending: some of it may be in the pod already.

        Raises:
            BackupError: one grew, shrank or was written to, or there is a further part.
        """
        for one in self.parts:
            if not one.is_as_it_was():
                raise one.changed(is_sending=is_sending)
        if any(os.path.lexists(one) for one in self._next):
            raise self.changed(is_sending=is_sending)

    def changed(self, *, is_sending: bool) -> BackupError:
        """Return the error that says that the backup is not what it was."""
        return self.parts[-1].changed(is_sending=is_sending)

    def note_parts(self, error: BackupError) -> None:
        """Say with an error where the backup ends for us, when further parts could have a name."""
        if self._next:
            last = shown(os.fsencode(self.parts[-1].path.name))
            error.reason += (
                f"\n{last} is the last of its {len(self.parts)} parts that is there"
                if self.is_split
                else f"\nthere is no part behind {last}"
            )

    def _place(self, offset: int) -> tuple[RegularFile, int, int]:
        """Return the part in which a byte stands, where in it, and how many bytes it has left."""
        number = min(bisect_right(self._starts, offset), len(self.parts)) - 1
        part = self.parts[number]
        if not part.is_open:
            self._hold(part)
        at = offset - self._starts[number]
        return part, at, max(0, part.size - at)

    def _hold(self, part: RegularFile) -> None:
        self._held.append(part)
        if len(self._held) > _HELD:
            self._held.popleft().close()


def _opened(path: Path) -> RegularFile:
    try:
        return RegularFile(path)
    except BackupError as error:
        first = None if os.path.lexists(path) else first_part_of(path)
        if first is not None:
            error.reason = f"it is there in parts: {shown(os.fsencode(first.name))}"
            error.fix = f"name its first part: {pasteable(first)}"
        raise
