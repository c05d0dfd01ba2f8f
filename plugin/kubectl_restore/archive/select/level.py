"""The directory that all names of a backup begin with: often one too many for the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST: Final = 50
"""Names below it that are kept."""


@dataclass(frozen=True, slots=True)
class Level:
    """What all names begin with.

    Attributes:
        first: the component, a path of its own.
        below: the first names that stand right below it, without it.
    """

    first: bytes
    below: tuple[bytes, ...]


def common_level(paths: Iterable[bytes]) -> Level | None:
    """Return the component that all paths begin with, where something stands below it.

    Args:
        paths: normal ones, raw; the empty one, the target itself, does not count.
    """
    first, below = b"", dict[bytes, None]()
    for path in paths:
        if not path:
            continue
        head, _, rest = path.partition(b"/")
        if not first:
            first = head
        elif head != first:
            return None
        if rest and len(below) < _MOST:
            below[rest.partition(b"/")[0]] = None
    return Level(first, tuple(below)) if below else None
