"""What can be had of a damaged backup.

A member is restored when its header and all of its content stand in one run. Behind damage the next
header is looked for; a name that may have been longer in a header that is lost is not believed.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.compression.detect import PlainStream, recognise
from kubectl_restore.archive.index.index import Index
from kubectl_restore.archive.index.read import last_of_each
from kubectl_restore.archive.index.unread import unread_fields
from kubectl_restore.archive.index.walker import Walker
from kubectl_restore.archive.members.member import Kind, normal_path
from kubectl_restore.archive.members.members import Members
from kubectl_restore.archive.salvage.runs import RunReader
from kubectl_restore.archive.salvage.stream import SalvagedStream
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.archive.tar.header import BLOCK, is_header, read_leniently
from kubectl_restore.errors import BackupError, DisprovedError
from kubectl_restore.text import counted, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.source.readable import Backup
    from kubectl_restore.deadline import Watch
    from kubectl_restore.errors import DamagedError
    from kubectl_restore.progress import Progress

PARTIAL: Final = b".partial"
"""Behind the name of a file of which only the beginning is there."""
_SURE: Final = 99
"""Bytes of a name that a header holds for certain; a longer one may be cut there."""


@dataclass(frozen=True, slots=True)
class Gone:
    """Something that cannot be had.

    Attributes:
        name: of the member, as recorded; empty where it is not known.
        reason: what became of it; safe to print.
    """

    name: bytes
    reason: str

    def __str__(self) -> str:
        return f"{shown(self.name)}: {self.reason}" if self.name else self.reason


@dataclass(slots=True)
class Salvaged:
    """What is left of a backup.

    Attributes:
        index: the members that are wholly there.
        gone: what is not.
        unproved: names of members whose content may be other than it was: a checksum around them
            is wrong. Those of one checksum stand behind one another.
        causes: how many of them each of those checksums is about.
        is_disproved: one of them is the whole backup's.
        partial: which of the members are beginnings of files.
    """

    index: Index
    gone: list[Gone] = field(default_factory=list)
    unproved: list[bytes] = field(default_factory=list)
    causes: list[int] = field(default_factory=list)
    is_disproved: bool = False
    partial: list[bytes] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """Return what is to be said in a summary."""
        said = []
        if self.gone:
            gone = counted(len(self.gone), "member or place", "members or places")
            said.append(f"{gone} of the backup {'is' if len(self.gone) == 1 else 'are'} lost")
        if self.is_disproved:
            said.append("a checksum of the whole backup is wrong: no content of it is proved")
        elif self.unproved:
            said.append(f"{counted(len(self.unproved), 'member')} whose content is not proved")
        if self.partial:
            said.append(f"{counted(len(self.partial), 'file')} in part, as NAME{PARTIAL.decode()}")
        return said


class _PlainSource(PlainStream):
    """A tar that is not compressed has no gaps of its own."""

    breaks = ()

    def next_piece(self, longest: int) -> memoryview:
        return memoryview(self.read(longest))


def salvage(
    backup: Backup,
    error: DamagedError,
    progress: Progress,
    watch: Watch,
    *,
    with_partial: bool = False,
) -> Salvaged:
    """Read a damaged backup as far as that can be done.

    Args:
        backup: the file.
        error: what is wrong with it; where its own checksum is, nothing of it is proved.
        progress: told how far it is.
        watch: may end it.
        with_partial: beginnings of cut files are members too, under names that say so.

    Raises:
        BackupError: the file cannot be read, or does not even begin as a backup does.
        TimedOutError, SignalledError: the watch ended the run.
    """
    compression = recognise(backup)
    reading = _Reading(backup, compression, progress, watch)
    reading.run()
    return reading.result(with_partial=with_partial, is_disproved=isinstance(error, DisprovedError))


def salvaged_stream(
    backup: Backup, compression: Compression, on_step: Callable[[], None]
) -> SalvagedStream | None:
    """Return the stream on which the members of a salvaged index stand; None for a plain tar."""
    if compression is Compression.NONE:
        return None
    return SalvagedStream(backup, compression, on_step)


class _Reading:
    """Walks over what is there, from run to run."""

    def __init__(
        self, backup: Backup, compression: Compression, progress: Progress, watch: Watch
    ) -> None:
        self._backup = backup
        self._compression = compression
        self._source = salvaged_stream(backup, compression, watch.check) or _PlainSource(backup)
        self._reader = RunReader(self._source)
        self._walker = Walker(backup, compression, progress, watch, window=self._reader)
        self._walker.restart()
        self._gone: list[Gone] = []
        self._cut: list[Member] = []
        self._unsure: set[int] = set()
        self._last = b""
        self._last_at = 0

    def run(self) -> None:
        """Read to the end of the file."""
        while True:
            try:
                self._read_run()
            except BackupError as error:
                self._note(error)
                if not self._find_header():
                    return

    def _read_run(self) -> None:
        """Read members until something is wrong, or the run ends.

        Raises:
            BackupError: something is.
        """
        while not self._reader.is_at_break:
            if not any(self._reader.peek(BLOCK)):
                self._reader.read(BLOCK)
                self._walker.restart()
                continue
            self._last, self._last_at = self._reader.peek(BLOCK), self._reader.position
            self._walker.read_next(allow_missing_end=True)
        raise BackupError("the run ends")

    def _note(self, error: BackupError) -> None:
        """Note what is lost with what was wrong."""
        cut, self._walker.cut = self._walker.cut, None
        if cut is not None:
            whole = cut.size if cut.extents is None else sum(cut.extents[1::2])
            there = max(0, self._reader.position - cut.offset - cut.prefix)
            reason = f"cut: {min(there, whole):,} of {whole:,} bytes are there"
            self._gone.append(Gone(cut.name, reason))
            if cut.kind is Kind.FILE and cut.extents is None:
                self._cut.append(cut._replace(size=min(there, whole) // BLOCK * BLOCK))
        elif error.reason:
            has_name = self._last[257:262] == b"ustar" and self._is_behind_header
            name = self._last[:100].split(b"\x00", 1)[0] if has_name else b""
            self._gone.append(Gone(name, error.reason))
            if has_name:
                self._skip_content()

    @property
    def _is_behind_header(self) -> bool:
        return self._reader.position == self._last_at + BLOCK

    def _skip_content(self) -> None:
        """Pass over the content of a member whose header is damaged, where its size still fits.

        An archive may be in it, whose headers are none of ours.
        """
        size = read_leniently(self._last[124:136], 0, self._backup.size)
        if size is None or self._compression is not Compression.NONE:
            return
        end = self._reader.position + size + -size % BLOCK
        block = self._backup.read(end, BLOCK)
        if end <= self._backup.size and (is_header(block) or not any(block)):
            self._reader.skip(end - self._reader.position)

    def _find_header(self) -> bool:
        """Go to the next header; tell whether there is one."""
        reader = self._reader
        while True:
            if reader.is_at_break:
                if not reader.go_on():
                    return False
                is_found = is_header(reader.peek(BLOCK)) or reader.seek_header(is_aligned=False)
            else:
                is_found = reader.seek_header(is_aligned=True)
            if is_found:
                self._walker.restart()
                self._read_first()
                return True
            reader.pass_run()

    def _read_first(self) -> None:
        """Read the first member behind damage: what stood before its header may be lost."""
        block = self._reader.peek(BLOCK)
        self._unsure.discard(len(self._walker.members))
        if block[156:157] in {b"L", b"K", b"x", b"g"}:
            return
        name, link = (one.split(b"\x00", 1)[0] for one in (block[:100], block[157:257]))
        is_sure = all(len(one) < _SURE and one.isascii() for one in (name, link))
        if not is_sure or b"GNUSparseFile" in name:
            self._unsure.add(len(self._walker.members))

    def result(self, *, with_partial: bool, is_disproved: bool) -> Salvaged:
        """Return what there is."""
        members = self._walker.take_members()
        stays = bytearray(b"\x01" * len(members))
        for number in self._unsure.intersection(range(len(members))):
            self._leave(members[number], "what stands before its header is lost, its name with it")
            stays[number] = 0
        self._leave_links(members, stays)
        unproved, causes = self._unproved(members, stays)
        members.reduce_to(stays)
        if isinstance(self._source, SalvagedStream):
            self._gone += [Gone(b"", one) for one in self._source.losses]
        partial = []
        if with_partial and self._cut:
            members = _with(members, self._beginnings(members))
            partial = [one.name for one in self._cut]
        members, _ = last_of_each(members)
        if is_disproved:
            unproved = [one.name for one in members]
            causes = [len(unproved)]
        found = Salvaged(
            Index(members, self._reader.position, self._compression),
            self._gone,
            unproved,
            causes,
            is_disproved,
            partial,
        )
        said = (*unread_fields(self._walker.unread), *found.sentences())
        found.index = replace(
            found.index, missing_end=True, warnings=said, doubts=said, is_salvaged=True
        )
        return found

    def _leave(self, member: Member, reason: str) -> None:
        self._gone.append(Gone(member.name, reason))

    def _leave_links(self, members: Members, stays: bytearray) -> None:
        """Leave out hard links whose content is not there."""
        links = members.of_kind(Kind.HARDLINK)
        targets = {normal_path(members[number].link) for number in links}
        first: dict[bytes, int] = {}
        for number, path in members.among(targets):
            if stays[number]:
                first.setdefault(path, number)
        for number in links:
            member = members[number]
            if first.get(normal_path(member.link), number) >= number and stays[number]:
                self._leave(member, f"a hard link to {shown(member.link)}, which is gone")
                stays[number] = 0

    def _unproved(self, members: Members, stays: bytearray) -> tuple[list[bytes], list[int]]:
        """Return the names of members that stand where a checksum is wrong, and how many where."""
        doubtful = self._source.doubtful if isinstance(self._source, SalvagedStream) else []
        if not doubtful:
            return [], []
        ends = [end for _, end in doubtful]
        names: list[bytes] = []
        causes = [0] * len(doubtful)
        for number, member in enumerate(members):
            at = bisect_left(ends, member.offset + 1)
            end = member.offset + member.length
            if stays[number] and at < len(doubtful) and doubtful[at][0] < end:
                names.append(member.name)
                causes[at] += 1
        return names, [one for one in causes if one]

    def _beginnings(self, members: Members) -> list[Member]:
        """Return the cut files under names of their own."""
        taken = set(members.paths())
        made = []
        for one in self._cut:
            name = one.name.rstrip(b"/") + PARTIAL
            while normal_path(name) in taken:
                name += PARTIAL
            taken.add(normal_path(name))
            made.append(
                one._replace(
                    name=name,
                    path=normal_path(name),
                    length=one.prefix + one.size,
                    is_common=False,
                )
            )
        return made


def _with(members: Members, more: list[Member]) -> Members:
    """Return the members and more of them, in the order of the archive."""
    return Members.of(sorted((*members, *more), key=lambda one: one.offset))
