"""What the file is, by its first bytes; and the archive stream inside, however it is packed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.compression.decompressors import (
    FORMATS,
    SKIPPABLE,
    skippable,
)
from kubectl_restore.archive.compression.stream import DecompressedStream
from kubectl_restore.archive.source.location import PIPED, STANDARD_INPUT, reader_of
from kubectl_restore.archive.source.magic import BROTLI, MAGIC, Compression, identify
from kubectl_restore.archive.source.repositories import repository_around
from kubectl_restore.archive.tar.header import BLOCK, is_header
from kubectl_restore.errors import BackupError
from kubectl_restore.text import pasteable, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_restore.archive.source.location import BackupName
    from kubectl_restore.archive.source.magic import FileType
    from kubectl_restore.archive.source.readable import Readable

_READ_AHEAD: Final = 64 * 1024
"""Bytes: enough for dozens of small members in one read."""
_HEADER_AHEAD: Final = 4 * 1024
"""Bytes: a header with its extended one."""
_USTAR: Final = slice(257, 262)


_BACKUPS: Final = (
    f"a backup is a tar archive, plain or compressed ({', '.join(one.value for one in FORMATS)})"
)


def recognise(backup: Readable) -> Compression:
    """Tell how the backup is packed, by its bytes and never by its name.

    Raises:
        BackupError: it is neither a tar archive nor packed in a way that is read.
    """
    head = backup.read(0, BLOCK)
    magic = _behind_notes(backup, head)
    for compression, packing in FORMATS.items():
        if magic.startswith(MAGIC[compression]) and (magic is head or packing.skips):
            return compression
    # A tar with a damaged or cut first header goes on, to be called that.
    is_tar = len(head) == BLOCK and (is_header(head) or not any(head))
    if is_tar or head[_USTAR] == b"ustar":
        return Compression.NONE
    raise no_archive(backup, head)


def _behind_notes(backup: Readable, head: bytes) -> bytes:
    """Return how the first frame that is no skippable one begins (pzstd puts one before each)."""
    at = 0
    while (length := skippable(head)) is not None and at + length < backup.size:
        at += length
        head = backup.read(at, SKIPPABLE)
    return head


def no_archive(
    backup: Readable, head: bytes, packed: Compression = Compression.NONE
) -> BackupError:
    """Return the error for a backup that does not begin as a tar does.

    Args:
        backup: the file.
        head: how it begins, or how what is packed in it begins.
        packed: the latter, and how it was packed.
    """
    is_piped = backup.path == STANDARD_INPUT
    what = "what comes on standard input"
    if not is_piped:
        what = f"the backup {shown(os.fsencode(backup.path))}"
    what += f" (unpacked by {packed})" if packed is not Compression.NONE else ""
    look = identify(head)
    if look is None and packed is Compression.NONE and backup.path.suffix.lower() == ".br":
        look = BROTLI
    if look is not None and look.unpack:
        if packed is not Compression.NONE:
            raised, reason = f"{what} is {look.words} once more", "one compression is read, not two"
        else:
            raised, reason = f"{what} is {look.words}, which is not supported", _BACKUPS
        return BackupError(
            raised,
            reason=reason,
            fix=_unpacking(backup.path, packed, look.unpack),
        )
    # What lies in a repository is encrypted, or says whose it is, or is JSON.
    around = None
    may_be_part = look is None or look.program or head.startswith(b"{")
    if isinstance(backup.path, Path) and not is_piped and may_be_part:
        around = repository_around(backup.path)
    if around is not None:
        look, place = around
        return BackupError(
            f"{what} is a part of {look.words}, and no tar archive",
            reason=f"{shown(os.fsencode(place))} is {look.words}; {_BACKUPS}",
            fix=look.fix.format(path=pasteable(place)),
        )
    reason = "it does not begin with a tar header (the checksum does not fit)"
    if look is not None:
        reason = f"it looks like {look.words}"
    elif len(head) < BLOCK:
        reason = f"it has only {len(head)} bytes; a tar archive has 1024 or more"
    return BackupError(
        f"{what} is no tar archive",
        reason=f"{reason}; {_BACKUPS}",
        fix=_fix(backup.path, packed, look),
    )


def _unpacking(path: BackupName, packed: Compression, unpack: str) -> str:
    """Return how what is packed in an unknown way is restored."""
    reader = _reader(path, packed)
    if reader_of(path):
        return f"{reader} | {unpack} | {PIPED}"
    unpacked = f"{reader} | {unpack}" if reader else f"{unpack} -- {pasteable(path)}"
    return f"{unpacked} > backup.tar  # then restore backup.tar"


def _fix(path: BackupName, packed: Compression, look: FileType | None) -> str:
    """Return how to come to a backup from what looks so; no command reads a file called `-`."""
    is_piped = bool(reader_of(path))
    if look is None or not look.fix:
        return f"{reader_of(path)} | file -z -" if is_piped else f"file -z -- {pasteable(path)}"
    reader = _reader(path, packed)
    if not reader:
        return look.fix.format(path=pasteable(path))
    command, from_file, rest = look.fix.partition(" < {path}")
    if is_piped and from_file:
        return f"{reader} | {command}{rest}"
    needs_file = "{path}" in look.fix
    return (f"{reader} > unpacked\n" if needs_file else "") + look.fix.format(path="unpacked")


def _reader(path: BackupName, packed: Compression) -> str:
    """Return what prints the content where it is not what stands in a file; else nothing."""
    if reader := reader_of(path):
        return reader if packed is Compression.NONE else f"{reader} | {packed} -dc"
    return "" if packed is Compression.NONE else f"{packed} -dc -- {pasteable(path)}"


class PlainStream:
    """A tar that is not compressed: skipping is arithmetic.

    Attributes:
        position: bytes of the archive read or skipped so far.
        garbage: where something else follows the compressed data: nowhere.
    """

    is_plain = True
    garbage: int | None = None

    def __init__(self, backup: Readable) -> None:
        """Start at the beginning."""
        self.position = 0
        self._backup = backup
        self._buffer = b""
        self._buffer_at = 0
        self._ahead = _READ_AHEAD

    @property
    def consumed(self) -> int:
        """Bytes of the file taken so far."""
        return min(self.position, self._backup.size)

    def read(self, length: int) -> bytes:
        """Return the next bytes; fewer only at the end."""
        start = self.position - self._buffer_at
        if not 0 <= start <= len(self._buffer) - length:
            self._buffer = self._backup.read(self.position, max(length, self._ahead))
            self._buffer_at = self.position
            start = 0
        data = self._buffer[start : start + length]
        self.position += len(data)
        return data

    def skip(self, length: int) -> int:
        """Pass over bytes and return how many there were."""
        passed = min(length, max(0, self._backup.size - self.position))
        self.position += passed
        # Behind a large member comes one header; behind a small one, perhaps many.
        self._ahead = _READ_AHEAD if length < _READ_AHEAD else _HEADER_AHEAD
        return passed

    def ahead(self) -> tuple[bytes, int, int]:
        """Return bytes at hand and where among them the next one is; how many there are at least.

        A header is among them, if there is one.
        """
        start = self.position - self._buffer_at
        if not 0 <= start <= len(self._buffer) - BLOCK:
            self._buffer = self._backup.read(self.position, self._ahead)
            self._buffer_at, start = self.position, 0
        return self._buffer, start, self._backup.size - self.position

    def advance(self, length: int) -> None:
        """Take it that so many of the bytes that are there are read."""
        self.position += length
        beyond = self.position - self._buffer_at - len(self._buffer)
        self._ahead = _READ_AHEAD if beyond < _READ_AHEAD else _HEADER_AHEAD


def open_stream(
    backup: Readable, compression: Compression, on_step: Callable[[], None]
) -> PlainStream | DecompressedStream:
    """Return the archive inside the backup, from its first byte."""
    if compression is Compression.NONE:
        return PlainStream(backup)
    return DecompressedStream(backup, compression, on_step)
