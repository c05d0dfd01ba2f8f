"""What a stream is made of: for tars, or for a container's shell."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.stream.segments import Segment


class Item(NamedTuple):
    """What a stream brings next.

    Attributes:
        number: the member's.
        member: it; of a directory that has none, the member that it is made for.
        directory: the path of a directory to make; None for anything else.
        owner: whom a directory belongs to that has no member; None for one that has.
    """

    number: int
    member: Member
    directory: bytes | None = None
    owner: tuple[int, int] | None = None


class Form(Protocol):
    """Writes members, and what they need, for what takes the stream in the pod."""

    def measure(self, items: Iterable[Item]) -> Iterator[tuple[Sequence[int], int]]:
        """Return how long a stream is.

        Returns:
            Numbers of bytes, one after the other, each with the members (no directories) that are
            done when these have been taken.
        """

    def write(self, items: Iterable[Item]) -> Iterator[Segment]:
        """Return the pieces of which `measure` tells the length."""

    def finish(self, members: Sequence[Member]) -> Iterator[Segment]:
        """Return what gives directories their own modes and times.

        Args:
            members: the directories, the innermost first.
        """

    def end(self, length: int) -> bytes:
        """Return what ends a stream of so many bytes."""
