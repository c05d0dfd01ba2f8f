"""Directories that a backup needs and does not name."""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.contract.program import restore, restore_piped
from tests.contract.trees import Archive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod

OWNER = (999, 998)


def several(pod: Pod) -> bytes:
    """Return an archive with one owner below some directories, and several below others."""
    if not pod.cluster.can_chown:
        pytest.skip("this machine's pods cannot give files away")
    archive = Archive(owner=OWNER)
    archive.add("var/lib/db/data/file", b"1")
    archive.add("var/lib/db/other", b"2")
    archive.owner = (1001, 1001)
    archive.add("var/lib/web/file", b"3")
    archive.add("var/lib/web/deep/file", b"4")
    return archive.finish()


def owners(pod: Pod) -> dict[bytes, tuple[int, int] | None]:
    return {path: one.owner for path, one in pod.tree().items() if one.kind == "directory" and path}


def expected() -> dict[bytes, tuple[int, int]]:
    return {
        b"var": (0, 0),
        b"var/lib": (0, 0),
        b"var/lib/db": OWNER,
        b"var/lib/db/data": OWNER,
        b"var/lib/web": (1001, 1001),
        b"var/lib/web/deep": (1001, 1001),
    }


@pytest.mark.parametrize("tar", ["debian", "busybox", "bsdtar", "toybox"])
def test_they_belong_to_whom_all_below_them_belongs(
    cluster: Cluster, backup: Callable[[bytes], Path], tar: str
) -> None:
    pod = cluster.pod(tar)

    result = restore(pod, backup(several(pod)))

    assert result.code == 0, result
    assert owners(pod) == expected()
    assert {one.mode for path, one in pod.tree().items() if path in expected()} == {0o755}
    assert "2 directories that the backup does not name, with files of several owners" in result.out
    line = next(one for one in result.out.splitlines() if "to give one away: " in one)
    words = shlex.split(line.partition("to give one away: ")[2])
    assert words[-3:] == ["chown", "999:998", f"{pod.path}/var"]
    subprocess.run([*pod.cluster.kubectl, *words[words.index("exec") :]], check=True)
    assert owners(pod) == {**expected(), b"var": OWNER}


def test_they_do_so_through_a_pipe(cluster: Cluster) -> None:
    pod = cluster.pod("busybox")

    result = restore_piped(pod, several(pod))

    assert result.code == 0, result
    assert owners(pod) == expected()


def test_what_stood_there_stays_whose_it_is(
    cluster: Cluster, backup: Callable[[bytes], Path]
) -> None:
    pod = cluster.pod("debian")
    path = backup(several(pod))
    pod.run("mkdir", "-p", f"{pod.path}/var/lib/db")

    result = restore(pod, path)

    assert result.code == 0, result
    assert owners(pod)[b"var/lib/db"] == (0, 0)
    assert "several owners" not in result.out
