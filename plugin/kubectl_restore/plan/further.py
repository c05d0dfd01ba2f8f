"""What has to be asked about members besides what stands at their paths. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Kind, normal_path
from kubectl_restore.archive.members.members import CODES
from kubectl_restore.container.survey import Standing
from kubectl_restore.plan.sameness import may_say_the_same

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kubectl_restore.archive.members.members import Members
    from kubectl_restore.container.survey import Entry
    from kubectl_restore.plan.attributes import Attributes
    from kubectl_restore.plan.contents import Contents

_SYMLINK: Final = CODES[Kind.SYMLINK]
_HARDLINK: Final = CODES[Kind.HARDLINK]


class Further:
    """Finds the members of which something else than a line of stat's decides."""

    def __init__(self, members: Members, contents: Contents, attributes: Attributes) -> None:
        """Take the members, who carries hard links' contents, and what can be there."""
        self._members = members
        self._contents = contents
        self._attributes = attributes
        mtimes = members.columns.mtimes
        self.times_are_kept = not mtimes or (
            attributes.keeps_time(min(mtimes)) and attributes.keeps_time(max(mtimes))
        )
        """All volumes keep all times of the index."""

    def unsure(self, numbers: Iterable[int], found: Mapping[bytes, Entry]) -> list[int]:
        """Return the symlinks among them of which only the text can tell whether they are right."""
        members = self._members
        return [
            number
            for number in self._of(numbers, _SYMLINK)
            if may_say_the_same(members[number], found.get(members.path(number)))
        ]

    def elsewhere(self, numbers: Iterable[int]) -> list[bytes]:
        """Return what hard links among them lead to that came before this index, or never comes."""
        links = (self._members[number] for number in self._of(numbers, _HARDLINK))
        targets = {normal_path(link.link) for link in links}
        return sorted(path for path in targets if self._contents.number_at(path) is None)

    def alike(self, numbers: Iterable[int], found: Mapping[bytes, Entry]) -> list[int]:
        """Return those of which only the checksum can tell whether they have our content."""
        return [
            number
            for number in numbers
            if (entry := found.get(self._members.path(number))) is not None
            and entry.kind is Standing.FILE
            and (content := self._contents.of(self._members[number])).kind is Kind.FILE
            and content.size == entry.size
        ]

    def timeless(self, numbers: Iterable[int], found: Mapping[bytes, Entry]) -> list[int]:
        """Return those of `alike` whose time says nothing about their content."""
        if self.times_are_kept:
            # A hard link may have the content, and the time, of what came before this index.
            numbers = self._of(numbers, _HARDLINK)
        return [
            number
            for number in self.alike(numbers, found)
            if not self._attributes.time_decides(self._contents.of(self._members[number]))
        ]

    def _of(self, numbers: Iterable[int], kind: int) -> list[int]:
        kinds = self._members.columns.kinds
        return [number for number in numbers if kinds[number] == kind]
