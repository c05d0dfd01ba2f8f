"""One kubectl child: started, read from, ended, waited for. No OSError leaves this module."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kubectl_restore.errors import UsageError
from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

READ_SIZE: Final = 256 * 1024
_PIPE_SIZE: Final = 1024 * 1024
_USUAL_PIPE_SIZE: Final = 64 * 1024
_GRACE: Final = 2.0
"""Seconds that a child has to end after SIGTERM."""


class Child:
    """A kubectl process with pipes that never block.

    It stays in our process group: a credential plugin may have to ask on the terminal, and a
    background group would be stopped for it (SIGTTIN).
    """

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], *, feed: bool
    ) -> None:
        """Start it; `feed` gives it a pipe as stdin, otherwise it has ours.

        Raises:
            UsageError: it cannot be started.
        """
        try:
            self._process = subprocess.Popen(
                list(arguments),
                stdin=subprocess.PIPE if feed else None,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(environment),
                bufsize=0,
            )
        except (OSError, ValueError) as error:
            raise UsageError(
                "kubectl cannot be started",
                reason=shown_text(str(error)),
                fix=f"try it by hand: {arguments[0]} version --client",
            ) from error
        assert self._process.stdout is not None  # noqa: S101 - for the type checker: PIPE was asked
        assert self._process.stderr is not None  # noqa: S101
        self.stdout = self._process.stdout.fileno()
        self.stderr = self._process.stderr.fileno()
        self.stdin = self._process.stdin.fileno() if self._process.stdin is not None else None
        for descriptor in (self.stdin, self.stdout, self.stderr):
            if descriptor is not None:
                os.set_blocking(descriptor, False)
        self.capacity = _enlarge(self.stdin) if self.stdin is not None else 0
        """Bytes that its stdin pipe holds."""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, None while it runs."""
        return self._process.poll()

    def close_stdin(self) -> None:
        """Let it see the end of its input."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self.stdin = None

    def wait(self, seconds: float) -> bool:
        """Wait for its end; tell whether it came."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self) -> None:
        """End it, kindly and then not, and take its exit code: no zombie stays."""
        if self._process.poll() is None:
            # Listed while their parent lives: afterwards they are anybody's children.
            plugins = _descendants(self._process.pid)
            self._process.terminate()
            for plugin in plugins:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(plugin, signal.SIGTERM)
            if not self.wait(_GRACE):
                self._process.kill()
                self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        self.stdin = None


def _descendants(pid: int) -> list[int]:
    """Return the processes that a process has started (credential plugins), where Linux tells.

    kubectl does not end a plugin that hangs; without this it would stay when we are gone.
    """
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError, ValueError):
            for child in map(int, path.read_text().split()):
                found += [child, *_descendants(child)]
    return found


def read(descriptor: int) -> bytes | None:
    """Return what can be read now; empty at the end, None when there is nothing yet."""
    try:
        return os.read(descriptor, READ_SIZE)
    except BlockingIOError:
        return None
    except OSError:
        # A pipe that breaks while it is read has ended, as far as we are concerned.
        return b""


def _enlarge(descriptor: int) -> int:
    """Make the pipe hold 1 MiB where the system can, and return how much it holds.

    Linux alone can, and not beyond the user's limit (pipe(7), pipe-user-pages-soft).
    """
    command = getattr(fcntl, "F_SETPIPE_SZ", None)
    if command is not None:
        size = _PIPE_SIZE
        while size > _USUAL_PIPE_SIZE:
            try:
                fcntl.fcntl(descriptor, command, size)
            except OSError:
                size //= 2
            else:
                return size
    return _USUAL_PIPE_SIZE


def now() -> float:
    """Return the clock of this room, in seconds."""
    return time.monotonic()
