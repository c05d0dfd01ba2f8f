"""The commonest slip in a list: a backup whose name says that it is another target's. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_restore.fleet.pairs import Pair


def swapped(pairs: Sequence[Pair]) -> list[str]:
    """Return a sentence for each backup that has another target's name in its own.

    One that has its own target's name too is right; db-1 does not stand in db-10.tar.
    """
    said = []
    names = {one.target.rpartition("/")[2] for one in pairs}
    for pair in pairs:
        own = pair.target.rpartition("/")[2]
        found = [name for name in names if _stands_in(name, pair.backup)]
        # Of db and db-1 the longer one is meant.
        found = [one for one in found if not any(one != more and one in more for more in found)]
        strange = sorted(one for one in found if one not in own)
        if strange and own not in found:
            said.append(
                f"{shown_text(pair.name)} gets {shown_text(pair.backup)}, "
                f"which has {shown_text(strange[0])} in its name"
            )
    return said


def _stands_in(name: str, backup: str) -> bool:
    return re.search(f"(?<![a-zA-Z0-9]){re.escape(name)}(?![a-zA-Z0-9])", backup) is not None
