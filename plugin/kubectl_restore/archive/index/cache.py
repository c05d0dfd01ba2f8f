"""Indexes of backups that were read before, kept in the user's cache directory.

What identifies a file is its place on the disk, its size and its times to the nanosecond, and
samples of its bytes; never its name. An object in a store is identified by its place, its size and
its ETag; without an ETag of its very bytes it is not remembered. An index is believed only when its
samples are still there.
The cache is a convenience: nothing that happens to it keeps a restore from being made. So what
stands in the file is not believed either: it has our two tables and nothing else (a view may be
endless), and numbers that may have been read out of this backup (plausibility.py).
"""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import time
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from isal import isal_zlib
from platformdirs import user_cache_dir

from kubectl_restore.archive.compression.detect import recognise
from kubectl_restore.archive.index.index import Index
from kubectl_restore.archive.index.plausibility import require_plausible
from kubectl_restore.archive.members.columns import LAYOUT, Columns
from kubectl_restore.archive.members.members import Members
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.archive.tar.header import BLOCK, HeaderError, read_header
from kubectl_restore.errors import BackupError
from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator

    from kubectl_restore.archive.source.readable import Backup

_FORMAT: Final = 2
"""Counts up whenever what is stored changes its meaning."""
_NAME: Final = "kubectl-restore"
_MOST: Final = 128 * 1024 * 1024
"""Bytes of all indexes together, as stored: a million members need about 20 MiB."""
_WORTH_IT: Final = 64 * 1024 * 1024
"""Bytes of a compressed backup from which on reading it takes long enough to be remembered."""
_MANY: Final = 20_000
"""Members from which on it does whatever their bytes."""
_PIECE: Final = 1024 * 1024
_PIECES: Final = 1024
"""Of one index, so that it takes no more than 1 GiB of memory."""
_LARGEST_ROW: Final = 2 * _PIECE
"""Bytes: pieces that cannot be packed grow a little."""
_LARGEST_FILE: Final = 4 * _MOST
"""Bytes: what is taken out leaves room behind for a while."""
_WAIT: Final = 0.5
"""Seconds that another process may keep the file from us."""
_LONGEST: Final = 20.0
"""Seconds: a tree of pages that was made to be endless ends then."""
_STEPS: Final = 10_000
"""Of SQLite's machine, between two looks at the clock: a millisecond."""
_SAMPLES: Final = 64
_SAMPLE: Final = 4096
_FEW: Final = 8
"""Members whose headers are looked at where each look is a request."""
_FAILURES: Final[tuple[type[Exception], ...]] = (
    isal_zlib.error,  # type: ignore[assignment] # its stub declares it as a value
    OSError,
    sqlite3.Error,
    # What is stored is not what we stored.
    ValueError,
    LookupError,
    ArithmeticError,
    TypeError,
    RecursionError,
    MemoryError,
    BackupError,
)
_TABLES: Final = {
    "backup": """backup (
    key blob primary key, used integer not null, size integer not null, about text not null)""",
    "piece": """piece (
    key blob not null, number integer not null, name text not null, data blob not null,
    primary key (key, number)) without rowid""",
}
_SCHEMA: Final = {("table", name, f"CREATE TABLE {text}") for name, text in _TABLES.items()} | {
    # Its primary key is no row's number.
    ("index", "sqlite_autoindex_backup_1", None)
}
"""What SQLite notes of them (its documentation, "The Schema Table": the text as it was given)."""


class IndexCache:
    """The indexes that are kept in one file."""

    def __init__(self, directory: Path | None = None) -> None:
        """Name the directory; without one the user's own for this program."""
        self._directory = directory or Path(user_cache_dir(_NAME, appauthor=False))

    def find(self, backup: Backup) -> Index | None:
        """Return the backup's index, if it is known and still right."""
        try:
            with closing(self._open()) as store:
                return _find(store, backup)
        except _FAILURES:
            return None

    def keep(self, backup: Backup, index: Index) -> None:
        """Remember an index that took long to read."""
        packed = index.compression is not Compression.NONE
        if len(index.members) < _MANY and not (packed and backup.size >= _WORTH_IT):
            return
        with suppress(*_FAILURES), closing(self._open()) as store:
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
        if status.st_size > _LARGEST_FILE:
            path.unlink(missing_ok=True)
            raise OSError(f"{path} is larger than we let it become")
        store = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
        try:
            _prepare(store)
        except sqlite3.DatabaseError as error:
            store.close()
            if not isinstance(error, sqlite3.OperationalError):
                # It is no database (any more), or not ours: the next run begins a new one.
                path.unlink(missing_ok=True)
            raise
        return store


def _prepare(store: sqlite3.Connection) -> None:
    """Make our tables where there are none.

    Raises:
        sqlite3.OperationalError: the file is taken.
        sqlite3.DatabaseError: it has something else than our tables, or is damaged.
    """
    until = time.monotonic() + _LONGEST
    store.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
    store.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_ROW)
    # Nothing but names and numbers is read before it is known that the tables are ours.
    store.execute("pragma trusted_schema = off")
    store.execute("pragma auto_vacuum = incremental")
    if not _schema(store):
        # Both or none: whoever comes between them would take one alone for somebody else's.
        with store:
            store.execute("begin immediate")
            for text in _TABLES.values():
                store.execute(f"create table if not exists {text}")
    if _schema(store) != _SCHEMA:
        raise sqlite3.DatabaseError("it has other tables than ours")


def _schema(store: sqlite3.Connection) -> set[tuple[str, str, str | None]]:
    rows = store.execute("select type, name, sql from sqlite_master limit 10")
    return {(kind, name, text) for kind, name, text in rows}


def _find(store: sqlite3.Connection, backup: Backup) -> Index | None:
    key = _key(backup)
    row = store.execute("select about from backup where key = ?", (key,)).fetchone()
    if row is None:
        return None
    about = json.loads(row[0])
    stream_length = about["stream_length"]
    if type(stream_length) is not int:
        raise TypeError("the archive's length is no number")
    columns = Columns.from_store(_pieces(store, key))
    require_plausible(columns, stream_length)
    members = Members(columns)
    index = Index(
        members,
        stream_length,
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
    """Return the columns, piece by piece; zlib's checksum is compared with each.

    Raises:
        ValueError: there are more, or larger ones, than were kept.
    """
    rows = store.execute("select name, data from piece where key = ? order by number", (key,))
    for number, (name, data) in enumerate(rows):
        unpacker = isal_zlib.decompressobj()
        piece = unpacker.decompress(data, _PIECE + 1)
        if not unpacker.eof or len(piece) > _PIECE or number >= _PIECES:
            raise ValueError("this is no piece of ours")
        yield name, piece


def _keep(store: sqlite3.Connection, backup: Backup, index: Index) -> None:
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


def _key(backup: Backup) -> bytes:
    """Return what identifies the file's content.

    Raises:
        BackupError: it cannot be read.
    """
    identity = backup.identity
    if identity is None:
        raise BackupError("nothing tells whether its content is another one")
    digest = sha256(repr((LAYOUT, identity)).encode())
    if backup.has_samples:
        for at in _places(backup.size):
            digest.update(backup.read(at, _SAMPLE))
    return digest.digest()


def _places(size: int) -> list[int]:
    """Return where samples are taken: both ends, and places between them at equal distances."""
    last = max(0, size - _SAMPLE)
    return sorted({last * step // (_SAMPLES - 1) for step in range(_SAMPLES)})


def _is_right(backup: Backup, index: Index) -> bool:
    """Hold some of the index's members against the headers in the file.

    What is compressed cannot be looked into; the samples of its bytes are in the key.

    Raises:
        BackupError: the file is no backup.
    """
    members = index.members
    if recognise(backup) is not index.compression:
        return False
    step = max(1, len(members) // (_SAMPLES if backup.has_samples else _FEW))
    some = range(0, len(members), step)
    if not all(members.is_found(number) for number in some):
        return False
    return index.compression is not Compression.NONE or (
        index.stream_length <= backup.size
        and all(_stands_there(backup, members, number) for number in some)
    )


def _stands_there(backup: Backup, members: Members, number: int) -> bool:
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
