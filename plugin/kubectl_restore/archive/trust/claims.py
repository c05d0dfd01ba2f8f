"""What somebody has said about a backup, as values; and the formats that say it. No I/O here.

Lines of checksums: what GNU coreutils' sha256sum writes and reads (its manual, "cksum output
modes": `HEX  NAME`, `HEX *NAME`, a leading backslash before a line whose name is escaped), the
tagged form of the BSDs and of `sha256sum --tag` (`SHA256 (NAME) = HEX`), openssl's
(`SHA2-256(NAME)= HEX`), and the digits alone.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable


class Subject(StrEnum):
    """What a claim is about."""

    CHECKSUM = "sha256"
    """Of the file, as 64 lower-case hexadecimal digits."""
    FILE_SIZE = "size of the file"
    """Bytes of the file itself."""
    FILES = "number of files"
    """Regular files among the members; of several of one name the last, and no hard links."""
    CONTENT = "size of the contents"
    """Bytes of those files' contents."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that is said about a backup.

    Attributes:
        subject: what it is about.
        value: what it is said to be.
        source: who says so, for messages; safe to print.
        away: the command that takes a wrong source out of the way; empty for the command line.
        part: the number of the part that it is about, from 0; None for the whole backup.
        name: what that part is called, safe to print; empty for the whole backup.
    """

    subject: Subject
    value: str | int
    source: str
    away: str = ""
    part: int | None = None
    name: str = ""

    @property
    def about(self) -> str:
        """What is claimed, in words."""
        return f"{self.subject} of {self.name}" if self.name else self.subject


@dataclass(frozen=True, slots=True)
class Sum:
    """One line of checksums.

    Attributes:
        digest: 64 lower-case hexadecimal digits.
        name: the file's, unescaped; None where the line has only the digits.
    """

    digest: str
    name: bytes | None


@dataclass(frozen=True, slots=True)
class Record:
    """What a JSON document says about one backup; None where it is silent."""

    checksum: str | None = None
    file_size: int | None = None
    files: int | None = None
    content: int | None = None
    backup_file: str | None = None
    """The name that the older tool noted."""
    created: datetime | None = None


class UnreadableError(Exception):
    """Something is claimed, and what it is cannot be read."""


_DIGEST: Final = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")
_BARE: Final = re.compile(rb"(?:sha256:)?([0-9a-fA-F]{64})")
_LINE: Final = re.compile(rb"(\\?)([0-9a-fA-F]{64}) [ *]?(.+)", re.DOTALL)
_TAGGED: Final = re.compile(rb"(\\?)SHA(?:2-)?256 ?\((.+)\) ?= ?([0-9a-fA-F]{64})", re.DOTALL)
_PASSED_OVER: Final = re.compile(
    rb"#.*|\\?(?!SHA(?:2-)?256\b)[A-Z0-9/-]+ ?\(.+\) ?= ?\S+", re.DOTALL
)
"""Comments, and tagged lines of another algorithm."""
_ESCAPED: Final = re.compile(rb"\\([\\nr])")
_ESCAPES: Final = {b"\\": b"\\", b"n": b"\n", b"r": b"\r"}
_LARGEST: Final = 2**63 - 1


def parse_digest(text: str) -> str:
    """Return the digits of `sha256:HEX` or of 64 hexadecimal digits alone, in lower case.

    Raises:
        UnreadableError: it is neither.
    """
    found = _DIGEST.fullmatch(text)
    if found is None:
        raise UnreadableError("a checksum is sha256: and 64 hexadecimal digits")
    return found[1].lower()


def parse_sums(data: bytes, *about: bytes) -> list[Sum]:
    """Return the lines that give a SHA-256; others are passed over.

    Args:
        data: the whole file.
        about: the names of the backup and its parts, without directories.

    Raises:
        UnreadableError: a line names the backup and cannot be read, or the file is no text.
    """
    # Loaded when a list is read: every start would be slower by it.
    from kubectl_restore.archive.trust.windows_sums import as_lines  # noqa: PLC0415

    data = as_lines(data)
    if b"\0" in data:
        raise UnreadableError("it has NUL bytes in it (UTF-16, or written with --zero?)")
    names = b"|".join(re.escape(one) for one in about)
    names_it = re.compile(rb"(?:^|[\s*/(])(?:" + names + rb")(?:\)|\s|$)")
    sums = []
    for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        line = raw.removesuffix(b"\r")
        one = _sum(line)
        if one is not None:
            sums.append(one)
        elif not _PASSED_OVER.fullmatch(line) and names_it.search(line):
            raise UnreadableError(f"line {number} names the backup, but is no line of sha256sum's")
    return sums


def _sum(line: bytes) -> Sum | None:
    if tagged := _TAGGED.fullmatch(line):
        escaped, name, digest = tagged.groups()
    elif plain := _LINE.fullmatch(line):
        escaped, digest, name = plain.groups()
    elif bare := _BARE.fullmatch(line.strip()):
        return Sum(bare[1].decode("ascii").lower(), None)
    else:
        return None
    if escaped:
        name = _ESCAPED.sub(lambda found: _ESCAPES[found[1]], name)
    return Sum(digest.decode("ascii").lower(), name)


def line_of(digest: str, name: bytes) -> bytes:
    """Return the line that sha256sum would write."""
    plain = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    return (b"\\" if plain != name else b"") + digest.encode("ascii") + b"  " + plain + b"\n"


def fitting(sums: Iterable[Sum], path: bytes) -> list[Sum]:
    """Return the lines whose name means this file.

    A name fits that is the file's own; where none is, one that is the end of its absolute path
    (`sha256sum backups/* >backups/SHA256SUMS`).

    Args:
        sums: the lines; those without a name never fit.
        path: the file's, absolute, without links and `..`.
    """
    whole = _parts(path)
    near, far = [], []
    for one in sums:
        if one.name is None:
            continue
        parts = _parts(one.name)
        if parts == whole[-1:] and not one.name.startswith(b"/"):
            near.append(one)
        elif one.name.startswith(b"/"):
            far += [one] if parts == whole else []
        elif parts and parts == whole[-len(parts) :]:
            far.append(one)
    return near or far


def _parts(path: bytes) -> list[bytes]:
    return [part for part in path.split(b"/") if part not in {b"", b"."}]


META_FIELDS: Final = ("checksum", "fileCount", "totalSize", "createdAt")
"""What is known of a BACKUP.meta.json."""


def parse_meta(data: bytes) -> Record:
    """Read a BACKUP.meta.json; fields that are not known are passed over, null is silence.

    Raises:
        UnreadableError: it is no JSON object, says something twice, or a known field has no value
            that it can have.
    """
    fields = json_object(data)
    created = fields.get("createdAt")
    return Record(
        checksum=_checksum(fields, "checksum"),
        files=_number(fields, "fileCount"),
        content=_number(fields, "totalSize"),
        created=None if created is None else _time(created),
    )


def parse_older(data: bytes) -> Record:
    """Read a record of the older tool; what it left empty or 0 is silence.

    Raises:
        UnreadableError: as `parse_meta`.
    """
    # Go's zero values: that tool could not leave a field out.
    fields = {key: value for key, value in json_object(data).items() if value not in ("", 0)}
    name = fields.get("backup_file")
    created = fields.get("completed_at", fields.get("created_at"))
    return Record(
        checksum=_checksum(fields, "checksum"),
        file_size=_number(fields, "size"),
        backup_file=name if isinstance(name, str) else None,
        created=None if created is None else _time(created),
    )


def json_object(data: bytes) -> dict[str, object]:
    """Return a JSON object's fields.

    Raises:
        UnreadableError: it is none, or a key stands in it twice.
    """
    try:
        value: object = json.loads(data, object_pairs_hook=_once)
    except RecursionError:
        raise UnreadableError("it is nested too deeply") from None
    except ValueError as error:
        raise UnreadableError(f"it is no JSON ({error})") from error
    if not isinstance(value, dict):
        raise UnreadableError("it is no JSON object")
    return value


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        # Programs differ in which of two they believe.
        raise ValueError("a key stands in it twice")
    return fields


def _checksum(fields: dict[str, object], key: str) -> str | None:
    value = fields.get(key)
    if value is None:
        return None
    try:
        return parse_digest(value if isinstance(value, str) else "")
    except UnreadableError as error:
        raise UnreadableError(f"{key}: {error}") from None


def _number(fields: dict[str, object], key: str) -> int | None:
    value = fields.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise UnreadableError(f"{key}: it is no whole number from 0 on")
    return value


def _time(value: object) -> datetime | None:
    """Return an ISO 8601 time; nothing depends on it, so one that is none is None."""
    try:
        found = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
