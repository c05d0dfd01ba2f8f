"""Are stored columns such as a reading makes them?

What stands in a cache may have been changed by anybody who can write there, and by a broken disk.
Nothing here proves that it is right; but numbers that nobody reads out of an archive would be
errors of ours in the middle of a restore, or no end of it. Each column is looked at as a whole, and
where that does by one byte of each number: a million members take a tenth of a second.
"""

from __future__ import annotations

from itertools import compress, count
from operator import add, gt
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.bulk_compare import (
    LARGEST,
    are_ends,
    are_within,
    high_bytes,
    sums_are_within,
)
from kubectl_restore.archive.members.columns import COMMON
from kubectl_restore.archive.members.member import Extra, Kind
from kubectl_restore.archive.tar.header import BLOCK
from kubectl_restore.archive.tar.pax import parse_pax
from kubectl_restore.archive.tar.sparse import MOST_EXTENTS, Extents

if TYPE_CHECKING:
    from array import array
    from collections.abc import Collection

    from kubectl_restore.archive.members.columns import Columns

_KINDS: Final = bytes(range(len(Kind)))
_FILE: Final = list(Kind).index(Kind.FILE)
_FLAGS: Final = bytes(value | common for value in range(1 << len(Extra)) for common in (0, COMMON))
_HIGH_OF_MODES: Final = bytes(range((0o7777 >> 8) + 1))
_NANOSECONDS: Final = 10**9
_HIGH_OF_NANOSECONDS: Final = bytes(range(_NANOSECONDS >> 24))
"""Where the number is smaller for certain."""
_USER_IDS: Final = 0xFFFF_FFFF


def require_plausible(columns: Columns, stream_length: int) -> None:
    """Return when the columns may be those of an archive of so many bytes.

    Raises:
        ValueError: they cannot.
    """
    members = len(columns.kinds)
    _require(not columns.kinds.translate(None, _KINDS), "kinds")
    _require(not columns.flags.translate(None, _FLAGS), "flags")
    _require(not high_bytes(columns.modes).translate(None, _HIGH_OF_MODES), "modes")
    if high_bytes(columns.nanoseconds).translate(None, _HIGH_OF_NANOSECONDS):
        _require(max(columns.nanoseconds) < _NANOSECONDS, "nanoseconds")
    _require(max(columns.owners, default=-1) < len(columns.known_owners), "owners")
    for one in columns.known_owners:
        _require(0 <= one.uid <= _USER_IDS and 0 <= one.gid <= _USER_IDS, "owners' numbers")
    _require(are_ends(columns.name_ends, len(columns.names)), "names")
    _require_places(columns, stream_length)
    for few in (columns.links, columns.records, columns.devices, columns.extents):
        _require_numbers(few, members)
    _require(min(columns.devices.values(), default=0) >= -1, "devices")
    _require_holes(columns)
    # Mostly the same few, as SELinux's labels are.
    for records in set(columns.records.values()):
        _require(not parse_pax(records).says_what_it_is, "records")


def _require_places(columns: Columns, stream_length: int) -> None:
    """Return when each member lies in the archive, and its content in the member."""
    offsets, lengths, sizes = columns.offsets, columns.lengths, columns.sizes
    _require(0 <= stream_length <= LARGEST, "lengths")
    _require(all(map(are_within, (offsets, lengths, sizes))), "places")
    _require(min(columns.prefixes, default=BLOCK) >= BLOCK, "places")
    _require(sums_are_within(offsets, lengths, stream_length), "places")
    if columns.extents:
        # What has holes may be larger than its place.
        larger = compress(count(), map(gt, map(add, columns.prefixes, sizes), lengths))
        _require(all(number in columns.extents for number in larger), "sizes")
    else:
        _require(sums_are_within(columns.prefixes, sizes, lengths), "sizes")


def _require_numbers(few: Collection[int], members: int) -> None:
    if few:
        _require(min(few) >= 0 and max(few) < members, "numbers of members")


def _require_holes(columns: Columns) -> None:
    total = 0
    for number, pairs in columns.extents.items():
        total += len(pairs)
        _require(total <= 2 * MOST_EXTENTS, "maps")
        extents = Extents(columns.sizes[number])
        for start, length in _pairs(pairs):
            extents.add(start, length)
        room = columns.lengths[number] - columns.prefixes[number]
        _require(columns.kinds[number] == _FILE and extents.stored <= room, "maps")


def _pairs(numbers: array[int]) -> zip[tuple[int, int]]:
    return zip(numbers[::2], numbers[1::2], strict=True)


def _require(is_so: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not is_so:
        raise ValueError(f"stored {what} are not possible")
