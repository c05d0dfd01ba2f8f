"""`kubectl restore diff`, read from a command line."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kubectl_restore.cli.argv import Parsed
from kubectl_restore.cli.reading import read_request
from kubectl_restore.plan.policy import Extras

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_restore.plan.request import RestoreRequest

_BEFORE_PATHS: Final = 2
"""Target and backup; with -l the backup alone."""


def read_diff_request(parsed: Parsed, words: Sequence[str]) -> RestoreRequest:
    """Return the comparison that a command line makes.

    Args:
        parsed: without the command's name.
        words: how to say it again: `diff`, then what `parsed` was made of.

    Raises:
        UsageError: something is missing or of the wrong form.
    """
    before = _BEFORE_PATHS - (parsed.value("selector") is not None)
    paths = parsed.positionals[before:]
    rest = Parsed(parsed.flags, parsed.positionals[:before], parsed.places[:before])
    behind = {place + 1 for place in parsed.places[before:]}
    again = [word for number, word in enumerate(words) if number not in behind]
    if paths:
        # Where they are found again when a restore is named, which takes none.
        again += [*([] if "--" in again else ["--"]), *paths]
    request = read_request(rest, again, older=False, compares="diff")
    return replace(
        request,
        paths=tuple(map(os.fsencode, paths)),
        extras=request.extras if parsed.value("extras") is not None else Extras.IGNORE,
    )
