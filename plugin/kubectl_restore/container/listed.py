"""What stands at a path as `ls` tells it, where a container has no stat.

`ls -lnisd`, with seconds since 1970 (GNU's `--time-style=+%s`) or the full time in UTC (busybox,
toybox, older GNU). POSIX has the first fields in this order, and `MAJOR, MINOR` for a size.
"""

from __future__ import annotations

import re
from calendar import timegm
from typing import Final

from kubectl_restore.container.survey import Entry, Standing

_LINE: Final = re.compile(
    rb"\s*(?P<inode>\d+)\s+(?P<kib>\d+)\s+(?P<kind>[-bcdlps])(?P<mode>[-rwxsStTl]{9})[.+@]?"
    rb"\s+(?P<links>\d+)\s+(?P<uid>\d+)\s+(?P<gid>\d+)\s+(?P<size>\d+(?:,\s*\d+)?)"
    rb"\s+(?:(?P<date>\d{4,}-\d\d-\d\d)\s+(?P<clock>\d\d:\d\d:\d\d)(?:\.\d+)?\s+[-+]0000"
    rb"|(?P<seconds>-?\d+))\s"
)
_KINDS: Final = {
    b"-": Standing.FILE,
    b"d": Standing.DIRECTORY,
    b"l": Standing.SYMLINK,
    b"c": Standing.CHARACTER_DEVICE,
    b"b": Standing.BLOCK_DEVICE,
    b"p": Standing.FIFO,
    b"s": Standing.OTHER,
}
_SPECIAL: Final = (0o4000, 0o2000, 0o1000)
"""What a letter in the place of each third `x` says: set-user-ID, set-group-ID, sticky."""
_BLOCKS: Final = 2
"""Of 512 bytes in a KiB."""


def read_listed(line: bytes) -> Entry | None:
    """Read one line.

    Returns:
        The entry, without the file system's number; None when this is no such line.
    """
    found = _LINE.match(line)
    if found is None:
        return None
    size = found["size"]
    return Entry(
        kind=_KINDS[found["kind"]],
        size=int(size) if size.isdigit() else 0,
        mode=_bits(found["mode"]),
        mtime=_seconds(found),
        uid=int(found["uid"]),
        gid=int(found["gid"]),
        inode=int(found["inode"]),
        blocks=int(found["kib"]) * _BLOCKS,
        links=int(found["links"]),
    )


def _bits(letters: bytes) -> int:
    """Return the permission bits of `rwsr-xr-t`."""
    mode = 0
    for place, letter in enumerate(letters.decode("ascii")):
        if place % 3 == 2 and letter in "sStTl":
            mode |= _SPECIAL[place // 3]
        if letter not in "-STl":
            mode |= 1 << (8 - place)
    return mode


def _seconds(found: re.Match[bytes]) -> int:
    if found["seconds"] is not None:
        return int(found["seconds"])
    year, month, day = (int(part) for part in found["date"].split(b"-"))
    hour, minute, second = (int(part) for part in found["clock"].split(b":"))
    return timegm((year, month, day, hour, minute, second))
