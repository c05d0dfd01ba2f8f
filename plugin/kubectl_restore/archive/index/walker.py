"""One walk over the archive, from header to header.

Where tars disagree about what an archive says (tried with GNU 1.34, busybox 1.35, bsdtar 3.6.2 and
toybox 0.8.9), it is not restored: what was checked here has to be what the pod's tar then does.

Archives may stand behind one another, and a single block of zeros between members: both are read
on, as `tar --ignore-zeros` does.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Final, Protocol

from kubectl_restore.archive.compression.detect import PlainStream, no_archive, open_stream
from kubectl_restore.archive.compression.stream import DecompressedStream
from kubectl_restore.archive.index.ending import MOST_PADDING, Ending, Seams
from kubectl_restore.archive.index.entry import (
    kind_of,
    link_of,
    mode_of,
    owner_of,
    stored_size,
    unread_of,
)
from kubectl_restore.archive.index.holes import Holes
from kubectl_restore.archive.index.prefixes import PREFIXES, Prefixes, require_size
from kubectl_restore.archive.index.tail import Tail
from kubectl_restore.archive.index.usual import Usual
from kubectl_restore.archive.members.member import Kind, Member, normal_path
from kubectl_restore.archive.members.members import Members
from kubectl_restore.archive.refusals import (
    UNSUPPORTED,
    corrupt,
    truncated,
    unsupported,
    without_end,
)
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.archive.tar.header import BLOCK, HeaderError, Unread, is_header, read_header
from kubectl_restore.progress import Phase, Status
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from kubectl_restore.archive.source.readable import Readable
    from kubectl_restore.archive.tar.header import Header
    from kubectl_restore.deadline import Watch
    from kubectl_restore.errors import BackupError
    from kubectl_restore.progress import Progress

_PIECE: Final = 256 * 1024
"""Bytes that are looked at in one go behind the end marker."""
_BETWEEN_REPORTS: Final = 1024 * 1024
"""Bytes of the file."""
_OFTEN: Final = 256
"""Headers between two looks at the watch: a few milliseconds."""


class ArchiveStream(Protocol):
    """What a walker reads: the bytes of an archive, in order."""

    @property
    def position(self) -> int:
        """Bytes of the archive read or passed over so far."""

    @property
    def consumed(self) -> int:
        """Bytes of the file taken so far."""

    @property
    def is_plain(self) -> bool:
        """Whether passing over costs nothing."""

    @property
    def garbage(self) -> int | None:
        """Where something else follows the compressed data; None for nowhere."""

    def read(self, length: int) -> bytes:
        """Return the next bytes; fewer only at the end."""

    def skip(self, length: int) -> int:
        """Pass over bytes and return how many there were."""


class Walker:
    """Walks the stream once.

    Attributes:
        stream: the archive inside the backup.
        members: what was read since `take_members` was last called.
        seams: what stood between members that is no member.
        unread: how many members have a field that cannot be read, by field.
        headers: how many blocks were read as headers, the end marker's first block too.
        cut: the member whose content was being passed over when the archive ended.
    """

    def __init__(
        self,
        backup: Readable,
        compression: Compression,
        progress: Progress,
        watch: Watch,
        *,
        window: ArchiveStream | None = None,
    ) -> None:
        """Stand before the first header; `window` is another stream than the file's own."""
        self.stream: ArchiveStream = window or open_stream(backup, compression, self._pulse)
        self.members = Members()
        self.seams = Seams()
        self.unread: Counter[Unread] = Counter()
        self.headers = 0
        self.cut: Member | None = None
        self._backup = backup
        self._compression = compression
        self._progress = progress
        self._watch = watch
        self._reported = 0
        self._prefixes = Prefixes()
        self._holes = Holes(self._block_of_map)
        self._usual = Usual(self.members)

    @property
    def labels(self) -> list[bytes]:
        """What the archive is called."""
        return self._prefixes.labels

    def report(self) -> None:
        """Tell the progress how far the file is read."""
        # A decompressor may hand back what it was given; the count only rises.
        self._reported = max(self._reported, self.stream.consumed)
        self._progress.status(
            Status(
                Phase.CHECK,
                done_bytes=self._reported,
                total_bytes=None if self._backup.size == sys.maxsize else self._backup.size,
                done_files=len(self.members),
            )
        )

    def _pulse(self) -> None:
        """Called by the stream after each step of its own, and by us between headers."""
        self._watch.check()
        if self.stream.consumed - self._reported >= _BETWEEN_REPORTS:
            self.report()

    def read_members(self, *, allow_missing_end: bool) -> Ending:
        """Read up to the end of the last archive; tell how it ends.

        Raises:
            BackupError: the archive is cut, corrupt or not for us.
        """
        self.report()
        ending = None
        while ending is None:
            self._take_usual_ones()
            ending = self.read_next(allow_missing_end=allow_missing_end)
        return ending

    def _take_usual_ones(self) -> None:
        """Take what is usual of what comes next, if nothing stands before it."""
        stream, prefixes = self.stream, self._prefixes
        if not isinstance(stream, PlainStream | DecompressedStream) or prefixes.holds_for_all:
            return
        if self._usual.members is not self.members:
            self._usual = Usual(self.members)
        while prefixes.start == stream.position:
            looked, before = self.headers // _OFTEN, len(self.members)
            length = self._usual.take(stream.ahead(), prefixes.start)
            if not length:
                return
            stream.advance(length)
            self.headers += len(self.members) - before
            prefixes.begin(stream.position)
            if self.headers // _OFTEN != looked:
                self._watch.check()
                self.report()

    def read_next(self, *, allow_missing_end: bool) -> Ending | None:
        """Read one header; at the end tell what the end is, before it return None.

        Raises:
            BackupError: the archive is cut, corrupt or not for us.
        """
        self.headers += 1
        if self.headers % _OFTEN == 0:
            self._watch.check()
            self.report()
        at = self.stream.position
        block = self.stream.read(BLOCK)
        if not any(block):
            found = self._pass_zeros(at, block, allow_missing_end=allow_missing_end)
            if isinstance(found, Ending):
                return found
            at, block = self.stream.position - BLOCK, found
        if len(block) < BLOCK:
            raise self._no_header(at, block, "it is cut")
        try:
            header = read_header(block)
            self._take(header, at, block)
        except HeaderError as error:
            raise self._no_header(at, block, str(error)) from error
        return None

    def restart(self) -> None:
        """Take it that a member begins here, whatever stood before it."""
        self._prefixes.begin(self.stream.position)

    @property
    def is_between_members(self) -> bool:
        """Tell whether the next header belongs to no member that was begun."""
        return self._prefixes.start == self.stream.position

    def take_members(self) -> Members:
        """Return the members that were read since this was last asked for."""
        taken, self.members = self.members, Members()
        return taken

    def read_rest(self, ending: Ending) -> Tail:
        """Read what follows the archive's end, for the checksums behind it too.

        Raises:
            BackupError: another archive is among it.
        """
        tail = Tail(self.stream.position - len(ending.beyond))
        data = ending.beyond
        while True:
            tail.take(data)
            self._pulse()
            data = self.stream.read(_PIECE)
            if not data:
                break
        tail.finish()
        return tail

    def _pass_zeros(self, at: int, first: bytes, *, allow_missing_end: bool) -> Ending | bytes:
        """Read zeros; return the header block behind them, or what ends there."""
        self._prefixes.require_none()
        if at == 0 and not first:
            raise truncated(f"what {self._compression} has packed is empty (0 bytes)")
        blocks = len(first) // BLOCK
        # Whatever is in a file that begins with zeros, it is no tar: a sparse one may be endless.
        most = MOST_PADDING // BLOCK if at else 2
        block = b""
        while 0 < blocks < most:
            block = self.stream.read(BLOCK)
            if len(block) < BLOCK or any(block):
                break
            blocks += 1
            if blocks % _OFTEN == 0:
                self._pulse()
        if 0 < blocks < most and is_header(block):
            self.seams.note(at, blocks)
            self._prefixes.begin(self.stream.position - BLOCK, forget=blocks > 1)
            return block
        if block[257:262] == b"ustar":
            raise self._no_header(self.stream.position - BLOCK, block, "its checksum does not fit")
        return self._ending(at, blocks, block, allow_missing_end=allow_missing_end)

    def _ending(self, at: int, blocks: int, block: bytes, *, allow_missing_end: bool) -> Ending:
        """Return what the end is, unless it may be a cut."""
        is_marked = blocks > 1
        if not is_marked and any(block):
            if len(block) < BLOCK:
                raise truncated(f"it ends inside a header, at byte {self.stream.position}")
            raise corrupt(f"a single block of zeros stands at byte {at}, inside the archive")
        # Half a block at a file's end is a cut; what a compressor has proved to be whole is none.
        is_packed = self._compression is not Compression.NONE
        is_single = blocks == 1 and at > 0 and (not block or is_packed)
        if not (is_marked or is_single or allow_missing_end):
            raise without_end(self.stream.position)
        end = at + min(blocks, 2) * BLOCK
        beyond = bytes(max(0, blocks - 2) * BLOCK) + block if is_marked else b""
        return Ending(end, is_marked, is_single, beyond)

    def _no_header(self, at: int, block: bytes, problem: str) -> BackupError:
        if at == 0 and block[257:262] != b"ustar":
            return no_archive(self._backup, block, self._compression)
        if len(block) < BLOCK:
            return truncated(f"it ends inside a header, at byte {at + len(block)}")
        return corrupt(f"the block at byte {at} is no tar header: {problem}")

    def _take(self, header: Header, at: int, block: bytes) -> None:
        if header.kind in PREFIXES:
            self._take_prefix(header, at)
        elif header.kind == b"V":
            self._prefixes.take_label(header, at, self.stream.position)
        elif header.kind in UNSUPPORTED:
            raise unsupported(header.kind, at)
        elif not (
            header.reads_alike and self._prefixes.start == at and self._take_usual(header, at)
        ):
            self._take_member(header, at, block)

    def _take_usual(self, header: Header, at: int) -> bool:
        """Note a member that needs no second look, and pass over its data; tell whether it is one.

        Nearly all are: this is what a million of them take their time for.
        """
        if self._prefixes.holds_for_all:
            return False
        name, kind = header.name, Kind.FILE if header.kind == b"0" else Kind.SYMLINK
        path = normal_path(name)
        is_odd = name.endswith(b"/") or (path != name and b"./" + path != name)
        if is_odd or (kind is Kind.SYMLINK and header.size):
            return False
        length = header.size + -header.size % BLOCK
        member = Member(
            name, path, kind, at, BLOCK + length, BLOCK, header.size, header.mode, header.mtime,
            header.uid, header.gid, header.link, user=header.user, group=header.group,
        )  # fmt: skip
        self._add(member, length)
        return True

    def _take_member(self, header: Header, at: int, block: bytes) -> None:
        """Note a member, and pass over its data."""
        start = self._prefixes.start
        pax = self._prefixes.records(header, at)
        name, link = self._prefixes.names(header, pax, at)
        kind = kind_of(header)
        size = stored = stored_size(header, pax, at)
        content = self.stream.position
        holes = self._holes.read(header, pax, block, at, is_file=kind is Kind.FILE)
        if holes is not None:
            extents, size = holes
            name = (pax.sparse_name or name) if header.kind != b"S" else name
            if name.endswith(b"/"):
                raise corrupt(f"the directory at byte {at} has holes")
            # The map of PAX 1.0 counts as data; that of the old format does not.
            stored -= self.stream.position - content if header.kind != b"S" else 0
            self._holes.check(extents, stored, at)
        elif kind is Kind.FILE and name.endswith(b"/") and name.strip(b"/"):
            # v7 had no type for directories.
            if stored or header.kind == b"7":
                raise corrupt(f"the directory at byte {at} has {stored} bytes of content")
            kind = Kind.DIRECTORY
        owner = owner_of(header, pax)
        if (
            header.unread is not Unread.NOTHING
            or pax.unread is not Unread.NOTHING
            or not owner.is_known
        ):
            self.unread.update(iter(unread_of(header, pax, knows_owner=owner.is_known)))
        prefix = self.stream.position - start
        length = stored + -stored % BLOCK
        member = Member(
            name,
            normal_path(name),
            kind,
            start,
            prefix + length,
            prefix,
            size,
            mode_of(header, pax, kind, knows_owner=owner.is_known),
            header.mtime if pax.mtime is None else pax.mtime,
            owner.uid,
            owner.gid,
            link_of(kind, link),
            # What a tar may read otherwise is written anew.
            is_common=False,
            extents=None if holes is None else holes[0].pairs,
            extras=pax.extras,
            records=pax.records,
            nanoseconds=pax.nanoseconds,
            user=header.user if pax.user is None else pax.user,
            group=header.group if pax.group is None else pax.group,
            device=header.device,
        )
        self._add(member, length)

    def _add(self, member: Member, length: int) -> None:
        """Note a member, when all of its data and padding is there."""
        start = self.stream.position
        passed = self.stream.skip(length)
        if passed < length:
            self.cut = member
            raise truncated(
                f"the content of {shown(member.name)} goes from byte {start} to byte "
                f"{start + length}, but the archive ends at byte {start + passed}"
            )
        self.members.append(member)
        self._prefixes.begin(self.stream.position)

    def _take_prefix(self, header: Header, at: int) -> None:
        """Take a block that says something about the next member (or, for `g`, about all)."""
        require_size(header, at)
        data = self.stream.read(header.size)
        length = -header.size % BLOCK
        padding = self.stream.read(length)
        if len(data) < header.size or len(padding) < length:
            raise truncated(f"it ends inside an extended header, at byte {self.stream.position}")
        self._prefixes.take(header, data, padding, at)

    def _block_of_map(self) -> bytes:
        block = self.stream.read(BLOCK)
        if len(block) < BLOCK:
            raise truncated(f"it ends inside a sparse map, at byte {self.stream.position}")
        self._pulse()
        return block
