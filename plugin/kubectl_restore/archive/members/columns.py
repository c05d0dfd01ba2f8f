"""The columns in which members are kept, and how they are stored: named pieces of bytes."""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, chain, compress, pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from kubectl_restore.archive.members.bulk_compare import are_ends

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Self


_Whole = TypeVar("_Whole", bytes, "array[int]")


class Owner(NamedTuple):
    """Whom a member belongs to; most archives have a handful."""

    uid: int
    gid: int
    user: bytes = b""
    group: bytes = b""


COMMON: Final = 0x80
"""The bit beside those of `Extra` in the column of flags: the blocks are common to all tars."""
_SHORT: Final = partial(array, "H")
_HALF: Final = partial(array, "I")
_LONG: Final = partial(array, "q")


@dataclass(slots=True)
class Columns:
    """One entry for each member in all but the last four; what few members have is apart.

    Attributes:
        names: as recorded, one after the other.
        name_ends: where each ends in `names`.
        hashes: of the paths, to find them by.
        kinds: numbers of kinds.
        flags: of `Extra`, and one more bit: the blocks are common to all tars.
        modes: permission bits.
        owners: numbers of owners in `known_owners`.
        offsets: bytes on the stream.
        lengths: bytes on the stream.
        prefixes: bytes before the data.
        sizes: bytes of content.
        mtimes: whole seconds since 1970.
        nanoseconds: beyond these.
        links: targets, by the member's number.
        extents: where stored data belongs, by the member's number.
        records: PAX records, by the member's number.
        devices: numbers of devices, by the member's number.
        known_owners: each once.
    """

    names: bytearray = field(default_factory=bytearray)
    name_ends: array[int] = field(default_factory=_LONG)
    hashes: array[int] = field(default_factory=_HALF)
    kinds: bytearray = field(default_factory=bytearray)
    flags: bytearray = field(default_factory=bytearray)
    modes: array[int] = field(default_factory=_SHORT)
    owners: array[int] = field(default_factory=_HALF)
    offsets: array[int] = field(default_factory=_LONG)
    lengths: array[int] = field(default_factory=_LONG)
    prefixes: array[int] = field(default_factory=_HALF)
    sizes: array[int] = field(default_factory=_LONG)
    mtimes: array[int] = field(default_factory=_LONG)
    nanoseconds: array[int] = field(default_factory=_HALF)
    links: dict[int, bytes] = field(default_factory=dict)
    extents: dict[int, array[int]] = field(default_factory=dict)
    records: dict[int, bytes] = field(default_factory=dict)
    devices: dict[int, int] = field(default_factory=dict)
    known_owners: list[Owner] = field(default_factory=list)

    def reduce_to(self, stays: bytearray) -> None:
        """Keep only some members' entries, column by column, so that no two sets of all exist.

        Args:
            stays: for each member one or zero.
        """
        if all(stays):
            return
        pairs = pairwise(chain((0,), self.name_ends))
        names = (self.names[start:end] for start, end in compress(pairs, stays))
        lengths = array("q")
        kept = bytearray()
        for name in names:
            kept += name
            lengths.append(len(kept))
        self.names, self.name_ends = kept, lengths
        for column in _STORED[2:]:
            own = getattr(self, column)
            left = compress(own, stays)
            is_array = isinstance(own, array)
            setattr(self, column, array(own.typecode, left) if is_array else bytearray(left))
        ranks = array("I", accumulate(stays))
        for few in (self.links, self.extents, self.records, self.devices):
            _renumber(few, stays, ranks)

    def to_store(self) -> Iterator[tuple[str, bytearray | array[int]]]:
        """Return all of it as named columns of bytes and of numbers, most of them not copied."""
        for name in _STORED:
            yield name, getattr(self, name)
        yield from _texts("link", self.links)
        yield from _texts("record", self.records)
        yield "device_members", array("q", self.devices)
        yield "devices", array("q", self.devices.values())
        yield "extent_members", array("q", self.extents)
        yield "extent_ends", array("q", accumulate(len(one) for one in self.extents.values()))
        yield "extents", array("q", chain.from_iterable(self.extents.values()))
        yield "owner_ids", array("q", chain.from_iterable(one[:2] for one in self.known_owners))
        names = chain.from_iterable(one[2:] for one in self.known_owners)
        yield from _texts("owner_name", dict(enumerate(names)))

    @classmethod
    def from_store(cls, stored: Iterable[tuple[str, bytes]]) -> Self:
        """Return the columns that were stored: pieces of each in their order.

        Raises:
            ValueError, KeyError: these are no such columns.
        """
        own = cls()
        few: dict[str, bytearray] = {}
        for name, piece in stored:
            if name not in _STORED and name not in _OF_FEW:
                raise ValueError("there is no such column")
            column = getattr(own, name) if name in _STORED else few.setdefault(name, bytearray())
            if isinstance(column, array):
                column.frombytes(piece)
            else:
                column += piece
        if len({len(getattr(own, name)) for name in _STORED if name != "names"}) != 1:
            raise ValueError("the columns are not of one length")
        own.links = _read_texts("link", few)
        own.records = _read_texts("record", few)
        devices = _read_numbers(few, "devices")
        own.devices = dict(zip(_read_numbers(few, "device_members"), devices, strict=True))
        extents = _read_numbers(few, "extents")
        parts = _pieces(extents, _read_numbers(few, "extent_ends"))
        own.extents = dict(zip(_read_numbers(few, "extent_members"), parts, strict=True))
        names = list(_read_texts("owner_name", few).values())
        ids = _read_numbers(few, "owner_ids")
        owners = zip(ids[::2], ids[1::2], names[::2], names[1::2], strict=True)
        own.known_owners = [Owner(*one) for one in owners]
        return own


LAYOUT: Final = f"{sys.byteorder} {array('q').itemsize} {array('I').itemsize} {array('H').itemsize}"
"""What stored numbers look like on this machine."""

_OF_TEXTS: Final = ("_members", "_ends", "s")
_STORED: Final = (
    "names", "name_ends", "hashes", "kinds", "flags", "modes", "owners", "offsets", "lengths",
    "prefixes", "sizes", "mtimes", "nanoseconds",
)  # fmt: skip


_OF_FEW: Final = frozenset(
    {
        *(f"{name}{of}" for name in ("link", "record", "owner_name") for of in _OF_TEXTS),
        *("device_members", "devices", "extent_members", "extent_ends", "extents", "owner_ids"),
    }
)


def _renumber(few: dict[int, Any], stays: bytearray, ranks: array[int]) -> None:
    left = {ranks[number] - 1: value for number, value in few.items() if stays[number]}
    few.clear()
    few.update(left)


def _texts(name: str, texts: dict[int, bytes]) -> Iterator[tuple[str, bytearray | array[int]]]:
    """Return the texts that few members have: whose, where each ends, and all of them."""
    yield f"{name}_members", array("q", texts)
    yield f"{name}_ends", array("q", accumulate(map(len, texts.values())))
    yield f"{name}s", bytearray().join(texts.values())


def _read_texts(name: str, few: dict[str, bytearray]) -> dict[int, bytes]:
    texts = bytes(few.get(f"{name}s", b""))
    pieces = _pieces(texts, _read_numbers(few, f"{name}_ends"))
    return dict(zip(_read_numbers(few, f"{name}_members"), pieces, strict=True))


def _pieces(whole: _Whole, ends: array[int]) -> list[_Whole]:
    """Return what was stored one behind the other.

    Raises:
        ValueError: pieces of what is there do not end so.
    """
    if not are_ends(ends, len(whole)):
        raise ValueError("the pieces are not behind each other")
    return [whole[start:end] for start, end in pairwise((0, *ends))]


def _read_numbers(few: dict[str, bytearray], name: str) -> array[int]:
    numbers = array("q")
    numbers.frombytes(few.get(name, b""))
    return numbers
