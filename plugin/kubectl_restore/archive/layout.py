"""The stream that restores some of an archive's paths: laid out once, written as it is sent.

A directory comes twice: where it is first needed, writable for its owner, so that its children can
be made on every tar; and in an archive of its own that is extracted afterwards, the deepest first,
with its true mode and time. Its children changed its time, and tars make some links only when the
stream has ended (GNU and busybox those with absolute or `..` targets), so the end of the same
stream would be too early.

The headers of a million members would be a gigabyte: only lengths are kept.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.header import header_length, member_header
from kubectl_restore.archive.member import Kind
from kubectl_restore.archive.outgoing import END_OF_ARCHIVE, Extract, Literal
from kubectl_restore.archive.rewriting import header_of, length_of, segments_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kubectl_restore.archive.member import Member
    from kubectl_restore.archive.outgoing import Segment
    from kubectl_restore.archive.rewriting import Dialect

_RECORD: Final = 10240
"""Bytes of a tar record (20 blocks): tars read whole ones from a pipe (GNU tar manual, 9.4)."""
_PARENT_MODE: Final = 0o755
_OWNER_WRITES: Final = 0o700


def parents(path: bytes) -> Iterator[bytes]:
    """Return the directories above `path`, the outermost first."""
    at = path.find(b"/")
    while at >= 0:
        yield path[:at]
        at = path.find(b"/", at + 1)


class Layout:
    """The stream for some paths of an archive, and the second one for their directories.

    Attributes:
        total: bytes of the stream.
        directories_total: bytes of the second one; 0 where there is none.
    """

    def __init__(
        self,
        members: Sequence[Member],
        wanted: Mapping[bytes, Member | None],
        dialect: Dialect,
        owner: tuple[int, int] = (0, 0),
    ) -> None:
        """Lay it out.

        Args:
            members: the archive's, in its order.
            wanted: the paths to restore, each with its member; None for a parent that has none.
            dialect: for which tar.
            owner: whom such parents belong to.
        """
        self._all = members
        self._wanted = wanted
        self._dialect = dialect
        self._owner = owner
        self._ends = array("q")
        self._carried: list[Member] = []
        at = 0
        for item in self._items():
            if isinstance(item, bytes):
                at += self._directory_length(item)
            else:
                at += length_of(item, dialect)
                self._ends.append(at)
                self._carried.append(item)
        self.total = _rounded(at + len(END_OF_ARCHIVE))
        last = [
            member
            for member in wanted.values()
            if member is not None and member.kind is Kind.DIRECTORY
        ]
        last.sort(key=lambda member: member.path, reverse=True)
        self._last = last
        headers = sum(length_of(member, dialect) for member in last)
        self.directories_total = _rounded(headers + len(END_OF_ARCHIVE)) if last else 0

    @property
    def total_files(self) -> int:
        """How many members the stream carries (directories come as part of the frame)."""
        return len(self._carried)

    def position(self, acknowledged: int) -> tuple[int, bytes | None]:
        """Return how many members end within the first bytes, and the path under way after them."""
        done = bisect_right(self._ends, acknowledged)
        return done, self._carried[done].path if done < len(self._carried) else None

    def members_until(self, acknowledged: int) -> list[Member]:
        """Return the members whose last byte is among the first `acknowledged`."""
        return self._carried[: bisect_right(self._ends, acknowledged)]

    def segments(self) -> Iterator[Segment]:
        """Return the stream, piece by piece."""
        return _joined(self._pieces())

    def directories(self) -> Iterator[Segment]:
        """Return the second stream, piece by piece."""
        length = 0
        for member in self._last:
            header = header_of(member, self._dialect)
            length += len(header)
            yield Literal(header)
        yield Literal(bytes(self.directories_total - length))

    def _items(self) -> Iterator[bytes | Member]:
        """Return what the stream carries, in order: paths of directories, and members."""
        made: set[bytes] = set()
        for member in self._all:
            for path in (*parents(member.path), member.path):
                if path in made or path not in self._wanted:
                    continue
                own = self._wanted[path]
                if own is None or own.kind is Kind.DIRECTORY:
                    made.add(path)
                    yield path
            if member.kind is not Kind.DIRECTORY and member.path in self._wanted:
                yield member

    def _pieces(self) -> Iterator[Segment]:
        length = 0
        times = self._all[0].mtime if self._all else 0
        for item in self._items():
            if isinstance(item, bytes):
                header = self._directory(item, times)
                length += len(header)
                yield Literal(header)
            else:
                times = item.mtime
                length += length_of(item, self._dialect)
                yield from segments_of(item, self._dialect)
        yield Literal(bytes(self.total - length))

    def _directory(self, path: bytes, mtime: int) -> bytes:
        member = self._wanted[path]
        if member is not None:
            return header_of(member, self._dialect, extra_mode=_OWNER_WRITES)
        uid, gid = self._owner
        return member_header(path + b"/", b"5", mode=_PARENT_MODE, mtime=mtime, uid=uid, gid=gid)

    def _directory_length(self, path: bytes) -> int:
        member = self._wanted[path]
        return header_length(path + b"/") if member is None else length_of(member, self._dialect)


def _rounded(length: int) -> int:
    return length + -length % _RECORD


def _joined(segments: Iterable[Segment]) -> Iterator[Segment]:
    """Return the segments, neighbouring extracts as one."""
    held: Extract | None = None
    for segment in segments:
        if isinstance(segment, Extract):
            if held is not None and held.offset + held.length == segment.offset:
                held = Extract(held.offset, held.length + segment.length)
                continue
            if held is not None:
                yield held
            held = segment
            continue
        if held is not None:
            yield held
            held = None
        yield segment
    if held is not None:
        yield held
