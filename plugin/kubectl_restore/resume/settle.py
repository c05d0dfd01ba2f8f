"""What an earlier run may have left unfinished is settled by checksums.

A file that is whole after all is not sent again. A large one that was broken off goes on where it
stopped, if what is there is its beginning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.checksums import digester
from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.stream.segments import Extract, Zeros
from kubectl_restore.container.survey import Standing
from kubectl_restore.plan.contents import STANDING
from kubectl_restore.plan.operation import Left, Resumed
from kubectl_restore.plan.sending import ATTRIBUTES
from kubectl_restore.progress import Phase, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kubectl_restore.archive.checksums import Algorithm
    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.container.questions import Questions
    from kubectl_restore.container.survey import Entry
    from kubectl_restore.plan.batch import Batch
    from kubectl_restore.plan.contents import Contents
    from kubectl_restore.progress import Progress

WORTH_IT: Final = 64 << 20
"""Bytes of a file from which on it goes on inside."""


@dataclass(frozen=True, slots=True)
class Settling:
    """Finds out what an earlier run has left of members that may have been in flight.

    Only what a tar leaves behind is taken for a restore's own: a whole file, the beginning of one,
    something empty in a link's place. Whatever else stands there is somebody else's.

    Attributes:
        batch: theirs; it can be read again.
        contents: finds the member that carries a hard link's content.
        algorithm: one that the container has a tool for.
        questions: asked through the open exec.
        progress: told how far it is.
        distrusts_size: the pod's tar leaves what it could not write at its full size.
    """

    batch: Batch
    contents: Contents
    algorithm: Algorithm
    questions: Questions
    progress: Progress
    distrusts_size: bool = False

    def left(self, entries: Mapping[int, Entry]) -> dict[int, Left | Resumed]:
        """Return what was left of each.

        Args:
            entries: what stands at them, by number.

        Raises:
            RestoreError: the link was lost, or the backup cannot be read on.
        """
        found: dict[int, Left | Resumed] = {
            number: self._at_sight(number, entry) for number, entry in entries.items()
        }
        found.update(self._whole(entries))
        found.update(self._begun(entries))
        return found

    def _at_sight(self, number: int, entry: Entry) -> Left:
        """Return what can be said without a checksum."""
        member = self.batch.index.members[number]
        content = self.contents.of(member)
        if content.kind is Kind.SYMLINK and entry.kind is Standing.SYMLINK:
            # Where it leads decides.
            return Left.WHOLE
        if content.kind not in {Kind.FILE, Kind.SYMLINK}:
            return Left.UNFINISHED if entry.kind is STANDING[content.kind] else Left.FOREIGN
        if entry.kind is not Standing.FILE:
            return Left.FOREIGN
        # GNU tar has an empty file in the place of a link that it makes at its end.
        is_begun = not entry.size
        if member.kind is Kind.FILE and member.extents is not None:
            # With its holes it has no beginning that could be compared.
            is_begun = is_begun or entry.size <= member.size
        elif member.kind is Kind.FILE and self.distrusts_size:
            is_begun = is_begun or entry.size == member.size > entry.blocks * 512
        return Left.UNFINISHED if is_begun else Left.FOREIGN

    def _whole(self, entries: Mapping[int, Entry]) -> dict[int, Left | Resumed]:
        """Return those that have the backup's content."""
        members = self.batch.index.members
        carriers = {
            number: carrier
            for number, entry in entries.items()
            if entry.kind is Standing.FILE
            and entry.size
            and (carrier := self.contents.carrier(number)) is not None
            and members[carrier].kind is Kind.FILE
            and members[carrier].size == entry.size
        }
        if not carriers:
            return {}
        wanted = sorted(set(carriers.values()), key=lambda number: members[number].offset)
        pulse = self.questions.pulse
        ours = self.batch.fingerprints(self.algorithm, wanted, self.progress, pulse)
        theirs = self.questions.digests(map(members.path, carriers), self.algorithm)
        return {
            number: Left.WHOLE if _is_all_content(members[number]) else Left.UNFINISHED
            for number, carrier in carriers.items()
            if (own := ours.digest(carrier)) is not None and theirs.get(members.path(number)) == own
        }

    def _begun(self, entries: Mapping[int, Entry]) -> dict[int, Left | Resumed]:
        """Return those whose beginning stands there; large ones go on."""
        members = self.batch.index.members
        short = {
            number: entry
            for number, entry in sorted(entries.items())
            if entry.kind is Standing.FILE
            and members.kind(number) is Kind.FILE
            and members[number].extents is None
            and 0 < entry.size < members[number].size
        }
        if not short:
            return {}
        theirs = self.questions.prefixes(
            [(members.path(number), entry.size) for number, entry in short.items()], self.algorithm
        )
        found: dict[int, Left | Resumed] = {}
        for number, entry in short.items():
            member = members[number]
            there = theirs.get(member.path)
            if there is None or self._beginning(member, entry.size) != there:
                continue
            goes_on = member.size >= WORTH_IT and _is_all_content(member)
            found[number] = Resumed(entry.size, entry.inode) if goes_on else Left.UNFINISHED
        return found

    def _beginning(self, member: Member, length: int) -> bytes:
        """Return the checksum of a file's first bytes."""
        own, done = digester(self.algorithm), 0
        for block in self.batch.read([Extract(member.offset + member.prefix, length)]):
            if not isinstance(block, Zeros):
                own.update(block)
                done += len(block)
            self.progress.status(Status(Phase.CHECKSUM, done, length))
            self.questions.pulse()
        return own.digest()


def _is_all_content(member: Member) -> bool:
    """Tell whether a file is whole when its content is, but for what chmod and touch set.

    Attributes and ACLs come after the content, and no survey shows them; a link has to be linked.
    """
    return member.kind is Kind.FILE and not member.extras & ATTRIBUTES


def rest_of(batch: Batch, member: Member, resumed: Resumed) -> Iterator[memoryview | Zeros]:
    """Return the bytes that are not there yet."""
    start = member.offset + member.prefix + resumed.start
    return batch.read([Extract(start, member.size - resumed.start)])
