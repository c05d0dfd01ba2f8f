"""What a user chooses of a backup, and where it goes, in every pod."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.contract import trees
from tests.contract.program import restore, restore_piped, verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster
    from tests.contract.program import Result

    Writer = Callable[..., Path]

TARS = ["busybox", "debian", "bsdtar", "toybox"]


def backup_of(owner: tuple[int, int]) -> bytes:
    """Return a tree with logs, a cache and a hard link into it."""
    archive = trees.Archive(owner=owner)
    archive.directory("./")
    archive.directory("./app")
    archive.add("./app/config.yaml", b"config")
    archive.directory("./app/cache")
    archive.add("./app/cache/blob", b"blob" * 500)
    archive.hardlink("./app/kept", "./app/cache/blob")
    archive.hardlink("./app/too", "./app/cache/blob")
    archive.add("./app/debug.log", b"log")
    archive.symlink("./app/current", "config.yaml")
    return archive.finish()


@pytest.mark.parametrize("kind", TARS)
def test_what_is_excluded_stays_out_and_its_hard_link_is_the_file(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    file = backup(backup_of(pod.owner))
    result = restore(pod, file, "--exclude=cache", "-s", "*.log,nothing")
    assert "Warning: --exclude nothing matches nothing in the backup" in result.err
    assert result.code == 0, result
    assert "Note: 3 members left out (--exclude)" in result.out
    tree = pod.tree()
    assert sorted(tree) == [b"app", b"app/config.yaml", b"app/current", b"app/kept", b"app/too"]
    expected = trees.tree_of(backup_of(pod.owner))[b"app/cache/blob"]
    assert tree[b"app/kept"].content == expected.content
    assert tree[b"app/kept"].mode == expected.mode
    assert tree[b"app/kept"].linked == {b"app/too"}


def test_what_is_included_is_all_that_comes(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("debian")
    file = backup(backup_of(pod.owner))
    result = restore(pod, file, "--include", "./app/c*", "--exclude=*/blob")
    assert result.code == 0, result
    assert "left out (--include, --exclude)" in result.out
    assert sorted(pod.tree()) == [b"app", b"app/cache", b"app/config.yaml", b"app/current"]


def test_an_inclusion_of_nothing_changes_nothing(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("debian")
    result = restore(pod, backup(backup_of(pod.owner)), "--include=app", "--force")
    assert result.code == 2, result
    assert "--include app: the backup has nothing that matches; nothing was changed" in result.err
    assert "did you mean: --include ./app" in result.err
    assert pod.tree() == {}


def test_when_everything_is_left_out_there_is_nothing_to_restore(
    cluster: Cluster, backup: Writer
) -> None:
    pod = cluster.pod("debian")
    result = restore(pod, backup(backup_of(pod.owner)), "--exclude=*")
    assert result.code == 0, result
    assert result.out.startswith("Nothing to restore")
    assert "left out (--exclude)" in result.out


@pytest.mark.parametrize("kind", TARS)
def test_components_are_stripped_and_prefixes_moved(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    file = backup(backup_of(pod.owner))
    moved = "--transform-prefix=cache=blobs/old"
    result = restore(pod, file, "--strip-components=2", moved)
    assert result.code == 0, result
    assert (
        "2 members left out: the name has no more components than --strip-components 2 takes away"
        in result.out
    )
    tree = pod.tree()
    assert sorted(tree) == [
        b"blobs", b"blobs/old", b"blobs/old/blob", b"config.yaml", b"current", b"debug.log",
        b"kept", b"too",
    ]  # fmt: skip
    assert tree[b"kept"].linked == {b"blobs/old/blob", b"too"}
    assert tree[b"current"].content == "config.yaml"


@pytest.mark.parametrize("command", [restore, verify], ids=["restore", "verify"])
def test_where_stripping_leaves_nothing_that_is_no_success(
    cluster: Cluster, backup: Writer, command: Callable[..., Result]
) -> None:
    pod = cluster.pod("debian")
    path = backup(backup_of(pod.owner))
    result = command(pod, path, "--strip-components=9")
    assert result.code == 2, result
    assert "--strip-components 9 leaves nothing of the backup; nothing was changed" in result.err
    assert f"Fix: kubectl restore inspect {path} --tree" in result.err


@pytest.mark.parametrize("size", [10, 300_000], ids=["one part", "several parts"])
def test_nor_is_it_where_the_backup_comes_through_a_pipe(cluster: Cluster, size: int) -> None:
    pod = cluster.pod("debian")
    stream = trees.of_size(size * 40, files=40)
    result = restore_piped(pod, stream, "--strip-components=9")
    assert result.code == 2, result
    assert "--strip-components 9 leaves nothing of the backup; nothing was changed" in result.err
    assert "40 members, and no name has more than 9 components" in result.err
    assert pod.tree() == {}
    # What somebody has left out by its name is left out.
    assert restore_piped(pod, stream, "--exclude=*").code == 0


def test_a_mapping_that_leads_behind_a_link_is_refused(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("debian")
    archive = trees.Archive(owner=pod.owner)
    archive.symlink("link", "/etc")
    archive.add("d/file", b"x")
    result = restore(pod, backup(archive.finish()), "--transform-prefix=d=link")
    assert result.code == 3, result
    assert "link/file: it stands behind a symbolic link of the backup's own" in result.err
    assert pod.tree() == {}


def unsafe(owner: tuple[int, int]) -> bytes:
    archive = trees.Archive(owner=owner)
    archive.add("fine", b"fine")
    archive.add("../outside", b"x")
    archive.symlink("link", "/etc")
    archive.add("link/passwd", b"x")
    archive.add("pipe", kind=tarfile.FIFOTYPE)
    archive.add("es\x1bcape/../../x", b"x")
    return archive.finish()


@pytest.mark.parametrize("kind", TARS)
def test_what_is_refused_is_left_out_alone(cluster: Cluster, backup: Writer, kind: str) -> None:
    pod = cluster.pod(kind)
    file = backup(unsafe(pod.owner))
    refused = restore(pod, file)
    assert refused.code == 3, refused
    assert "4 members refused; nothing was changed" in refused.err
    for flag in ("--skip-unsafe", "--devices"):
        assert flag in refused.err.split("Fix:")[1]
    assert pod.tree() == {}
    deleting = restore(pod, file, "--delete")
    # Of two flags that contradict each other only one is named.
    skipping, devices = deleting.err.split("Fix:")[1].splitlines()[:2]
    assert skipping.endswith(" --skip-unsafe")
    assert "--delete" not in skipping
    assert "--delete" in devices
    result = restore(pod, file, "--skip-unsafe")
    assert result.code == 0, result
    assert sorted(pod.tree()) == [b"fine", b"link"]
    assert "4 members left out as not safe (--skip-unsafe)" in result.out
    for words in ("../outside: its name leads out", "link/passwd: it stands behind",
                  "pipe: it is a FIFO", "es\\x1bcape"):  # fmt: skip
        assert f"left out: {words}" in result.err
    assert "\x1b" not in result.err + result.out


@pytest.mark.parametrize("kind", [*TARS, "nonroot-gnu", "nonroot-busybox", "nonroot-bsdtar"])
def test_fifos_are_restored_when_asked_for(cluster: Cluster, backup: Writer, kind: str) -> None:
    pod = cluster.pod(kind)
    archive = trees.Archive(owner=pod.owner)
    archive.add("d/pipe", kind=tarfile.FIFOTYPE, mode=0o640)
    archive.hardlink("again", "d/pipe")
    result = restore(pod, backup(archive.finish()), "--devices")
    assert result.code == 0, result
    seen = pod.run("stat", "-c", "%f %Y", f"{pod.path}/d/pipe").decode().strip()
    # S_IFIFO and 0640.
    assert seen == f"11a0 {trees.MTIME}"
    again = restore(pod, backup(archive.finish()), "--devices")
    assert again.code == 0, again
    assert "Nothing to restore" in again.out
    pod.run("chmod", "600", f"{pod.path}/d/pipe")
    in_the_way = restore(pod, backup(archive.finish()), "--devices")
    assert in_the_way.code == 6, in_the_way
    assert "d/pipe: a FIFO stands there" in in_the_way.err
    assert restore(pod, backup(archive.finish()), "--devices", "--force").code == 0


def devices(owner: tuple[int, int]) -> bytes:
    archive = trees.Archive(owner=owner)
    archive.device("dev/null", tarfile.CHRTYPE, 1, 3)
    archive.device("dev/disk", tarfile.BLKTYPE, 254, 1000)
    archive.add("file", b"x")
    return archive.finish()


@pytest.mark.parametrize("kind", TARS)
@pytest.mark.leaves("record")
def test_device_nodes_are_restored_with_their_numbers_or_it_is_an_error(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    result = restore(pod, backup(devices(pod.owner)), "--devices")
    if result.code == 0:
        command = ("stat", "-c", "%f %t %T", f"{pod.path}/dev/null", f"{pod.path}/dev/disk")
        seen = pod.run(*command).decode().splitlines()
        # S_IFCHR and S_IFBLK with 0640; the numbers are hexadecimal.
        assert seen == ["21a0 1 3", "61a0 fe 3e8"]
        return
    # A user namespace: nobody makes devices there, and it shows only when it is tried.
    assert result.code in {7, 9}, result
    assert "dev/null: missing" in result.err
    assert "dev/disk: missing" in result.err


@pytest.mark.parametrize("kind", ["nonroot-gnu", "nonroot-busybox", "nonroot-bsdtar"])
def test_device_nodes_that_may_not_be_made_are_known_before(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    file = backup(devices(pod.owner))
    result = restore(pod, file, "--devices")
    assert result.code == 7, result
    assert "may not make device nodes; nothing was changed" in result.err
    assert "dev/disk" in result.err
    assert pod.tree() == {}
    left = restore(pod, file, "--devices", "--exclude=dev")
    assert left.code == 0, left
    assert sorted(pod.tree()) == [b"file"]


def test_the_older_spelling_leaves_out_what_it_left_out(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("debian")
    file = backup(backup_of(pod.owner))
    # GNU tar's meaning: a leading slash matches only a leading slash.
    result = restore(pod, file, "-s", "cache,/app/config.yaml", "-s=*.log", older=True)
    assert result.code == 0, result
    assert "Note: 3 members left out (--exclude)" in result.err
    assert not {b"app/cache", b"app/debug.log"} & set(pod.tree())
    assert b"app/config.yaml" in pod.tree()


@pytest.mark.parametrize("kind", TARS)
def test_a_hard_link_to_a_symlink_is_one(cluster: Cluster, backup: Writer, kind: str) -> None:
    pod = cluster.pod(kind)
    archive = trees.Archive(owner=pod.owner)
    archive.symlink("first/link", "/nowhere")
    archive.hardlink("second", "first/link")
    result = restore(pod, backup(archive.finish()), "--exclude=first")
    assert result.code == 0, result
    assert pod.tree()[b"second"].content == "/nowhere"
    pod = cluster.pod(kind)
    whole = restore(pod, backup(archive.finish()))
    assert whole.code == 0, whole
    assert pod.tree()[b"second"].linked == {b"first/link"}
