"""--save-replaced: what a restore replaces is in a tar first, and comes back whole from there."""

from __future__ import annotations

import io
import os
import re
import shlex
import stat
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.contract import trees
from tests.contract.meddling import changing_kubectl
from tests.contract.program import Result, restore, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.clusters import Cluster

    Writer = Callable[..., Path]

TARS = ["debian", "busybox", "bsdtar", "toybox"]
ODD = [
    b"new\nline",
    b"latin-\xe9\xff",
    b"-rf",
    b"back\\slash",
    b"with blank",
    b"$(x)'\"",
    b"l" * 200,
]
OLDER = trees.MTIME - 5000


def before(owner: tuple[int, int]) -> bytes:
    """Return what stands in the pod."""
    archive = trees.Archive(owner=owner)
    archive.directory("app", mode=0o750, mtime=OLDER)
    archive.directory("kept", mode=0o711, mtime=OLDER - 1)
    archive.add("kept/other", b"never touched", mtime=OLDER)
    archive.add("app/changed", b"as it was\n" * 10_000, mode=0o640, mtime=OLDER - 2)
    archive.add("app/empty", b"", mode=0o600, mtime=OLDER - 3)
    archive.add("app/same", b"the same")
    archive.add("app/mode", b"only its mode", mode=0o4711)
    archive.add("app/program", b"#!/bin/sh\n", mode=0o755, mtime=5)
    archive.symlink("app/link", b"old \n target")
    archive.add("app/was a file", b"a file", mtime=OLDER)
    archive.symlink("app/was a link", "changed")
    archive.add("app/linked", b"one file\0" * 5, mode=0o604, mtime=OLDER)
    archive.hardlink("app/linked too", "app/linked")
    archive.add("kept/outside", b"linked from outside", mtime=OLDER)
    for name in ODD:
        archive.add(b"app/" + name, b"old " + name, mode=0o606, mtime=OLDER)
    for number in range(300):
        archive.add(f"app/small{number}", b"%d" % number * number, mtime=OLDER)
    return archive.finish()


def after(owner: tuple[int, int]) -> bytes:
    """Return what comes there."""
    archive = trees.Archive(owner=owner)
    archive.directory("app", mode=0o755)
    archive.add("app/changed", b"new")
    archive.add("app/empty", b"not any more")
    archive.add("app/same", b"the same")
    archive.add("app/mode", b"only its mode", mode=0o644)
    archive.add("app/program", b"")
    archive.symlink("app/link", "new")
    archive.symlink("app/was a file", "nowhere")
    archive.add("app/was a link", b"a file by now")
    archive.add("app/linked", b"two files")
    archive.add("app/linked too", b"by now")
    archive.add("app/fresh", b"made by the restore")
    archive.add("kept/fresh", b"so was this")
    for name in ODD:
        archive.add(b"app/" + name, b"new")
    for number in range(300):
        archive.add(f"app/small{number}", b"new")
    return archive.finish()


def undo(result: Result) -> Result:
    """Run the command that the summary names, word for word."""
    (line,) = [one for one in result.out.splitlines() if one.startswith("Next: to undo it: ")]
    words = shlex.split(line.removeprefix("Next: to undo it: "))
    assert words[:2] == ["kubectl", "restore"]
    return run(*words[2:])


def names_in(directory: Path) -> set[str]:
    return {one.name for one in directory.iterdir()}


@pytest.mark.parametrize("kind", [*TARS, "nonroot-gnu", "nonroot-busybox", "nodd"])
def test_what_was_replaced_comes_back_as_it_was(
    cluster: Cluster, backup: Writer, tmp_path: Path, kind: str
) -> None:
    pod = cluster.pod(kind)
    old = before(pod.owner)
    assert restore(pod, backup(old, "old.tar")).code == 0
    stood = pod.tree()
    saved = tmp_path / "it's saved.tar"
    new = after(pod.owner)
    result = restore(pod, backup(new), "--force", f"--save-replaced={saved}")
    assert result.code == 0, result
    assert f"saved in {saved}" in result.out
    assert trees.differences(trees.tree_of(new), {
        name: seen for name, seen in pod.tree().items() if name in trees.tree_of(new)
    }, owners=pod.is_root) == []  # fmt: skip
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    listed = subprocess.run(["tar", "-tf", str(saved)], capture_output=True, check=True)
    assert listed.stderr == b""
    kept = trees.tree_of(saved.read_bytes())
    replaced = trees.tree_of(new).keys() - {b"app/same", b"app/fresh", b"kept/fresh"}
    # In this one something is made, which changes its time.
    assert kept.keys() == replaced | {b"kept"}
    assert kept[b"app/linked"].linked == {b"app/linked too"}
    for name, seen in kept.items():
        assert (seen.kind, seen.content, seen.mode, seen.mtime) == (
            stood[name].kind, stood[name].content, stood[name].mode, stood[name].mtime,
        ), name  # fmt: skip
    undone = undo(result)
    assert undone.code == 0, undone
    now = pod.tree()
    assert now.keys() - stood.keys() == {b"app/fresh", b"kept/fresh"}
    there = {name: seen for name, seen in now.items() if name in stood}
    assert trees.differences(stood, there, owners=True) == []


@pytest.mark.parametrize("kind", TARS)
def test_what_was_deleted_comes_back(
    cluster: Cluster, backup: Writer, tmp_path: Path, kind: str
) -> None:
    pod = cluster.pod(kind)
    old = trees.Archive(owner=pod.owner)
    old.directory("app", mtime=OLDER)
    old.directory("app/gone", mode=0o750, mtime=OLDER)
    old.directory("app/gone/deep", mtime=OLDER)
    for name in ODD:
        old.add(b"app/gone/deep/" + name, b"old content of " + name, mtime=OLDER, mode=0o640)
    old.symlink("app/gone/link", "/etc")
    old.add("app/one", b"one", mtime=OLDER)
    old.hardlink("app/gone/hard", "app/one")
    new = trees.Archive(owner=pod.owner)
    new.directory("app")
    new.add("app/one", b"other")
    assert restore(pod, backup(old.finish(), "old.tar")).code == 0
    stood = pod.tree()
    saved = tmp_path / "saved.tar"
    result = restore(pod, backup(new.finish()), "--force", "--delete", f"--save-replaced={saved}")
    assert result.code == 0, result
    assert b"app/gone" not in pod.tree()
    undone = undo(result)
    assert undone.code == 0, undone
    now = pod.tree()
    assert now.keys() == stood.keys()
    assert trees.differences(stood, now, owners=True) == []


@pytest.mark.parametrize("kind", TARS)
def test_fifos_come_back(cluster: Cluster, backup: Writer, tmp_path: Path, kind: str) -> None:
    pod = cluster.pod(kind)
    pod.run("sh", "-c", f"cd {pod.path} && mkfifo pipe && chmod 620 pipe && touch -d @{OLDER} pipe")
    archive = trees.Archive(owner=pod.owner)
    archive.add("pipe", b"a file by now")
    saved = tmp_path / "saved.tar"
    result = restore(pod, backup(archive.finish()), "--force", f"--save-replaced={saved}")
    assert result.code == 0, result
    assert pod.tree()[b"pipe"].kind == "file"
    undone = undo(result)
    assert undone.code == 0, undone
    pod.run("test", "-p", f"{pod.path}/pipe")
    assert pod.run("stat", "-c", "%a", f"{pod.path}/pipe").strip() == b"620"


def test_a_file_that_looks_like_what_replaces_it_comes_back_all_the_same(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    for content in (b"old", b"new"):
        archive = trees.Archive(owner=pod.owner)
        archive.add("file", content)
        backup(archive.finish(), f"{content.decode()}.tar")
    assert restore(pod, tmp_path / "old.tar").code == 0
    flags = ("--overwrite=always", f"--save-replaced={tmp_path / 'saved.tar'}")
    result = restore(pod, tmp_path / "new.tar", *flags)
    assert result.code == 0, result
    assert pod.run("cat", f"{pod.path}/file") == b"new"
    undone = undo(result)
    assert undone.code == 0, undone
    assert pod.run("cat", f"{pod.path}/file") == b"old"


def test_files_bigger_than_an_answer_and_many_of_them(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    pod = cluster.pod("busybox")
    old = trees.of_size(45_000_000, files=3, seed=3)
    assert restore(pod, backup(old, "old.tar")).code == 0
    saved = tmp_path / "saved.tar"
    archive = trees.Archive(owner=pod.owner)
    for number in range(3):
        archive.add(f"blob{number}", b"new")
    result = restore(
        pod, backup(archive.finish()), "--force", f"--save-replaced={saved}", "--progress=json"
    )
    assert result.code == 0, result
    assert '"phase": "save"' in result.err
    assert (
        trees.differences(trees.tree_of(old), trees.tree_of(saved.read_bytes()), owners=True) == []
    )


def test_where_nothing_stood_there_is_nothing_to_save(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    saved = tmp_path / "saved.tar"
    result = restore(pod, backup(trees.small()), "--force", f"--save-replaced={saved}")
    assert result.code == 0, result
    assert "nothing that stood there was changed" in result.out
    assert "to undo it" not in result.out
    assert names_in(tmp_path) == {"backup.tar"}


@pytest.mark.parametrize("place", ["there", "missing/saved.tar", "backup.tar", "dangling", "."])
def test_a_file_that_cannot_be_made_is_exit_2_before_the_pod_is_asked(
    cluster: Cluster, backup: Writer, tmp_path: Path, place: str
) -> None:
    (tmp_path / "there").write_text("mine")
    (tmp_path / "dangling").symlink_to("nowhere")
    pod = cluster.pod("debian")
    path = backup(trees.small())
    asked = len(cluster.embedded.requests) if cluster.embedded else 0
    result = restore(pod, path, "--force", f"--save-replaced={tmp_path / place}")
    assert result.code == 2, result
    assert (tmp_path / "there").read_text() == "mine"
    assert names_in(tmp_path) == {"there", "dangling", "backup.tar"}
    assert ("backup itself" in result.err) == (place == "backup.tar")
    if cluster.embedded is not None:
        assert len(cluster.embedded.requests) == asked


@pytest.mark.skipif(os.getuid() == 0 and sys.platform != "linux", reason="needs /proc")
def test_a_directory_that_takes_no_files_is_exit_2(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("debian")
    result = restore(pod, backup(trees.small()), "--save-replaced=/proc/saved.tar")
    assert result.code == 2, result
    assert "cannot be written" in result.err


def test_a_backup_from_a_pipe_is_exit_2(cluster: Cluster, tmp_path: Path) -> None:
    result = restore(cluster.pod("debian"), Path("-"), f"--save-replaced={tmp_path / 'saved.tar'}")
    assert result.code == 2, result
    assert "standard input" in result.err


def test_what_cannot_be_saved_is_not_replaced(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    directory = pod.host_directory()
    if directory is None:
        pytest.skip("the volume is on another machine")
    os.mknod(directory / "socket", stat.S_IFSOCK | 0o600)
    archive = trees.Archive(owner=pod.owner)
    archive.add("socket", b"a file")
    path = backup(archive.finish())
    for flag in ("--dry-run", "--yes", "--delete"):
        saved = f"--save-replaced={tmp_path / 'saved.tar'}"
        result = restore(pod, path, "--force", saved, flag)
        assert result.code == 6, result
        assert "socket: a socket" in result.err
        assert ("--exclude NAME without --delete" in result.err) == (flag == "--delete")
    assert stat.S_ISSOCK((directory / "socket").stat().st_mode)
    assert names_in(tmp_path) == {"backup.tar"}


@pytest.mark.parametrize(
    "what",
    [
        'open("app/config.yaml", "a").write("more")',
        'open("app/config.yaml", "r+").write("MINE")',
        'os.utime("app/config.yaml", (5, 5))',
        'os.unlink("app/current"); os.symlink("other", "app/current")',
        'os.unlink("app/config.yaml")',
    ],
    ids=["grown", "written", "touched", "another link", "gone"],
)
def test_what_changes_meanwhile_is_not_saved_and_not_replaced(
    cluster: Cluster, backup: Writer, tmp_path: Path, what: str
) -> None:
    pod = cluster.pod("debian")
    archive = trees.Archive()
    archive.directory("app")
    archive.add("app/config.yaml", b"mine\n", mtime=OLDER)
    archive.symlink("app/current", "mine")
    assert restore(pod, backup(archive.finish(), "old.tar")).code == 0
    kubectl = changing_kubectl(tmp_path, pod, what)
    listed = names_in(tmp_path)
    saved = tmp_path / "saved.tar"
    result = restore(
        pod, backup(trees.small()), "--force", f"--save-replaced={saved}", kubectl=kubectl
    )
    assert result.code == 9, result
    assert "changed while it was saved; nothing was changed" in result.err
    assert names_in(tmp_path) == listed | {"backup.tar"}
    content = pod.run("sh", "-c", f"cat {pod.path}/app/config.yaml; true")
    assert b"hello" not in content


def test_what_changes_after_its_turn_is_not_replaced(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    archive = trees.Archive()
    archive.directory("app")
    archive.add("app/config.yaml", b"mine\n", mtime=OLDER)
    assert restore(pod, backup(archive.finish(), "old.tar")).code == 0
    saved = tmp_path / "saved.tar"
    kubectl = changing_kubectl(
        # Behind the checksums this path is asked about, and once more when all are saved.
        tmp_path, pod, 'open("app/config.yaml", "a").write("more")', when="hash survey survey"
    )  # fmt: skip
    result = restore(
        pod, backup(trees.small()), "--force", f"--save-replaced={saved}", kubectl=kubectl
    )
    assert result.code == 9, result
    assert "changed while it was saved; nothing was changed" in result.err
    assert pod.run("cat", f"{pod.path}/app/config.yaml") == b"mine\nmore"
    assert not saved.exists()


@pytest.mark.parametrize("when", ["hash survey survey", "extract"])
@pytest.mark.leaves("record")
def test_what_has_the_same_size_and_time_is_not_taken_for_the_same(
    cluster: Cluster, backup: Writer, tmp_path: Path, when: str
) -> None:
    pod = cluster.pod("debian")
    archive = trees.Archive()
    archive.directory("app")
    archive.add("app/counter", b"0001", mtime=OLDER)
    assert restore(pod, backup(archive.finish(), "old.tar")).code == 0
    saved = tmp_path / "saved.tar"
    write = f'open("app/counter", "r+").write("0002"); os.utime("app/counter", ({OLDER}, {OLDER}))'
    kubectl = changing_kubectl(tmp_path, pod, write, when=when)
    flags = ("--force", "--delete", f"--save-replaced={saved}")
    result = restore(pod, backup(trees.small()), *flags, kubectl=kubectl)
    assert result.code == 9, result
    assert pod.run("cat", f"{pod.path}/app/counter") == b"0002"


@pytest.mark.leaves("record")
def test_what_is_written_to_while_the_backup_is_sent_is_not_deleted(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    archive = trees.Archive()
    archive.directory("app")
    for name in ("journal", "other"):
        archive.add(f"app/{name}", b"mine\n", mtime=OLDER)
    assert restore(pod, backup(archive.finish(), "old.tar")).code == 0
    saved = tmp_path / "saved.tar"
    kubectl = changing_kubectl(
        tmp_path, pod, 'open("app/journal", "a").write("more")', when="extract"
    )
    flags = ("--force", "--delete", f"--save-replaced={saved}")
    result = restore(pod, backup(trees.small()), *flags, kubectl=kubectl)
    assert result.code == 9, result
    assert "app/journal: changed after it was saved, so it stays" in result.err
    assert "app/other" not in result.err
    assert pod.run("cat", f"{pod.path}/app/journal") == b"mine\nmore"
    assert b"other" not in pod.run("ls", f"{pod.path}/app")
    with tarfile.open(saved) as tar:
        content = tar.extractfile("app/journal")
        assert content is not None
        assert content.read() == b"mine\n"


def test_a_dry_run_says_how_much_would_be_saved_and_saves_nothing(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    pod = cluster.pod("busybox")
    assert restore(pod, backup(before(pod.owner), "old.tar")).code == 0
    stood, listed = pod.tree(), names_in(tmp_path)
    file, saved = backup(after(pod.owner)), tmp_path / "saved.tar"
    planned = restore(pod, file, "--force", f"--save-replaced={saved}", "--dry-run")
    assert planned.code == 0, planned
    assert names_in(tmp_path) == listed | {"backup.tar"}
    assert pod.tree() == stood
    done = restore(pod, file, "--force", f"--save-replaced={saved}")
    assert done.code == 0, done
    (count,) = re.findall(r"Note: (\d+) paths saved in", done.out)
    assert f"Note: {count} paths would be saved in {saved}" in planned.out


def test_a_file_that_may_not_be_read_is_named_and_nothing_is_changed(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    pod = cluster.pod("nonroot-gnu")
    archive = trees.Archive(owner=pod.owner)
    archive.add("closed", b"mine", mode=0)
    archive.add("open", b"mine")
    assert restore(pod, backup(archive.finish(), "old.tar")).code == 0
    archive = trees.Archive(owner=pod.owner)
    archive.add("closed", b"yours")
    archive.add("open", b"yours")
    saved = tmp_path / "saved.tar"
    file = backup(archive.finish())
    for flag in ("--dry-run", "--yes"):
        result = restore(pod, file, "--force", f"--save-replaced={saved}", flag)
        assert result.code == 7, result
        assert "Error: 1 file cannot be read" in result.err
        assert "closed" in result.err.split("Reason: ")[1].splitlines()[0]
    assert pod.run("cat", f"{pod.path}/open") == b"mine"
    assert not saved.exists()


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.leaves("record")
def test_a_restore_that_breaks_after_saving_says_how_to_go_on_without(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    assert cluster.embedded
    pod = cluster.pod("debian")
    old = trees.of_size(3_000_000)
    assert restore(pod, backup(old, "old.tar")).code == 0
    cluster.embedded.pod("debian").faults.drop_after = 2_000_000
    saved = tmp_path / "saved.tar"
    new = backup(trees.of_size(30_000_000, seed=9))
    result = restore(pod, new, "--force", f"--save-replaced={saved}", "--retries=0")
    assert result.code == 8, result
    assert "to undo the restore: kubectl restore pod/debian" in result.err
    assert "--save-replaced" not in result.err.split("Fix: ")[1]
    assert trees.tree_of(saved.read_bytes()).keys() == {b"blob0"}
    with tarfile.open(fileobj=io.BytesIO(saved.read_bytes())) as tar:
        content = tar.extractfile("blob0")
        assert content is not None
        assert content.read() == trees.of_size(3_000_000)[512 : 512 + 3_000_000]
