"""The members of an archive, and where each stands on the stream.

One pass, before the pod is touched: header check sums, lengths that fit, both blocks of zeros at
the end, and for compressed files every check sum of the compressor. What cannot be shown to be
whole is an error; a tar in the pod would take a cut at a member's edge for the end and exit 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, Flag, auto
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.codec import Compression, open_stream, recognise
from kubectl_restore.archive.header import BLOCK, Header, HeaderError, read_header, read_number
from kubectl_restore.archive.pax import Pax, parse_pax
from kubectl_restore.errors import BackupError
from kubectl_restore.progress import Phase, Status

if TYPE_CHECKING:
    from kubectl_restore.archive.codec import ArchiveStream
    from kubectl_restore.archive.source import BackupFile
    from kubectl_restore.progress import Progress
    from kubectl_restore.watch import Watch

_LARGEST_PREFIX: Final = 1024 * 1024
"""Bytes of a long name or an extended header; real ones have a few KiB."""
_PIECE: Final = 4 * 1024 * 1024
"""Bytes that are passed over between two looks at the watch."""
_OFTEN: Final = 256
"""Members between two looks at the watch."""
_FETCH_AGAIN: Final = (
    "fetch the backup again and compare its size and check sum with the original's"
)


class Kind(Enum):
    """What a member is."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARDLINK = "hard link"
    CHARACTER_DEVICE = "character device"
    BLOCK_DEVICE = "block device"
    FIFO = "FIFO"
    OTHER = "member of unknown type"


class Need(Flag):
    """What a member asks of the pod's tar beyond the common ground."""

    NOTHING = 0
    SPARSE = auto()
    """Holes, in GNU's or PAX's way."""
    PAX_SIZE = auto()
    """Its size stands in a PAX record only; the header says something else."""


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of the archive.

    Attributes:
        name: as recorded, whole.
        path: relative to the target: no leading slash, no `.` components, no trailing slash; empty
            for the target itself.
        kind: what it is.
        offset: where its first block stands on the archive stream, its prefix blocks included.
        length: all its bytes there: prefix blocks, header, data, padding.
        size: bytes of its content, as restored.
        mode: permission bits, 0o7777.
        mtime: whole seconds since 1970.
        uid: numeric owner.
        gid: numeric group.
        link: target of a symlink or hard link.
        needs: what the pod's tar must be able to do.
    """

    name: bytes
    path: bytes
    kind: Kind
    offset: int
    length: int
    size: int
    mode: int
    mtime: int
    uid: int
    gid: int
    link: bytes
    needs: Need


@dataclass(frozen=True, slots=True)
class Index:
    """All members of an archive, in order.

    Attributes:
        members: in the archive's order.
        globals: ranges (offset, length) of PAX global headers: they hold for what follows.
        stream_length: bytes up to and with the end marker.
        compression: how the file is packed.
        missing_end: the end marker is not whole (and that was allowed).
        warnings: sentences for the user.
    """

    members: list[Member]
    globals: tuple[tuple[int, int], ...]
    stream_length: int
    compression: Compression
    missing_end: bool = False
    warnings: tuple[str, ...] = ()


def read_index(
    backup: BackupFile, *, allow_missing_end: bool, progress: Progress, watch: Watch
) -> Index:
    """Read the whole archive's index.

    Raises:
        BackupError: the backup is cut, corrupt, or of a kind that is not restored.
        TimedOutError, SignalledError: the watch ended the run.
    """
    compression = recognise(backup)
    reader = _Reader(backup, open_stream(backup, compression), progress, watch)
    ended = reader.read_members(allow_missing_end=allow_missing_end)
    stream_length = reader.stream.position
    warnings = []
    if ended:
        stray = reader.read_rest()
        if stray is not None:
            warnings.append(
                f"bytes from {stray} on follow the archive's end and are not restored"
                " (a second archive appended to the first?)"
            )
    else:
        warnings.append("the backup has no end marker; whether it is whole cannot be told")
    backup.check_unchanged()
    reader.report()
    return Index(
        reader.members,
        tuple(reader.globals),
        stream_length,
        compression,
        missing_end=not ended,
        warnings=tuple(warnings),
    )


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
_WITHOUT_DATA: Final = {b"1", b"2", b"3", b"4", b"5", b"6"}
_REFUSED_TYPES: Final = {
    b"D": "a GNU incremental backup",
    b"V": "an archive with a volume label",
    b"M": "a part of a multi-volume archive",
    b"N": "an old GNU archive with long names of its own",
}


class _Reader:
    """Walks the stream once."""

    def __init__(
        self, backup: BackupFile, stream: ArchiveStream, progress: Progress, watch: Watch
    ) -> None:
        self.stream = stream
        self.members: list[Member] = []
        self.globals: list[tuple[int, int]] = []
        self._backup = backup
        self._progress = progress
        self._watch = watch
        self._global = Pax()
        self._start = 0
        self._long_name: bytes | None = None
        self._long_link: bytes | None = None
        self._pax = Pax()

    def report(self) -> None:
        self._progress.status(
            Status(
                Phase.CHECK,
                done_bytes=self.stream.consumed,
                total_bytes=self._backup.size,
                done_files=len(self.members),
            )
        )

    def read_members(self, *, allow_missing_end: bool) -> bool:
        """Read up to the end marker; tell whether it was there whole."""
        while True:
            if len(self.members) % _OFTEN == 0:
                self._watch.check()
                self.report()
            at = self.stream.position
            block = self.stream.read(BLOCK)
            if not block or (len(block) == BLOCK and not any(block)):
                self._check_no_prefix_open()
                return self._end(at, found_zeros=bool(block), allow_missing_end=allow_missing_end)
            if len(block) < BLOCK:
                raise _truncated(f"it ends inside a header, at byte {at + len(block)}")
            try:
                header = read_header(block)
            except HeaderError as error:
                raise _corrupt(f"the block at byte {at} is no tar header: {error}") from error
            self._take(header, at, block)

    def read_rest(self) -> int | None:
        """Read what follows the end marker; return where something other than zeros does."""
        stray: int | None = None
        while True:
            self._watch.check()
            self.report()
            at = self.stream.position
            data = self.stream.read(_PIECE)
            if not data:
                return stray
            if stray is None and any(data):
                stray = at + len(data) - len(data.lstrip(b"\x00"))

    def _end(self, at: int, *, found_zeros: bool, allow_missing_end: bool) -> bool:
        second = self.stream.read(BLOCK) if found_zeros else b""
        if len(second) == BLOCK:
            if any(second):
                raise _corrupt(f"a single block of zeros stands at byte {at}, inside the archive")
            return True
        if any(second):
            raise _truncated(f"it ends inside a header, at byte {self.stream.position}")
        if not allow_missing_end:
            raise BackupError(
                "the backup is truncated: its end marker is missing",
                reason=f"the archive ends at byte {self.stream.position} without two blocks of "
                "zeros, so members may be missing",
                fix=f"{_FETCH_AGAIN}; if it was made like this: --allow-missing-end",
            )
        return False

    def _check_no_prefix_open(self) -> None:
        if self._long_name is not None or self._long_link is not None or self._pax:
            raise _truncated(f"a long name at byte {self._start} belongs to no member")

    def _take(self, header: Header, at: int, block: bytes) -> None:
        if header.kind in {b"L", b"K", b"x", b"g"}:
            self._take_prefix(header, at)
            return
        if header.kind in _REFUSED_TYPES:
            raise BackupError(
                f"the backup is {_REFUSED_TYPES[header.kind]}",
                reason=f"the header at byte {at} has the type {header.kind.decode('ascii')!r}",
                fix="restore it with GNU tar in the pod",
            )
        pax = self._global.overlaid(self._pax)
        needs = Need.NOTHING
        stored = header.size
        if pax.size is not None and pax.size != header.size:
            needs |= Need.PAX_SIZE
            stored = pax.size
        size = stored
        name = pax.path or self._long_name or header.name
        kind = _TYPES.get(header.kind, Kind.OTHER)
        if header.kind in _WITHOUT_DATA:
            # Some archivers record a linked file's size with a hard link; no data follows it.
            stored = size = 0
        if header.kind == b"S":
            needs |= Need.SPARSE
            size = self._read_old_sparse(block)
        elif pax.is_sparse:
            needs |= Need.SPARSE
            size = pax.sparse_size if pax.sparse_size is not None else stored
            name = pax.sparse_name or name
        if kind is Kind.FILE and name.endswith(b"/") and not needs:
            # v7 had no type for directories.
            kind = Kind.DIRECTORY
        self._pass_over(stored + -stored % BLOCK, at)
        mtime = pax.mtime if pax.mtime is not None else header.mtime
        self.members.append(
            Member(
                name=name,
                path=normal_path(name),
                kind=kind,
                offset=self._start,
                length=self.stream.position - self._start,
                size=size,
                mode=header.mode,
                mtime=mtime,
                uid=pax.uid if pax.uid is not None else header.uid,
                gid=pax.gid if pax.gid is not None else header.gid,
                link=pax.linkpath or self._long_link or header.link,
                needs=needs,
            )
        )
        self._begin(self.stream.position)

    def _begin(self, position: int) -> None:
        self._start = position
        self._long_name = self._long_link = None
        self._pax = Pax()

    def _take_prefix(self, header: Header, at: int) -> None:
        """Take a block that says something about the next member (or, for `g`, about all)."""
        if header.size > _LARGEST_PREFIX:
            raise _corrupt(f"the name or extended header at byte {at} has {header.size} bytes")
        data = self.stream.read(header.size)
        if len(data) < header.size:
            raise _truncated(f"it ends inside an extended header, at byte {self.stream.position}")
        self._pass_over(-header.size % BLOCK, at)
        if header.kind == b"L":
            self._long_name = data.split(b"\x00", 1)[0]
        elif header.kind == b"K":
            self._long_link = data.split(b"\x00", 1)[0]
        else:
            try:
                pax = parse_pax(data)
            except ValueError as error:
                raise _corrupt(f"the extended header at byte {at}: {error}") from error
            if header.kind == b"x":
                self._pax = pax
                return
            if self._start != at:
                raise _corrupt(f"a global header stands inside a member, at byte {at}")
            self._global = self._global.overlaid(pax)
            self.globals.append((at, self.stream.position - at))
            self._begin(self.stream.position)

    def _read_old_sparse(self, block: bytes) -> int:
        """Pass over the extension blocks of an old-GNU sparse member; return its real size."""
        real = read_number(block[483:495])
        extended = block[482]
        while extended:
            extension = self.stream.read(BLOCK)
            if len(extension) < BLOCK:
                raise _truncated(f"it ends inside a sparse map, at byte {self.stream.position}")
            extended = extension[504]
        return real

    def _pass_over(self, length: int, at: int) -> None:
        """Pass over data and padding in pieces, so that the watch is asked in between."""
        while length > 0:
            passed = self.stream.skip(min(length, _PIECE))
            if not passed:
                raise _truncated(
                    f"the member at byte {at} needs {length} bytes more than there are"
                )
            length -= passed
            if length > 0:
                self._watch.check()
                self.report()


def normal_path(name: bytes) -> bytes:
    """Return a member's path below the target: as tars do, without leading slash and `.`."""
    return b"/".join(part for part in name.split(b"/") if part not in {b"", b"."})


def _truncated(reason: str) -> BackupError:
    return BackupError("the backup is truncated", reason=reason, fix=_FETCH_AGAIN)


def _corrupt(reason: str) -> BackupError:
    return BackupError("the backup is corrupt", reason=reason, fix=_FETCH_AGAIN)
