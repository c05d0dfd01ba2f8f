"""What a plan says to people: conflicts first, each with how it differs, then what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.archive.members.member import Kind, Member
from kubectl_restore.archive.members.members import Members
from kubectl_restore.container.survey import Entry, Standing
from kubectl_restore.plan.operation import Action
from kubectl_restore.plan.policy import Overwrite
from kubectl_restore.plan.sameness import Policy
from kubectl_restore.plan.steps import steps_of
from kubectl_restore.progress import Hint, HintKind
from kubectl_restore.restore.confirm import declined, question
from kubectl_restore.restore.foreseen import Amount, Foreseen, amounts
from tests.unit.plan.planning import make_plan
from tests.unit.resume.making import index_of

if TYPE_CHECKING:
    from kubectl_restore.plan.plan import Plan

FILE = Entry(Standing.FILE, 5, 0o644, 1_000, 0, 0, 2)
DIRECTORY = Entry(Standing.DIRECTORY, 4096, 0o700, 1_000, 0, 0, 1)


def member(path: bytes, kind: Kind = Kind.FILE, mode: int = 0o644, size: int = 5) -> Member:
    size = size if kind is Kind.FILE else 0
    return Member(path, path, kind, 0, 1024, 512, size, mode, 1_000, 0, 0, b"")


def plan_of(overwrite: Overwrite) -> Plan:
    """Return a plan of three hundred new files around what stands there already."""
    new = [member(b"new/%d" % number) for number in range(300)]
    members = [
        *new[:150],
        member(b"dir", Kind.DIRECTORY, 0o755),
        member(b"same"),
        member(b"longer"),
        member(b"mode", mode=0o600),
        *new[150:],
    ]
    there = {
        b"": DIRECTORY,
        b"dir": DIRECTORY,
        b"same": FILE,
        b"longer": FILE._replace(size=7, mtime=8_500),
        b"mode": FILE,
    }
    index = index_of(Members.of(members))
    return make_plan(index, there, Policy(overwrite=overwrite))


def test_conflicts_come_before_what_is_new_with_how_they_differ() -> None:
    steps = list(steps_of(plan_of(Overwrite.IF_CHANGED)))
    changed = [(one.action, one.name, one.reason) for one in steps[:3]]
    assert changed == [
        ("replace", b"longer", "7 bytes there, 5 in the backup; 2h5m newer there"),
        ("adjust", b"dir", "mode 0700 there, 0755 in the backup"),
        ("adjust", b"mode", "mode 0644 there, 0600 in the backup"),
    ]
    assert {one.action for one in steps[3:]} == {"create", "keep"}
    (first, *_) = steps_of(plan_of(Overwrite.REFUSE))
    assert (first.action, first.name) == ("refuse", b"longer")
    assert "2h5m newer there" in first.reason


def test_the_question_tells_what_is_replaced_from_what_gets_a_mode_only() -> None:
    assert question(plan_of(Overwrite.IF_CHANGED), "/data").split("\n") == [
        "1 path below /data would be replaced:",
        "  longer: 7 bytes there, 5 in the backup; 2h5m newer there",
        "2 paths below /data would be given the backup's mode, owner and time:",
        "  dir: mode 0700 there, 0755 in the backup",
        "  mode: mode 0644 there, 0600 in the backup",
        "Go on?",
    ]


def test_what_may_be_meant_otherwise_comes_first_and_is_the_fix_of_a_no() -> None:
    hint = Hint(HintKind.LEADING_DIRECTORY, "all begin with shop/", "to leave it out: x")
    lines = question(plan_of(Overwrite.IF_CHANGED), "/data", [hint]).split("\n")
    assert lines[:2] == ["all begin with shop/", "to leave it out: x"]
    assert lines[2].startswith("1 path below")
    error = declined(plan_of(Overwrite.IF_CHANGED), [hint])
    assert (error.what, error.fix) == ("nothing was changed", "to leave it out: x")
    assert "the answer was no" in error.reason


def test_how_much_is_right_counts_contents() -> None:
    found = amounts(plan_of(Overwrite.IF_CHANGED))
    assert found[Action.REPLACE] == Amount(1, 5)
    assert found[Action.ADJUST] == Amount(2, 5)
    assert found[Action.KEEP].bytes == 5
    assert found[Action.CREATE].bytes == 1500
    assert Foreseen(None, "p", "c", "/", found).right == 10 / 1515
