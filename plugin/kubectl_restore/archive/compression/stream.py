"""The archive inside a compressed file: one or more members, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.compression.decompressors import (
    FORMATS,
    LARGEST_WINDOW,
    SKIPPABLE,
    DecompressionError,
    decompress,
    has_dictionary,
    skippable,
    zstd_window,
)
from kubectl_restore.archive.compression.garbage import loss_in
from kubectl_restore.archive.refusals import corrupt, truncated
from kubectl_restore.archive.source.location import PIPED, reader_of
from kubectl_restore.archive.source.magic import MAGIC, Compression
from kubectl_restore.errors import BackupError
from kubectl_restore.text import counted, pasteable

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_restore.archive.source.readable import Readable

_PACKED: Final = 128 * 1024
_FIRST_PACKED: Final = 4 * 1024
"""Bytes given to a new member first: what it does not need is copied back."""
_UNPACKED: Final = 256 * 1024
"""Bytes that one step of decompression takes and gives at most; memory does not grow beyond."""
_HEAD: Final = 16


class DecompressedStream:
    """A compressed archive. Each member is checked by what its format has for that.

    The libraries compare checksums and lengths at the end of each member
    (tests/unit/archive/test_decompressors.py flips bits); what they cannot know is that the file
    ends too early, and that is found here.

    Attributes:
        position: bytes of the archive read or skipped so far.
        garbage: where something else follows the compressed data; None for nowhere, or not yet.
    """

    is_plain = False

    def __init__(
        self, backup: Readable, compression: Compression, on_step: Callable[[], None]
    ) -> None:
        """Start at the beginning; `on_step` is called after each step, some milliseconds' work."""
        self.position = 0
        self.garbage: int | None = None
        self._backup = backup
        self._compression = compression
        self._name = compression.value
        self._format = FORMATS[compression]
        self._magic = MAGIC[compression]
        self._on_step = on_step
        self._next = 0
        self._share = _PACKED
        self._taken = memoryview(b"")
        self._taken_at = 0
        self._member_at = 0
        self._decompressor = self._format.new()
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

    def ahead(self) -> tuple[bytes, int, int]:
        """Return bytes at hand and where among them the next one is; how many there are."""
        at_hand = self._ready.obj
        if not isinstance(at_hand, bytes):
            return b"", 0, 0
        return at_hand, len(at_hand) - len(self._ready), len(self._ready)

    def advance(self, length: int) -> None:
        """Take it that so many of the bytes at hand are read."""
        self._ready = self._ready[length:]
        self.position += length

    def next_piece(self, longest: int) -> memoryview:
        """Return some of the next bytes, at most `longest`; empty only at the end.

        Raises:
            BackupError: the file is cut or corrupt, or needs too much memory.
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
            self._next -= len(self._decompressor.unused_data or b"")
            self._members += 1
            self._begin_member()
            return b""
        if not self._next:
            self._require_sound(self._backup.read(0, SKIPPABLE))
        given: memoryview | bytes = b""
        if self._decompressor.needs_input:
            given = self._give(self._share)
            self._share = _PACKED
            if not given:
                raise truncated(
                    f"the {self._name} data that begins at byte {self._member_at} does not end "
                    f"before the file does, at byte {self._next}"
                )
        try:
            return decompress(self._decompressor, given, _UNPACKED)
        except DecompressionError as error:
            if error.needs_memory:
                raise self._too_large() from error
            if self._compression is Compression.ZSTD and has_dictionary(
                self._backup.read(self._member_at, _HEAD)
            ):
                raise self._without_dictionary() from error
            raise corrupt(
                f"the {self._name} data that begins at byte {self._member_at} is damaged before "
                f"byte {self._next} ({error})"
            ) from error

    def _begin_member(self) -> None:
        """Go on with the next member, or end: zero padding may follow, as gzip and xz allow."""
        padding_at = self._next
        head = self._give(len(self._magic))
        while head and not any(head):
            head = self._give(_PACKED)
            self._on_step()
        if not head:
            self._ended = True
            return
        self._next -= len(bytes(head).lstrip(b"\x00"))
        text = self._backup.read(self._next, SKIPPABLE)
        begins = self._magic.startswith(text[: len(self._magic)]) or (
            self._format.skips and skippable(text) is not None
        )
        # xz may pad between members (xz file format, 2.2); gzip itself ends at padding.
        padded = self._next > padding_at and self._name != Compression.XZ
        if padded or not begins:
            loss = loss_in(self._backup, self._next, self._compression)
            if loss:
                raise corrupt(
                    f"after {counted(self._members, f'whole {self._name} member')} something else "
                    f"follows at byte {self._next}: {loss}"
                )
            self.garbage, self._ended = self._next, True
            self._read_to_the_end()
            return
        self._member_at = self._next
        self._require_sound(text)
        self._share = _FIRST_PACKED
        self._decompressor = self._format.new()

    def _read_to_the_end(self) -> None:
        """Read what is ignored: of a pipe all has to come, for its checksum."""
        while self._give(_PACKED):
            self._on_step()

    def _require_sound(self, head: bytes) -> None:
        flaw = self._format.flaw(head)
        if flaw:
            raise corrupt(
                f"the {self._name} data that begins at byte {self._member_at} is damaged ({flaw})"
            )

    def _give(self, longest: int) -> memoryview:
        """Return the next bytes of the file; empty at its end."""
        start = self._next - self._taken_at
        if not 0 <= start < len(self._taken):
            self._taken = memoryview(self._backup.read(self._next, _PACKED))
            self._taken_at, start = self._next, 0
        piece = self._taken[start : start + longest]
        self._next += len(piece)
        return piece

    def _without_dictionary(self) -> BackupError:
        with_it = "zstd -D DICTIONARY -dc"
        return BackupError(
            "the backup needs the dictionary that it was compressed with",
            reason=f"the zstd data that begins at byte {self._member_at} names one",
            fix=self._unpacked_by(with_it),
        )

    def _too_large(self) -> BackupError:
        head = self._backup.read(self._member_at, _HEAD)
        window = zstd_window(head) if self._name == Compression.ZSTD else 0
        asked = f"{-(-window >> 20)} MiB" if window else "more than that"
        with_memory = "zstd --long=31 -dc" if self._name == Compression.ZSTD else "xz -dc"
        return BackupError(
            f"the backup needs more than {LARGEST_WINDOW >> 20} MiB of memory to be unpacked",
            reason=f"the {self._name} data that begins at byte {self._member_at} asks for a window "
            f"of {asked}; the limit is {LARGEST_WINDOW >> 20} MiB",
            fix=self._unpacked_by(with_memory),
        )

    def _unpacked_by(self, program: str) -> str:
        """Return how the backup is restored when a program unpacks it."""
        path = self._backup.path
        reader = reader_of(path)
        if reader:
            return f"{reader} | {program} | {PIPED}"
        return f"{program} -- {pasteable(path)} > backup.tar  # then restore backup.tar"
