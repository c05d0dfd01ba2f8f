"""The pages hold: each of their commands is run, and says what the page shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.contract.clusters import ROOT
from tests.pages.cases import SCENES
from tests.pages.console import commands_of, with_shown
from tests.pages.said import compared_form
from tests.pages.scenes import Scene, play

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.clusters import Cluster

PAGES = sorted({scene.page for scene in SCENES})


@pytest.mark.every_variant
@pytest.mark.usefixtures("embedded_only")
@pytest.mark.leaves("record")
@pytest.mark.parametrize("scene", SCENES, ids=lambda one: one.name)
def test_a_page_shows_what_its_commands_say(cluster: Cluster, tmp_path: Path, scene: Scene) -> None:
    if scene.lacking:
        pytest.skip(f"this machine has no {scene.lacking}")
    assert cluster.embedded is not None
    if cluster.embedded.isolation != "namespaces":
        pytest.skip(f"the pods have no /data: {cluster.embedded.isolation}")
    played = play(scene, cluster, tmp_path)
    assert played
    for said, following in zip(played, [*played[1:], None], strict=True):
        shown = said.command.shown
        words = f"$ {said.command.words}\nexit {said.code}\n{said.text}"
        assert compared_form(said.text) == compared_form(shown), f"{words}\npython -m tests.pages"
        # A failure that a reader does not see, or does not expect, is none of the page's.
        explained = following is not None and following.command.words == "echo $?"
        explained = explained or (scene.shows_errors and "Error: " in shown)
        assert said.code == 0 or explained, words


@pytest.mark.every_variant
@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_is_in_a_scene(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    played = [command for scene in SCENES if scene.page == page for command in scene.commands]
    assert commands_of(text) == played
    assert with_shown(text, [one.shown for one in played]) == text


@pytest.mark.every_variant
@pytest.mark.parametrize("page", PAGES)
def test_what_is_not_run_is_said_to_be_not_run(page: str) -> None:
    _, *sections = re.split(r"^(?=## )", (ROOT / page).read_text("utf-8"), flags=re.MULTILINE)
    for section in sections:
        fences = re.findall(r"^```(\w+)$", section, re.MULTILINE)
        assert set(fences) <= {"console"} or "Not run" in section, section
