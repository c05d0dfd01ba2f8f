"""Of each test of the suite a few variants, drawn by chance: the node cannot run all in time."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

_DRAWN: Final = ("tests/contract/", "tests/e2e/")


def drawn(
    items: Iterable[pytest.Item], most: int, seed: str
) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Return the items that are run, in their order, and those that are not.

    Args:
        items: of a run. Only those of tests/contract and tests/e2e are drawn from, and not
            those marked `every_variant`: their variants have nothing in common.
        most: variants of each test function; 0 for all.
        seed: decides.
    """
    items = list(items)
    variants: dict[str, list[str]] = {}
    for item in items:
        name, _, variant = item.nodeid.partition("[")
        if item.get_closest_marker("every_variant") is not None:
            continue
        if variant and name.startswith(_DRAWN):
            variants.setdefault(name, []).append(item.nodeid)
    left_out: set[str] = set()
    for name, known in variants.items():
        if most and len(known) > most:
            # By its own name: another test that comes or goes changes nothing here.
            chance = random.Random(f"{seed}/{name}")  # noqa: S311 - repeatable
            left_out |= set(known) - set(chance.sample(sorted(known), most))
    run = [item for item in items if item.nodeid not in left_out]
    return run, [item for item in items if item.nodeid in left_out]
