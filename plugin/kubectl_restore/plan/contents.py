"""What the members of an index carry: a hard link has the content of what it leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Kind, normal_path
from kubectl_restore.container.survey import Standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.members.members import Members

STANDING: Final = {
    Kind.FILE: Standing.FILE,
    Kind.HARDLINK: Standing.FILE,
    Kind.DIRECTORY: Standing.DIRECTORY,
    Kind.SYMLINK: Standing.SYMLINK,
    Kind.CHARACTER_DEVICE: Standing.CHARACTER_DEVICE,
    Kind.BLOCK_DEVICE: Standing.BLOCK_DEVICE,
    Kind.FIFO: Standing.FIFO,
}
_MOST_LINKS: Final = 1000
"""Hard links to hard links of earlier batches that are followed."""


def size_of(content: Member) -> int | None:
    """Return the size that `stat` shows for it; None where that is not ours to say."""
    if content.kind is Kind.FILE:
        return content.size
    return len(content.link) if content.kind is Kind.SYMLINK else None


class Contents:
    """Finds the member that carries a hard link's content."""

    def __init__(self, members: Members, before: Callable[[bytes], Member | None]) -> None:
        """Look through the members once.

        Args:
            members: of the index.
            before: what an earlier batch has restored at a path.
        """
        self._members = members
        self._before = before
        links = members.of_kind(Kind.HARDLINK)
        targets = {normal_path(members[number].link) for number in links}
        paths = enumerate(members.paths()) if targets else ()
        self._numbers = {path: number for number, path in paths if path in targets}

    def number_at(self, path: bytes) -> int | None:
        """Return the number of a member that hard links lead to."""
        return self._numbers.get(path)

    def number_of(self, member: Member) -> int | None:
        """Return the number of the member that a hard link has its content from.

        None for one of an earlier batch, and for what is no hard link.
        """
        number = None
        for _ in range(len(self._numbers) + 1):
            if member.kind is not Kind.HARDLINK:
                break
            number = self._numbers.get(normal_path(member.link))
            if number is None:
                return None
            member = self._members[number]
        return number

    def carrier(self, number: int) -> int | None:
        """Return the number of the member that carries a member's content; None as above."""
        member = self._members[number]
        return number if member.kind is not Kind.HARDLINK else self.number_of(member)

    def of(self, member: Member) -> Member:
        """Return the member that carries its content: itself, unless it is a hard link.

        A chain has an end in any archive that was accepted; a count bounds it all the same.
        """
        for _ in range(len(self._numbers) + _MOST_LINKS):
            if member.kind is not Kind.HARDLINK:
                break
            path = normal_path(member.link)
            number = self._numbers.get(path)
            target = self._before(path) if number is None else self._members[number]
            if target is None or target is member:
                break
            member = target
        return member
