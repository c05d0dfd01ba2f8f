"""A backup that comes through a pipe: its bytes once, in order, and then they are gone."""

from __future__ import annotations

import os
import select
import sys
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.source.location import STANDARD_INPUT
from kubectl_restore.deadline import TICK, as_duration
from kubectl_restore.errors import BackupError, TimedOutError
from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_restore.deadline import Watch
    from kubectl_restore.progress import Progress

_PIECE: Final = 256 * 1024
"""Bytes that one read asks for."""
_BEHIND: Final = 512 * 1024
"""Bytes that stay readable behind the newest: decompressors hand back what they did not need."""


class StdinBackup:
    """Standard input, as far as it has come.

    Attributes:
        path: `-`.
        size: larger than any backup: it is not known.
    """

    path = STANDARD_INPUT
    size = sys.maxsize

    def __init__(
        self,
        descriptor: int,
        progress: Progress,
        watch: Watch,
        *,
        stall_timeout: float | None,
        clock: Callable[[], float],
    ) -> None:
        """Read nothing yet; `stall_timeout` in seconds, None for no limit."""
        self._descriptor = descriptor
        self._progress = progress
        self._watch = watch
        self._stall_timeout = stall_timeout
        self._clock = clock
        self._held = bytearray()
        self._held_at = 0
        self._digest = sha256()
        self.has_ended = False

    @property
    def received(self) -> int:
        """Bytes that have come."""
        return self._held_at + len(self._held)

    @property
    def checksum(self) -> str:
        """The SHA-256 of what has come, 64 lower-case hexadecimal digits."""
        return self._digest.hexdigest()

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`; waits for them; fewer only at the end.

        Raises:
            BackupError: the pipe cannot be read.
            TimedOutError, SignalledError: the watch ended the run, or nothing came for too long.
        """
        if offset < self._held_at:
            raise ValueError("these bytes of the pipe are gone")
        while self.received < offset + length and not self.has_ended:
            self._receive()
        start = offset - self._held_at
        data = bytes(self._held[start : start + length])
        gone = start + len(data) - _BEHIND
        if gone > _BEHIND:
            del self._held[:gone]
            self._held_at += gone
        return data

    def _receive(self) -> None:
        """Take what comes next."""
        since = self._clock()
        while not select.select([self._descriptor], [], [], TICK)[0]:
            self._watch.check()
            self._progress.tick()
            limit = self._stall_timeout
            if limit is not None and self._clock() - since > limit:
                raise TimedOutError(
                    f"nothing came on standard input for {as_duration(limit)}",
                    reason=f"{self.received} bytes had come; --stall-timeout is "
                    f"{as_duration(limit)}",
                    fix="see why the program that makes the backup does not go on",
                )
        self._watch.check()
        try:
            data = os.read(self._descriptor, _PIECE)
        except OSError as error:
            raise BackupError(
                "standard input cannot be read",
                reason=shown_text(error.strerror or str(error)),
                fix="pipe the backup into the command: cat backup.tar | kubectl restore ... -",
            ) from error
        if not data:
            self.has_ended = True
            return
        self._digest.update(data)
        self._held += data
