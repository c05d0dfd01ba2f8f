"""docs/mistakes.md holds: each mistake's words and exit code, the pod's contents, and the fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.clusters import ROOT
from tests.mistakes.cases import MISTAKES, Mistake
from tests.mistakes.page import answers
from tests.mistakes.stage import Stage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.clusters import Cluster

pytestmark = [pytest.mark.usefixtures("embedded_only"), pytest.mark.leaves("record")]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: one.name)
def test_a_mistake_is_answered_as_the_page_says(
    cluster: Cluster, tmp_path: Path, mistake: Mistake
) -> None:
    stage = Stage(cluster, tmp_path / "here")
    mistake.set_up(stage)
    before = {kind: pod.host_tree() for kind, pod in cluster.given.items()}
    ended = stage.run(mistake.words)
    assert ended.code == mistake.code, ended
    known = answers((ROOT / "docs/mistakes.md").read_text("utf-8"))
    assert ended.text == known[mistake.name], "python -m tests.mistakes writes the page anew"
    assert [line.partition(":")[0] for line in ended.said if not line.startswith(" ")] == [
        *("Error", "Reason", "Fix")
    ]
    if not mistake.changes:
        assert {kind: pod.host_tree() for kind, pod in cluster.given.items()} == before
    if ended.fix is not None and mistake.mended is not None:
        mistake.mend(stage)
        again = stage.run(ended.fix.removeprefix("kubectl restore "))
        assert again.code == mistake.mended, again
