"""What stands behind an archive's end: zeros, an index, a signature, or what was left out."""

from __future__ import annotations

from typing import Final

from kubectl_restore.archive.refusals import corrupt
from kubectl_restore.archive.source.magic import MAGIC, identify
from kubectl_restore.archive.tar.header import BLOCK, is_header
from kubectl_restore.text import shown_text

_PIXZ: Final = bytes.fromhex("a64c322ed614aedb")
"""How pixz's list of members begins, behind the archive in the same xz file (pixz.h, 1.0.7)."""
_MAGIC_AT: Final = 257
_USUAL: Final = 64 * 1024
"""Bytes of a signature, or of what firmware tools put behind an archive."""


class Tail:
    """Takes what follows an archive's end, piece by piece.

    Attributes:
        end: bytes up to its end.
        stray: where something other than zeros stands; None for nowhere.
        note: what it is, where nothing is left out.
        doubt: what it is, where that cannot be told.
    """

    def __init__(self, start: int) -> None:
        """Begin behind the end marker."""
        self.end = start
        self.stray: int | None = None
        self.note = ""
        self.doubt = ""
        self._head = b""
        self._kept = b""

    def take(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            BackupError: another archive begins among them.
        """
        at, self.end = self.end, self.end + len(data)
        if self.stray is None:
            rest = data.lstrip(b"\x00")
            if not rest:
                return
            self.stray = self.end - len(rest)
            # A number that ends in zeros, or a block, may stand before it.
            at, data = self.stray, rest
        if len(self._head) < BLOCK:
            self._head += data[: BLOCK - len(self._head)]
        self._look(at, data)

    def finish(self) -> None:
        """Decide what it is.

        Raises:
            BackupError: it is something that would be left out.
        """
        if self.stray is None or self._head.startswith(_PIXZ):
            return
        compression = next((it for it, one in MAGIC.items() if self._head.startswith(one)), None)
        if compression is not None:
            raise corrupt(
                f"behind the archive's end, at byte {self.stray}, something else begins that is "
                f"compressed by {compression.value}; it would be left out"
            )
        found = identify(self._head)
        length = self.end - self.stray
        what = f"{length:,} bytes from {self.stray} on follow the archive's end"
        if found is not None:
            what += f" ({shown_text(found.words)})"
        if length <= _USUAL:
            self.note = f"{what}; they are no part of it, and all of it was read"
        else:
            self.doubt = f"{what} and are not restored; they are no archive"

    def _look(self, at: int, data: bytes) -> None:
        """Look for headers, wherever they begin."""
        data = self._kept + data
        at -= len(self._kept)
        found = data.find(b"ustar")
        while found >= 0:
            start = found - _MAGIC_AT
            block = data[max(0, start) : start + BLOCK]
            if start >= 0 and is_header(block):
                raise corrupt(
                    f"another archive stands behind the archive's end, at byte {at + start}, and "
                    "something else between the two"
                )
            found = data.find(b"ustar", found + 1)
        self._kept = data[-BLOCK:]
