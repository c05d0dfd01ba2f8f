"""The SHA-256 of the whole file, beside the reading of the index.

One thread of its own reads the file by position, block by block, and holds Python's lock for
neither the reading nor the hashing; so on two cores it costs nothing beside the decompressor, and
what one of the two has read is in the page cache for the other. Handing the decompressor's bytes to
the hash was turned down: a plain archive is read by seeking, and members' edges are read twice.
"""

from __future__ import annotations

import threading
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Self

from kubectl_restore.errors import BackupError
from kubectl_restore.progress import Phase, Status
from kubectl_restore.watch import TICK

if TYPE_CHECKING:
    from types import TracebackType

    from kubectl_restore.archive.source import BackupFile
    from kubectl_restore.progress import Progress
    from kubectl_restore.watch import Watch

_BLOCK: Final = 1024 * 1024
"""Bytes. The reading of the index holds Python's lock for 5 ms at a time; a smaller block would
wait for it more often than it works."""


class Hashing:
    """A hash under way. As a context manager it ends the thread, whatever happens."""

    def __init__(self, backup: BackupFile) -> None:
        """Prepare; nothing is read yet."""
        self._backup = backup
        self._done = 0
        self._digest = ""
        self._failure: BackupError | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sha256", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The file must not be closed, and its number given to another, while it is read here.
        self._stop.set()
        self._thread.join()

    def result(self, progress: Progress, watch: Watch) -> str:
        """Wait for the end; return 64 lower-case hexadecimal digits.

        Raises:
            BackupError: the file cannot be read, or is not what it was when it was opened.
            TimedOutError, SignalledError: the watch ended the run.
        """
        while self._thread.is_alive():
            watch.check()
            progress.status(
                Status(Phase.CHECKSUM, done_bytes=self._done, total_bytes=self._backup.size)
            )
            self._thread.join(TICK)
        if self._failure is not None:
            raise self._failure
        self._backup.check_unchanged()
        return self._digest

    def _run(self) -> None:
        digest, buffer = sha256(), memoryview(bytearray(_BLOCK))
        try:
            while not self._stop.is_set():
                count = self._backup.read_into(buffer, self._done)
                if not count:
                    self._digest = digest.hexdigest()
                    return
                digest.update(buffer[:count])
                self._done += count
        except BackupError as error:
            self._failure = error
