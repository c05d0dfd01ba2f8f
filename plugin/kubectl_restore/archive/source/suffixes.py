"""How the parts of a split backup are called.

    backup.tar.gz.000 .001 ...    digits, two or more (`split -d`, 7-Zip); counted from 0 or 1
    backup.tar.gz.aa .ab ...      letters, two or more (`split`)
    backup.tar.gz.part1 .part2    "part" and a number, with leading zeros or without

A single digit is none: backup.tar.1 is what rotates logs makes of a whole file. Without a suffix
length of its own GNU split adds two places when the first one is nearly used up (yz, zaaa; 89,
9000: coreutils manual, "split invocation").
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

_COUNTED: Final = re.compile(r"(.+?[._-]part[._-]?)([0-9]{1,9})", re.DOTALL)
_NUMBERED: Final = re.compile(r"(.+[._-])([0-9]{2,9})", re.DOTALL)
_LETTERED: Final = re.compile(r"(.+[._-])([a-z]{2,9})|(.+)([a-z]{2})", re.DOTALL)
_STEM: Final = re.compile(r"(.+?)(?:[._-]part)?[._-]?", re.DOTALL)
_DATE: Final = 4
"""Digits from which on a number may be a year or a day."""


@dataclass(frozen=True, slots=True)
class PartName:
    """The name of a file that may be a part.

    Attributes:
        path: the file.
        beginning: what all parts' names begin with.
        suffix: what tells this one from the others.
        alphabet: what suffixes are made of, in order.
        is_counted: the number is written as it comes, without a fixed length.
    """

    path: Path
    beginning: str
    suffix: str
    alphabet: str
    is_counted: bool = False

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """Take a name apart; None where it can be no part's."""
        if found := _COUNTED.fullmatch(path.name):
            return cls(path, found[1], found[2], string.digits, is_counted=True)
        if found := _NUMBERED.fullmatch(path.name):
            return cls(path, found[1], found[2], string.digits)
        if found := _LETTERED.fullmatch(path.name):
            return cls(path, found[1] or found[3], found[2] or found[4], string.ascii_lowercase)
        return None

    @property
    def whole(self) -> Path:
        """The name that the backup had before it was split."""
        stem = _STEM.fullmatch(self.beginning)
        return self.path.with_name(stem[1] if stem else self.beginning)

    @property
    def may_be_date(self) -> bool:
        """Tell whether others of such a name need not belong to it."""
        return self.alphabet is string.digits and len(self.suffix) >= _DATE

    def first(self) -> list[PartName]:
        """Return which names the first part may have."""
        shortest = 1 if self.is_counted else 2
        lengths = range(len(self.suffix), shortest - 1, -1 if self.is_counted else -2)
        numbers = (0,) if self.alphabet is string.ascii_lowercase else (0, 1)
        return [self._with(number, length) for number in numbers for length in lengths]

    def next(self) -> list[PartName]:
        """Return which names the part after this one may have."""
        base = len(self.alphabet)
        number, length = self._number + 1, len(self.suffix)
        if self.is_counted:
            return [self._with(number, length)]
        found = [self._with(number, length)] if number < base**length else []
        # Places at the front that are used up: none of two, one of four, two of six.
        used = base ** (length // 2) - 1
        if number == used * base ** (length - length // 2):
            found.append(self._with(used * base ** (length + 2 - length // 2), length + 2))
        return found

    def before(self) -> list[PartName]:
        """Return which names the part before this one may have."""
        number = self._number - 1
        if number < 0:
            return []
        lengths = {len(self.suffix), 1 if self.is_counted else len(self.suffix)}
        return [self._with(number, length) for length in sorted(lengths)]

    @property
    def _number(self) -> int:
        number = 0
        for place in self.suffix:
            number = number * len(self.alphabet) + self.alphabet.index(place)
        return number

    def _with(self, number: int, length: int) -> PartName:
        places = ""
        while number or len(places) < length:
            number, place = divmod(number, len(self.alphabet))
            places = self.alphabet[place] + places
        return replace(self, path=self.path.with_name(self.beginning + places), suffix=places)
