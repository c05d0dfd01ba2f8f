"""The SHA-256 of the whole file, beside the reading of the index.

One thread of its own reads the file by position, block by block, and holds Python's lock for
neither the reading nor the hashing; so on two cores it costs little (0.35 s beside 9.5 s for a
million members), and what one of the two has read is in the page cache for the other. Handing the
decompressor's bytes to the hash was turned down: a plain archive is read by seeking, and members'
edges are read twice.

Of an object every byte is paid for: what the index was read from in order is hashed on the way, and
only the rest is fetched for it.
"""

from __future__ import annotations

import threading
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Self

from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.deadline import TICK
from kubectl_restore.errors import BackupError
from kubectl_restore.progress import Phase, Status

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import TracebackType

    from kubectl_restore.archive.source.objects.backup import ObjectBackup
    from kubectl_restore.archive.source.opening import OpenBackup
    from kubectl_restore.deadline import Watch
    from kubectl_restore.progress import Progress

_BLOCK: Final = 1024 * 1024
"""Bytes. The reading of the index holds Python's lock for 5 ms at a time; a smaller block would
wait for it more often than it works."""


class Hashing:
    """A hash under way. As a context manager it ends the thread, whatever happens."""

    def __init__(self, backup: BackupFile, parts: Collection[int] = ()) -> None:
        """Prepare; nothing is read yet.

        Args:
            backup: what is hashed.
            parts: numbers of parts that are hashed by themselves too.
        """
        self._backup = backup
        self._wanted = parts
        self._done = 0
        self._digests: dict[int | None, str] = {}
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

    def result(self, progress: Progress, watch: Watch) -> dict[int | None, str]:
        """Wait for the end; return 64 lower-case hexadecimal digits each.

        Of the parts that were asked for by their numbers, of the whole under None.

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
        return self._digests

    def _run(self) -> None:
        whole, buffer = sha256(), memoryview(bytearray(_BLOCK))
        try:
            for number, part in enumerate(self._backup.parts):
                own = sha256() if number in self._wanted else None
                start = self._done
                # What is longer than it was is noticed afterwards: the file has changed.
                while self._done - start < part.size and not self._stop.is_set():
                    count = self._backup.read_into(buffer, self._done)
                    if not count:
                        return
                    whole.update(buffer[:count])
                    if own is not None:
                        own.update(buffer[:count])
                    self._done += count
                if own is not None:
                    self._digests[number] = own.hexdigest()
            self._digests[None] = whole.hexdigest()
        except BackupError as error:
            self._failure = error


class HashingOnTheWay:
    """The hash of an object, which takes it while it is read."""

    def __init__(self, backup: ObjectBackup) -> None:
        """Take what it has read by then."""
        self._backup = backup

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing runs."""

    def result(self, progress: Progress, watch: Watch) -> dict[int | None, str]:
        """Read the rest; see `Hashing.result`."""
        backup = self._backup
        while (done := backup.beginning.length) < backup.size:
            watch.check()
            progress.status(Status(Phase.CHECKSUM, done_bytes=done, total_bytes=backup.size))
            if not backup.read(done, _BLOCK):
                break
        backup.check_unchanged()
        return {None: backup.beginning.checksum()}


def hashing_of(backup: OpenBackup, parts: Collection[int]) -> Hashing | HashingOnTheWay:
    """Return what takes a backup's hash beside the reading of its index.

    Args:
        backup: what is hashed.
        parts: numbers of parts that are hashed by themselves too.
    """
    if isinstance(backup, BackupFile):
        return Hashing(backup, parts)
    return HashingOnTheWay(backup)
