"""One walk over the archive, from header to header.

Where tars disagree about what an archive says (tried with GNU 1.34, busybox 1.35, bsdtar 3.6.2 and
toybox 0.8.9), it is not restored: what was checked here has to be what the pod's tar then does.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.compression.detect import no_archive, open_stream
from kubectl_restore.archive.members.member import Kind, Member, normal_path
from kubectl_restore.archive.members.members import Members
from kubectl_restore.archive.refusals import (
    UNSUPPORTED,
    corrupt,
    truncated,
    unsupported,
    without_end,
)
from kubectl_restore.archive.tar.header import BLOCK, Header, HeaderError, read_header
from kubectl_restore.archive.tar.pax import NO_RECORDS, Pax, is_of_several, parse_pax
from kubectl_restore.archive.tar.sparse import (
    MOST_EXTENTS,
    Extents,
    OldSparseMap,
    extents_of,
    read_map,
)
from kubectl_restore.progress import Phase, Status
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from kubectl_restore.archive.compression.detect import PlainStream
    from kubectl_restore.archive.compression.stream import DecompressedStream
    from kubectl_restore.archive.source.magic import Compression
    from kubectl_restore.archive.source.readable import Readable
    from kubectl_restore.archive.stream.stdin_window import Passing
    from kubectl_restore.deadline import Watch
    from kubectl_restore.errors import BackupError
    from kubectl_restore.progress import Progress

_LARGEST_PREFIX: Final = 1024 * 1024
"""Bytes of a long name or an extended header; real ones have a few KiB."""
_LONGEST_NAME: Final = 64 * 1024
"""Bytes of a name, a link's target, an owner's name: no system has longer ones than a few KiB."""
_MOST_BEYOND: Final = 16 * 1024 * 1024
"""Bytes of names beyond a path's 4,096, and of global headers: what they may take of our memory."""
_PATH: Final = 4096
MOST_PADDING: Final = 1024 * 1024
"""Bytes that follow the two blocks of zeros: tars fill a record, of 1 MiB at the most in use."""
_PIECE: Final = 256 * 1024
"""Bytes that are looked at in one go behind the end marker."""
_ZEROS: Final = bytes(_PIECE)
_BETWEEN_REPORTS: Final = 1024 * 1024
"""Bytes of the file."""
_OFTEN: Final = 256
"""Headers between two looks at the watch: a few milliseconds."""
_USER_IDS: Final = 0xFFFF_FFFF
"""Linux's uid_t and gid_t; an archiver's -2 ("nobody") is 4294967294 in them."""

_TYPES: Final = {
    b"0": Kind.FILE,
    b"\x00": Kind.FILE,
    b"7": Kind.FILE,
    b"S": Kind.FILE,
    b"1": Kind.HARDLINK,
    b"2": Kind.SYMLINK,
    b"3": Kind.CHARACTER_DEVICE,
    b"4": Kind.BLOCK_DEVICE,
    b"5": Kind.DIRECTORY,
    b"6": Kind.FIFO,
}
_LINKS: Final = frozenset({Kind.SYMLINK, Kind.HARDLINK})
_WITHOUT_DATA: Final = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})
"""Old archivers record a size with links; no data follows it, and no tar that extracts looks for
any (GNU tar does when it lists)."""
_NOBODY: Final = -2
"""The lowest number that archivers write for an owner."""
_PREFIXES: Final = frozenset({b"L", b"K", b"x", b"g"})


class Walker:
    """Walks the stream once."""

    def __init__(
        self,
        backup: Readable,
        compression: Compression,
        progress: Progress,
        watch: Watch,
        *,
        passing: Passing | None = None,
    ) -> None:
        """Stand before the first header; `passing` is the stream of a backup that is piped."""
        self.stream: PlainStream | DecompressedStream | Passing = passing or open_stream(
            backup, compression, self._pulse
        )
        self.members = Members()
        self.labels: list[bytes] = []
        self._backup = backup
        self._compression = compression
        self._progress = progress
        self._watch = watch
        self._reported = 0
        self._headers = 0
        self._parts = 0
        self._global = NO_RECORDS
        self._start = 0
        self._long_name = b""
        self._long_link = b""
        self._pax: Pax | None = None
        self._beyond = 0

    @property
    def headers(self) -> int:
        """How many headers were read, the end marker's first block too."""
        return self._headers

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

    def read_members(self, *, allow_missing_end: bool) -> bool:
        """Read up to the end marker; tell whether it was there whole.

        Raises:
            BackupError: the archive is cut, corrupt or not for us.
        """
        self.report()
        ended = None
        while ended is None:
            ended = self.read_next(allow_missing_end=allow_missing_end)
        return ended

    def read_next(self, *, allow_missing_end: bool) -> bool | None:
        """Read one header; at the end tell whether its marker was whole, before it return None.

        Raises:
            BackupError: the archive is cut, corrupt or not for us.
        """
        self._headers += 1
        if self._headers % _OFTEN == 0:
            self._watch.check()
            self.report()
        at = self.stream.position
        block = self.stream.read(BLOCK)
        if not any(block):
            return self._end(at, block, allow_missing_end=allow_missing_end)
        if len(block) < BLOCK:
            raise self._no_header(at, block, "it is cut")
        try:
            header = read_header(block)
            self._take(header, at, block)
        except HeaderError as error:
            raise self._no_header(at, block, str(error)) from error
        return None

    @property
    def is_between_members(self) -> bool:
        """Tell whether the next header belongs to no member that was begun."""
        return self._start == self.stream.position

    def take_members(self) -> Members:
        """Return the members that were read since this was last asked for."""
        taken, self.members = self.members, Members()
        return taken

    def read_rest(self) -> int | None:
        """Read what follows the end marker; return where something other than zeros does.

        A compressed file is read to its very end whatever follows, for its check sums.
        """
        stray: int | None = None
        while True:
            self._pulse()
            at = self.stream.position
            data = self.stream.read(_PIECE)
            if stray is None and data != _ZEROS[: len(data)]:
                stray = at + len(data) - len(data.lstrip(b"\x00"))
            if not data:
                return stray
            if stray is not None:
                self.stream.skip(self._backup.size if self.stream.is_plain else _PIECE)

    def _end(self, at: int, first: bytes, *, allow_missing_end: bool) -> bool:
        if self._long_name or self._long_link or self._pax is not None:
            raise truncated(f"the extended header at byte {self._start} belongs to no member")
        if at == 0 and not first:
            raise truncated(f"what {self._compression} has packed is empty (0 bytes)")
        second = self.stream.read(BLOCK) if len(first) == BLOCK else b""
        if len(second) == BLOCK and not any(second):
            return True
        if any(second):
            if len(second) < BLOCK:
                raise truncated(f"it ends inside a header, at byte {self.stream.position}")
            raise corrupt(f"a single block of zeros stands at byte {at}, inside the archive")
        if not allow_missing_end:
            raise without_end(self.stream.position)
        return False

    def _no_header(self, at: int, block: bytes, problem: str) -> BackupError:
        if at == 0 and block[257:262] != b"ustar":
            return no_archive(self._backup, block, self._compression)
        if len(block) < BLOCK:
            return truncated(f"it ends inside a header, at byte {at + len(block)}")
        return corrupt(f"the block at byte {at} is no tar header: {problem}")

    def _take(self, header: Header, at: int, block: bytes) -> None:
        if header.kind in _PREFIXES:
            self._take_prefix(header, at)
            return
        if header.kind == b"V":
            self._pass_label(header, at)
            return
        if header.kind in UNSUPPORTED:
            raise unsupported(header.kind, at)
        if header.is_gnu and block[345]:
            # Access times of a GNU incremental backup; busybox and toybox read a path out of them.
            raise unsupported(b"D", at)
        if self._pax is not None and not header.has_magic:
            # GNU tar takes half of the records then.
            raise corrupt(f"the header at byte {at} is too old for the extended header before it")
        pax = self._pax.over(self._global) if self._pax is not None else self._global
        self._members_own(header, pax, at, block)

    def _pass_label(self, header: Header, at: int) -> None:
        """Pass over a label: no member, so nothing of it is ever sent.

        GNU tar and bsdtar pass over it too; busybox refuses it, toybox makes a file of it.
        """
        if header.size or self._start != at:
            raise corrupt(f"the volume label at byte {at} is not formed as GNU tar does it")
        if is_of_several(header.name):
            raise unsupported(b"M", at)
        self.labels.append(header.name)
        self._begin(self.stream.position)

    def _members_own(self, header: Header, pax: Pax, at: int, block: bytes) -> None:
        """Note a member, and pass over its data."""
        self._require_names(pax, at)
        name = _one_of("names", at, pax.path, self._long_name) or header.name
        link = _one_of("link targets", at, pax.linkpath, self._long_link) or header.link
        kind = _TYPES.get(header.kind, Kind.OTHER)
        has_data = header.kind not in _WITHOUT_DATA
        # GNU tar reads holes out of records before a header of the standard's, and only there.
        if (pax.size and not has_data) or (pax.is_sparse and header.is_gnu):
            raise corrupt(f"the member at byte {at} is not what its extended header says")
        stored = (header.size if pax.size is None else pax.size) if has_data else 0
        uid, gid = _owner(header, pax, at)
        content = self.stream.position
        extents: Extents | None = None
        size = stored
        if header.kind == b"S":
            if not header.is_gnu:
                raise corrupt(f"the sparse member at byte {at} is not in GNU's format")
            extents, size = self._read_old_sparse(block)
        elif pax.is_sparse:
            if pax.sparse_size is None or kind is not Kind.FILE:
                raise corrupt(f"the sparse member at byte {at} does not say how large it is")
            size = pax.sparse_size
            name = pax.sparse_name or name
            extents = self._read_pax_sparse(pax, size)
        elif kind is Kind.FILE and name.endswith(b"/") and name.strip(b"/"):
            # v7 had no type for directories.
            if stored or header.kind == b"7":
                raise corrupt(f"the directory at byte {at} has {stored} bytes of content")
            kind = Kind.DIRECTORY
        if extents is not None:
            if name.endswith(b"/"):
                raise corrupt(f"the directory at byte {at} has holes")
            # The map of PAX 1.0 counts as data; that of the old format does not.
            stored -= self.stream.position - content if header.kind != b"S" else 0
            self._check_extents(extents, stored, at)
        prefix = self.stream.position - self._start
        self._pass_over(stored, name)
        path = normal_path(name)
        self.members.append(
            Member(
                name,
                path,
                kind,
                self._start,
                self.stream.position - self._start,
                prefix,
                size,
                header.mode,
                header.mtime if pax.mtime is None else pax.mtime,
                uid,
                gid,
                link if kind in _LINKS else b"",
                pax is NO_RECORDS and _is_common(header, name, path),
                None if extents is None else extents.pairs,
                pax.extras,
                pax.records,
                pax.nanoseconds,
                header.user if pax.user is None else pax.user,
                header.group if pax.group is None else pax.group,
                header.device,
            )
        )
        self._begin(self.stream.position)

    def _check_extents(self, extents: Extents, stored: int, at: int) -> None:
        self._parts += len(extents.pairs) // 2
        if self._parts > MOST_EXTENTS:
            raise corrupt(f"its sparse maps have more than {MOST_EXTENTS:,} parts")
        if extents.stored != stored:
            raise corrupt(f"the sparse map at byte {at} does not add up to the member's data")

    def _begin(self, position: int) -> None:
        self._start = position
        self._long_name = self._long_link = b""
        self._pax = None

    def _require_names(self, pax: Pax, at: int) -> None:
        """Return while names take no more memory than those of a real archive do."""
        names = (pax.path, pax.linkpath, pax.user, pax.group, self._long_name, self._long_link)
        for one in names:
            if one is not None and len(one) > _PATH:
                if len(one) > _LONGEST_NAME:
                    raise corrupt(f"a name of the member at byte {at} has {len(one):,} bytes")
                self._beyond += len(one)
        if self._beyond > _MOST_BEYOND:
            raise corrupt(
                f"up to the member at byte {at} names have {self._beyond:,} bytes too many"
            )

    def _take_prefix(self, header: Header, at: int) -> None:
        """Take a block that says something about the next member (or, for `g`, about all)."""
        if header.size > _LARGEST_PREFIX:
            raise corrupt(f"the name or extended header at byte {at} has {header.size} bytes")
        data = self.stream.read(header.size)
        length = -header.size % BLOCK
        padding = self.stream.read(length)
        if len(data) < header.size or len(padding) < length:
            raise truncated(f"it ends inside an extended header, at byte {self.stream.position}")
        if header.kind == b"L":
            self._long_name = _long(data, padding, self._long_name, at)
        elif header.kind == b"K":
            self._long_link = _long(data, padding, self._long_link, at)
        else:
            self._take_records(header.kind, data, at)

    def _take_records(self, kind: bytes, data: bytes, at: int) -> None:
        try:
            pax = parse_pax(data)
        except ValueError as error:
            raise corrupt(f"the extended header at byte {at}: {error}") from error
        if pax.refused:
            raise unsupported(pax.refused, at)
        if kind == b"g":
            self._beyond += len(data)
            if self._beyond > _MOST_BEYOND:
                raise corrupt(f"up to byte {at} global headers have {self._beyond:,} bytes")
            self._take_global(pax, at)
        elif self._pax is not None:
            raise corrupt(f"the extended header at byte {at} is the second of one member")
        else:
            self._pax = pax

    def _take_global(self, pax: Pax, at: int) -> None:
        if self._start != at:
            raise corrupt(f"a global header stands inside a member, at byte {at}")
        if pax.says_what_it_is:
            # GNU gives every member that follows this name; busybox, bsdtar and toybox do not.
            raise corrupt(f"the global header at byte {at} gives many members one name or size")
        if pax.label is not None:
            self.labels.append(pax.label)
        self._global = pax.over(self._global)
        self._begin(self.stream.position)

    def _read_old_sparse(self, block: bytes) -> tuple[Extents, int]:
        """Read the map of an old-GNU sparse member, its further blocks too; and its real size."""
        sparse = OldSparseMap(block)
        while sparse.goes_on:
            sparse.extend(self._block_of_map())
        return sparse.extents, sparse.size

    def _read_pax_sparse(self, pax: Pax, size: int) -> Extents:
        parts = pax.sparse_map
        match pax.sparse_major, pax.sparse_minor:
            case (1, 0) if parts is None:
                return read_map(self._block_of_map, size)
            case (0, 0) | (0, 1) if parts is not None and len(parts) == 2 * (pax.sparse_parts or 0):
                return extents_of(parts, size)
        raise HeaderError("it has holes, and its records do not agree where")

    def _block_of_map(self) -> bytes:
        block = self.stream.read(BLOCK)
        if len(block) < BLOCK:
            raise truncated(f"it ends inside a sparse map, at byte {self.stream.position}")
        self._pulse()
        return block

    def _pass_over(self, stored: int, name: bytes) -> None:
        """Pass over data and padding."""
        length = stored + -stored % BLOCK
        start = self.stream.position
        passed = self.stream.skip(length)
        if passed < length:
            raise truncated(
                f"the content of {shown(name)} goes from byte {start} to byte {start + length}, "
                f"but the archive ends at byte {start + passed}"
            )


def _owner(header: Header, pax: Pax, at: int) -> tuple[int, int]:
    uid = header.uid if pax.uid is None else pax.uid
    gid = header.gid if pax.gid is None else pax.gid
    for number in (uid, gid, header.uid, header.gid):
        if not _NOBODY <= number <= _USER_IDS:
            raise corrupt(f"the member at byte {at} belongs to {number}, which nobody can be")
    return uid & _USER_IDS, gid & _USER_IDS


def _is_common(header: Header, name: bytes, path: bytes) -> bool:
    """Tell whether a header, without extended ones, means the same to every tar."""
    return (
        header.has_magic
        and header.kind in {b"0", b"2"}
        # Links have no content; some old archivers record a size all the same.
        and (header.kind == b"0" or not header.size)
        and name in {path, b"./" + path}
    )


def _one_of(what: str, at: int, records: bytes | None, long: bytes) -> bytes:
    """Return what a PAX record or a GNU prefix says; tars differ in which of two they believe."""
    if records and long and records != long:
        raise corrupt(f"the member at byte {at} has two {what}")
    return records or long


def _long(data: bytes, padding: bytes, before: bytes, at: int) -> bytes:
    """Return a long name. GNU tar reads on to the next NUL, whatever its length says."""
    text = data.split(b"\x00", 1)[0]
    if before or not text:
        raise corrupt(f"the long name at byte {at} is empty, or the second of one member")
    if len(text) == len(data) and padding[:1] != b"\x00":
        raise corrupt(f"the long name at byte {at} does not end where it says")
    return text
