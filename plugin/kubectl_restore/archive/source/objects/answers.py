"""What a store answers, held against what it answered first. No I/O here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class ObjectState:
    """What tells one content of an object from another.

    Attributes:
        size: bytes.
        etag: what the store calls this content; None where it calls it nothing.
        modified: when it was written, by the store's clock.
    """

    size: int
    etag: str | None
    modified: datetime

    @property
    def tells_changes(self) -> bool:
        """Whether another content would show."""
        # object_store's word for "the server names no time".
        return self.etag is not None or self.modified.timestamp() > 0

    @property
    def strong_etag(self) -> str | None:
        """The ETag of these very bytes (RFC 9110, 8.8.1); None where it is weak, or none."""
        return None if self.etag is None or self.etag.startswith("W/") else self.etag

    def is_same(self, other: ObjectState) -> bool:
        """Tell whether both are of one content; a proxy may leave its time out, never its ETag."""
        if self.size != other.size or self.etag != other.etag:
            return False
        return self.etag is not None or self.modified == other.modified


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Attributes:
        state: of which content it is.
        start: its first byte.
        data: the bytes that came.
    """

    state: ObjectState
    start: int
    data: memoryview


class NotWantedError(Exception):
    """Nobody waits for the answer any more."""


class ChangedError(Exception):
    """The object is another one than it was."""


class NotToldError(Exception):
    """The store does not say whether there is such an object."""
