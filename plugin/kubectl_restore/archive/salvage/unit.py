"""One unit of compressed data, decompressed to the last byte that comes out of it.

A decompressor that finds an error gives nothing of what it has made in the same step. So a unit
that ends with one is decompressed once more, and the bytes of its last step are given one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.compression.decompressors import DecompressionError, decompress
from kubectl_restore.archive.salvage.pieces import Check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kubectl_restore.archive.compression.decompressors import Decompressor

_LONGEST: Final = 256 * 1024


class Unit:
    """A member, block or frame.

    Attributes:
        taken: bytes that the decompressor was given, up to the one at which it failed.
        made: bytes that came out.
        check: how it has ended; OPEN before.
        words: what the decompressor said of the error; empty where there was none.
        unused: bytes of those that were taken which stand behind the unit.
    """

    def __init__(
        self,
        new: Callable[[], Decompressor],
        feed: Callable[[int, int], bytes],
        share: int,
        *,
        grain: int = _LONGEST,
    ) -> None:
        """Nothing is read yet.

        Args:
            new: returns a decompressor.
            feed: returns bytes of the unit, given where they begin in it and how many at most;
                empty at the end.
            share: bytes of a step.
            grain: bytes that are made at a time where the error is near.
        """
        self.taken = 0
        self.made = 0
        self.check = Check.OPEN
        self.words = ""
        self.unused = 0
        self._new = new
        self._feed = feed
        self._share = share
        self._grain = grain

    def pieces(self) -> Iterator[bytes]:
        """Return what comes out; some may be empty."""
        own, step_at = self._new(), 0
        try:
            while not own.eof:
                given = b""
                if own.needs_input:
                    step_at = self.taken
                    given = self._feed(self.taken, self._share)
                    self.taken += len(given)
                    if not given:
                        self.check = Check.CUT
                        return
                made = decompress(own, given, _LONGEST)
                self.made += len(made)
                yield made
        except DecompressionError:
            yield from self._once_more(step_at)
            self.check = Check.FAILED
            return
        self.unused = len(own.unused_data or b"")
        self.check = Check.HELD

    def _once_more(self, step_at: int) -> Iterator[bytes]:
        """Return what is still to be had of the step that failed."""
        own, known = self._new(), self.made
        self.taken = 0
        try:
            while not own.eof:
                given = b""
                if own.needs_input:
                    length = min(self._share, step_at - self.taken)
                    given = self._feed(self.taken, max(1, length))
                    self.taken += len(given)
                    if not given:
                        return
                is_near = self.taken > step_at
                made = decompress(own, given, self._grain if is_near else _LONGEST)
                fresh = made[known:]
                known = max(0, known - len(made))
                self.made += len(fresh)
                yield fresh
        except DecompressionError as error:
            self.words = str(error)
