"""Some members of the backup, and how their bytes are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kubectl_restore.archive.stream.pauses import no_pauses
from kubectl_restore.archive.stream.segments import Extract, Zeros
from kubectl_restore.archive.trust.content_checksums import Fingerprints
from kubectl_restore.progress import Phase, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kubectl_restore.archive.checksums import Algorithm
    from kubectl_restore.archive.index.index import Index
    from kubectl_restore.archive.stream.segments import Segment, Tap
    from kubectl_restore.progress import Progress


class Reader(Protocol):
    """Returns the bytes of segments, in blocks that are valid until the next is asked for."""

    def __call__(
        self, segments: Iterable[Segment], tap: Tap | None = None
    ) -> Iterator[memoryview | Zeros]:
        """Read them; the tap is shown the archive's own bytes with their offsets."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some members of the backup.

    Attributes:
        index: the members.
        is_last: no other comes after it.
        read: how their bytes are read.
        identity: tells it from all others: hexadecimal digits.
        is_kept: it can be read again, and any part of it.
        pauses: returns at which bytes of a stream of it something may be waited for.
        is_held: tells whether all of one that comes through a pipe is in memory.
    """

    index: Index
    is_last: bool
    read: Reader
    identity: str = ""
    is_kept: bool = True
    pauses: Callable[[Iterable[Segment]], Iterable[int]] = no_pauses
    is_held: Callable[[], bool] = lambda: False

    @property
    def can_be_read_again(self) -> bool:
        """Tell whether contents can be read before they are sent."""
        return self.is_kept or self.is_held()

    def fingerprints(
        self,
        algorithm: Algorithm,
        numbers: Sequence[int],
        progress: Progress,
        beat: Callable[[], None] = lambda: None,
    ) -> Fingerprints:
        """Read the contents of some files and return their checksums.

        Args:
            algorithm: which.
            numbers: of files, in the order of their data.
            progress: told how far it is.
            beat: called with every block.
        """
        members = self.index.members
        found = Fingerprints(algorithm, members.__getitem__, numbers)
        files = (members[number] for number in numbers)
        contents = (
            Extract(one.offset + one.prefix, one.length - one.prefix)
            for one in files
            if one.length > one.prefix
        )
        total = sum(members[number].length - members[number].prefix for number in numbers)
        done = 0
        for block in self.read(contents, found.take):
            done += block.length if isinstance(block, Zeros) else len(block)
            progress.status(Status(Phase.CHECKSUM, done, total))
            beat()
        return found
