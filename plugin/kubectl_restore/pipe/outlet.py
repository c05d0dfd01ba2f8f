"""What goes into a kubectl's stdin: lines for the agent, then the chunks of a payload."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from kubectl_restore.pipe.child import now
from kubectl_restore.pipe.framing import Framing, announcement, envelope

if TYPE_CHECKING:
    from kubectl_restore.pipe.child import Child
    from kubectl_restore.pipe.pump import Pump

_LONGEST_PAUSE: Final = 0.02
"""Seconds that a full pipe is left alone, at most."""


class Outlet:
    """Writes what the pipe takes, and never waits for it.

    Attributes:
        pump: the payload under way, if there is one.
    """

    def __init__(self, child: Child, script: bytes) -> None:
        """Have the script to write first."""
        self._child = child
        self._unwritten = memoryview(script)
        # What suits every way of taking chunks, until it is known which one it is.
        self._framing = Framing.TAR
        self._wrote_at = 0.0
        self._write_again = 0.0
        self.pump: Pump | None = None

    def frame(self, framing: Framing) -> None:
        """Say how chunks have to be wrapped from now on."""
        self._framing = framing

    @property
    def fills_blocks(self) -> bool:
        """Tell whether no write may cut a block (pipe/framing.py)."""
        return self._framing is Framing.TAR

    def envelope(self, lines: bytes, length: int) -> tuple[bytes, bytes]:
        """Return what stands before and behind a chunk."""
        return envelope(self._framing, lines, length)

    def say(self, data: bytes, lines: bytes) -> None:
        """Have bytes written, and lines for the agent behind them."""
        lines = announcement(self._framing, lines)
        self._unwritten = memoryview(bytes(self._unwritten) + data + lines)

    def pause(self, time: float) -> float:
        """Return for how many seconds more the full pipe is left alone; 0 or less for none."""
        return self._write_again - time

    @property
    def wants_to_write(self) -> bool:
        """Tell whether there is something to write now."""
        return bool(self._unwritten) or (self.pump is not None and self.pump.wants_to_write)

    def write(self, descriptor: int) -> None:
        """Write what the pipe takes.

        Raises:
            OSError: the reader is gone.
            BackupError: the backup cannot be read on.
        """
        try:
            while self._unwritten:
                written = os.write(descriptor, self._unwritten)
                self._unwritten = self._unwritten[written:]
            if self.pump is not None:
                self._rest(self.pump.write(descriptor))
        except BlockingIOError:
            return

    def _rest(self, written: int) -> None:
        """Leave the full pipe alone until kubectl has taken about half of what it holds.

        kubectl takes 32 KiB at a time; a turn of the loop for each of them costs as much processor
        time as the copying. What it took since the last time says how fast it is.
        """
        time = now()
        took = time - self._wrote_at
        self._wrote_at = time
        if written:
            self._write_again = time + min(
                _LONGEST_PAUSE, took * self._child.capacity / written / 2
            )
