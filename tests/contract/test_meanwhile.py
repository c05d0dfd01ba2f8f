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
    if pod.host_directory() is None:
        pytest.skip("the volume is on another machine")
    make = (
        "cd {} && mkdir -p app/gone/deep beside/deep && echo >app/extra && echo >app/gone/file"
        " && echo >app/gone/deep/er && echo mine >beside/file && echo mine >beside/deep/er"
    )
    pod.run("sh", "-c", make.format(pod.path))
    return pod


@pytest.mark.parametrize("kind", TARS)
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
    if pod.host_directory() is None:
        pytest.skip("the volume is on another machine")
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
