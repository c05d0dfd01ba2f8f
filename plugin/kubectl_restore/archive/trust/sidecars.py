"""Finding what is claimed about a backup: in files beside it, and in the older tool's records.

Nothing that is there and cannot be read is passed over in silence: a backup whose checksum was
lost must not look like one that never had any. But it proves nothing against the backup either.
What is read is bounded in number and size, and is never a FIFO or a device.
"""

from __future__ import annotations

import heapq
import os
import stat
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.source.location import Location
from kubectl_restore.archive.trust.capitals import Directory
from kubectl_restore.archive.trust.claims import (
    META_FIELDS,
    Claim,
    Record,
    Subject,
    Sum,
    UnreadableError,
    fitting,
    json_object,
    parse_meta,
    parse_older,
    parse_sums,
)
from kubectl_restore.errors import BackupError
from kubectl_restore.text import counted, pasteable, shown, shown_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kubectl_restore.archive.source.location import BackupName

SUM: Final = ".sha256"
META: Final = ".meta.json"
LISTS: Final = ("SHA256SUMS", "sha256sums.txt")

LARGEST_LIST: Final = 16 * 1024 * 1024
"""Bytes: the checksums of some hundred thousand files."""
LARGEST_RECORD: Final = 1024 * 1024
"""Bytes of a JSON document; real ones have less than one KiB."""
_MOST_RECORDS: Final = 5_000
_MOST_NAMES: Final = 100_000
"""Of a directory: reading records takes about 0.1 ms each, looking at a name 2 us."""
_LONGEST_NAME: Final = 4096
"""Characters: Linux's PATH_MAX; each component of a longer one would be looked up too."""
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Found:
    """What is claimed.

    Attributes:
        claims: everything that is said about this backup.
        unread: what says something about it and cannot be read.
        warnings: what could not be looked at, though it may not concern this backup; safe to print.
    """

    claims: list[Claim] = field(default_factory=list)
    unread: list[BackupError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, read: Callable[[], list[Claim]]) -> None:
        """Add what is claimed in one place, or that it cannot be read."""
        try:
            self.claims += read()
        except BackupError as error:
            self.unread.append(error)


def beside(path: Path, suffix: str) -> Path:
    """Return the name of a file that is about a backup (`SUM`, `META`)."""
    return path.with_name(path.name + suffix)


def find_claims(
    path: Path, parts: Sequence[Path] = (), *, own: bool = True, home: Path | None = None
) -> Found:
    """Return everything that is claimed about a backup.

    A backup that is named through a symbolic link is looked for under both names.

    Args:
        path: the backup, as the user named it; or what it was called before it was split.
        parts: of a split one, the names of its parts.
        own: read BACKUP.sha256 and BACKUP.meta.json too.
        home: the home directory; None for the user's.
    """
    found = Found()
    names_there = Directory()
    real = Path(os.path.realpath(path))
    names = [path]
    if Path(os.path.realpath(path.parent)) / path.name != real:
        names.append(real)
    for name in names:
        if own:
            _add_own(found, name, names_there)
        for listed in LISTS:
            for source in names_there.spellings(name.with_name(listed)):
                found.add(partial(_listed, name, parts, source))
    for number, part in enumerate(parts):
        of_it = Found()
        _add_own(of_it, part, names_there)
        found.claims += [_of_part(one, number, part) for one in of_it.claims]
        found.unread += of_it.unread
    found.add(partial(_older, found, real, home))
    return found


def _add_own(found: Found, path: Path, names_there: Directory) -> None:
    """Add what BACKUP.sha256 and BACKUP.meta.json say."""
    for suffix, read in ((SUM, _own_sum), (META, _own_meta)):
        for source in names_there.spellings(beside(path, suffix), suffix):
            found.add(partial(read, path, source))


def require_readable(path: Path) -> None:
    """Return when BACKUP.sha256 and BACKUP.meta.json are not there, or can be read.

    Raises:
        BackupError: one of them cannot be read.
    """
    _own_sum(path, beside(path, SUM))
    source = beside(path, META)
    data = _content(source, LARGEST_RECORD)
    if data is not None:
        _record(source, data)


def _own_sum(path: Path, source: Path) -> list[Claim]:
    return sum_claims(source, own_sums(path, source))


def sum_claims(source: BackupName, sums: Sequence[Sum]) -> list[Claim]:
    """Return what lines of checksums claim about a backup."""
    return [_checksum(one.digest, source) for one in sums]


def own_sums(path: Path, source: Path) -> list[Sum]:
    """Return the lines of BACKUP.sha256 that are about the backup; none when there is no such file.

    Raises:
        BackupError: it is there and cannot be read, or is about other files.
    """
    data = _content(source, LARGEST_LIST)
    return [] if data is None else sums_about(path, source, data)


def sums_about(path: BackupName, source: BackupName, data: bytes) -> list[Sum]:
    """Return the lines of what BACKUP.sha256 has that are about the backup.

    Raises:
        BackupError: it cannot be read, or is about other files.
    """
    name = os.fsencode(path.name)
    sums = _read_sums(source, data, name)
    fit = [one for one in sums if one.name is None or one.name.rpartition(b"/")[2] == name]
    # The file's own name says what it is about: the backup may have been renamed.
    fit = fit or (sums if len(sums) == 1 else [])
    if not fit:
        what = f"none of its {len(sums)} lines names the backup" if sums else "no line is one"
        raise _unreadable(source, f"{what}; they are wanted as sha256sum writes them")
    return fit


def _own_meta(path: Path, source: Path) -> list[Claim]:  # noqa: ARG001 - as _own_sum
    data = _content(source, LARGEST_RECORD)
    return [] if data is None else meta_claims(source, data)


def meta_claims(source: BackupName, data: bytes) -> list[Claim]:
    """Return what the content of a BACKUP.meta.json claims.

    Raises:
        BackupError: it cannot be read, or nothing in it is known.
    """
    record = _record(source, data)
    if not any(one in META_FIELDS for one in json_object(data)):
        # Another program's, whose words for the same are passed over: that is to be known.
        known = ", ".join(META_FIELDS)
        raise _unreadable(source, f"none of its fields is known, which are {known}")
    return _claims_of(record, source)


def _record(source: BackupName, data: bytes) -> Record:
    try:
        return parse_meta(data)
    except UnreadableError as error:
        raise _unreadable(source, str(error)) from error


def meta_fields(path: Path) -> dict[str, object]:
    """Return all fields of a readable BACKUP.meta.json; none when there is no such file."""
    data = _content(beside(path, META), LARGEST_RECORD)
    return {} if data is None else json_object(data)


def listed_sums(location: Location, source: Location, data: bytes) -> list[Claim]:
    """Return what a list of checksums beside an object claims about it.

    Raises:
        BackupError: it cannot be read.
    """
    sums = _read_sums(source, data, os.fsencode(location.name))
    path = os.fsencode(f"/{location.host}/{location.key}")
    return [_checksum(one.digest, source) for one in fitting(sums, path)]


def _listed(path: Path, parts: Sequence[Path], source: Path) -> list[Claim]:
    data = _content(source, LARGEST_LIST)
    if data is None:
        return []
    sums = _read_sums(source, data, *(os.fsencode(one.name) for one in (path, *parts)))
    found = [_checksum(one.digest, source) for one in fitting(sums, _absolute(path))]
    if parts:
        suffixes = tuple(os.fsencode(one.name) for one in parts)
        sums = [one for one in sums if one.name is not None and one.name.endswith(suffixes)]
    for number, part in enumerate(parts):
        own = fitting(sums, _absolute(part))
        found += [_of_part(_checksum(one.digest, source), number, part) for one in own]
    return found


def _absolute(path: Path) -> bytes:
    """Return a name made absolute; no link is followed, as the list stands beside this name."""
    return os.path.normpath(os.fsencode(path.absolute()))


def _of_part(claim: Claim, number: int, part: Path) -> Claim:
    """Return a checksum as a part's; the other things that are claimed are about the backup."""
    if claim.subject is not Subject.CHECKSUM:
        return claim
    return replace(claim, part=number, name=shown(os.fsencode(part.name)))


def _read_sums(source: BackupName, data: bytes, *names: bytes) -> list[Sum]:
    try:
        return parse_sums(data, *names)
    except UnreadableError as error:
        raise _unreadable(source, str(error)) from error


# The older tool's records (docs/older-spelling.md)


def _older(found: Found, real: Path, home: Path | None) -> list[Claim]:
    """Return what the newest records say that name this file.

    That tool wrote a record for each backup, also where it overwrote a file with the next one; so
    only the newest is about what stands there now.
    """
    matching: list[tuple[datetime, Path, Record]] = []
    for source in _record_files(found, home):
        try:
            data = _content(source, LARGEST_RECORD)
            record = parse_older(data or b"{}")
        except (BackupError, UnreadableError) as error:
            if _may_name(source, real):
                why = error.reason if isinstance(error, BackupError) else str(error)
                found.unread.append(_unreadable(source, why))
            continue
        if record.backup_file is not None and _names(record.backup_file, real):
            matching.append((record.created or _BEGINNING, source, record))
    newest = max((when for when, _, _ in matching), default=None)
    return [
        claim
        for when, source, record in matching
        if when == newest
        for claim in _claims_of(record, source)
    ]


def _record_files(found: Found, home: Path | None) -> Iterator[Path]:
    """Yield the records, in a fixed order."""
    try:
        place = (home or Path.home()) / ".cli-recover" / "metadata"
        with os.scandir(place) as entries:
            names = [one.name for one in islice(entries, _MOST_NAMES + 1)]
    except (OSError, RuntimeError):
        return
    records = [name for name in names[:_MOST_NAMES] if name.endswith(".json")]
    # Their names end in the time when they were made.
    some = heapq.nlargest(_MOST_RECORDS, records)
    if len(names) > _MOST_NAMES or len(some) < len(records):
        found.warnings.append(
            f"{shown(os.fsencode(place))} has more than {counted(_MOST_RECORDS, 'record')}; only"
            " the newest were looked at"
        )
    yield from (place / name for name in some)


def _names(text: str, real: Path) -> bool:
    """Tell whether a name means this file; a relative one, seen from the current directory."""
    if len(text) > _LONGEST_NAME:
        return False
    try:
        return os.path.realpath(text) == str(real)
    except (OSError, ValueError):
        return False


def _may_name(source: Path, real: Path) -> bool:
    """Tell whether a record that cannot be read has the backup's name in it."""
    with suppress(OSError, BackupError):
        return os.fsencode(real.name) in (_content(source, LARGEST_RECORD) or b"")
    return False


def _claims_of(record: Record, source: BackupName) -> list[Claim]:
    says = {
        Subject.CHECKSUM: record.checksum,
        Subject.FILE_SIZE: record.file_size,
        Subject.FILES: record.files,
        Subject.CONTENT: record.content,
    }
    return [
        Claim(subject, value, shown(os.fsencode(source)), _away(source))
        for subject, value in says.items()
        if value is not None
    ]


def _checksum(digest: str, source: BackupName) -> Claim:
    return Claim(Subject.CHECKSUM, digest, shown(os.fsencode(source)), _away(source))


def _away(source: BackupName) -> str:
    if isinstance(source, Location):
        return f"take {shown(os.fsencode(source))} away, or put it right"
    return f"mv -- {pasteable(source)} {pasteable(beside(source, '.old'))}"


def _content(path: Path, largest: int) -> bytes | None:
    """Return a file's content; None where there is no such file.

    Raises:
        BackupError: it is there, and is no regular file, too large, or may not be read.
    """
    try:
        # O_NONBLOCK: a FIFO must not make us wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except (FileNotFoundError, NotADirectoryError):
        if path.is_symlink():
            raise _unreadable(path, "it is a symbolic link to nothing") from None
        return None
    except OSError as error:
        if not os.path.lexists(path):
            # Its name would be too long, or its directory may not be looked into.
            return None
        raise _unreadable(path, shown_text(error.strerror or str(error))) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _unreadable(path, "it is no regular file")
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor has no Path
        try:
            data = file.read(largest + 1)
        except OSError as error:
            raise _unreadable(path, shown_text(error.strerror or str(error))) from error
    if len(data) > largest:
        raise _unreadable(path, f"it has more than {largest >> 20} MiB")
    return data


def _unreadable(source: BackupName, reason: str) -> BackupError:
    return BackupError(
        f"what {shown(os.fsencode(source))} says about the backup cannot be read",
        reason=reason,
        fix=f"put it right; to go without it: {_away(source)}",
    )
