"""Chunks packed for the way: whether that is worth while is measured, not guessed.

A backup that was packed is unpacked here, so that each member is checked, planned and resumed by
itself. Over a slow link that would cost what the packing had saved, and one that was never packed
has more to send than it needs to; the container unpacks again what was packed for the way, chunk by
chunk, before it is acknowledged. So nothing else changes: acknowledgements count the archive's
bytes.

Over a fast link, or where the volume or the container's processor is what is slow, packing is no
gain. So some seconds of each are tried, and the faster one goes on (docs/decisions/0017).
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import Final


class Packing(StrEnum):
    """How chunks go to a container that can unpack them."""

    AUTO = "auto"
    """As is faster, by measurement."""
    NONE = "none"
    """Never packed."""
    GZIP = "gzip"
    """Each one packed that gets smaller."""


_FAST: Final = 100e6
"""Bytes a second from which on nothing is tried: a gzip in a container unpacks hardly faster."""
_TRIED: Final = 1.0
"""Seconds that a way is measured for."""
_CHUNKS: Final = 4
"""Chunks that have to be acknowledged in that time at least: one is no measure."""
_GAIN: Final = 1.15
"""How much faster packed chunks have to be."""
_AGAIN: Final = 60.0
"""Seconds after which the other way is tried again: links and contents change."""
_WORTH: Final = 0.9
"""The part of its length that a packed chunk may have at most."""


def packed(data: bytes) -> bytes | None:
    """Return a chunk as one gzip member; None where that is hardly smaller."""
    # Few restores come here, and loading it takes time at every start.
    from isal import igzip_lib  # noqa: PLC0415

    found: bytes = igzip_lib.compress(data, 2, igzip_lib.COMP_GZIP)
    return found if len(found) <= len(data) * _WORTH else None


class Transit:
    """Decides for each chunk whether it is packed, by how fast those before it were taken.

    Attributes:
        packs: the next chunk is to be packed.
    """

    def __init__(self) -> None:
        """Begin without."""
        self.packs = False
        self._under_way: deque[bool] = deque()
        self._rates: dict[bool, float] = {}
        self._since: float | None = None
        self._bytes = 0
        self._chunks = 0
        self._decided_at: float | None = None
        self._is_measured = True

    def begin(self, packing: Packing) -> None:
        """Take it that another payload begins: what passed since the last one says nothing."""
        if packing is Packing.GZIP:
            self.packs = True
        self._is_measured = packing is Packing.AUTO
        self._since = None

    def sent(self) -> None:
        """Note that a chunk was sent, as `packs` said."""
        self._under_way.append(self.packs)

    def acknowledged(self, length: int, now: float) -> None:
        """Note that the oldest chunk was taken.

        Args:
            length: its bytes, unpacked.
            now: the time in seconds.
        """
        was_packed = self._under_way.popleft()
        if not self._is_measured:
            return
        if was_packed is not self.packs or self._since is None:
            # Of the other way, or the first one: from now on it counts.
            self._since, self._bytes, self._chunks = now, 0, 0
            return
        self._bytes += length
        self._chunks += 1
        took = now - self._since
        if took < _TRIED or self._chunks < _CHUNKS:
            return
        self._rates[self.packs] = self._bytes / took
        self._since, self._bytes, self._chunks = now, 0, 0
        self._decide(now)

    def _decide(self, now: float) -> None:
        if len(self._rates) > 1:
            self.packs = self._rates[True] > self._rates[False] * _GAIN
            self._decided_at = now
            # How fast the other way is by then is measured anew.
            self._rates.clear()
        elif self._rates[self.packs] < _FAST and (
            self._decided_at is None or now - self._decided_at >= _AGAIN
        ):
            self.packs = not self.packs
        else:
            self._rates.clear()
