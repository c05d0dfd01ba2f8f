"""Where symbolic links lead in the pod: the reading of the agent's answers."""

from __future__ import annotations

from typing import Final

_END: Final = b"\n."
"""Behind each path, so that one that ends with a newline keeps it."""


def read_link(record: bytes) -> bytes | None:
    """Read what a `leads` record says of a link (`LENGTH LENGTH TARGET THERE`).

    Returns:
        Where it leads, relative to the target; None when that is outside of it, the target itself,
        or no directory.
    """
    fields = record.split(b" ", 2)
    if len(fields) != 3 or not (fields[0].isdigit() and fields[1].isdigit()):
        return None
    first, second = int(fields[0]), int(fields[1])
    target, there = fields[2][:first], fields[2][first : first + second]
    if not target.endswith(_END) or not there.endswith(_END):
        return None
    top = target.removesuffix(_END).rstrip(b"/") + b"/"
    place = there.removesuffix(_END)
    inside = place.startswith(top) and len(place) > len(top)
    return place[len(top) :] if inside else None


def read_text(record: bytes) -> bytes | None:
    """Read what a `text` record says of a link; None when it could not be read."""
    return record.removesuffix(_END) if record.endswith(_END) else None
