"""PAX extended headers: `LENGTH KEY=VALUE newline` records (POSIX.1-2017, pax)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

_MOST_DIGITS: Final = 20


@dataclass(frozen=True, slots=True)
class Pax:
    """What the records say about a member; None where they are silent."""

    path: bytes | None = None
    linkpath: bytes | None = None
    size: int | None = None
    mtime: int | None = None
    uid: int | None = None
    gid: int | None = None
    is_sparse: bool = False
    sparse_size: int | None = None
    sparse_name: bytes | None = None
    present: bool = False

    def __bool__(self) -> bool:
        """Tell whether there was a header at all."""
        return self.present

    def overlaid(self, other: Pax) -> Pax:
        """Return these records with the other's on top."""
        values = {
            field.name: getattr(other, field.name) or getattr(self, field.name)
            if getattr(other, field.name) is not None
            else getattr(self, field.name)
            for field in fields(Pax)
        }
        return Pax(**values)


def parse_pax(data: bytes) -> Pax:
    """Read the records of one extended header.

    Raises:
        ValueError: a record is not formed as the standard asks.
    """
    values: dict[str, object] = {"present": True}
    at = 0
    while at < len(data) and data[at]:
        blank = data.find(b" ", at, at + _MOST_DIGITS)
        digits = data[at:blank] if blank > at else b""
        if not digits.isdigit():
            raise ValueError("a record has no length")
        end = at + int(digits)
        record = data[blank + 1 : end]
        key, equals, value = record[:-1].partition(b"=")
        if end > len(data) or not equals or record[-1:] != b"\n":
            raise ValueError("a record is not as long as it says")
        _take(values, key, value)
        at = end
    return Pax(**values)  # type: ignore[arg-type]


def _take(values: dict[str, object], key: bytes, value: bytes) -> None:
    if key in {b"path", b"linkpath"}:
        if not value or b"\x00" in value:
            raise ValueError("a name is empty or has a NUL in it")
        values[key.decode("ascii")] = value
    elif key in {b"size", b"uid", b"gid"}:
        values[key.decode("ascii")] = _whole(value)
    elif key == b"mtime":
        values["mtime"] = _seconds(value)
    elif key.startswith(b"GNU.sparse."):
        values["is_sparse"] = True
        if key in {b"GNU.sparse.size", b"GNU.sparse.realsize"}:
            values["sparse_size"] = _whole(value)
        elif key == b"GNU.sparse.name":
            values["sparse_name"] = value


def _whole(value: bytes) -> int:
    if not value.isdigit() or len(value) > _MOST_DIGITS:
        raise ValueError("a number is none")
    return int(value)


def _seconds(value: bytes) -> int:
    """Return whole seconds, rounded down as tars do."""
    sign, digits = (-1, value[1:]) if value.startswith(b"-") else (1, value)
    whole, _, fraction = digits.partition(b".")
    if not whole.isdigit() or len(whole) > _MOST_DIGITS or (fraction and not fraction.isdigit()):
        raise ValueError("a time is none")
    return sign * int(whole) - (1 if sign < 0 and fraction.strip(b"0") else 0)
