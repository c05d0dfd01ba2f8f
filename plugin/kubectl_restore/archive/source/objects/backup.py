"""A backup that is an object: read by ranges, each answer held against the first one."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from kubectl_restore.archive.source.change import changed_error
from kubectl_restore.archive.source.location import PIPED
from kubectl_restore.archive.source.objects.answers import (
    ChangedError,
    NotToldError,
    NotWantedError,
)
from kubectl_restore.archive.source.objects.ranges import FIRST, RangeReader, Workers, as_exception
from kubectl_restore.archive.source.objects.refusals import (
    is_denied,
    is_missing,
    refusal,
)
from kubectl_restore.archive.source.objects.store import Store
from kubectl_restore.archive.source.suffixes import PartName
from kubectl_restore.deadline import TICK
from kubectl_restore.errors import (
    BackupError,
    DamagedError,
    InterruptedRestoreError,
    OutOfTimeError,
    RestoreError,
)
from kubectl_restore.text import counted, shown, shown_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType
    from typing import Self

    from kubectl_restore.archive.source.location import Location
    from kubectl_restore.archive.source.objects.answers import Answer

T = TypeVar("T")

_TRIES: Final = 3
"""How often a range is asked for whose answer has other bytes than it says; obstore retries what
the server or the network says is wrong."""


@dataclass(slots=True)
class Traffic:
    """What has come so far of the backup itself.

    Attributes:
        fetched: bytes.
        requests: ranges.
    """

    fetched: int = 0
    requests: int = 0


class Beginning:
    """The SHA-256 of what has been read from the beginning without a gap.

    Attributes:
        length: bytes of it.
    """

    def __init__(self) -> None:
        """Have read nothing yet."""
        self.length = 0
        self._digest = sha256()

    def take(self, offset: int, data: bytes) -> None:
        """Take what was read at an offset, as far as it goes on from here."""
        start = self.length - offset
        if 0 <= start < len(data):
            with memoryview(data) as view:
                self._digest.update(view[start:])
            self.length = offset + len(data)

    def checksum(self) -> str:
        """Return it, 64 lower-case hexadecimal digits."""
        return self._digest.hexdigest()


class ObjectBackup:
    """An object that is open for reading.

    Attributes:
        path: where it is.
        state: what it was when it was opened: every answer must be of that.
        traffic: what has come so far.
        beginning: what `read` has returned.
    """

    is_split = False
    has_samples = False

    def __init__(
        self,
        location: Location,
        environment: Mapping[str, str],
        pulse: Callable[[], None] = lambda: None,
        tell: Callable[[str], None] = lambda _text: None,
    ) -> None:
        """Ask for how it begins.

        Args:
            location: the object.
            environment: says who we are, and where the store is.
            pulse: called while waiting; may raise what ends a run.
            tell: told at the end what was fetched.

        Raises:
            RestoreError: it cannot be read; see refusals.py.
        """
        self.path = location
        self.traffic = Traffic()
        self.beginning = Beginning()
        self._pulse = pulse
        self._tell = tell
        self._store = Store(location, environment)
        self._is_changed = False
        self._readers: list[RangeReader] = []
        try:
            opening = self._in_background(lambda: self._store.get(0, FIRST))
        except Exception as error:
            raise self.told(error) from error
        self.state = opening.state
        self._require_tellable()
        self._count(opening)
        self._opening = bytes(opening.data)
        if opening.start or len(self._opening) != min(FIRST, self.size):
            raise self._short(len(self._opening), min(FIRST, self.size))
        self._workers = Workers(self._fetch)
        self._reader = self._ranges(None)

    @property
    def whole(self) -> Location:
        """What it was called before it was split: parts are not looked for in a store."""
        return self.path

    @property
    def part_count(self) -> int:
        """How many objects it consists of."""
        return 1

    @property
    def size(self) -> int:
        """Bytes."""
        return self.state.size

    @property
    def identity(self) -> tuple[object, ...] | None:
        """What this content is known by, everywhere and always; None where nothing is certain.

        The query of a URL is no part of it: it is another one with each signature.
        """
        etag = self.state.strong_etag
        return None if etag is None else (shown_whole(bytes(self.path)), self.size, etag)

    @property
    def written_at(self) -> int:
        """Seconds since 1970 when it was written, by the store's clock; 0 where it says nothing."""
        return int(self.state.modified.timestamp())

    def close(self) -> None:
        """Ask for nothing any more; twice does no harm."""
        for one in self._readers:
            one.close()
        self._workers.close()
        traffic, tell = self.traffic, self._tell
        self._tell = lambda _text: None
        tell(
            f"fetched {traffic.fetched:,} of the object's {self.size:,} bytes in "
            f"{counted(traffic.requests, 'request')}"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def reader(self, wanted: Iterable[tuple[int, int] | None] | None = None) -> ObjectReader:
        """Return what reads it by itself, with ranges of its own under way.

        Args:
            wanted: offset and length of all that will be read, in rising order; see `RangeReader`.
        """
        # What the index was read from is not needed meanwhile.
        self._reader.close()
        return ObjectReader(self, self._ranges(wanted))

    def _ranges(self, wanted: Iterable[tuple[int, int] | None] | None) -> RangeReader:
        found = RangeReader(
            self._workers, self.size, self._pulse, opening=self._opening, wanted=wanted
        )
        self._readers = [one for one in self._readers if one.is_busy]
        self._readers.append(found)
        return found

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`; fewer only at the end.

        Raises:
            RestoreError: they cannot be read, or are not those of the beginning.
        """
        try:
            data = self._reader.read(offset, length)
        except Exception as error:
            raise self.told(error) from error
        self.beginning.take(offset, data)
        return data

    def beside(self, location: Location, largest: int) -> bytes | None:
        """Return the content of a small object; None where it is not there.

        Raises:
            BackupError: it is there, and too large, or cannot be read.
            NotToldError: the store does not say whether it is there.
            InterruptedRestoreError: the store does not answer.
        """
        try:
            data = self._in_background(lambda: self._store.get_whole(location, largest))
        except RestoreError as error:
            raise self.told(error) from error
        except Exception as error:
            if is_missing(error):
                return None
            if is_denied(error):
                raise NotToldError from error
            said = refusal(error, location, self._store.secrets)
            if said.may_pass:
                # A backup whose checksum was not to be had just now is not one without.
                raise said from error
            raise BackupError(
                f"what {shown(bytes(location))} says about the backup cannot be read",
                reason=f"{said.what}: {said.reason}",
                fix=said.fix,
            ) from error
        if data is None:
            raise BackupError(
                f"what {shown(bytes(location))} says about the backup cannot be read",
                reason=f"it has more than {largest >> 20} MiB",
                fix=f"take {shown(bytes(location))} away, or put it right",
            )
        return data

    def check_unchanged(self, *, is_sending: bool = False) -> None:
        """Return while all that has come was of one content.

        Args:
            is_sending: some of it may be in the pod already.

        Raises:
            BackupError: an answer was of another one.
        """
        if self._is_changed:
            raise self.changed(is_sending=is_sending)

    def changed(self, *, is_sending: bool) -> BackupError:
        """Return the error that says that the backup is not what it was."""
        return changed_error(self.path, is_sending=is_sending)

    def note_parts(self, error: BackupError) -> None:
        """Say with an error that it may be one of several parts."""
        part = PartName.of(Path(self.path.name))
        is_first = part is not None and (part.suffix.isdigit() or not part.suffix.strip("a"))
        if is_first and isinstance(error, DamagedError):
            error.reason += "\nparts of a split backup are not put together from a store"
            error.fix += f"\nall its parts in order: ({self.path.reader}; ...) | {PIPED}"

    def told(self, error: Exception) -> RestoreError:
        """Return what went wrong with a range, in our words."""
        if isinstance(error, OutOfTimeError):
            # The pulse has noticed it, which is asked while a store is waited for.
            error.reason += f"\nit was the server of {shown(bytes(self.path))} that was waited for"
        if isinstance(error, RestoreError):
            return error
        if isinstance(error, ChangedError):
            self._is_changed = True
            return self.changed(is_sending=False)
        return refusal(error, self.path, self._store.secrets)

    def _fetch(self, offset: int, length: int, is_wanted: Callable[[], bool]) -> memoryview:
        """Return a range of the content that was opened; called by the workers' threads."""
        for tries in range(1, _TRIES + 1):
            try:
                answer = self._store.get(
                    offset, length, etag=self.state.strong_etag, is_wanted=is_wanted
                )
            except NotWantedError:
                return memoryview(b"")
            except Exception as error:
                name = type(error).__name__
                if name == "PreconditionError" or is_missing(error):
                    raise ChangedError from error
                raise
            self._count(answer)
            if not self.state.is_same(answer.state):
                raise ChangedError
            if answer.start == offset and len(answer.data) == length:
                return answer.data
            if tries == _TRIES:
                raise self._short(len(answer.data), length)
        raise LookupError("no answer was taken")

    def _count(self, answer: Answer) -> None:
        self.traffic.fetched += len(answer.data)
        self.traffic.requests += 1

    def _short(self, came: int, length: int) -> InterruptedRestoreError:
        return InterruptedRestoreError(
            f"the server of {shown(bytes(self.path))} sends other bytes than it says",
            reason=f"{came:,} of {length:,} bytes came, and the answer did not say that it is cut",
            fix="run the same command again; if it stays so, see which proxy stands between",
        )

    def _require_tellable(self) -> None:
        if not self.state.tells_changes:
            raise BackupError(
                f"whether {shown(bytes(self.path))} stays the same while it is read cannot be told",
                reason="the server names neither an ETag nor when it was written",
                fix=f"{self.path.reader} > backup.tar  # then restore backup.tar",
            )

    def _in_background(self, ask: Callable[[], T]) -> T:
        """Ask something in a thread: an answer may take a minute, and Ctrl-C must not wait for it.

        Raises:
            Exception: what the asking or the pulse raised.
        """
        found: list[T] = []
        failed: list[BaseException] = []

        def run() -> None:
            try:
                found.append(ask())
            except BaseException as error:  # noqa: BLE001 - raised below; a panic of Rust's is one
                failed.append(error)

        thread = threading.Thread(target=run, name="asking", daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(TICK)
            self._pulse()
        if failed:
            raise as_exception(failed[0])
        return found[0]


class ObjectReader:
    """One reading of an object."""

    def __init__(self, backup: ObjectBackup, ranges: RangeReader) -> None:
        """Read by these ranges."""
        self._backup = backup
        self._ranges = ranges

    @property
    def path(self) -> Location:
        """Where the object is."""
        return self._backup.path

    @property
    def size(self) -> int:
        """Bytes."""
        return self._backup.size

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes; see `ObjectBackup.read`."""
        try:
            return self._ranges.read(offset, length)
        except Exception as error:
            raise self._backup.told(error) from error

    def read_into(self, view: memoryview, offset: int) -> int:
        """Read into `view` from `offset`; return how many bytes came, 0 only at the end."""
        try:
            return self._ranges.read_into(view, offset)
        except Exception as error:
            raise self._backup.told(error) from error

    def is_ready(self, offset: int, length: int) -> bool:
        """Tell whether bytes are at hand; if not, have waited for a moment."""
        return self._ranges.is_ready(offset, length)

    def let_go(self) -> None:
        """Want nothing any more of what is under way."""
        self._ranges.close()
