"""Members about which nothing has to be said, decided many at once: what is missing, or is right.

`Planner` decides about each of the others, by the same rules (tests/unit/plan/test_together.py).
"""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.members.members import CODES
from kubectl_restore.container.stat_lines import NOTHING
from kubectl_restore.container.survey import Standing
from kubectl_restore.plan.lines import are_right, beginnings
from kubectl_restore.plan.operation import Action
from kubectl_restore.plan.policy import Overwrite

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from kubectl_restore.container.stat_lines import StatLines
    from kubectl_restore.plan.plan import Plan
    from kubectl_restore.plan.sameness import Policy

TOGETHER: Final = 16384
"""Members in one question."""
_APART: Final = {CODES[Kind.DIRECTORY], CODES[Kind.HARDLINK]}
_ASKED: Final = bytes(code not in _APART for code in range(256))


class Together:
    """Decides about members that are no directories and no hard links."""

    def __init__(self, plan: Plan, policy: Policy, *, by_time: bool) -> None:
        """Decide nothing yet.

        Args:
            plan: takes the decisions.
            policy: what is allowed.
            by_time: all volumes keep the times of all members.
        """
        self._plan = plan
        self._policy = policy
        self._members = plan.members
        is_kept = policy.overwrite is not Overwrite.ALWAYS
        # A file whose line is right is kept.
        self._tells_all = by_time and is_kept and not policy.distrusts_size

    def questions(self, found: Container[bytes]) -> Iterator[dict[int, bytes]]:
        """Return the members to ask about, with their paths; what is missing anyway is decided.

        Args:
            found: the directories that stand there: below any other nothing does.
        """
        members, kinds = self._members, self._members.columns.kinds
        wanted: list[int] = []
        for first, end, parent in members.runs():
            is_missing = parent and parent not in found
            for start in range(first, end, TOGETHER):
                some = range(start, min(start + TOGETHER, end))
                numbers = list(compress(some, kinds[some.start : some.stop].translate(_ASKED)))
                if is_missing:
                    self._plan.decide_all(numbers, Action.CREATE)
                    continue
                wanted += numbers
                while len(wanted) >= TOGETHER:
                    yield self._with_paths(wanted[:TOGETHER])
                    del wanted[:TOGETHER]
        if wanted:
            yield self._with_paths(wanted)

    def _with_paths(self, numbers: Sequence[int]) -> dict[int, bytes]:
        paths = self._members.paths_of(numbers)
        return {number: path for number, path in zip(numbers, paths, strict=True) if path}

    def take(
        self, numbers: list[int], there: StatLines, in_doubt: Container[int], *, by_time: bool
    ) -> list[int]:
        """Decide about what is not there, and what is right.

        Args:
            numbers: of members.
            there: what stands at their paths, in this order.
            in_doubt: those that an earlier run may have left unfinished.
            by_time: sizes and times tell what is right.

        Returns:
            The members that are not decided about.
        """
        kinds = self._members.columns.kinds
        if any(kinds[number] in _APART for number in numbers):
            return numbers
        plan, lines = self._plan, there.lines[: len(numbers)]
        is_missing = bytes(map(NOTHING.__eq__, lines))
        missing = list(compress(numbers, is_missing))
        if missing:
            plan.decide_all(missing, Action.CREATE)
            parents = (path.rpartition(b"/")[0] for path in compress(there.paths, is_missing))
            plan.touched.written_to.update(parents)
        same: list[int] = []
        if by_time and self._tells_all:
            owners = self._policy.attributes.same_owner
            is_right = are_right(lines, beginnings(self._members, numbers, owners=owners))
            ours = self._policy.ours
            same = [
                number
                for number, path in compress(zip(numbers, there.paths, strict=False), is_right)
                if number not in in_doubt and path not in ours
            ]
            plan.decide_all(same, Action.KEEP, Standing.FILE)
            plan.figures.same += len(same)
        if len(missing) + len(same) == len(numbers):
            return []
        return sorted(set(numbers).difference(missing, same))
