"""What the attempts of one restore know of each other, when a link was lost in between."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.errors import InTheWayError
from kubectl_restore.plan.operation import Action
from kubectl_restore.plan.policy import Overwrite
from kubectl_restore.resume.in_flight import Doubt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.archive.members.members import Members
    from kubectl_restore.archive.stream.layout import Layout
    from kubectl_restore.plan.plan import Plan
    from kubectl_restore.resume.in_flight import Stream

_CHANGES: Final = frozenset({Action.REPLACE, Action.ADJUST})


class Amount(NamedTuple):
    """How much was sent."""

    bytes: int = 0
    files: int = 0


class _Broken(NamedTuple):
    """A stream that was broken off: its members, how many of them are done, how far it was."""

    layout: Layout
    first: int
    last: int
    safe: int
    acknowledged: int


@dataclass(slots=True)
class Attempts:
    """The attempts at one batch, until it is proved.

    Attributes:
        batch: whose they are.
        first: the first attempt's plan: what the restore was to do.
        agreed: what the person at the terminal agreed to, in place of the policy.
        has_agreed: they were asked, and did.
        is_saved: what is replaced was saved already.
    """

    batch: str = ""
    first: Plan | None = None
    agreed: Overwrite | None = None
    has_agreed: bool = False
    is_saved: bool = False
    _broken: list[_Broken] = field(default_factory=list)
    _directories: set[int] = field(default_factory=set)
    _total: int = 0
    _newest: int = 0
    _noted: Doubt | None = None

    def began(self, plan: Plan) -> None:
        """Take a plan that is about to be carried out."""
        if self.first is None:
            self.first = plan
            self._total = 0 if plan.layout is None else plan.layout.total

    def replan(self, earlier: Plan, plan: Plan, *, so_far: str) -> None:
        """Take another plan in place of one of which nothing was carried out.

        Args:
            earlier: that one; a person may have agreed to it.
            plan: the other one.
            so_far: what became of the pod until now ("nothing was changed").

        Raises:
            InTheWayError: it would replace more than what was agreed to.
        """
        if self.has_agreed:
            require_no_more(earlier, plan, so_far=so_far)
        self.first = None

    def broke(self, plan: Plan, streams: Iterable[Stream]) -> None:
        """Take what became of a plan whose streams were broken off, or were whole but not proved.

        Args:
            plan: it.
            streams: those that were begun, with what was in flight.
        """
        if plan.layout is None:
            return
        self._newest = len(self._broken)
        self._broken += (
            _Broken(one.layout, one.first, one.last, one.safe, one.acknowledged) for one in streams
        )
        self._directories.update(
            number
            for number in plan.members.of_kind(Kind.DIRECTORY)
            if plan.action(number) in {Action.CREATE, Action.REPLACE}
        )

    def doubt(self, noted: Callable[[], Doubt], members: Members) -> Doubt:
        """Return what is in doubt.

        Args:
            noted: asks what the pod has noted; afterwards these attempts know better, and it is
                not asked again.
            members: of the index.
        """
        if self._noted is None:
            self._noted = noted()
        found = Doubt(
            numbers=set(self._noted.numbers),
            made=bytearray(self._noted.made),
            directories=self._noted.directories | self._directories,
            is_noted=self._noted.is_noted or bool(self._broken),
        )
        for one in self._broken:
            found.go_on(members, one.layout.files, one.first, one.last)
        return found

    def brought(self, overwrite: Overwrite, members: Members) -> frozenset[bytes]:
        """Return what need not be sent once more where everything is sent again."""
        if overwrite is not Overwrite.ALWAYS:
            return frozenset()
        return frozenset(
            members.path(number) for one in self._broken for number in one.layout.files[: one.first]
        )

    @property
    def sent_before(self) -> Amount:
        """What attempts before the one at hand have brought for good."""
        size = sum(one.safe for one in self._broken)
        return Amount(size, sum(one.first for one in self._broken))

    def arrived(self) -> Iterator[Member]:
        """Return the members that attempts before the one at hand have brought."""
        for one in self._broken:
            yield from one.layout.members_until(one.safe)

    def how_far(self) -> str:
        """Return at which percentage it was broken off; empty where nothing was sent."""
        if not self._broken or not self._total:
            return ""
        done = sum(one.safe for one in self._broken[: self._newest])
        done += sum(one.acknowledged for one in self._broken[self._newest :])
        return f"{min(100, done * 100 // self._total)} %"

    def require_no_more(self, plan: Plan) -> None:
        """Return when a later attempt replaces nothing that the first one was not to replace.

        What is replaced was saved, and agreed to, before the first one began.

        Raises:
            InTheWayError: something else stands there by now.
        """
        if self.first is not None and (self.has_agreed or self.is_saved):
            so_far = "what was restored until then stays"
            require_no_more(self.first, plan, so_far=so_far, may_have_made=True)


def require_no_more(first: Plan, plan: Plan, *, so_far: str, may_have_made: bool = False) -> None:
    """Return when a later plan replaces and deletes nothing that the first one did not.

    Args:
        first: the plan that was agreed to, or carried out in part.
        plan: the later one.
        so_far: what became of the pod until now ("nothing was changed").
        may_have_made: what the first one was to make may stand there.

    Raises:
        InTheWayError: it does.
    """
    known = {*_CHANGES, Action.CREATE} if may_have_made else _CHANGES
    more = any(
        plan.action(number) in _CHANGES
        and number not in plan.resumed
        and number not in plan.settled
        and first.action(number) not in known
        for number in range(len(plan.members))
    )
    if more or not set(plan.extras) <= set(first.extras):
        raise InTheWayError(
            f"what stands there has changed meanwhile; {so_far}",
            reason="more would be replaced or deleted than before",
            fix="look at it with --dry-run, then run the command again",
        )
