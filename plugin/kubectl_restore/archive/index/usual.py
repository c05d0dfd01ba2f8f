"""Members whose headers all tars read alike, many at once: nearly all of a large archive.

What a million members take their time for. A header that is in any way unlike others is left to
`read_header`, which says what is wrong with it or reads it otherwise: the two agree about each that
is taken here (tests/unit/archive/test_usual.py).
"""

from __future__ import annotations

import re
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import adler32, crc32

from kubectl_restore.archive.members.columns import COMMON
from kubectl_restore.archive.members.member import Kind, normal_path
from kubectl_restore.archive.members.members import CODES
from kubectl_restore.archive.tar.header import BLOCK, HeaderError, read_header

if TYPE_CHECKING:
    from kubectl_restore.archive.members.members import Members

_FIELDS: Final = Struct("100s24s11sc11s10s100s255s")
"""Name; mode and owner; size, and its end; time; its end, checksum and kind; link; the rest."""
_MARK: Final = re.compile(rb"[\x00 ](0[0-7]{5})\x00 [02]")
_NO_LINK: Final = bytes(100)
_ENDS: Final = b"\x00 "
_SYMLINK: Final = ord("2")
_BLANKS: Final = 8 * 0x20
_DIFFERENT: Final = 4096
"""Of what repeats all over an archive, so many are remembered."""
_SUM: Final = 0xFFFF


class _Repeated(NamedTuple):
    """What repeats: the mode, the owner's number, the beginning of the path."""

    mode: int
    owner: int
    prefix: bytes


class _Mark(NamedTuple):
    """Adler-32's lower half of a block with this checksum and kind; and the kind."""

    total: int
    kind: int
    is_symlink: bool


class Usual:
    """Takes what is usual of an archive, for some members."""

    def __init__(self, members: Members) -> None:
        """Fill these members."""
        self.members = members
        self._repeated: dict[tuple[bytes, bytes], _Repeated] = {}
        self._marks: dict[bytes, _Mark | None] = {}

    def take(  # noqa: C901, PLR0915 - one loop: a call for each member would cost as much again
        self, ahead: tuple[bytes, int, int], offset: int
    ) -> int:
        """Take members from a header on, up to the first that is not usual.

        Args:
            ahead: bytes of the archive; where in them the header is; and how many bytes there are
                from there on: the last member's data may go on behind these.
            offset: where the header is on the archive's stream.

        Returns:
            How many bytes they are.
        """
        data, start, reach = ahead
        columns = self.members.columns
        repeated, marks = self._repeated, self._marks
        unpack, names = _FIELDS.unpack_from, columns.names
        name_ends, hashes = columns.name_ends.append, columns.hashes.append
        kinds, modes = columns.kinds.append, columns.modes.append
        owners, offsets = columns.owners.append, columns.offsets.append
        lengths, sizes = columns.lengths.append, columns.sizes.append
        mtimes = columns.mtimes.append
        first, at, shift = len(columns.kinds), start, offset - start
        last, end = len(data) - BLOCK, start + reach
        while at <= last:
            name, who, size_text, size_end, time_text, mark, link, rest = unpack(data, at)
            seal = marks.get(mark) or self._marked(mark)
            block = data[at : at + BLOCK]
            if block.isascii():
                total = adler32(block) & _SUM
            else:
                # The lower half holds sums below 65521.
                total = (adler32(block[:256]) & _SUM) + (adler32(block[256:]) & _SUM) - 1
            if seal is None or total != seal.total:
                break
            same = repeated.get((who, rest)) or self._of(who, rest, block)
            if (
                same is None
                or size_end not in _ENDS
                or not size_text.isdigit()
                or not time_text.isdigit()
            ):
                break
            name = name.rstrip(b"\x00")
            if same.prefix:
                name = b"%s/%s" % (same.prefix, name)
            path = name[2:] if name[:2] == b"./" else name
            try:
                size, mtime = int(size_text, 8), int(time_text, 8)
            except ValueError:
                break
            if (
                not path
                or b"\x00" in path
                or path[0] in b"./"
                or path[-1] == 0x2F
                or ((b"/." in path or b"//" in path) and normal_path(path) != path)
            ):
                break
            if link != _NO_LINK or seal.is_symlink:
                link = link.rstrip(b"\x00")
                if not seal.is_symlink or size or b"\x00" in link or not link:
                    break
                columns.links[len(columns.kinds)] = link
            length = BLOCK + size + -size % BLOCK
            if at + length > end:
                columns.links.pop(len(columns.kinds), None)
                break
            names += name
            name_ends(len(names))
            hashes(crc32(path))
            kinds(seal.kind)
            modes(same.mode)
            owners(same.owner)
            offsets(at + shift)
            lengths(length)
            sizes(size)
            mtimes(mtime)
            at += length
        count = len(columns.kinds) - first
        columns.flags += bytes((COMMON,)) * count
        columns.prefixes.extend([BLOCK] * count)
        columns.nanoseconds.frombytes(bytes(columns.nanoseconds.itemsize * count))
        return at - start

    def _marked(self, mark: bytes) -> _Mark | None:
        """Return what a block's end of time, checksum and kind ask of it; None for an unusual."""
        found = _MARK.fullmatch(mark)
        if found is None:
            return None
        if len(self._marks) >= _DIFFERENT:
            self._marks.clear()
        is_symlink = mark[-1] == _SYMLINK
        # The sum counts its own field as blanks; Adler-32's lower half is one more than a sum.
        total = int(found[1], 8) - _BLANKS + sum(mark[1:9]) + 1
        kind = CODES[Kind.SYMLINK if is_symlink else Kind.FILE]
        self._marks[mark] = one = _Mark(total, kind, is_symlink)
        return one

    def _of(self, who: bytes, rest: bytes, block: bytes) -> _Repeated | None:
        """Return what a block says of mode, owner and the path's beginning; None for unusual."""
        try:
            header = read_header(block)
        except HeaderError:
            return None
        if not header.reads_alike:
            return None
        if len(self._repeated) >= _DIFFERENT:
            self._repeated.clear()
        owner = self.members.owner_number(header.uid, header.gid, header.user, header.group)
        prefix = b"" if header.is_gnu else block[345:500].rstrip(b"\x00")
        self._repeated[who, rest] = one = _Repeated(header.mode, owner, prefix)
        return one
