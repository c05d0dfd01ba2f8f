"""Directories get their own modes last, the innermost first: some of these keep us out. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubectl_restore.archive.stream.layout import parents
from kubectl_restore.plan.directories import closes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.plan.operation import Operation


@dataclass(slots=True)
class Wave:
    """Directories that get their modes together, and are proved before the next ones do.

    Attributes:
        members: what is sent.
        operations: what is promised of them, and of those that stay as they are.
        closed_again: what was opened for the run and gets its mode back, by mode.
    """

    members: list[Member] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    closed_again: dict[int, list[bytes]] = field(default_factory=dict)

    @property
    def paths(self) -> Iterator[bytes]:
        """What gets its mode."""
        yield from (one.path for one in self.members)
        for some in self.closed_again.values():
            yield from some


def waves(
    members: Iterable[Member], opened: Mapping[bytes, int], operations: Iterable[Operation]
) -> list[Wave]:
    """Return what is done about directories, in order; there is at least one wave.

    First come those whose mode hides nothing, then those whose mode does, of which none stands
    below another of its wave.

    Args:
        members: directories that are sent.
        opened: the modes of those that were opened for the run.
        operations: what is promised of all directories.
    """
    sent = {one.path: one for one in members}
    closing = {path for path, one in sent.items() if closes(one.mode)}
    kept = opened.keys() - sent.keys()
    closing |= kept
    depths = {path: sum(one in closing for one in parents(path)) for path in closing}
    deepest = max(depths.values(), default=-1)
    found = [Wave() for _ in range(deepest + 2)]

    def wave_of(path: bytes) -> Wave:
        return found[deepest - depths[path] + 1] if path in depths else found[0]

    for path, member in sent.items():
        wave_of(path).members.append(member)
    for path in kept:
        wave_of(path).closed_again.setdefault(opened[path], []).append(path)
    for operation in operations:
        path = operation.path
        (found[0] if path in kept else wave_of(path)).operations.append(operation)
    return found
