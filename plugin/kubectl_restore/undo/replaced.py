"""Which paths a plan replaces or changes. Pure: what stands there is for others to ask."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.plan.operation import Action
from kubectl_restore.plan.together import TOGETHER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.plan.contents import Contents
    from kubectl_restore.plan.plan import Plan


class Wanted(NamedTuple):
    """A path that something happens to.

    Attributes:
        path: below the target.
        member: the member that carries the content that comes there instead; None where that
            stays, or nothing comes.
    """

    path: bytes
    member: Member | None = None


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a restore changes of what stands there.

    Attributes:
        plan: what it does.
        contents: what the plan's members carry.
        further: paths that the plan says nothing about: what is deleted, a directory before what
            stands in it. The directories around them change with them.
    """

    plan: Plan
    contents: Contents
    further: Sequence[bytes] = ()

    def directories(self) -> dict[bytes, None]:
        """Return the directories whose mode, owner or time changes, the outer ones first.

        A time changes where something is made, replaced or deleted in a directory. The target
        itself is left out: a restore leaves it as it is.
        """
        found = set(self.plan.touched.written_to)
        found.update(path.rpartition(b"/")[0] for path in self.further)
        for one in self.plan.operations():
            if one.action is Action.REPLACE and one.member and _is_directory(one.member):
                found.add(one.path)
            elif one.action is Action.ADJUST:
                # The undo may send it whole, which changes the time of what it stands in.
                found.add(one.path.rpartition(b"/")[0])
        return dict.fromkeys(sorted(found - {b""}))

    def chunks(self, directories: Mapping[bytes, None]) -> Iterator[list[Wanted]]:
        """Return everything, some thousand at a time, directories first.

        Args:
            directories: as `directories` returned them.
        """
        left = self._wanted(directories)
        while some := list(islice(left, TOGETHER)):
            yield some

    def _wanted(self, directories: Mapping[bytes, None]) -> Iterator[Wanted]:
        yield from map(Wanted, directories)
        # What an earlier run has begun is no one's old content.
        begun = self.plan.settled.union(self.plan.resumed)
        unfinished = {self.plan.members[number].path for number in begun}
        for one in self.plan.operations():
            member = one.member
            if member is None or _is_directory(member):
                continue
            if one.action is Action.REPLACE:
                yield Wanted(one.path, self.contents.of(member))
            elif one.action is Action.ADJUST and one.path not in unfinished:
                yield Wanted(one.path)
        yield from (Wanted(one) for one in self.further if one not in directories)


def _is_directory(member: Member) -> bool:
    return member.kind is Kind.DIRECTORY
