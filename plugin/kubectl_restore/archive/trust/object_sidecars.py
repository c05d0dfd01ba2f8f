"""Finding what is claimed about an object: in objects beside it.

    KEY.sha256, KEY.meta.json      about it alone
    SHA256SUMS, sha256sums.txt     lists beside it

A presigned URL is signed for one object, so nothing can be looked for beside it.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from kubectl_restore.archive.source.objects.answers import NotToldError
from kubectl_restore.archive.trust.sidecars import (
    LARGEST_LIST,
    LARGEST_RECORD,
    LISTS,
    META,
    SUM,
    Found,
    listed_sums,
    meta_claims,
    sum_claims,
    sums_about,
)
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_restore.archive.source.location import Location
    from kubectl_restore.archive.trust.claims import Claim


def find_claims_beside(location: Location, read: Callable[[Location, int], bytes | None]) -> Found:
    """Return everything that is claimed about an object.

    Args:
        location: the object.
        read: returns the content of an object beside it, given the most bytes that it may have;
            None where it is not there.

    Raises:
        InterruptedRestoreError: the store does not answer.
    """
    found = Found()
    if location.is_signed:
        return found
    untold: list[str] = []
    for source, largest, parse in _places(location):
        try:
            found.add(partial(_claimed, source, largest, read, parse))
        except NotToldError:
            untold.append(shown(os.fsencode(source.name)))
    if untold:
        found.warnings.append(
            f"the store does not say whether {', '.join(untold)} stand beside the backup (access "
            "denied); if so, they were not compared"
        )
    return found


def _places(
    location: Location,
) -> list[tuple[Location, int, Callable[[Location, bytes], list[Claim]]]]:
    def own_sum(source: Location, data: bytes) -> list[Claim]:
        return sum_claims(source, sums_about(location, source, data))

    def listed(source: Location, data: bytes) -> list[Claim]:
        return listed_sums(location, source, data)

    lists = ((location.with_name(one), LARGEST_LIST, listed) for one in LISTS)
    return [
        (location.with_name(location.name + SUM), LARGEST_LIST, own_sum),
        (location.with_name(location.name + META), LARGEST_RECORD, meta_claims),
        *lists,
    ]


def _claimed(
    source: Location,
    largest: int,
    read: Callable[[Location, int], bytes | None],
    parse: Callable[[Location, bytes], list[Claim]],
) -> list[Claim]:
    data = read(source, largest)
    return [] if data is None else parse(source, data)
