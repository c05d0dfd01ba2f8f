"""A part of the campaign (`python -m tests.campaign`): archives are refused, or agreed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.campaign.judging import Verdict, judge
from tests.campaign.mutations import bases, mutated
from tests.unit.archive.gnu_tar import gnu_only

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 3000


@gnu_only
def test_what_is_not_mutated_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    for data in bases():
        path.write_bytes(data)
        assert judge(path) == (Verdict.AGREED, "")


@gnu_only
def test_mutated_archives_are_refused_or_agreed_on(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    verdicts = []
    for number in range(COUNT):
        path.write_bytes(mutated(7, number))
        verdict, evidence = judge(path)
        assert verdict in {Verdict.REFUSED, Verdict.AGREED}, (number, verdict, evidence)
        verdicts.append(verdict)
    # Both happen often: the mutations get behind the checksums, and change something.
    assert COUNT // 10 < verdicts.count(Verdict.AGREED) < COUNT // 2
