"""A backup that comes through a pipe, batch by batch: each is checked before it is given out.

What cannot be known before the end of the pipe is known at its end only: that the archive is
complete, and its checksums. A backup that fits one batch is known whole before it is given out.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.compression.detect import recognise
from kubectl_restore.archive.compression.stream import DecompressedStream
from kubectl_restore.archive.index.read import finished, taken_from
from kubectl_restore.archive.index.walker import Walker
from kubectl_restore.archive.refusals import truncated
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.archive.source.stdin import StdinBackup
from kubectl_restore.archive.stream.stdin_window import PlainPieces, StdinWindow
from kubectl_restore.archive.trust.claims import Claim, Subject
from kubectl_restore.archive.trust.integrity import ON_COMMAND_LINE, require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_restore.archive.index.ending import Ending
    from kubectl_restore.archive.index.index import Index
    from kubectl_restore.deadline import Watch
    from kubectl_restore.progress import Progress

_HELD: Final = 16 * 1024 * 1024
"""Bytes of data that one batch holds at most; what is larger passes through."""
_LONGEST: Final = 1.0
"""Seconds that members are gathered for one batch while the pipe is slow."""


@dataclass(frozen=True, slots=True)
class StdinBatch:
    """Some members that have come.

    Attributes:
        index: the members, and warnings about what has come since the batch before.
        window: reads their bytes, until the next batch is asked for.
        is_last: nothing comes after it; the whole backup was read and is in order.
    """

    index: Index
    window: StdinWindow
    is_last: bool


def read_stdin(
    descriptor: int,
    *,
    checksum: str | None,
    allow_missing_end: bool,
    stall_timeout: float | None,
    progress: Progress,
    watch: Watch,
) -> Iterator[StdinBatch]:
    """Return what comes, batch by batch; the last one is there even when it is empty.

    Raises:
        BackupError: what comes is cut, corrupt or no archive, or not what is claimed.
        TimedOutError, SignalledError: the watch ended the run, or nothing came for too long.
    """
    clock = time.monotonic
    backup = StdinBackup(descriptor, progress, watch, stall_timeout=stall_timeout, clock=clock)
    if not backup.read(0, 1):
        raise truncated("standard input ended before its first byte")
    compression = recognise(backup)
    plain = compression is Compression.NONE
    source = PlainPieces(backup) if plain else DecompressedStream(backup, compression, watch.check)
    window = StdinWindow(source, _HELD)
    walker = Walker(backup, compression, progress, watch, window=window)
    ending: Ending | None = None
    while ending is None:
        window.renew()
        since = clock()
        while ending is None and not _is_enough(walker, window, clock() - since):
            ending = walker.read_next(allow_missing_end=allow_missing_end)
        index = taken_from(walker, compression)
        if ending is not None:
            window.hold_no_more()
            tail = walker.read_rest(ending)
            index = finished(index, walker, ending, tail, allow_missing_end=allow_missing_end)
            if checksum is not None:
                claim = Claim(Subject.CHECKSUM, checksum, ON_COMMAND_LINE)
                require([claim], {Subject.CHECKSUM: backup.checksum})
        yield StdinBatch(index, window, is_last=ending is not None)


def _is_enough(walker: Walker, window: StdinWindow, seconds: float) -> bool:
    if not walker.is_between_members or not walker.members:
        return False
    return window.is_full or seconds > _LONGEST
