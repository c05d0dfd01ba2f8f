"""What comes out of a damaged compressed file, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Check(Enum):
    """What a unit's own checksum says of it when it ends."""

    OPEN = "going on"
    HELD = "whole"
    CUT = "cut"
    FAILED = "damaged"
    UNPROVED = "not proved"
    """All of its data is there and follows; only the checksum at its end is another."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some data of a unit, or nothing but the news that it has ended.

    Attributes:
        data: decompressed bytes; they follow those before them unless a unit before was cut or
            damaged.
        check: of the unit whose last bytes these are.
        consumed: bytes of the file taken so far.
    """

    data: bytes
    check: Check
    consumed: int
