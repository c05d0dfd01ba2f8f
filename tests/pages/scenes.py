"""The scenes of the pages: which commands are run one after the other, and on what."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.contract.clusters import KUBECTL, ROOT
from tests.contract.program import environment, program
from tests.pages.console import Command, commands_of
from tests.pages.production import production
from tests.pages.said import page_form
from tests.pages.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.contract.clusters import Cluster

START: Final = "make try"
"""The first command of a scene that brings a cluster of its own."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is run in one shell.

    Attributes:
        page: its path in the repository.
        heading: of the section (`##`) that it is; empty for the whole page.
        needs: programs of this machine; without one of them it is left out.
        set_up: a script that is run before, and not shown.
        pods: which are emptied before.
        production: it has a cluster of its own, with names as in production.
        shows_errors: an error is shown as it is, without its exit code.
    """

    page: str
    heading: str = ""
    needs: tuple[str, ...] = ()
    set_up: str = ""
    pods: tuple[str, ...] = ("debian",)
    production: bool = False
    shows_errors: bool = False

    @property
    def name(self) -> str:
        """Name it for a person."""
        return f"{self.page}: {self.heading}" if self.heading else self.page

    @property
    def commands(self) -> list[Command]:
        """Its commands, as the page has them."""
        every = commands_of((ROOT / self.page).read_text("utf-8"))
        return [one for one in every if self.heading in ("", one.heading)]

    @property
    def lacking(self) -> str:
        """Say which programs are not here; empty where all are."""
        return ", ".join(name for name in self.needs if shutil.which(name, path=_PATH) is None)


# Debian keeps PostgreSQL's programs where PATH does not lead.
_PATH: Final = os.pathsep.join(
    [
        os.environ.get("PATH", os.defpath),
        *(str(one) for one in sorted(Path("/usr/lib/postgresql").glob("*/bin"))),
    ]
)


@dataclass(frozen=True, slots=True)
class Said:
    """How a command of a page ended.

    Attributes:
        command: the page's.
        code: its exit code.
        text: what it said, in the form in which a page shows it.
    """

    command: Command
    code: int
    text: str


def play(scene: Scene, cluster: Cluster, directory: Path) -> list[Said]:
    """Run a scene's commands in a directory, and return how each ended."""
    if scene.production:
        own_cluster = directory / ".cluster"
        own_cluster.mkdir()
        with production(own_cluster) as other:
            return play(replace(scene, production=False), other, directory)
    for kind in scene.pods:
        cluster.pod(kind)
    commands: Sequence[Command] = scene.commands
    own = bool(commands) and commands[0].words == START
    words = ["make", "--silent", "--no-print-directory", "try"] if own else ["bash", "--norc"]
    played = []
    with Shell(words, ROOT if own else directory, variables(cluster, directory)) as shell:
        code, said = shell.run(scene.set_up or "true")
        if code != 0:
            raise AssertionError(f"{scene.name}: its set-up: {code}\n{said}")
        here = shell.run("pwd")[1]
        if own:
            played.append(Said(commands[0], code, page_form(said, here)))
        for command in commands[1:] if own else commands:
            if command.before:
                code, said = shell.run(command.before)
                if code != 0:
                    raise AssertionError(f"{scene.name}: {command.before}: {code}\n{said}")
            code, said = shell.run(command.words)
            played.append(Said(command, code, page_form(said, here)))
    return played


def variables(cluster: Cluster, directory: Path) -> dict[str, str]:
    """Return what a shell inherits: our kubectl, the program under test, a home of its own."""
    programs, home = directory / ".programs", directory / ".home"
    for one in (programs, home):
        one.mkdir()
    (programs / "kubectl").symlink_to(KUBECTL)
    plugin = programs / "kubectl-restore"
    plugin.write_text(f'#!/bin/sh\nexec {" ".join(program())} "$@"\n', "utf-8")
    plugin.chmod(0o755)
    kept = environment(
        PATH=os.pathsep.join([str(programs), str(ROOT / ".venv/bin"), _PATH]),
        KUBECONFIG=str(cluster.kubeconfig),
        HOME=str(home),
        SHELL=shutil.which("bash") or "bash",
        LC_ALL="C.UTF-8",
        TZ="UTC",
    )
    # A make that runs the tests tells those below it that they are.
    return {name: value for name, value in kept.items() if not name.startswith("MAKE")}
