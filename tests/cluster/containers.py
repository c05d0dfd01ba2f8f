"""containerd from the outside: bringing images in, ending what runs."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.cluster import command
from tests.cluster.errors import BrokenError

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE: Final = 20.0


@dataclass(frozen=True, slots=True)
class Containerd:
    """A running containerd.

    Attributes:
        program: containerd's own client, ctr.
        socket: where it listens.
    """

    program: str
    socket: Path

    @property
    def ready(self) -> bool:
        """Whether it answers."""
        return self.socket.exists() and self._attempt("version")

    def import_images(self, archive: Path, snapshotter: str, log: Path) -> None:
        """Bring a docker archive's images in, unpacked, so that the first pod need not wait."""
        command.run(
            self._words("images", "import", f"--snapshotter={snapshotter}", str(archive)), log=log
        )

    def end_tasks(self) -> None:
        """Kill every container of this containerd, and wait until all are gone.

        Raises:
            BrokenError: some stay.
        """
        deadline = time.monotonic() + _PATIENCE
        while tasks := command.ask(self._words("tasks", "list", "--quiet")).split():
            if time.monotonic() > deadline:
                raise BrokenError(f"containers that do not end: {', '.join(tasks)}")
            # containerd's own watcher may be faster: what is gone already is no failure.
            self._attempt("tasks", "delete", "--force", *tasks)
            time.sleep(0.1)

    def _attempt(self, *words: str) -> bool:
        done = subprocess.run(self._words(*words), capture_output=True, check=False)
        return done.returncode == 0

    def _words(self, *words: str) -> list[str]:
        return [self.program, f"--address={self.socket}", "--namespace=k8s.io", *words]
