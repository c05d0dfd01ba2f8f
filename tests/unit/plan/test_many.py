"""Planning for very many members: the pod hears from us meanwhile, and the user can end it."""

from __future__ import annotations

import pytest

from kubectl_restore.archive.index.index import Index
from kubectl_restore.archive.members.member import Kind, Member
from kubectl_restore.archive.members.members import Members
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.archive.stream.normalise import Dialect
from kubectl_restore.plan.planner import Planner
from kubectl_restore.plan.policy import Overwrite
from kubectl_restore.plan.sameness import Policy


class EndedError(Exception):
    """The user has had enough."""


@pytest.mark.parametrize("step", ["begin", "lay out", "count"])
def test_each_step_can_be_ended(step: str) -> None:
    member = Member(b"", b"", Kind.FILE, 0, 512, 512, 0, 0o644, 0, 0, 0, b"")
    many = Members.of(member._replace(name=b"a/%d" % one) for one in range(20_000))
    # Each of the three goes through all members, and beats three times.
    left = {"begin": 2, "lay out": 5, "count": 8}[step]

    def beat() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise EndedError

    def plan() -> None:
        policy = Policy(overwrite=Overwrite.REFUSE, dialect=Dialect())
        planner = Planner(Index(many, 0, Compression.NONE), policy, beat=beat)
        planner.take_directories({})
        for numbers in planner.questions():
            planner.take(numbers, {})
        planner.finish()

    with pytest.raises(EndedError):
        plan()
