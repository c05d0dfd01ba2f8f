"""The directory that all names of a backup begin with: often one too many for the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import normal_path

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


def components_to_strip(names: Iterable[bytes], stripped: int = 0) -> int | None:
    """Return how many leading components leave the common one out, as GNU tar counts them.

    A `.` in front is a component of its own there, a leading slash is none.

    Args:
        names: as recorded, or, where some were stripped from them, what was left; they have a
            common level.
        stripped: how many components are left out already.

    Returns:
        The number for all of them; None where it is not the same for all.
    """
    counts = {_leading(name, stripped) for name in names if normal_path(name)}
    return counts.pop() if len(counts) == 1 else None


def _leading(name: bytes, stripped: int) -> int:
    dots = 0
    for part in filter(None, name.split(b"/")):
        if part != b".":
            break
        dots += 1
    # A name that has its dots still is as it was recorded: nothing else was taken from it.
    return dots + 1 if dots else stripped + 1
