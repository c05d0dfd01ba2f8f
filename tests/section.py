"""A part of a page that a program makes: it stands between two marks."""

from __future__ import annotations

from dataclasses import dataclass


class NoPlaceError(Exception):
    """A text does not have the two marks, in their order."""


@dataclass(frozen=True, slots=True)
class Section:
    """What one program makes.

    Attributes:
        module: the program's.
        flags: with which it is started, with a blank before them.
    """

    module: str
    flags: str = ""

    @property
    def start(self) -> str:
        """The line before it."""
        return f"<!-- made by python -m {self.module}{self.flags}; do not edit -->\n"

    @property
    def end(self) -> str:
        """The line behind it."""
        return f"<!-- end of what {self.module} made -->\n"

    def read(self, text: str) -> str:
        """Return what stands between the marks.

        Raises:
            NoPlaceError: there are no marks.
        """
        return self._split(text)[1]

    def whole(self, text: str) -> str:
        """Return the section with its marks, and a line before; a text without it gives none."""
        return f"\n{self.start}{self.read(text)}{self.end}" if self.start in text else ""

    def put_into(self, text: str, made: str) -> str:
        """Return the text with another section.

        Raises:
            NoPlaceError: there are no marks.
        """
        before, _, after = self._split(text)
        return f"{before}{self.start}{made}{self.end}{after}"

    def _split(self, text: str) -> tuple[str, str, str]:
        before, start, rest = text.partition(self.start)
        made, end, after = rest.partition(self.end)
        if not (start and end):
            raise NoPlaceError(f"no {self.start.strip()} and {self.end.strip()}")
        return before, made, after
