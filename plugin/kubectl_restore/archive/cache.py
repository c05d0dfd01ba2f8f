"""Indexes of backups that were read before, kept in the user's cache directory.

What identifies a backup is its place on the disk, its size and its times to the nanosecond, and
samples of its bytes; never its name. An index is believed only when its samples are still there.
The cache is a convenience: nothing that happens to it keeps a restore from being made.
"""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from isal import isal_zlib
from platformdirs import user_cache_dir

from kubectl_restore.archive.columns import LAYOUT, Columns
from kubectl_restore.archive.header import BLOCK, HeaderError, read_header
from kubectl_restore.archive.member import Index
from kubectl_restore.archive.members import Members
from kubectl_restore.archive.packing import Compression
from kubectl_restore.names import shown_text

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator

    from kubectl_restore.archive.source import BackupFile

_FORMAT: Final = 1
"""Counts up whenever what is stored changes its meaning."""
_NAME: Final = "kubectl-restore"
_MOST: Final = 128 * 1024 * 1024
"""Bytes of all indexes together, as stored: a million members need about 20 MiB."""
_WORTH_IT: Final = 64 * 1024 * 1024
"""Bytes of a compressed backup from which on reading it takes long enough to be remembered."""
_MANY: Final = 20_000
"""Members from which on it does whatever their bytes."""
_PIECE: Final = 1024 * 1024
_WAIT: Final = 0.5
"""Seconds that another process may keep the file from us."""
_SAMPLES: Final = 64
_SAMPLE: Final = 4096
_FAILURES: Final[tuple[type[Exception], ...]] = (
    isal_zlib.error,  # type: ignore[assignment] # its stub declares it as a value
    OSError,
    sqlite3.Error,
    # What is stored is not what we stored.
    ValueError,
    LookupError,
    TypeError,
    RecursionError,
)
_TABLES: Final = """
create table if not exists backup (
    key blob primary key, used integer not null, size integer not null, about text not null);
create table if not exists piece (
    key blob not null, number integer not null, name text not null, data blob not null,
    primary key (key, number)) without rowid;
"""


class IndexCache:
    """The indexes that are kept in one file."""

    def __init__(self, directory: Path | None = None) -> None:
        """Name the directory; without one the user's own for this program."""
        self._directory = directory or Path(user_cache_dir(_NAME, appauthor=False))

    def find(self, backup: BackupFile) -> Index | None:
        """Return the backup's index, if it is known and still right."""
        try:
            with closing(self._open()) as store:
                return _find(store, backup)
        except _FAILURES:
            return None

    def keep(self, backup: BackupFile, index: Index) -> None:
        """Remember an index that took long to read."""
        packed = index.compression is not Compression.NONE
        if len(index.members) < _MANY and not (packed and backup.size >= _WORTH_IT):
            return
        with suppress(OSError, sqlite3.Error), closing(self._open()) as store:
            with store:
                # Taken before anything is looked at: two processes come one after the other.
                store.execute("begin immediate")
                _keep(store, backup, index)
            store.execute("pragma incremental_vacuum").fetchall()

    def _open(self) -> sqlite3.Connection:
        """Open the file, ours and for nobody else to read or write.

        Raises:
            OSError: it is somebody else's, or there is no such place.
            sqlite3.Error: it is damaged or taken.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The layout of numbers and the format are in the name: versions do not spoil each other's.
        path = self._directory / f"indexes-{_FORMAT}.sqlite"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            status = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
            raise PermissionError(f"{path} is not ours alone")
        store = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
        try:
            store.execute("pragma auto_vacuum = incremental")
            store.executescript(_TABLES)
        except sqlite3.DatabaseError as error:
            store.close()
            if not isinstance(error, sqlite3.OperationalError):
                # It is no database (any more): the next run begins a new one.
                path.unlink(missing_ok=True)
            raise
        return store


def _find(store: sqlite3.Connection, backup: BackupFile) -> Index | None:
    key = _key(backup)
    row = store.execute("select about from backup where key = ?", (key,)).fetchone()
    if row is None:
        return None
    about = json.loads(row[0])
    members = Members(Columns.from_store(_pieces(store, key)))
    index = Index(
        members,
        about["stream_length"],
        Compression(about["compression"]),
        # Nothing that has stood in a file reaches a terminal as it is.
        warnings=tuple(shown_text(str(one)) for one in about["warnings"]),
        is_remembered=True,
    )
    if len(members) != about["members"] or not _is_right(backup, index):
        store.execute("delete from piece where key = ?", (key,))
        store.execute("delete from backup where key = ?", (key,))
        return None
    with suppress(sqlite3.OperationalError):
        store.execute(
            "update backup set used = (select max(used) + 1 from backup) where key = ?", (key,)
        )
    return index


def _pieces(store: sqlite3.Connection, key: bytes) -> Iterator[tuple[str, bytes]]:
    """Return the columns, piece by piece; zlib's check sum is compared with each."""
    rows = store.execute("select name, data from piece where key = ? order by number", (key,))
    for name, data in rows:
        yield name, isal_zlib.decompress(data)


def _keep(store: sqlite3.Connection, backup: BackupFile, index: Index) -> None:
    key = _key(backup)
    store.execute("delete from piece where key = ?", (key,))
    size = number = 0
    for name, column in index.members.columns.to_store():
        for data in _packed(column):
            store.execute("insert into piece values (?, ?, ?, ?)", (key, number, name, data))
            size += len(data)
            number += 1
    about = {
        "members": len(index.members),
        "stream_length": index.stream_length,
        "compression": index.compression.value,
        "warnings": index.warnings,
    }
    used = store.execute("select coalesce(max(used), 0) + 1 from backup").fetchone()[0]
    row = (key, used, size, json.dumps(about))
    store.execute("insert or replace into backup values (?, ?, ?, ?)", row)
    _forget(store)


def _packed(column: bytearray | array[int]) -> Iterator[bytes]:
    with memoryview(column).cast("B") as view:
        for at in range(0, len(view), _PIECE):
            yield isal_zlib.compress(view[at : at + _PIECE], 1)


def _forget(store: sqlite3.Connection) -> None:
    """Take out what was not used for longest until the rest is small enough."""
    rows = store.execute("select key, size from backup order by used desc").fetchall()
    total = 0
    for key, size in rows:
        total += size
        if total > _MOST:
            store.execute("delete from piece where key = ?", (key,))
            store.execute("delete from backup where key = ?", (key,))


def _key(backup: BackupFile) -> bytes:
    """Return what identifies the file's content.

    Raises:
        BackupError: it cannot be read.
    """
    digest = sha256(repr((LAYOUT, backup.identity, backup.changed_at)).encode())
    for at in _places(backup.size):
        digest.update(backup.read(at, _SAMPLE))
    return digest.digest()


def _places(size: int) -> list[int]:
    """Return where samples are taken: both ends, and places between them at equal distances."""
    last = max(0, size - _SAMPLE)
    return sorted({last * step // (_SAMPLES - 1) for step in range(_SAMPLES)})


def _is_right(backup: BackupFile, index: Index) -> bool:
    """Hold some of the index's members against the headers in the file.

    What is compressed cannot be looked into; the samples of its bytes are in the key.
    """
    members = index.members
    if index.compression is not Compression.NONE or not len(members):
        return True
    step = max(1, len(members) // _SAMPLES)
    return all(_stands_there(backup, members, number) for number in range(0, len(members), step))


def _stands_there(backup: BackupFile, members: Members, number: int) -> bool:
    member = members[number]
    block = backup.read(member.offset, BLOCK)
    try:
        header = read_header(block)
    except (HeaderError, IndexError):
        return False
    if member.prefix > BLOCK:
        # An extended header stands there: it names what follows elsewhere.
        return True
    return header.name == member.name and header.mode == member.mode
