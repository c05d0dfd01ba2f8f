"""What one run of the campaign is: drawn from a seed and a number, so that it can be run again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from tests.faults.breaking import BREAKAGES

EMBEDDED_KINDS: Final = (
    *("debian", "busybox", "bsdtar", "toybox"),
    *("nonroot-gnu", "nonroot-busybox", "nonroot-bsdtar", "nonroot-toybox"),
)
NODE_KINDS: Final = (*EMBEDDED_KINDS, "tmpfs", "tmpfs-busybox", "tmpfs-bsdtar", "tmpfs-toybox")
_PACKINGS: Final = ("plain", "plain", "gzip", "zstd")
_POLICIES: Final = ("refuse", "refuse", "if-changed", "if-newer", "never", "always")
_COMPRESS: Final = ("auto", "auto", "none", "gzip")
_JOBS: Final = (1, 1, 1, 2, 3)
_SHAPES: Final = ("many", "many", "many", "few")


@dataclass(frozen=True, slots=True)
class Case:
    """One run.

    Attributes:
        number: of the run.
        breakage: what goes wrong (breaking.py).
        kind: of the pod.
        shape: of the backup: `many` files, or `few` larger ones.
        packing: of the backup.
        policy: `--overwrite`; all but `refuse` find other files in their way.
        spdy: kubectl's older protocol (real node only).
        point: when it goes wrong, as a share of the bytes of the backup.
        compress: `--compress`.
        jobs: `--jobs`.
    """

    number: int
    breakage: str
    kind: str
    shape: str
    packing: str
    policy: str
    spdy: bool
    point: float
    compress: str
    jobs: int


def draw(seed: int, number: int, *, embedded: bool) -> Case:
    """Return the run of this number; every breakage has its turn."""
    randomness = random.Random(f"{seed}/{number}")  # noqa: S311 - no secret
    names = [name for name, one in BREAKAGES.items() if not (embedded and one.node_only)]
    name = names[number % len(names)]
    kinds = EMBEDDED_KINDS if embedded else NODE_KINDS
    wanted = BREAKAGES[name].kinds
    return Case(
        number=number,
        breakage=name,
        kind=randomness.choice([kind for kind in kinds if kind.startswith(wanted)]),
        shape=randomness.choice(_SHAPES),
        packing=randomness.choice(_PACKINGS),
        policy=randomness.choice(_POLICIES),
        spdy=not embedded and randomness.random() < 0.5,
        point=randomness.uniform(0.02, 0.98),
        compress=randomness.choice(_COMPRESS),
        jobs=randomness.choice(_JOBS),
    )
