"""Where the targets really are: no two of them are one place, however they were named."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kubectl_restore.errors import AmbiguousError
from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kubectl_restore.cluster.location import Location
    from kubectl_restore.fleet.pairs import Pair


class Places:
    """The places of a fleet's targets. May be told from several threads."""

    def __init__(self) -> None:
        """Know none yet."""
        self._lock = threading.Lock()
        self._known: dict[Pair, Location] = {}

    def note(self, pair: Pair, location: Location) -> None:
        """Take note of where a target is."""
        with self._lock:
            self._known[pair] = location

    def require_apart(self, pairs: Iterable[Pair]) -> None:
        """Return when none of these are one place, as far as theirs are known.

        Raises:
            AmbiguousError: some are: one backup would go over the other.
        """
        at: dict[Location, list[Pair]] = {}
        for pair in pairs:
            if pair in self._known:
                at.setdefault(self._known[pair], []).append(pair)
        shared = {location: found for location, found in at.items() if len(found) > 1}
        for location, found in shared.items():
            raise _one_place(location, found)

    def require_own(self, pair: Pair, location: Location) -> None:
        """Return when no other target is where this one is found now; take note of that.

        Raises:
            AmbiguousError: what it is called by means another pod than when all were looked at.
        """
        with self._lock:
            others = [one for one, known in self._known.items() if known == location]
            if any(one != pair for one in others):
                raise _one_place(location, [pair, *(one for one in others if one != pair)])
            self._known[pair] = location


def _one_place(location: Location, pairs: Sequence[Pair]) -> AmbiguousError:
    names = [shown_text(one.name) for one in pairs]
    return AmbiguousError(
        f"{', '.join(names[:-1])} and {names[-1]} are one place; nothing was changed there",
        reason=f"{shown_text(str(location))}: {len(names)} backups would go there",
        fix=f"name it once: keep {' or '.join(names)}",
    )
