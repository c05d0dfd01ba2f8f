"""What an earlier run may have left unfinished is settled by check sums.

A file that is whole after all is not sent again. A large one that was broken off goes on where it
stopped, if what is there is its beginning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.algorithms import digester
from kubectl_restore.archive.index import Extra, Kind
from kubectl_restore.archive.outgoing import Extract, Zeros
from kubectl_restore.operation import Resumed
from kubectl_restore.pod.survey import Standing
from kubectl_restore.progress import Phase, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kubectl_restore.archive.algorithms import Algorithm
    from kubectl_restore.archive.index import Member
    from kubectl_restore.batch import Batch
    from kubectl_restore.pipe.questions import Questions
    from kubectl_restore.pod.survey import Entry
    from kubectl_restore.progress import Progress

WORTH_IT: Final = 64 << 20
"""Bytes of a file from which on its beginning is looked at."""
_WITH_MORE: Final = Extra.XATTRS | Extra.ACL | Extra.CAPABILITIES


@dataclass(frozen=True, slots=True)
class Settling:
    """Finds out what became of files that may have been in flight.

    Attributes:
        batch: theirs; it can be read again.
        algorithm: one that the container has a tool for.
        questions: asked through the open exec.
        progress: told how far it is.

    All calls raise RestoreError when the link is lost, or the backup cannot be read on.
    """

    batch: Batch
    algorithm: Algorithm
    questions: Questions
    progress: Progress

    def whole(self, entries: Mapping[int, Entry]) -> dict[int, Entry]:
        """Return those that have the backup's content.

        Args:
            entries: what stands at each of them, by number.
        """
        members = self.batch.index.members
        alike = {
            number: entry
            for number, entry in entries.items()
            if _may_be_whole(members[number], entry)
        }
        if not alike:
            return {}
        numbers = sorted(alike, key=lambda number: members[number].offset)
        pulse = self.questions.pulse
        ours = self.batch.fingerprints(self.algorithm, numbers, self.progress, pulse)
        theirs = self.questions.digests(map(members.path, numbers), self.algorithm)
        return {
            number: alike[number]
            for number in numbers
            if (own := ours.digest(number)) is not None and theirs.get(members.path(number)) == own
        }

    def begun(self, entries: Mapping[int, Entry]) -> dict[int, Resumed]:
        """Return the large ones that go on: what is there is the backup's beginning.

        Args:
            entries: what stands at each of them, by number.
        """
        members = self.batch.index.members
        short = {
            number: entry
            for number, entry in sorted(entries.items())
            if _is_worth_it(members[number], entry)
        }
        if not short:
            return {}
        theirs = self.questions.prefixes(
            [(members.path(number), entry.size) for number, entry in short.items()], self.algorithm
        )
        return {
            number: Resumed(entry.size, entry.inode)
            for number, entry in short.items()
            if (there := theirs.get(members.path(number))) is not None
            and self._beginning(members[number], entry.size) == there
        }

    def _beginning(self, member: Member, length: int) -> bytes:
        """Return the check sum of a file's first bytes."""
        own, done = digester(self.algorithm), 0
        for block in self.batch.read([Extract(member.offset + member.prefix, length)]):
            if not isinstance(block, Zeros):
                own.update(block)
                done += len(block)
            self.progress.status(Status(Phase.CHECKSUM, done, length))
            self.questions.pulse()
        return own.digest()


def _may_be_whole(member: Member, entry: Entry) -> bool:
    """Tell whether what stands there may be a whole file: its check sum decides.

    Attributes and ACLs come after the content, and no survey shows them: such a file is sent again.
    """
    return (
        member.kind is Kind.FILE
        and not member.extras & _WITH_MORE
        and entry.kind is Standing.FILE
        and entry.size == member.size
    )


def _is_worth_it(member: Member, entry: Entry) -> bool:
    """Tell whether what stands there may be the beginning of a large file.

    One with holes, or with what only a tar can set, is sent whole.
    """
    return (
        member.kind is Kind.FILE
        and member.size >= WORTH_IT
        and member.extents is None
        and not member.extras & _WITH_MORE
        and entry.kind is Standing.FILE
        and 0 < entry.size < member.size
    )


def rest_of(batch: Batch, member: Member, resumed: Resumed) -> Iterator[memoryview | Zeros]:
    """Return the bytes that are not there yet."""
    start = member.offset + member.prefix + resumed.start
    return batch.read([Extract(start, member.size - resumed.start)])
