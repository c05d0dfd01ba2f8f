"""Volumes that refuse what a tar sets, or only pretend to take it (docs/volumes.md)."""

from __future__ import annotations

import random
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from tests.contract.program import restore, restore_piped, run, verify
from tests.contract.trees import Archive, tree_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod
    from tests.contract.trees import Seen

TARS: Final = ("debian", "busybox", "bsdtar", "toybox")
BEFORE, BEHIND = 20, 40


def everything(pod: Pod, *, symlink: bool = True, size: int = 0) -> bytes:
    """Return an archive of somebody else's, with programs that run as them, and links.

    Args:
        pod: where it goes.
        symlink: it has one.
        size: bytes of each file besides, at least.
    """
    more = random.Random(size).randbytes(size)  # noqa: S311 - content, no secret
    uid, gid = pod.owner
    archive = Archive(owner=(uid, gid) if pod.cluster.can_chown else (0, 0))
    archive.directory("d", mode=0o750)
    for number in range(BEFORE):
        archive.add(f"d/before{number:02}", b"before %d\n" % number + more, mode=0o640)
    archive.add("d/program", b"#!/bin/sh\n", mode=0o4755)
    archive.add("d/of-group", b"#!/bin/sh\n", mode=0o2755)
    if symlink:
        archive.symlink("d/link", "before00")
    archive.hardlink("d/other-name", "d/before01")
    for number in range(BEHIND):
        archive.add(f"d/behind{number:02}", b"behind %d\n" % number + more, mode=0o600)
    return archive.finish()


def contents(tree: dict[bytes, Seen]) -> dict[bytes, str]:
    """Return what files have, and where links lead; hard links are files."""
    return {path: one.content for path, one in tree.items() if one.kind != "directory"}


def expected(pod: Pod, *, symlink: bool = True) -> int:
    """Return how many files and links the archive has."""
    del pod
    return BEFORE + BEHIND + 3 + symlink


@pytest.mark.parametrize("tar", TARS)
@pytest.mark.parametrize("what", ["keeps-nothing", "pretends"])
def test_attributes_that_cannot_be_had_keep_nothing_from_being_finished(
    cluster: Cluster, backup: Callable[[bytes], Path], tar: str, what: str
) -> None:
    pod = cluster.pod(f"{tar}-{what}")
    path = backup(everything(pod))

    first = restore(pod, path)

    assert first.code == 0, first
    assert "without the backup's modification time" in first.out
    there = pod.tree()
    assert len(contents(there)) == expected(pod)
    uid = pod.owner[0]
    for name in (b"d/program", b"d/of-group"):
        seen = there[name]
        assert seen.owner is not None
        assert seen.mode is not None
        assert seen.owner[0] == uid or not seen.mode & 0o6000, f"{name!r} runs as another"
    second = restore(pod, path)
    assert (second.code, "Nothing to restore" in second.out) == (0, True), second
    assert verify(pod, path).code == 0
    assert restore(pod, path, "--strict").code == 10


@pytest.mark.parametrize("tar", TARS)
@pytest.mark.leaves("record")
def test_a_link_that_is_refused_takes_nothing_along(
    cluster: Cluster, backup: Callable[[bytes], Path], tar: str
) -> None:
    pod = cluster.pod(f"{tar}-no-links")
    path = backup(everything(pod))

    first = restore(pod, path)

    assert first.code == 7, first
    assert "1 path could not be made there; everything else is restored" in first.err
    assert "d/link" in first.err
    # What the rest lacks is said now or never: the next run tries what was not made.
    assert "restored as a file of its own: the volume has no hard links" in first.err
    # The stream did not break: what of it the pod has taken says nothing.
    assert "Arrived" not in first.err
    there = contents(pod.tree())
    assert len(there) == expected(pod, symlink=False)
    assert there[b"d/other-name"] == there[b"d/before01"]
    again = restore(pod, path)
    assert again.code == 7, again
    assert "1 path could not be made" in again.err
    fix = next(line for line in again.err.splitlines() if "to do without them: " in line)
    words = shlex.split(fix.partition("kubectl restore ")[2])
    without = run(*words)
    assert (without.code, "Nothing to restore" in without.out) == (0, True), without


@pytest.mark.parametrize("tar", TARS)
@pytest.mark.leaves("record")
def test_what_stands_behind_a_refused_link_comes_through_a_pipe_too(
    cluster: Cluster, tar: str
) -> None:
    pod = cluster.pod(f"{tar}-no-links")

    result = restore_piped(pod, everything(pod))

    assert result.code == 7, result
    assert "d/link" in result.err
    assert len(contents(pod.tree())) == expected(pod, symlink=False)


@pytest.mark.parametrize("tar", TARS)
@pytest.mark.leaves("record")
def test_a_refused_link_of_two_lines_takes_no_directory_behind_it_along(
    cluster: Cluster, backup: Callable[[bytes], Path], tar: str
) -> None:
    pod = cluster.pod(f"{tar}-no-links")
    archive = Archive(owner=pod.owner)
    archive.symlink("of\ntwo lines", "before")
    archive.add("unnamed/behind/file", b"behind\n")

    result = restore(pod, backup(archive.finish()))

    assert result.code == 7, result
    assert "1 path could not be made there; everything else is restored" in result.err
    behind = pod.tree()
    assert set(behind) == {b"unnamed", b"unnamed/behind", b"unnamed/behind/file"}
    assert {one.owner for one in behind.values()} == {pod.owner}


def test_without_times_the_second_run_through_a_pipe_has_nothing_to_do(cluster: Cluster) -> None:
    pod = cluster.pod("debian-pretends")
    archive = everything(pod)
    assert restore_piped(pod, archive).code == 0

    again = restore_piped(pod, archive)

    assert (again.code, "Nothing to restore" in again.out) == (0, True), again
    assert "contents are compared" in again.err


def test_where_times_are_lost_other_content_of_the_same_size_is_in_the_way(
    cluster: Cluster, backup: Callable[[bytes], Path]
) -> None:
    pod = cluster.pod("busybox-pretends")
    path = backup(everything(pod))
    assert restore(pod, path).code == 0
    pod.run("sh", "-c", f"printf 'behind X\\n' >{pod.path}/d/behind07")

    again = restore(pod, path)

    assert again.code == 6, again
    assert "d/behind07" in again.err
    assert "d/behind08" not in again.err


def test_a_test_that_says_no_is_tried(cluster: Cluster, backup: Callable[[bytes], Path]) -> None:
    pod = cluster.pod("debian-no-access")
    path = backup(everything(pod))

    result = restore(pod, path)

    assert result.code == 0, result
    assert len(contents(pod.tree())) == expected(pod)
    assert pod.noted() == []


def test_what_a_volume_keeps_is_said_with_v(
    cluster: Cluster, backup: Callable[[bytes], Path]
) -> None:
    pod = cluster.pod("busybox-no-links")

    result = restore(pod, backup(everything(pod, symlink=False)), "-v")

    assert result.code == 0, result
    assert "keeps no symbolic links, no hard links" in result.err


@pytest.mark.parametrize("tar", TARS)
def test_nothing_of_ours_stays_on_the_volume(
    cluster: Cluster, backup: Callable[[bytes], Path], tar: str
) -> None:
    pod = cluster.pod(f"{tar}-no-links")

    restore(pod, backup(everything(pod)))

    assert [path for path in pod.tree() if b"kubectl-restore" in path] == []


def test_to_look_whether_names_are_one_changes_no_time(
    cluster: Cluster, backup: Callable[..., Path]
) -> None:
    pod = cluster.pod("busybox")
    archive = Archive(owner=pod.owner)
    archive.directory("app")
    archive.add("app/a", b"1")
    archive.add("app/A", b"2")
    file = backup(archive.finish())
    assert restore(pod, file).code == 0
    before = pod.tree()
    assert restore(pod, file, "--dry-run").code == 0
    second = restore(pod, file)
    assert "Nothing to restore" in second.out, second
    assert pod.tree() == before


@pytest.fixture
def immutable(cluster: Cluster) -> Iterator[Callable[[Pod, str], None]]:
    """Make a file of a pod's volume immutable, until the test ends."""
    del cluster
    made: list[Path] = []

    def make(pod: Pod, path: str) -> None:
        volume = pod.host_directory()
        if volume is None or shutil.which("chattr") is None:
            pytest.skip("nothing here can make a file immutable")
        words = ["chattr", "+i", str(volume / path)]
        if subprocess.run(words, capture_output=True, check=False).returncode != 0:
            pytest.skip("this file system has no immutable files")
        made.append(volume / path)

    yield make
    for path in made:
        let_go(path)


def let_go(path: Path) -> None:
    """Let a file be changed again."""
    subprocess.run(["chattr", "-i", str(path)], check=True)


def with_held(*, large: int = 0) -> bytes:
    """Return an archive with a file `d/held`, and others before and behind it."""
    archive = Archive()
    archive.directory("d")
    archive.add("d/before", b"before\n")
    archive.add("d/held", b"new\n")
    archive.add("d/behind", b"behind\n")
    if large:
        archive.add("d/large", random.Random(1).randbytes(large))  # noqa: S311 - content
        archive.add("d/last", b"last\n")
    return archive.finish()


@pytest.mark.parametrize("tar", TARS)
@pytest.mark.leaves("record")
def test_an_immutable_file_of_the_same_size_takes_nothing_along(
    cluster: Cluster,
    backup: Callable[[bytes], Path],
    immutable: Callable[[Pod, str], None],
    tar: str,
) -> None:
    pod = cluster.pod(tar)
    path = backup(with_held())
    pod.run("sh", "-c", f"mkdir {pod.path}/d && echo old >{pod.path}/d/held")
    immutable(pod, "d/held")

    for _ in range(2):
        result = restore(pod, path, "--force")

        assert result.code == 7, result
        assert "1 path could not be made there; everything else is restored" in result.err
        assert "d/held: " in result.err
        assert pod.run("cat", f"{pod.path}/d/before", f"{pod.path}/d/behind") == b"before\nbehind\n"


@pytest.mark.parametrize("tar", TARS)
@pytest.mark.parametrize("way", ["file", "pipe"])
def test_what_could_not_be_made_is_finished_by_the_same_command(
    cluster: Cluster,
    backup: Callable[[bytes], Path],
    immutable: Callable[[Pod, str], None],
    tar: str,
    way: str,
) -> None:
    pod = cluster.pod(tar)
    archive, whole = with_held(), backup(with_held())
    pod.run("sh", "-c", f"mkdir {pod.path}/d && echo old >{pod.path}/d/held")
    immutable(pod, "d/held")
    first = (
        restore(pod, whole, "--force") if way == "file" else restore_piped(pod, archive, "--force")
    )
    assert first.code == 7, first
    directory = pod.host_directory()
    assert directory is not None
    let_go(directory / "d/held")
    # Something empty, as tars leave it; and whoever has put that right may have gone in there.
    pod.run("sh", "-c", f": >{pod.path}/d/held && chmod 0700 {pod.path}/d")

    again = restore(pod, whole) if way == "file" else restore_piped(pod, archive)

    assert again.code == 0, again
    assert pod.tree() == tree_of(archive)
    assert not pod.noted()


@pytest.mark.parametrize("tar", ["debian", "busybox"])
def test_what_has_gone_by_in_a_pipe_is_never_read_again(
    cluster: Cluster, immutable: Callable[[Pod, str], None], tar: str
) -> None:
    pod = cluster.pod(tar)
    archive = with_held(large=20 << 20)
    pod.run("sh", "-c", f"mkdir {pod.path}/d && echo old >{pod.path}/d/held")
    immutable(pod, "d/held")

    result = restore_piped(pod, archive, "--force")

    assert result.code == 7, result
    assert "d/held" in result.err
    without = restore_piped(pod, archive, "--force", "--exclude=d/held")
    assert without.code == 0, without
    seen, wanted = pod.tree(), tree_of(archive)
    for name in (b"before", b"behind", b"large", b"last"):
        assert seen[b"d/" + name].content == wanted[b"d/" + name].content
