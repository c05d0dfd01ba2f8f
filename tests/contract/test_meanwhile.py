"""What programs in the pod change while a restore is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract import trees
from tests.contract.meddling import changing_kubectl
from tests.contract.program import restore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod

    Writer = Callable[..., Path]

TARS = ["busybox", "debian", "bsdtar", "toybox"]


def with_extras(cluster: Cluster, kind: str) -> Pod:
    """Return a pod that has more below the backup's directory than the backup."""
    pod = cluster.pod(kind)
    make = (
        "cd {} && mkdir -p app/gone/deep beside/deep && echo >app/extra && echo >app/gone/file"
        " && echo >app/gone/deep/er && echo mine >beside/file && echo mine >beside/deep/er"
    )
    pod.run("sh", "-c", make.format(pod.path))
    return pod


@pytest.mark.parametrize("kind", TARS)
@pytest.mark.leaves("record")
def test_nothing_is_deleted_where_a_link_has_come_to_lead(
    cluster: Cluster, backup: Writer, tmp_path: Path, kind: str
) -> None:
    pod = with_extras(cluster, kind)
    swap = 'os.rename("app/gone", "moved"); os.symlink("../beside", "app/gone")'
    kubectl = changing_kubectl(tmp_path, pod, swap, when="remove")
    result = restore(pod, backup(trees.small()), "--force", "--delete", kubectl=kubectl)
    assert result.code == 9, result
    assert "4 paths could not be deleted; the backup is restored" in result.err
    assert "app/gone: still there" in result.err
    tree = pod.tree()
    assert {b"beside/file", b"beside/deep/er", b"moved/file", b"moved/deep/er"} <= tree.keys()
    assert tree[b"app/gone"].kind == "symlink"
    # What nobody touched is deleted.
    assert b"app/extra" not in tree


@pytest.mark.parametrize("kind", TARS)
def test_what_somebody_else_deletes_first_is_no_error(
    cluster: Cluster, backup: Writer, tmp_path: Path, kind: str
) -> None:
    pod = with_extras(cluster, kind)
    gone = 'import shutil; shutil.rmtree("app/gone/deep")'
    kubectl = changing_kubectl(tmp_path, pod, gone, when="remove")
    flags = ("--force", "--delete", "--stall-timeout=15s", "--retries=0")
    result = restore(pod, backup(trees.small()), *flags, kubectl=kubectl)
    assert result.code == 0, result
    tree = pod.tree()
    assert {b"app/gone", b"app/extra"} & tree.keys() == set()
    assert b"beside/deep/er" in tree


@pytest.mark.parametrize(
    "what",
    ['os.utime("app/kept", (5, 5))', 'os.utime("app/kept")', 'os.chmod("app/kept", 0o600)'],
    ids=["older", "newer", "mode"],
)
def test_what_happens_to_a_kept_file_is_told_apart_from_a_failed_restore(
    cluster: Cluster, backup: Writer, tmp_path: Path, what: str
) -> None:
    pod = cluster.pod("debian")
    archive = trees.Archive(owner=pod.owner)
    archive.add("app/kept", b"as it was")
    archive.add("app/kept too", b"as it was")
    archive.add("app/new", b"comes")
    file = backup(archive.finish())
    assert restore(pod, file).code == 0
    pod.run("rm", f"{pod.path}/app/new")
    kubectl = changing_kubectl(tmp_path, pod, what, when="extract")
    result = restore(pod, file, "--strict", kubectl=kubectl)
    assert result.code == 10, result
    (reason,) = [line for line in result.err.splitlines() if line.startswith("Reason: ")]
    assert reason.startswith("Reason: 1 file with ")
    assert "something in the pod has" in reason
    assert reason.endswith(": app/kept")
    assert pod.run("cat", f"{pod.path}/app/new") == b"comes"


@pytest.mark.parametrize("kind", TARS)
@pytest.mark.leaves("record")
def test_no_link_is_removed_where_a_directory_has_come_to_lead(
    cluster: Cluster, backup: Writer, tmp_path: Path, kind: str
) -> None:
    """Toybox does not replace links that lead out of the target: they are removed first."""
    pod = cluster.pod(kind)
    pod.run("sh", "-c", f"cd {pod.path} && mkdir app else && ln -s /x app/lnk && echo x >else/lnk")
    archive = trees.Archive(owner=pod.owner)
    archive.directory("app")
    archive.add("app/lnk", b"a file")
    swap = 'os.rename("app", "moved"); os.symlink("else", "app")'
    when = "remove" if kind == "toybox" else "extract"
    kubectl = changing_kubectl(tmp_path, pod, swap, when=when)
    restore(pod, backup(archive.finish()), "--force", "--retries=0", kubectl=kubectl)
    if kind == "toybox":
        assert b"else/lnk" in pod.tree()


@pytest.mark.parametrize("kind", TARS)
@pytest.mark.leaves("record")
def test_a_link_that_leads_elsewhere_is_not_right_whatever_its_length_and_time(
    cluster: Cluster, backup: Writer, tmp_path: Path, kind: str
) -> None:
    pod = cluster.pod(kind)
    archives = []
    for version in ("v1", "v2"):
        archive = trees.Archive(owner=pod.owner)
        archive.directory("app")
        archive.symlink("app/current", f"releases/{version}")
        archives.append(backup(archive.finish(), f"{version}.tar"))
    assert restore(pod, archives[1]).code == 0
    assert restore(pod, archives[0]).code == 6
    assert restore(pod, archives[0], "--force").code == 0
    assert pod.run("readlink", f"{pod.path}/app/current") == b"releases/v1\n"
    if pod.host_directory() is None:
        return
    # And what comes in its place before the proof is found by that.
    pod.run("rm", f"{pod.path}/app/current")
    swap = 'os.unlink("app/current"); os.symlink("releases/v3", "app/current")'
    kubectl = changing_kubectl(tmp_path, pod, swap, when="extract survey")
    result = restore(pod, archives[0], "--verify=checksum", kubectl=kubectl)
    assert result.code == 9, result
    assert "app/current: leads to releases/v3 instead of releases/v1" in result.err


@pytest.mark.parametrize("kind", TARS)
@pytest.mark.leaves("record")
def test_a_hard_link_that_is_none_any_more_is_found(
    cluster: Cluster, backup: Writer, tmp_path: Path, kind: str
) -> None:
    pod = cluster.pod(kind)
    archive = trees.Archive(owner=pod.owner)
    archive.add("one", b"content")
    archive.hardlink("two", "one")
    part = 'import shutil; shutil.copy2("two", "copy"); os.rename("copy", "two")'
    # Behind the stream, before the proof.
    kubectl = changing_kubectl(tmp_path, pod, part, when="extract survey")
    result = restore(pod, backup(archive.finish()), kubectl=kubectl)
    assert result.code == 9, result
    assert "two: no hard link to one" in result.err


def test_a_file_kept_for_its_content_with_another_time_is_said(
    cluster: Cluster, backup: Writer
) -> None:
    pod = cluster.pod("busybox")
    file = backup(trees.small())
    assert restore(pod, file).code == 0
    pod.run("touch", "-d", "@1234567890", f"{pod.path}/app/config.yaml")
    result = restore(pod, file, "--compare=checksum")
    assert result.code == 0, result
    assert "1 file kept for the content, with another modification time" in result.out
    assert restore(pod, file, "--compare=checksum", "--strict").code == 10
