"""Directories that their own mode closes to whom they belong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.contract.program import restore, restore_piped, verify
from tests.contract.trees import Archive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod

TARS: Final = ("gnu", "busybox", "bsdtar", "toybox")
MODES: Final = {"no-search": 0o644, "nothing": 0o000, "no-list": 0o333, "no-write": 0o555}


def closed(pod: Pod, *, without: str = "") -> bytes:
    """Return an archive of such directories, one in the other and side by side."""
    archive = Archive(owner=pod.owner)
    archive.directory("d")
    for name, mode in MODES.items():
        archive.directory(f"d/{name}", mode=mode)
        if name != without:
            archive.add(f"d/{name}/file", b"a\n")
        archive.directory(f"d/{name}/open", mode=0o755)
        archive.add(f"d/{name}/open/file", b"b\n")
        archive.directory(f"d/{name}/inner", mode=0o000)
        if name != without:
            archive.add(f"d/{name}/inner/file", b"c\n")
    return archive.finish()


def state(pod: Pod) -> bytes:
    """Return mode and time of all that can be seen from outside, as the container tells it."""
    names = " ".join(MODES)
    return pod.run("sh", "-c", f"cd {pod.path}/d && stat -c '%a %Y %n' . {names}")


@pytest.mark.parametrize("tar", TARS)
def test_a_closed_directory_is_restored_and_the_second_run_has_nothing_to_do(
    cluster: Cluster, backup: Callable[[bytes], Path], tar: str
) -> None:
    pod = cluster.pod(f"nonroot-{tar}")
    path = backup(closed(pod))

    first = restore(pod, path, "--verify=checksum")

    assert first.code == 0, first
    before = state(pod)
    assert [line.split()[0] for line in before.decode().splitlines()[1:]] == [
        f"{mode:o}" for mode in MODES.values()
    ]
    everything = ((), ("--dry-run",), ("--force",), ("--delete", "--force", "--yes"))
    for flags in everything if tar == "gnu" else ((),):
        again = restore(pod, path, *flags)
        assert again.code == 0, again
        assert "othing to restore" in again.out or "--dry-run" in flags, again
        assert state(pod) == before, flags
    assert verify(pod, path).code == 0
    assert state(pod) == before
    assert restore_piped(pod, path.read_bytes()).code == 0
    assert state(pod) == before


@pytest.mark.parametrize("tar", ["gnu", "busybox"])
def test_what_lacks_in_a_closed_directory_comes_and_it_is_closed_again(
    cluster: Cluster, backup: Callable[[bytes], Path], tar: str
) -> None:
    pod = cluster.pod(f"nonroot-{tar}")
    whole = closed(pod)
    assert restore(pod, backup(closed(pod, without="no-write"))).code == 0
    assert restore(pod, backup(closed(pod, without="nothing"))).code == 0
    before = state(pod)

    result = restore(pod, backup(whole))

    assert result.code == 0, result
    assert state(pod) == before
    assert verify(pod, backup(whole)).code == 0


def test_x_where_r_is_opens_them_to_whom_they_belong(
    cluster: Cluster, backup: Callable[[bytes], Path]
) -> None:
    pod = cluster.pod("nonroot-busybox")
    path = backup(closed(pod))
    plain = restore(pod, path)
    assert "7 directories that the backup's mode closes to the owner" in plain.out
    assert "--chmod D+X adds x where r is" in plain.out

    result = restore(pod, path, "--chmod=D+X", "--force")

    assert result.code == 0, result
    before = state(pod)
    assert [line.split()[0] for line in before.decode().splitlines()[1:]] == [
        f"{mode | (mode & 0o444) >> 2:o}" for mode in MODES.values()
    ]
    again = restore(pod, path, "--chmod=D+X")
    assert "Nothing to restore" in again.out, again
    assert verify(pod, path, "--chmod=D+X").code == 0
    assert verify(pod, path).code == 9


def test_what_is_in_the_way_inside_is_found_and_all_is_closed_again(
    cluster: Cluster, backup: Callable[[bytes], Path]
) -> None:
    pod = cluster.pod("nonroot-gnu")
    path = backup(closed(pod))
    assert restore(pod, path).code == 0
    inside = f"{pod.path}/d/nothing"
    pod.run("sh", "-c", f"chmod 700 {inside} && echo other >{inside}/file && chmod 0 {inside}")
    before = state(pod)

    result = restore(pod, path)

    assert result.code == 6, result
    assert "d/nothing/file" in result.err
    assert state(pod) == before
    assert verify(pod, path).code == 9
    assert state(pod) == before
