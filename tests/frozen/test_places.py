"""Wherever the program stands and however it is called."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.about import NAME, VERSION
from tests.contract import trees
from tests.contract.clusters import KUBECTL
from tests.contract.program import restore

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.clusters import Cluster

    Writer = Callable[[bytes], Path]

FIRST_LINE = f"{NAME} {VERSION}"
NOBODY = 65534


def first_line(*command: str | Path, **variables: str) -> str:
    """Run `COMMAND version` and return the first line that it prints."""
    done = subprocess.run(
        [*command, "version"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, **variables},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.splitlines()[0]


def test_through_a_symlink_on_path_as_krew_installs_it(program: Path, tmp_path: Path) -> None:
    # krew: bin/kubectl-restore -> store/restore/VERSION/...
    store, links = tmp_path / "store", tmp_path / "bin"
    shutil.copytree(program.parent, store / "kubectl-restore")
    links.mkdir()
    (links / "kubectl-restore").symlink_to("../store/kubectl-restore/kubectl-restore")
    path = f"{links}:{Path(KUBECTL).parent}:{os.environ['PATH']}"
    assert first_line(KUBECTL, "restore", PATH=path) == FIRST_LINE
    (tmp_path / "again").symlink_to(links / "kubectl-restore")
    assert first_line(tmp_path / "again") == FIRST_LINE


@pytest.mark.parametrize(
    "name", ["with spaces in it", "co:lon;s", 'quo\'te "$HOME" *', "Übung 日本"]
)
def test_from_a_path_with_odd_characters(program: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(program.parent, tmp_path / name / "kubectl-restore")
    assert first_line(tmp_path / name / "kubectl-restore" / "kubectl-restore") == FIRST_LINE
    assert first_line(tmp_path / name / "kubectl-restore" / "kubectl-restore",
                      LC_ALL="C") == FIRST_LINE  # fmt: skip


def test_a_restore_from_a_read_only_place(
    program: Path,
    cluster: Cluster,
    backup: Writer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = tmp_path / "place"
    shutil.copytree(program.parent, place)
    before = listing(place)
    launcher = tmp_path / "read-only"
    if os.getuid() == 0:
        # A mount of its own: root writes wherever only modes forbid it.
        inner = (
            f"mount --bind {place} {place} && mount -o remount,ro,bind {place}"
            f' && ! touch {place}/probe 2>/dev/null && exec {place}/kubectl-restore "$@"'
        )
        command = f'exec unshare --mount sh -c {shlex.quote(inner)} sh "$@"'
        if subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0:
            pytest.skip("this machine lets nobody have a mount namespace")
    else:
        subprocess.run(["chmod", "-R", "a-w", place], check=True)
        command = f'exec {place}/kubectl-restore "$@"'
    launcher.write_text(f"#!/bin/sh\n{command}\n")
    launcher.chmod(0o755)
    monkeypatch.setenv("RESTORE_TEST_PROGRAM", str(launcher))
    pod, archive = cluster.pod("debian"), trees.small()
    result = restore(pod, backup(archive))
    subprocess.run(["chmod", "-R", "u+w", place], check=True)
    assert result.code == 0, result
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []
    assert listing(place) == before


def listing(place: Path) -> list[str]:
    """Everything that stands below a directory."""
    return sorted(str(path.relative_to(place)) for path in place.rglob("*"))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
@pytest.mark.parametrize("variables", [{"HOME": "/"}, {}], ids=["HOME=/", "no HOME"])
def test_as_a_user_that_owns_nothing(program: Path, variables: dict[str, str]) -> None:
    done = subprocess.run(
        [program, "version"],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        env={"PATH": "/usr/bin:/bin", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    assert done.stdout.startswith(FIRST_LINE)


def test_it_leaves_nothing_in_the_temporary_directory(program: Path, tmp_path: Path) -> None:
    assert first_line(program, TMPDIR=str(tmp_path), HOME=str(tmp_path)) == FIRST_LINE
    assert list(tmp_path.iterdir()) == []
