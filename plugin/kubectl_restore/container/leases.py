"""Who writes to a target: the reading of the agent's answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Lease:
    """A record that a restore has in the pod.

    Attributes:
        name: of the record; the same for every restore to one target.
        is_alive: the agent that wrote it still runs.
        token: that agent's; empty where it is not known.
        restore: which restore it is of; empty where it is not known.
        since: when it began, in seconds since 1970; None where it is not known.
        still: for how many seconds nothing has moved there.
        beats: how often its guard has looked whether anything moves.
        path: the target, without symbolic links.
    """

    name: bytes
    is_alive: bool
    token: bytes
    restore: bytes
    since: int | None
    still: int
    beats: int
    path: bytes

    def overlaps(self, here: bytes) -> bool:
        """Tell whether its target stands in another one, or that one in it."""
        mine, other = (_as_directory(path) for path in (self.path, here))
        return mine.startswith(other) or other.startswith(mine)


_MOST_DIGITS: Final = 11


class Leases(NamedTuple):
    """What is known of all restores in a container.

    Attributes:
        records: theirs.
        here: our target, without symbolic links.
    """

    records: tuple[Lease, ...] = ()
    here: bytes = b""


def _as_directory(path: bytes) -> bytes:
    return path.rstrip(b"/") + b"/"


def read_leases(records: Iterable[tuple[bytes, bytes]]) -> Leases:
    """Read the agent's records, each as (word, rest), others among them."""
    found, here = [], b""
    for word, rest in records:
        if word == b"here":
            here = rest
        elif word == b"lease" and (one := read_lease(rest)) is not None:
            found.append(one)
    return Leases(tuple(found), here)


def read_lease(record: bytes) -> Lease | None:
    """Read the words of one `lease` record (`NAME STATE TOKEN RESTORE SINCE STILL BEATS PATH`).

    Returns:
        None when this is no such record.
    """
    fields = record.split(b" ", 7)
    if len(fields) != 8:
        return None
    name, state, token, restore, since, still, beats, path = fields
    return Lease(
        name=name,
        is_alive=state == b"alive",
        token=token.replace(b"-", b""),
        restore=restore.replace(b"-", b""),
        since=_number(since),
        still=_number(still) or 0,
        beats=_number(beats) or 0,
        path=path,
    )


def _number(text: bytes) -> int | None:
    """Return a number of seconds, or of beats; None for what no clock has ever said."""
    return int(text) if text.isdigit() and len(text) <= _MOST_DIGITS else None
