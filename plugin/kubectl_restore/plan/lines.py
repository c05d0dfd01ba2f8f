"""How stat's lines begin for files that are as the backup has them: compared many at once. Pure.

A line that begins so says that kind, mode, size, time and owner are the backup's, and then there is
nothing that plan or proof could say of the file; but where other things decide (a checksum, blocks,
a list of access, a program's rights), or another line is right too, an entry is made and looked at.
"""

from __future__ import annotations

import stat
from itertools import compress, starmap
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Extra, Kind
from kubectl_restore.archive.members.members import CODES
from kubectl_restore.plan.attributes import SET_IDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_restore.archive.members.members import Members

NEVER: Final = b"?"
"""How no line begins."""
_BEGINNING: Final = b"%x %d %d %s"
_FILE: Final = CODES[Kind.FILE]
_NO_FILE: Final = bytes(code != _FILE for code in range(256))
_LISTED: Final = bytes(bool(flags & Extra.ACL.value) for flags in range(256))


def beginnings(members: Members, numbers: Sequence[int], *, owners: bool = True) -> list[bytes]:
    """Return how the lines of some members begin where all is right; see `read_entry`.

    Args:
        members: of the index.
        numbers: theirs.
        owners: they belong to the backup's owners.

    Returns:
        NEVER for what is no file, or is not told by its line alone.
    """
    columns = members.columns
    texts = [b"%d %d " % (one.uid, one.gid) if owners else b"" for one in columns.known_owners]
    rows = range(numbers[0], numbers[-1] + 1) if numbers else range(0)
    some: slice | Sequence[int] = numbers
    if len(rows) == len(numbers):
        some = slice(rows.start, rows.stop)
    kinds, flags, modes, sizes, mtimes, given = (
        column[some] if isinstance(some, slice) else [column[number] for number in some]
        for column in (
            columns.kinds, columns.flags, columns.modes, columns.sizes, columns.mtimes,
            columns.owners,
        )
    )  # fmt: skip
    found = list(
        map(
            _BEGINNING.__mod__,
            zip(
                map(stat.S_IFREG.__or__, modes),
                sizes,
                mtimes,
                map(texts.__getitem__, given),
                strict=True,
            ),
        )
    )
    others = compress(range(len(found)), bytes(kinds).translate(_NO_FILE))
    listed = compress(range(len(found)), bytes(flags).translate(_LISTED))
    for place in (*others, *listed):
        found[place] = NEVER
    if any(mode & SET_IDS for mode in set(modes)):
        for place, mode in enumerate(modes):
            if mode & SET_IDS:
                found[place] = NEVER
    return found


def are_right(lines: Sequence[bytes], wanted: Sequence[bytes]) -> bytes:
    """Return for each line one where it begins as is wanted, else zero."""
    return bytes(starmap(bytes.startswith, zip(lines, wanted, strict=True)))
