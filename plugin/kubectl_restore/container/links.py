"""Where symbolic links lead in the pod: the reading of the agent's answers."""

from __future__ import annotations

from typing import Final

_END: Final = b"\n."
"""Behind each path, so that one that ends with a newline keeps it."""


def read_link(record: bytes) -> tuple[bytes, bytes | None] | None:
    """Read the words of one `leads` record (`LENGTH LENGTH TARGET THERE ./NAME`).

    Returns:
        The link's path (without `./`) and where it leads, relative to the target: None when that is
        outside of it, the target itself, or no directory. None for all when this is no such record.
    """
    fields = record.split(b" ", 2)
    if len(fields) != 3 or not (fields[0].isdigit() and fields[1].isdigit()):
        return None
    first, second = int(fields[0]), int(fields[1])
    target, there = fields[2][:first], fields[2][first : first + second]
    name = fields[2][first + second :]
    if not name.startswith(b"./") or not target.endswith(_END):
        return None
    if not there.endswith(_END):
        return name[2:], None
    top = target.removesuffix(_END).rstrip(b"/") + b"/"
    place = there.removesuffix(_END)
    inside = place.startswith(top) and len(place) > len(top)
    return name[2:], place[len(top) :] if inside else None


def read_text(record: bytes) -> tuple[bytes, bytes] | None:
    """Read the words of one `text` record (`LENGTH TEXT ./NAME`).

    Returns:
        The link's path (without `./`) and what it says; None when it cannot be read.
    """
    digits, _, rest = record.partition(b" ")
    if not digits.isdigit():
        return None
    text, name = rest[: int(digits)], rest[int(digits) :]
    if not text.endswith(_END) or not name.startswith(b"./"):
        return None
    return name[2:], text.removesuffix(_END)
