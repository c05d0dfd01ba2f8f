"""A program in a pane of tmux: what tmux shows of it, and keeps of it."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

_PATIENCE: Final = 90.0
_LINES: Final = 24
_ENDED: Final = "it ended with "


@dataclass(slots=True)
class Pane:
    """One pane of a tmux server of its own; a test that needs it is skipped without tmux.

    Attributes:
        words: the command line.
        environment: what it inherits.
        directory: where the server has its socket.
        columns: of the window.
    """

    words: Sequence[str]
    environment: Mapping[str, str]
    directory: Path
    columns: int = 80

    def __enter__(self) -> Self:
        if shutil.which("tmux") is None:
            pytest.skip("no tmux on this machine")
        # The pane stays when the program has ended, with what it has shown.
        script = f"{shlex.join(self.words)}; echo {shlex.quote(_ENDED)}$?; exec sleep 1000"
        size = ("-x", str(self.columns), "-y", str(_LINES))
        self._tmux("-f", "/dev/null", "new-session", "-d", *size, "sh", "-c", script)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tmux("kill-server")

    @property
    def rows(self) -> list[str]:
        """What is on the screen, without empty rows."""
        return _rows(self._tmux("capture-pane", "-p"))

    @property
    def kept(self) -> list[str]:
        """What can be scrolled back to, and what is on the screen."""
        return _rows(self._tmux("capture-pane", "-p", "-S", "-"))

    def resize(self, columns: int) -> None:
        """Give the window so many columns."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(_LINES))

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + _PATIENCE
        while not is_so():
            assert time.monotonic() < deadline, self.rows
            time.sleep(0.05)

    def until_it_ends(self) -> int:
        """Wait until the program has ended, and return its exit code."""
        self.until(lambda: any(row.startswith(_ENDED) for row in self.rows))
        (row,) = [row for row in self.rows if row.startswith(_ENDED)]
        return int(row.removeprefix(_ENDED))

    def _tmux(self, *words: str) -> str:
        socket = str(self.directory / "tmux")
        command = ["tmux", "-S", socket, *words]
        done = subprocess.run(
            command, env=dict(self.environment), capture_output=True, check=True, encoding="utf-8"
        )
        return done.stdout


def _rows(captured: str) -> list[str]:
    return [row.rstrip() for row in captured.splitlines() if row.strip()]
