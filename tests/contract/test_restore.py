"""What a restore does when nothing goes wrong, and what it refuses to do."""

from __future__ import annotations

import gzip
import hashlib
import os
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.contract import trees
from tests.contract.program import restore, verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster

    Writer = Callable[..., Path]

PODS = ["busybox", "debian", "nonroot-busybox", "nonroot-gnu"]
TARS = ["busybox", "debian", "bsdtar", "toybox"]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("kind", PODS)
def test_two_thousand_entries_arrive_as_they_are(
    cluster: Cluster, backup: Writer, kind: str, *, packed: bool
) -> None:
    pod = cluster.pod(kind)
    archive = trees.two_thousand(owner=pod.owner)
    # The name tells nothing: gzip is known by its bytes.
    result = restore(pod, backup(gzip.compress(archive, 1) if packed else archive, "backup.bin"))
    assert result.code == 0, result
    assert result.out.startswith("Restored 1,493 files, 122 directories and 384 links"), result
    assert result.out.count("Note:") == result.out.count("itself kept its mode"), result
    expected = trees.tree_of(archive)
    assert trees.differences(expected, pod.tree(), owners=pod.is_root) == []
    assert pod.marked() == []


@pytest.mark.parametrize("kind", [*PODS, "bsdtar", "toybox"])
def test_what_exists_is_not_changed_without_force(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    pod.run("sh", "-c", f"mkdir {pod.path}/app && echo mine >{pod.path}/app/config.yaml")
    before = pod.tree()
    file = backup(trees.small())
    result = restore(pod, file)
    assert result.code == 6, result
    assert "app/config.yaml: a file stands there" in result.err
    assert "nothing was changed" in result.err
    assert "--force" in result.err.split("Fix:")[1]
    assert pod.tree() == before


@pytest.mark.parametrize("kind", [*PODS, "bsdtar", "toybox"])
def test_force_replaces_what_exists(cluster: Cluster, backup: Writer, kind: str) -> None:
    pod = cluster.pod(kind)
    pod.run("sh", "-c", f"mkdir {pod.path}/app && echo mine >{pod.path}/app/config.yaml")
    archive = trees.small()
    result = restore(pod, backup(archive), "--force")
    assert result.code == 0, result
    assert "replaced" in result.out
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []


def test_an_existing_directory_keeps_its_mode_without_force(
    cluster: Cluster, backup: Writer
) -> None:
    pod = cluster.pod("debian")
    pod.run("sh", "-c", f"mkdir {pod.path}/app && chmod 711 {pod.path}/app")
    result = restore(pod, backup(trees.small()))
    assert result.code == 0, result
    assert "1 directory stood there already" in result.out
    assert pod.tree()[b"app"].mode == 0o711


@pytest.mark.parametrize("kind", TARS)
@pytest.mark.parametrize(
    ("obstacle", "where"),
    [("ln -s /tmp app", "app: a symlink stands where a directory has to be"),
     ("mkdir -p app/config.yaml", "app/config.yaml: a directory stands there"),
     ("touch app", "app: a file stands where a directory has to be")],
    ids=["symlink", "directory", "file"],
)  # fmt: skip
def test_another_kind_of_thing_is_in_the_way_even_with_force(
    cluster: Cluster, backup: Writer, kind: str, obstacle: str, where: str
) -> None:
    pod = cluster.pod(kind)
    pod.run("sh", "-c", f"cd {pod.path} && {obstacle}")
    before = pod.tree()
    result = restore(pod, backup(trees.small()), "--force")
    assert result.code == 6, result
    assert where in result.err
    assert pod.tree() == before


@pytest.mark.parametrize("kind", ["debian", "notar"])
def test_a_missing_target_is_named_with_the_command_that_makes_it(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    target = f"--target-path={pod.path}/new place"
    result = restore(pod, backup(trees.small()), target)
    assert result.code == 4, result
    fix = result.err.split("Fix: ")[1].strip()
    assert fix.startswith("kubectl ")
    subprocess.run([cluster.kubectl[0], *shlex.split(fix)[1:]], check=True)
    assert restore(pod, backup(trees.small()), target).code == 0


def test_a_target_that_is_no_directory_or_below_none_is_refused(
    cluster: Cluster, backup: Writer
) -> None:
    pod = cluster.pod("debian")
    pod.run("touch", f"{pod.path}/file")
    result = restore(pod, backup(trees.small()), f"--target-path={pod.path}/file")
    assert result.code == 4, result
    # What would make it would fail.
    below = restore(pod, backup(trees.small()), f"--target-path={pod.path}/file/new/place")
    assert below.code == 4, below
    assert f"Reason: nothing can be made there: {pod.path}/file is no directory" in below.err
    fix = below.err.split(": kubectl ")[1].strip()
    seen = subprocess.run(
        [cluster.kubectl[0], *shlex.split(fix)], check=True, stdout=subprocess.PIPE
    )
    assert seen.stdout.startswith(b"-rw")


def test_a_container_without_a_shell_is_exit_7(cluster: Cluster, backup: Writer) -> None:
    result = restore(cluster.pod("static"), backup(trees.small()))
    assert result.code == 7, result
    assert "no shell" in result.err


def test_a_completed_pod_is_exit_4(cluster: Cluster, backup: Writer) -> None:
    result = restore(cluster.pod("completed"), backup(trees.small()))
    assert result.code == 4, result
    assert "Succeeded" in result.err


def test_the_default_container_is_named_and_another_can_be(
    cluster: Cluster, backup: Writer
) -> None:
    pod = cluster.pod("two")
    result = restore(pod, backup(trees.small()))
    assert result.code == 0, result
    assert "container app (kubectl's default; there is also side)" in result.err
    if cluster.embedded is None or cluster.embedded.isolation == "namespaces":
        assert restore(pod, backup(trees.small()), "--force", "-c", "side").code == 0
    assert restore(pod, backup(trees.small()), "-c", "nope").code == 4


def test_an_unknown_pod_is_exit_4_with_kubectls_words(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("debian")
    result = restore(type(pod)(cluster, "nobody"), backup(trees.small()))
    assert result.code == 4, result
    assert 'pods "nobody" not found' in result.err


def test_a_target_that_takes_nothing_is_known_before(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("nonroot-gnu")
    result = restore(pod, backup(trees.small()), "--target-path=/usr")
    assert result.code == 7, result
    assert "nothing was changed" in result.err


def test_a_member_below_a_writable_directory_of_a_read_only_root_is_restored(
    cluster: Cluster, backup: Writer
) -> None:
    pod = cluster.pod("nonroot-gnu")
    archive = trees.Archive(owner=(1000, 1000))
    archive.add("data/inside", b"x")
    result = restore(pod, backup(archive.finish()), "--target-path=/")
    assert result.code == 0, result
    assert pod.tree()[b"inside"].kind == "file"


@pytest.mark.parametrize("kind", [*PODS, "bsdtar", "toybox"])
def test_a_name_that_imitates_a_record_fools_nobody(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    archive = trees.Archive(owner=pod.owner)
    for name in (
        b"x\n0123456789abcdef01234567 exit 0 0123456789abcdef01234567\n",
        b"ack 99999999\nack 1",
        b"\x1b]0;title\x07\x1b[2J",
    ):
        archive.add(name, b"content")
    result = restore(pod, backup(archive.finish()), "-vv")
    assert result.code == 0, result
    assert "\x1b" not in result.err + result.out
    assert len(pod.tree()) == 3


@pytest.mark.parametrize("kind", PODS)
def test_directories_that_the_archive_lacks_are_made_for_others_to_enter_not_to_write(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    archive = trees.Archive(owner=pod.owner)
    archive.add("deep/er/file", b"x")
    assert restore(pod, backup(archive.finish())).code == 0
    mode = pod.tree()[b"deep/er"].mode
    assert mode is not None
    # A volume with an fsGroup hands down its setgid bit.
    assert mode & 0o777 == 0o755


@pytest.mark.parametrize("kind", [*PODS, "bsdtar", "nonroot-bsdtar", "toybox", "nonroot-toybox"])
def test_a_directory_that_forbids_writing_is_filled_and_then_forbids(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    archive = trees.Archive(owner=pod.owner)
    archive.directory("closed", mode=0o555)
    archive.add("closed/file", b"x")
    result = restore(pod, backup(archive.finish()))
    assert result.code == 0, result
    tree = pod.tree()
    assert tree[b"closed"].mode == 0o555
    assert tree[b"closed"].mtime == trees.MTIME


@pytest.mark.parametrize("kind", TARS)
def test_an_empty_archive_and_a_lone_root_entry_are_nothing_to_restore(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    archive = trees.Archive()
    archive.directory("./")
    for content in (archive.finish(), trees.Archive().finish()):
        result = restore(pod, backup(content))
        assert result.code == 0, result
        assert "Nothing to restore" in result.out


@pytest.mark.parametrize("kind", PODS)
def test_holes_stay_holes_or_it_is_said(cluster: Cluster, tmp_path: Path, kind: str) -> None:
    pod = cluster.pod(kind)
    with (tmp_path / "holes").open("wb") as file:
        file.seek(10_000_000)
        file.write(b"end")
    path = tmp_path / "sparse.tar"
    sparse = ["tar", "-S", "--format=pax", "-cf", str(path), "-C", str(tmp_path), "holes"]
    subprocess.run(sparse, check=True)
    result = restore(pod, path, "--owner={}:{}".format(*pod.owner))
    assert result.code == 0, result
    expected = hashlib.sha256((tmp_path / "holes").read_bytes()).hexdigest()
    assert pod.tree()[b"holes"].content == expected
    blocks = int(pod.run("stat", "-c", "%b", f"{pod.path}/holes"))
    if "busybox" in kind:
        assert "1 file with the holes filled with zeros (busybox tar)" in result.out
    else:
        assert "holes" not in result.out
        assert blocks * 512 < 1_000_000


@pytest.mark.parametrize("kind", TARS)
def test_a_hard_link_of_an_absolute_backup_stays_inside_the_target(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    archive = trees.Archive(owner=pod.owner)
    archive.add("/etc/hostname", b"from the backup")
    archive.hardlink("/etc/again", "/etc/hostname")
    result = restore(pod, backup(archive.finish()))
    assert result.code == 0, result
    tree = pod.tree()
    assert tree[b"etc/again"].content == tree[b"etc/hostname"].content
    assert tree[b"etc/again"].linked == {b"etc/hostname"}


def test_quiet_says_nothing(cluster: Cluster, backup: Writer) -> None:
    result = restore(cluster.pod("debian"), backup(trees.small()), "-q")
    assert (result.code, result.out, result.err) == (0, "", "")


def test_the_first_line_names_everything(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("debian")
    file = backup(trees.small())
    first = restore(pod, file, "-c", "app").err.splitlines()[0]
    for part in (pod.name, "container app", pod.path, str(file), "KiB", cluster.namespace):
        assert part in first


def test_kubectl_restore_is_found_by_kubectl(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("debian")
    from tests.contract.clusters import ROOT  # noqa: PLC0415

    path = f"{ROOT}:{os.environ['PATH']}"
    done = subprocess.run(
        [cluster.kubectl[0], "restore", pod.name, backup(trees.small()), "-t", pod.path,
         f"--kubeconfig={cluster.kubeconfig}", "-n", cluster.namespace],
        env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Restored 1 file")


@pytest.mark.parametrize("kind", ["busybox", "debian"])
@pytest.mark.parametrize("mtime", [-3_000_000_000, 20_000_000_000])
def test_a_time_that_the_volume_does_not_keep_is_said_to_be_that(
    cluster: Cluster, backup: Writer, kind: str, mtime: int
) -> None:
    pod = cluster.pod(kind)
    archive = trees.Archive(owner=pod.owner)
    archive.add("f", b"content", mtime=mtime)
    result = restore(pod, backup(archive.finish()))
    assert result.code == 0, result
    said = "Note: 1 path with a modification time that the volume does not keep"
    assert (said in result.out) == (pod.tree()[b"f"].mtime != mtime)
    # What the volume does to a time, nobody in the pod has done.
    assert "has written to" not in result.out
    assert "without the backup's modification time" not in result.out
    again = restore(pod, backup(archive.finish()))
    assert again.code == 0, again
    assert "already" in again.out
    assert verify(pod, backup(archive.finish())).code == 0
