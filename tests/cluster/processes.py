"""Servers in the background: started, remembered, recognised later, ended."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.cluster.errors import BrokenError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_STATE_FIELD: Final = 0
_START_FIELD: Final = 19
_children: Final[list[subprocess.Popen[bytes]]] = []
"""Kept so that none is collected while it runs."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process of this machine, for ever: a number alone may be another process later.

    Attributes:
        name: the component.
        pid: its number.
        started: when the kernel started it, in clock ticks since the boot.
        boot: which boot that was.
    """

    name: str
    pid: int
    started: int
    boot: str

    @property
    def alive(self) -> bool:
        """Whether it runs; one that ended and was not collected does not."""
        fields = _fields(self.pid)
        return (
            fields is not None
            and fields[_STATE_FIELD] not in {"Z", "X"}
            and int(fields[_START_FIELD]) == self.started
            and self.boot == _BOOT.read_text().strip()
        )


def start(
    name: str, argv: Sequence[str], *, log: Path, directory: Path, environment: Mapping[str, str]
) -> Process:
    """Start a server in a session of its own, its output in the log."""
    with log.open("ab") as sink:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            cwd=directory,
            env=dict(environment),
            start_new_session=True,
        )
    _children.append(child)
    fields = _fields(child.pid)
    if fields is None:
        raise BrokenError(f"{name} ended at once", log)
    return Process(name, child.pid, int(fields[_START_FIELD]), _BOOT.read_text().strip())


def end(processes: Sequence[Process], grace: float) -> None:
    """End processes: all are asked, and those that do not follow within the grace are killed.

    Raises:
        BrokenError: one of them cannot be ended.
    """
    handles = {process: _handle(process) for process in processes}
    running: list[str] = []
    try:
        for signal_number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):
            for handle in handles.values():
                if handle is not None and not _ended(handle, 0):
                    signal.pidfd_send_signal(handle, signal_number)
            deadline = time.monotonic() + patience
            running = [
                process.name
                for process, handle in handles.items()
                if handle is not None and not _ended(handle, deadline - time.monotonic())
            ]
            if not running:
                return
    finally:
        for handle in handles.values():
            if handle is not None:
                os.close(handle)
    raise BrokenError(f"cannot end {', '.join(running)}")


def _handle(process: Process) -> int | None:
    """Return a descriptor that means this very process, or None when it has ended."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return None
    if not process.alive:
        os.close(handle)
        return None
    return handle


def _ended(handle: int, patience: float) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(max(0.0, patience) * 1000))


def _fields(pid: int) -> list[str] | None:
    """Return what /proc/PID/stat says behind the name, from the state on."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
