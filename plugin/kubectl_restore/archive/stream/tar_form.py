"""A stream for a tar: headers of ours, and the archive's own blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.stream.normalise import header_of, length_of, segments_of, time_of
from kubectl_restore.archive.stream.segments import Literal
from kubectl_restore.archive.tar.header import END_OF_ARCHIVE
from kubectl_restore.archive.tar.member_header import header_length, member_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.stream.form import Item
    from kubectl_restore.archive.stream.normalise import Dialect
    from kubectl_restore.archive.stream.segments import Segment

_RECORD: Final = 10240
"""Bytes of a tar record (20 blocks): tars read whole ones from a pipe (GNU tar manual, 9.4)."""
PARENT_MODE: Final = 0o755
"""Of directories that have no member."""
_OWNER_WRITES: Final = 0o700


class TarForm:
    """See `Form`."""

    def __init__(self, dialect: Dialect) -> None:
        """Write for a tar that reads this dialect."""
        self._dialect = dialect

    def measure(self, items: Iterable[Item]) -> Iterator[tuple[Sequence[int], int]]:
        """See `Form`."""
        for number, member, directory, owner in items:
            if directory is None:
                yield (number,), length_of(member, self._dialect)
            elif owner is None:
                yield (), length_of(member, self._dialect)
            else:
                yield (), header_length(directory + b"/")

    def write(self, items: Iterable[Item]) -> Iterator[Segment]:
        """See `Form`."""
        for _, member, directory, owner in items:
            if directory is None:
                yield from segments_of(member, self._dialect)
            elif owner is None:
                yield Literal(header_of(member, self._dialect, extra_mode=_OWNER_WRITES))
            else:
                yield Literal(self._parent(directory, member, owner))

    def finish(self, members: Sequence[Member]) -> Iterator[Segment]:
        """See `Form`."""
        for member in members:
            yield Literal(header_of(member, self._dialect))

    def end(self, length: int) -> bytes:
        """Return the end mark, and what fills the last record."""
        whole = length + len(END_OF_ARCHIVE)
        return bytes(len(END_OF_ARCHIVE) + -whole % _RECORD)

    def _parent(self, path: bytes, member: Member, owner: tuple[int, int]) -> bytes:
        uid, gid = owner
        return member_header(
            path + b"/",
            b"5",
            mode=PARENT_MODE,
            mtime=time_of(member, self._dialect),
            uid=uid,
            gid=gid,
        )
