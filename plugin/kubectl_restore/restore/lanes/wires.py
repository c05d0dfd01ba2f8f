"""Which of kubectl's protocols carries a large backup: measured on a cluster once, and remembered.

SPDY takes less than half of WebSocket's time and processor where the link is fast; some proxies do
not carry it, and it loses data and notices no frozen link. What is lost is found by our own
acknowledgements and limits, whatever carries them (docs/decisions/0023).
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from platformdirs import user_cache_dir

from kubectl_restore.cluster.transports import Wire
from kubectl_restore.pipe.child import now
from kubectl_restore.pipe.payload import Payload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from kubectl_restore.cluster.place import PinnedTarget
    from kubectl_restore.session.session import Session

WORTH_TRYING: Final = 256 << 20
"""Bytes of a backup from which on a trial costs less than it may save."""
WORTH_CHANGING: Final = 64 << 20
"""Bytes from which on an exec of its own, a tenth of a second, does."""
BETTER: Final = 1.3
"""How many times as fast the other one has to be: less may be chance."""
_SLOW: Final = 20e6
"""Bytes a second below which the link or the disk is what takes the time. Not much more: a machine
that is busy carries a third of what it does otherwise, and there SPDY is a gain all the same."""
_FIRST: Final = 4 << 20
_MORE: Final = 32 << 20
_BLOCK: Final = 256 << 10
_KEPT: Final = 14 * 86_400
"""Seconds for which what was found is believed."""
_LARGEST_FILE: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was found, in a small file of the user's cache; it is safe to lose.

    Attributes:
        path: the file's.
    """

    path: Path

    @classmethod
    def of_user(cls) -> Self:
        """Return the user's own."""
        return cls(Path(user_cache_dir("kubectl-restore", appauthor=False)) / "transports.json")

    def find(self, key: str) -> Wire | None:
        """Return what was chosen for a cluster; None where that is not known any more."""
        found = self._read().get(key)
        if isinstance(found, list) and len(found) == 2:
            wire, since = found
            is_known = isinstance(wire, str) and wire in set(Wire) and isinstance(since, int)
            if is_known and 0 <= time.time() - since < _KEPT:
                return Wire(wire)
        return None

    def keep(self, key: str, wire: Wire) -> None:
        """Remember a choice, if that can be written down."""
        known = dict(list(self._read().items())[-100:])
        known.pop(key, None)
        known[key] = [wire.value, int(time.time())]
        new = self.path.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                new.write_bytes(json.dumps(known).encode())
                new.replace(self.path)
            finally:
                new.unlink(missing_ok=True)

    def _read(self) -> dict[str, object]:
        with suppress(OSError, ValueError, RecursionError):
            with self.path.open("rb") as file:
                found = json.loads(file.read(_LARGEST_FILE))
            if isinstance(found, dict):
                return found
        return {}


def key_of(program: str, place: PinnedTarget) -> str:
    """Return what stands for a kubectl and a cluster, and tells nothing of either."""
    words = [program, place.kubectl.context or "", *place.kubectl.flags]
    words.append(os.environ.get("KUBECONFIG", ""))
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def rate_of(session: Session) -> float:
    """Return how many bytes a second an exec takes; little is sent over a slow one.

    Raises:
        RestoreError: the link was lost, the time ran out or a signal came.
    """
    rate = 0.0
    for size in (_FIRST, _MORE):
        began = now()
        session.feed(b"discard", Payload(_blocks(size), size))
        rate = size / max(now() - began, 1e-6)
        if is_slow(rate):
            break
    return rate


def is_slow(rate: float) -> bool:
    """Tell whether it is not the protocol that takes the time."""
    return rate < _SLOW


def _blocks(size: int) -> Iterator[memoryview]:
    # Nothing that a proxy could pack.
    block = memoryview(os.urandom(_BLOCK))
    for _ in range(size // _BLOCK):
        yield block
