"""What the file is, by its first bytes; and the archive stream inside, however it is packed."""

from __future__ import annotations

import os
import shlex
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from isal import igzip_lib

from kubectl_restore.archive.header import BLOCK, is_header
from kubectl_restore.errors import BackupError
from kubectl_restore.names import shown

if TYPE_CHECKING:
    from kubectl_restore.archive.source import BackupFile

_READ_AHEAD: Final = 64 * 1024
"""Bytes: enough for dozens of small members in one read."""
_PACKED: Final = 64 * 1024
_UNPACKED: Final = 256 * 1024
"""Bytes that one step of decompression takes and gives at most; memory does not grow beyond."""


class Compression(StrEnum):
    """The packings that are read."""

    NONE = "none"
    GZIP = "gzip"


_GZIP: Final = b"\x1f\x8b"
_OTHERS: Final = (
    (b"\xfd7zXZ\x00", "xz-compressed", "xz -dk"),
    (b"BZh", "bzip2-compressed", "bzip2 -dk"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed", "zstd -dk"),
    (b"\x04\x22\x4d\x18", "lz4-compressed", "lz4 -dk"),
    (b"PK\x03\x04", "a zip archive", ""),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", ""),
    (b"SQLite format 3\x00", "an SQLite database", ""),
    (b"PGDMP", "a PostgreSQL dump", ""),
    (b"\x7fELF", "a program", ""),
)


def recognise(backup: BackupFile) -> Compression:
    """Tell how the backup is packed, by its bytes and never by its name.

    Raises:
        BackupError: it is neither a tar archive nor gzip.
    """
    head = backup.read(0, BLOCK)
    if head.startswith(_GZIP):
        return Compression.GZIP
    if (len(head) == BLOCK and (is_header(head) or not any(head))) or _is_cut_tar(head):
        return Compression.NONE
    name = shown(os.fsencode(backup.path))
    for magic, words, command in _OTHERS:
        if head.startswith(magic):
            later = bool(command)
            quoted = shlex.quote(os.fsdecode(backup.path))
            raise BackupError(
                f"the backup {name} is {words}",
                reason="that compression is not supported yet"
                if later
                else "a backup is a tar archive, plain or compressed with gzip",
                fix=f"{command} -- {quoted}, and restore the result"
                if later
                else "make a tar archive of it, or restore it with its own tool",
            )
    raise BackupError(
        f"the backup {name} is no tar archive",
        reason="its first block is no tar header (the header's check sum does not fit), "
        "and it is not compressed with gzip",
        fix=f"file -- {shlex.quote(os.fsdecode(backup.path))}",
    )


def _is_cut_tar(head: bytes) -> bool:
    """Tell the beginning of a tar that ends inside its first header."""
    return 257 + 5 <= len(head) < BLOCK and head[257:262] == b"ustar"


class ArchiveStream(Protocol):
    """The archive's bytes, forward only."""

    position: int
    """Bytes of the archive read or skipped so far."""

    @property
    def consumed(self) -> int:
        """Bytes of the file taken so far."""

    def read(self, length: int) -> bytes:
        """Return the next bytes; fewer than asked for only at the end."""

    def skip(self, length: int) -> int:
        """Pass over bytes and return how many there were."""


class PlainStream:
    """A tar that is not compressed: skipping is arithmetic."""

    def __init__(self, backup: BackupFile) -> None:
        """Start at the beginning."""
        self.position = 0
        self._backup = backup
        self._buffer = b""
        self._buffer_at = 0

    @property
    def consumed(self) -> int:
        """Bytes of the file taken so far."""
        return min(self.position, self._backup.size)

    def read(self, length: int) -> bytes:
        """Return the next bytes; fewer only at the end."""
        start = self.position - self._buffer_at
        if not 0 <= start <= len(self._buffer) - length:
            self._buffer = self._backup.read(self.position, max(length, _READ_AHEAD))
            self._buffer_at = self.position
            start = 0
        data = self._buffer[start : start + length]
        self.position += len(data)
        return data

    def skip(self, length: int) -> int:
        """Pass over bytes and return how many there were."""
        passed = min(length, max(0, self._backup.size - self.position))
        self.position += passed
        return passed


class GzipStream:
    """One or more gzip members, each checked by its own check sum and length (RFC 1952)."""

    def __init__(self, backup: BackupFile) -> None:
        """Start at the beginning."""
        self.position = 0
        self._backup = backup
        self._offset = 0
        self._packed = b""
        self._member_at = 0
        self._decompressor = _new_decompressor()
        self._members = 0
        self._ended = False
        self._ready = memoryview(b"")

    @property
    def consumed(self) -> int:
        """Bytes of the file taken so far."""
        return self._offset

    def read(self, length: int) -> bytes:
        """Return the next bytes; fewer only at the end."""
        pieces: list[bytes] = []
        while length and (piece := self.next_piece(length)):
            pieces.append(bytes(piece))
            length -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def skip(self, length: int) -> int:
        """Pass over bytes and return how many there were."""
        passed = 0
        while passed < length and (piece := self.next_piece(length - passed)):
            passed += len(piece)
        return passed

    def next_piece(self, longest: int) -> memoryview:
        """Return some of the next bytes, at most `longest`; empty only at the end.

        Raises:
            BackupError: the file is cut or corrupt.
        """
        while not self._ready and not self._ended:
            self._ready = memoryview(self._decompress())
        piece = self._ready[:longest]
        self._ready = self._ready[len(piece) :]
        self.position += len(piece)
        return piece

    def _decompress(self) -> bytes:
        """Take one step; may return nothing although more comes."""
        if self._decompressor.eof:
            self._packed = self._decompressor.unused_data
            self._members += 1
            self._begin_member()
            return b""
        if self._decompressor.needs_input:
            self._packed = self._packed or self._take()
            if not self._packed:
                raise BackupError(
                    "the backup is truncated",
                    reason=f"the gzip data that begins at byte {self._member_at} does not end "
                    f"before the file does, at byte {self._offset}",
                    fix="fetch the backup again and compare its size with the original's",
                )
        packed, self._packed = self._packed, b""
        try:
            return self._decompressor.decompress(packed, _UNPACKED)
        except igzip_lib.IsalError as error:  # type: ignore[misc] - isal's stub has it as a value
            raise BackupError(
                "the backup is corrupt",
                reason=f"the gzip data that begins at byte {self._member_at} is damaged before "
                f"byte {self._offset} ({error})",
                fix="fetch the backup again and compare its check sum with the original's",
            ) from error

    def _begin_member(self) -> None:
        """Go on with the next gzip member, or end: zero padding may follow, as gzip allows."""
        self._packed = self._packed or self._take()
        padded = False
        while self._packed and not any(self._packed):
            padded = True
            self._packed = self._take()
        stripped = self._packed.lstrip(b"\x00")
        padded = padded or len(stripped) < len(self._packed)
        self._packed = stripped
        self._member_at = self._offset - len(self._packed)
        if not self._packed:
            self._ended = True
            return
        if len(self._packed) == 1:
            self._packed += self._take()
        if padded or not self._packed.startswith(_GZIP[: len(self._packed)]):
            raise BackupError(
                "the backup is corrupt",
                reason=f"after {self._members} whole gzip member(s) something else follows "
                f"at byte {self._member_at}",
                fix="fetch the backup again and compare its check sum with the original's",
            )
        self._decompressor = _new_decompressor()

    def _take(self) -> bytes:
        data = self._backup.read(self._offset, _PACKED)
        self._offset += len(data)
        return data


def open_stream(backup: BackupFile, compression: Compression) -> PlainStream | GzipStream:
    """Return the archive inside the backup, from its first byte."""
    if compression is Compression.GZIP:
        return GzipStream(backup)
    return PlainStream(backup)


def _new_decompressor() -> igzip_lib.IgzipDecompressor:
    return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
