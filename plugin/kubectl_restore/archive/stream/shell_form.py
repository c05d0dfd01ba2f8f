"""A stream for the container's shell, where there is no tar.

container/scripts/toolbox.sh reads it. It has lines, and bytes behind some of them:

    t LENGTH            so many bytes of text follow for the shell: calls of its functions
    n|k DIRECTORY NAME  (a line each) what comes next is this file's; k: one to go on with later
    r LENGTH            so many bytes follow, which are appended to it
    z LENGTH            it has a hole, up to this length
    e                   the end

Members go in batches, because a process costs more than a small file: each is written beside its
place, in a directory of ours; owners, modes and times are set for many at once; then one mv for
each directory puts them there. A file has its mode by the umask where that can be.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Extra, Kind, normal_path
from kubectl_restore.archive.stream.quoting import LARGEST, room_of, words_of
from kubectl_restore.archive.stream.segments import Extract, Literal, Rewritten, length_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.stream.form import Item
    from kubectl_restore.archive.stream.normalise import Shell
    from kubectl_restore.archive.stream.segments import Segment

_MOST: Final = 250
"""Members of a batch."""
_LONGEST_NAMES: Final = 24 * 1024
"""Bytes of a batch's names: they are arguments, for which the least that is allowed is 128 KiB."""
_LONGEST_TEXT: Final = 192 * 1024
"""Bytes of one text: the shell holds it in a variable."""
_MOST_CONTENT: Final = 512 * 1024
"""Bytes of a batch: what breaks off in it is written again."""
_GOES_ON: Final = 64 << 20
"""Bytes of a file from which on the next run goes on inside it (resume/settle.py, WORTH_IT): where
the stream ends in it, its beginning is put at its place."""
_READ_WRITE: Final = 0o666
"""Bits of a mode that the umask gives a new file."""
_END: Final = b"e\n"
_DEVICES: Final = {Kind.CHARACTER_DEVICE: b"c", Kind.BLOCK_DEVICE: b"b"}
_PLAIN: Final = re.compile(rb"[ -~]*")
"""Names that a shell reads from a line as they are."""


class _Line(Literal):
    """A line of the stream, not of a text."""


class ShellForm:
    """See `Form`."""

    def __init__(self, shell: Shell) -> None:
        """Write for a shell that can do this."""
        self._shell = shell

    def measure(self, items: Iterable[Item]) -> Iterator[tuple[Sequence[int], int]]:
        """See `Form`."""
        for batch in self._batches(items):
            yield batch.numbers, sum(map(length_of, batch.segments()))

    def write(self, items: Iterable[Item]) -> Iterator[Segment]:
        """See `Form`."""
        for batch in self._batches(items):
            yield from batch.segments()

    def finish(self, members: Sequence[Member]) -> Iterator[Segment]:
        """See `Form`."""
        for some in _pieces(members):
            lines = [_call(b"owner %d:%d" % who, words) for who, words in _by_owner(some)]
            times: dict[bytes, list[bytes]] = {}
            modes: dict[int, list[bytes]] = {}
            for member in some:
                word = _quoted(b"./" + member.path)
                times.setdefault(self._time(member), []).append(word)
                if member.mode & 0o700 == 0o700:
                    modes.setdefault(member.mode, []).append(word)
            lines += _stamps(times)
            # GNU's chmod leaves set-id bits of directories alone, but with a fifth digit.
            lines += (_call(b"mode 0%04o" % mode, words) for mode, words in modes.items())
            # What closes a directory comes after what is below it.
            lines += (
                _call(b"mode 0%04o" % one.mode, [_quoted(b"./" + one.path)])
                for one in some
                if one.mode & 0o700 != 0o700
            )
            yield from _text([Literal(line) for line in lines])

    def end(self, _length: int) -> bytes:
        """See `Form`."""
        return _END

    def _batches(self, items: Iterable[Item]) -> Iterator[_Batch]:
        batch = _Batch()
        for item in items:
            if batch.is_full or (
                item.directory is None
                and item.member.kind is Kind.HARDLINK
                and normal_path(item.member.link) in batch.linked
            ):
                yield batch
                batch = _Batch()
            self._add(batch, item)
        if batch.names:
            yield batch

    def _add(self, batch: _Batch, item: Item) -> None:
        number, member, directory, owner = item
        if directory is not None:
            batch.make(directory, owner)
            return
        batch.numbers.append(number)
        word = batch.place(member.path)
        match member.kind:
            case Kind.FILE:
                self._content(batch, member, word)
            case Kind.HARDLINK:
                target = normal_path(member.link)
                batch.linked.add(member.path)
                batch.links.append(_call(b"link", [_quoted(b"./" + target), word]))
                return
            case Kind.SYMLINK:
                batch.say(Literal(_call(b"symlink", [_quoted(member.link), word])))
            case Kind.FIFO:
                batch.umask(member.mode)
                batch.say(Literal(_call(b"fifo", [word])))
            case _:
                batch.umask(member.mode)
                kind = _DEVICES.get(member.kind, b"?")
                numbers = (kind, member.device >> 32, member.device & 0xFFFF_FFFF)
                batch.say(Literal(b"node %s %s %d %d\n" % (word, *numbers)))
        batch.attributes.take(member, word, self._time(member))

    def _content(self, batch: _Batch, member: Member, word: bytes) -> None:
        batch.umask(member.mode)
        content = member.offset + member.prefix
        if member.extents is None and member.size <= LARGEST and self._shell.quotes:
            batch.say(Literal(b"content %s " % word))
            extract = Extract(content, member.size)
            batch.say(Rewritten(extract, room_of(member.size), words_of))
            batch.say(Literal(b"\n"))
            return
        kind = b"k" if member.size >= _GOES_ON else b"n"
        if _PLAIN.fullmatch(member.path):
            batch.break_text()
            directory, _, name = member.path.rpartition(b"/")
            above = b"./%s/" % directory if directory else b"./"
            batch.body.append(_Line(b"%s\n%s\n%s\n" % (kind, above, name)))
        else:
            batch.say(Literal(b"begin %s %s\n" % (kind, word)))
            batch.break_text()
        extents = member.extents
        if extents is None:
            extents = array("q", [0, member.size] if member.size else [])
        end = 0
        for start, length in zip(extents[::2], extents[1::2], strict=True):
            if start > end:
                batch.body.append(_Line(b"z %d\n" % start))
            if length:
                batch.body.append(_Line(b"r %d\n" % length))
                batch.body.append(Extract(content, length))
            content += length
            end = start + length
        if member.size > end:
            batch.body.append(_Line(b"z %d\n" % member.size))
        batch.content += member.size

    def _time(self, member: Member) -> bytes:
        nanoseconds = member.nanoseconds if member.extras & Extra.FRACTION else 0
        if not self._shell.fractions or not nanoseconds or member.mtime < 0:
            return b"%d" % member.mtime
        return b"%d.%09d" % (member.mtime, nanoseconds)


@dataclass(slots=True)
class _Attributes:
    """The words of what is given an owner, a mode and a time, by these."""

    owners: dict[tuple[int, int], list[bytes]] = field(default_factory=dict)
    modes: dict[int, list[bytes]] = field(default_factory=dict)
    times: dict[bytes, list[bytes]] = field(default_factory=dict)
    link_times: dict[bytes, list[bytes]] = field(default_factory=dict)

    def take(self, member: Member, word: bytes, time: bytes) -> None:
        """Have a member given its own."""
        self.owners.setdefault((member.uid, member.gid), []).append(word)
        if member.kind is Kind.SYMLINK:
            self.link_times.setdefault(time, []).append(word)
            return
        if member.mode & ~_READ_WRITE:
            self.modes.setdefault(member.mode, []).append(word)
        self.times.setdefault(time, []).append(word)

    def calls(self) -> list[bytes]:
        """Return the calls: an owner first, because it takes set-id bits away."""
        lines = [_call(b"owner %d:%d" % who, words) for who, words in self.owners.items()]
        lines += (_call(b"mode %04o" % mode, words) for mode, words in self.modes.items())
        lines += _stamps(self.times)
        lines += (_call(b"stamp_links %s" % time, words) for time, words in self.link_times.items())
        return lines


@dataclass(slots=True)
class _Batch:
    """Members that come to their places together.

    Attributes:
        numbers: theirs, without directories.
        made: directories to make, in order: the umask for them, and their paths.
        arrivals: names by directory.
        body: what writes them.
        attributes: what is set for many at once.
        links: calls that make hard links, once their targets are in place.
        linked: the paths of these.
        names: bytes of all names.
        content: bytes of contents.
    """

    numbers: array[int] = field(default_factory=lambda: array("I"))
    made: list[tuple[int, list[bytes]]] = field(default_factory=list)
    arrivals: dict[bytes, list[bytes]] = field(default_factory=dict)
    body: list[Segment] = field(default_factory=list)
    attributes: _Attributes = field(default_factory=_Attributes)
    links: list[bytes] = field(default_factory=list)
    linked: set[bytes] = field(default_factory=set)
    names: int = 0
    content: int = 0
    _count: int = 0
    _text: list[Segment] = field(default_factory=list)
    _mask: int = -1

    @property
    def is_full(self) -> bool:
        """Tell whether it is to be sent before more is added."""
        return self._count >= _MOST or self.names >= _LONGEST_NAMES or self.content >= _MOST_CONTENT

    def make(self, path: bytes, owner: tuple[int, int] | None) -> None:
        """Have a directory made; without a member it has an owner, and its own mode at once."""
        mask = 0o077 if owner is None else 0o022
        word = _quoted(b"./" + path)
        if not self.made or self.made[-1][0] != mask:
            self.made.append((mask, []))
        self.made[-1][1].append(word)
        if owner is not None:
            self.attributes.owners.setdefault(owner, []).append(word)
        self.names += len(path) + 8
        self._count += 1

    def place(self, path: bytes) -> bytes:
        """Have a member come to its place; return the word for where it is written before."""
        directory, _, name = path.rpartition(b"/")
        self.arrivals.setdefault(directory, []).append(_quoted(name))
        self.names += len(path) + 8
        self._count += 1
        above = b"./%s/" % directory if directory else b"./"
        return b'%s"$s"%s' % (_quoted(above), _quoted(name))

    def umask(self, mode: int) -> None:
        """Have what is made next get the bits of a mode that a umask gives."""
        mask = ~mode & _READ_WRITE
        if mask != self._mask:
            self._mask = mask
            self.say(Literal(b"umask 0%03o\n" % mask))

    def say(self, piece: Segment) -> None:
        """Add to the text."""
        self._text.append(piece)
        self.content += length_of(piece)

    def break_text(self) -> None:
        """End the text: bytes follow."""
        self.body += self._text
        self._text = []

    def segments(self) -> Iterator[Segment]:
        """Return all of it."""
        head = [_call(b"umask %04o\ndirectories" % mask, words) for mask, words in self.made]
        rooms = [_quoted(b"./" + path if path else b".") for path in self.arrivals]
        if rooms:
            head.append(b'in_rooms() { "$@" %s; }\nopen_rooms || return 2\n' % b" ".join(rooms))
        tail = self.attributes.calls()
        arrive = [
            _call(b"arrive", [room, *names])
            for room, names in zip(rooms, self.arrivals.values(), strict=True)
        ]
        tail += arrive
        if self.links:
            tail += [*self.links, *arrive]
        if rooms:
            tail.append(b"close_rooms\n")
        self.break_text()
        yield from _text([*map(Literal, head), *self.body, *map(Literal, tail)])


def _text(pieces: Iterable[Segment]) -> Iterator[Segment]:
    """Return pieces of text as texts that say their length; others stay as they are."""
    text: list[Segment] = []
    length = 0
    is_line = True
    for piece in pieces:
        own = length_of(piece)
        is_text = not isinstance(piece, (Extract, _Line))
        # Between two calls only.
        if text and (not is_text or (is_line and length + own > _LONGEST_TEXT)):
            yield Literal(b"t %d\n" % length)
            yield from text
            text, length = [], 0
        if is_text:
            text.append(piece)
            length += own
            is_line = isinstance(piece, Literal) and piece.data.endswith(b"\n")
        else:
            yield piece
    if text:
        yield Literal(b"t %d\n" % length)
        yield from text


def _stamps(times: dict[bytes, list[bytes]]) -> Iterator[bytes]:
    """Return calls that set times, many of one time at once, those of one file each together."""
    single: list[bytes] = []
    for time, words in times.items():
        if len(words) == 1:
            single += (time, words[0])
        else:
            yield _call(b"stamp %s" % time, words)
    if single:
        yield _call(b"stamps", single)


def _by_owner(members: Iterable[Member]) -> Iterable[tuple[tuple[int, int], list[bytes]]]:
    owners: dict[tuple[int, int], list[bytes]] = {}
    for member in members:
        owners.setdefault((member.uid, member.gid), []).append(_quoted(b"./" + member.path))
    return owners.items()


def _pieces(members: Sequence[Member]) -> Iterator[list[Member]]:
    """Return members in pieces whose names are short enough for arguments."""
    some: list[Member] = []
    names = 0
    for member in members:
        some.append(member)
        names += len(member.path)
        if len(some) == _MOST or names >= _LONGEST_NAMES:
            yield some
            some, names = [], 0
    if some:
        yield some


def _call(function: bytes, words: Iterable[bytes]) -> bytes:
    return b"%s %s\n" % (function, b" ".join(words))


def _quoted(name: bytes) -> bytes:
    return b"'%s'" % name.replace(b"'", b"'\\''")
