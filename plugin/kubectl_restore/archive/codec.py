"""What the file is, by its first bytes; and the archive stream inside, however it is packed."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from isal import igzip_lib

from kubectl_restore.archive.header import BLOCK, is_header
from kubectl_restore.archive.looks import look_at
from kubectl_restore.archive.source import pasteable
from kubectl_restore.archive.verdicts import corrupt, truncated
from kubectl_restore.errors import BackupError
from kubectl_restore.names import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_restore.archive.source import BackupFile

_READ_AHEAD: Final = 64 * 1024
"""Bytes: enough for dozens of small members in one read."""
_HEADER_AHEAD: Final = 4 * 1024
"""Bytes: a header with its extended one."""
_PACKED: Final = 128 * 1024
_FIRST_PACKED: Final = 4 * 1024
"""Bytes given to a new gzip member first: what it does not need is copied back."""
_UNPACKED: Final = 256 * 1024
"""Bytes that one step of decompression takes and gives at most; memory does not grow beyond."""


class Compression(StrEnum):
    """The packings that are read."""

    NONE = "none"
    GZIP = "gzip"


_GZIP: Final = b"\x1f\x8b"
_USTAR: Final = slice(257, 262)


def recognise(backup: BackupFile) -> Compression:
    """Tell how the backup is packed, by its bytes and never by its name.

    Raises:
        BackupError: it is neither a tar archive nor gzip.
    """
    head = backup.read(0, BLOCK)
    if head.startswith(_GZIP):
        return Compression.GZIP
    # A tar with a damaged or cut first header goes on, to be called that.
    is_tar = len(head) == BLOCK and (is_header(head) or not any(head))
    if is_tar or head[_USTAR] == b"ustar":
        return Compression.NONE
    raise no_archive(backup, head, packed=False)


def no_archive(backup: BackupFile, head: bytes, *, packed: bool) -> BackupError:
    """Return the error for a backup that does not begin as a tar does.

    Args:
        backup: the file.
        head: how it begins, or how what gzip has packed begins.
        packed: it is the latter.
    """
    what = f"the backup {shown(os.fsencode(backup.path))}"
    what += " (unpacked by gzip)" if packed else ""
    path = pasteable(backup.path)
    look = look_at(head)
    if look is not None and look.unpack:
        unpack = f"gzip -dc -- {path} | {look.unpack}" if packed else f"{look.unpack} -- {path}"
        return BackupError(
            f"{what} is {look.words}, which is not supported yet",
            reason="a backup is a tar archive, plain or compressed with gzip",
            fix=f"{unpack} > backup.tar  # then restore backup.tar",
        )
    reason = "it does not begin with a tar header (the check sum does not fit)"
    if look is not None:
        reason = f"it looks like {look.words}"
    elif len(head) < BLOCK:
        reason = f"it has only {len(head)} bytes; a tar archive has 1024 or more"
    return BackupError(
        f"{what} is no tar archive",
        reason=f"{reason}; a backup is a tar archive, plain or compressed with gzip",
        fix=f"file -z -- {path}",
    )


class PlainStream:
    """A tar that is not compressed: skipping is arithmetic.

    Attributes:
        position: bytes of the archive read or skipped so far.
    """

    is_plain = True

    def __init__(self, backup: BackupFile) -> None:
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


class GzipStream:
    """One or more gzip members, each checked by its own check sum and length (RFC 1952).

    ISA-L compares both at the end of each member (tests/unit/archive/test_codec.py flips every
    bit); what it cannot know is that the file ends too early, and that is found here.

    Attributes:
        position: bytes of the archive read or skipped so far.
    """

    is_plain = False

    def __init__(self, backup: BackupFile, on_step: Callable[[], None]) -> None:
        """Start at the beginning; `on_step` is called after each step, a millisecond's work."""
        self.position = 0
        self._backup = backup
        self._on_step = on_step
        self._next = 0
        self._share = _PACKED
        self._taken = memoryview(b"")
        self._taken_at = 0
        self._member_at = 0
        self._decompressor = _new_decompressor()
        self._members = 0
        self._ended = False
        self._ready = memoryview(b"")

    @property
    def consumed(self) -> int:
        """Bytes of the file taken so far."""
        return self._next

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
            self._on_step()
        piece = self._ready[:longest]
        self._ready = self._ready[len(piece) :]
        self.position += len(piece)
        return piece

    def _decompress(self) -> bytes:
        """Take one step; may return nothing although more comes."""
        if self._decompressor.eof:
            self._next -= len(self._decompressor.unused_data)
            self._members += 1
            self._begin_member()
            return b""
        given: memoryview | bytes = b""
        if self._decompressor.needs_input:
            given = self._give(self._share)
            self._share = _PACKED
            if not given:
                raise truncated(
                    f"the gzip data that begins at byte {self._member_at} does not end before the "
                    f"file does, at byte {self._next}"
                )
        try:
            return self._decompressor.decompress(given, _UNPACKED)
        # isal's stub declares the exception as a value.
        except igzip_lib.IsalError as error:  # type: ignore[misc]
            raise corrupt(
                f"the gzip data that begins at byte {self._member_at} is damaged before byte "
                f"{self._next} ({error})"
            ) from error

    def _begin_member(self) -> None:
        """Go on with the next gzip member, or end: zero padding may follow, as gzip allows."""
        padding_at = self._next
        head = self._give(len(_GZIP))
        while head and not any(head):
            head = self._give(_PACKED)
            self._on_step()
        if not head:
            self._ended = True
            return
        text = bytes(head)
        self._next -= len(text.lstrip(b"\x00"))
        if self._next > padding_at or not _GZIP.startswith(text[:2]):
            raise corrupt(
                f"after {self._members} whole gzip member(s) something else follows at byte "
                f"{self._next}"
            )
        self._member_at = self._next
        self._share = _FIRST_PACKED
        self._decompressor = _new_decompressor()

    def _give(self, longest: int) -> memoryview:
        """Return the next bytes of the file; empty at its end."""
        start = self._next - self._taken_at
        if not 0 <= start < len(self._taken):
            self._taken = memoryview(self._backup.read(self._next, _PACKED))
            self._taken_at, start = self._next, 0
        piece = self._taken[start : start + longest]
        self._next += len(piece)
        return piece


def open_stream(
    backup: BackupFile, compression: Compression, on_step: Callable[[], None]
) -> PlainStream | GzipStream:
    """Return the archive inside the backup, from its first byte."""
    if compression is Compression.GZIP:
        return GzipStream(backup, on_step)
    return PlainStream(backup)


def _new_decompressor() -> igzip_lib.IgzipDecompressor:
    return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
