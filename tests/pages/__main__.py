"""`python -m tests.pages [WORD]`: run the pages' commands, and write what they say into the pages.

With a word only the scenes whose name has it. What differs only in what is another one each time
(sizes, times) stays as it is.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests import surroundings
from tests.contract.clusters import ROOT, embedded_cluster
from tests.pages.cases import SCENES
from tests.pages.console import commands_of, with_shown
from tests.pages.said import compared_form
from tests.pages.scenes import Said, Scene, play


def main() -> int:
    """Write the pages; 1 where one has a scene that could not be run."""
    surroundings.settle()
    word = "".join(sys.argv[1:])
    lacking = 0
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "cluster").mkdir()
        with embedded_cluster(directory / "cluster") as cluster:
            for number, scene in enumerate(SCENES):
                if word not in scene.name:
                    continue
                if scene.lacking:
                    sys.stderr.write(f"{scene.name}: without {scene.lacking}\n")
                    lacking = 1
                    continue
                here = directory / str(number)
                here.mkdir()
                write(scene, play(scene, cluster, here))
    return lacking


def write(scene: Scene, played: list[Said]) -> None:
    """Put what was said into the scene's page."""
    path = ROOT / scene.page
    page = path.read_text("utf-8")
    said = iter(played)
    texts = []
    for command in commands_of(page):
        is_its = scene.heading in ("", command.heading)
        text = next(said).text if is_its else command.shown
        is_same = compared_form(text) == compared_form(command.shown)
        texts.append(command.shown if is_same else text)
    path.write_text(with_shown(page, texts), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
