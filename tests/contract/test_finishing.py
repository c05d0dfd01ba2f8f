"""Whatever breaks: it goes on by itself, or the same command does, and nothing is sent twice."""

from __future__ import annotations

import gzip
import io
import random
import signal
import tarfile
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.contract import trees
from tests.contract.program import interrupt, restore, restore_piped, start
from tests.contract.test_trouble import until_nothing_is_left, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod
    from tests.link import LinkProxy

    Writer = Callable[..., Path]

KINDS = ["debian", "busybox", "bsdtar", "toybox"]
MIB = 1 << 20


def is_restored(pod: Pod, archive: bytes) -> bool:
    return trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []


def awkward(owner: tuple[int, int]) -> bytes:
    """Many files in directories with modes of their own, hard links, and links that tars delay."""
    out, chance = io.BytesIO(), random.Random(7)  # noqa: S311 - content, no secret
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for number in range(40):
            for kind, name, link, size in [
                (tarfile.DIRTYPE, f"d{number}", "", 0),
                (tarfile.SYMTYPE, f"d{number}/up", "../d0/0", 0),
                (tarfile.SYMTYPE, f"d{number}/absolute", "/nowhere", 0),
                *((tarfile.REGTYPE, f"d{number}/{n}", "", 100_003 + n) for n in range(10)),
                (tarfile.LNKTYPE, f"d{number}/hard", f"d{number}/3", 0),
            ]:
                one = tarfile.TarInfo(name)
                one.type, one.linkname, one.size, one.mtime = kind, link, size, trees.MTIME
                one.mode = 0o2750 if kind == tarfile.DIRTYPE else 0o640
                one.uid, one.gid = owner
                # Nothing that could be packed for the way: cuts are at bytes of the link.
                archive.addfile(one, io.BytesIO(chance.randbytes(size)))
    return out.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_a_lost_link_is_no_reason_to_give_up(
    cluster: Cluster, backup: Writer, link: LinkProxy, kind: str
) -> None:
    pod = cluster.pod(kind)
    archive = awkward(pod.owner)
    link.cut_after = len(archive) // 2
    result = restore(pod, backup(archive), kubeconfig=cluster.through(link.port, f"once-{kind}"))
    assert result.code == 0, result
    assert " %, trying again in " in result.err
    assert "1 of 5" in result.err
    assert is_restored(pod, archive)
    assert pod.marked() == []
    assert pod.noted() == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_the_same_command_finishes_what_was_broken_off(
    cluster: Cluster, backup: Writer, link: LinkProxy, kind: str, *, packed: bool
) -> None:
    pod = cluster.pod(kind)
    archive = awkward(pod.owner)
    file = backup(gzip.compress(archive, 0) if packed else archive)
    kubeconfig = cluster.through(link.port, f"again-{kind}")
    link.cut_after = len(archive) // 2
    first = restore(pod, file, "--retries=0", kubeconfig=kubeconfig)
    assert first.code == 8, first
    assert "--force" not in first.err
    assert until_nothing_is_left(pod) == []
    assert len(pod.noted()) == 1
    link.heal()
    sent = link.sent
    second = restore(pod, file, kubeconfig=kubeconfig)
    assert second.code == 0, second
    assert is_restored(pod, archive)
    # What was under way on the link, a window, is lost.
    assert link.sent - sent < 0.5 * len(archive) + 16 * MIB
    assert pod.noted() == []


def test_where_the_record_is_lost_what_is_half_written_is_in_the_way(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    pod = cluster.pod("debian")
    archive = awkward(pod.owner)
    file = backup(archive)
    link.cut_after = len(archive) // 2
    first = restore(pod, file, "--retries=0", kubeconfig=cluster.through(link.port, "lost"))
    assert first.code == 8, first
    assert until_nothing_is_left(pod) == []
    pod.run("sh", "-c", "rm -r /dev/shm/kubectl-restore.*")
    before = pod.tree()
    second = restore(pod, file)
    assert second.code == 6, second
    assert "no record of an earlier run" in second.err
    assert "--force" in second.err.split("Fix:")[1]
    assert pod.tree() == before
    assert restore(pod, file, "--force").code == 0
    assert is_restored(pod, archive)


def test_a_first_run_hears_nothing_of_an_earlier_one(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("debian")
    pod.run("sh", "-c", f"mkdir {pod.path}/app && echo mine >{pod.path}/app/config.yaml")
    file = backup(trees.small())
    first = restore(pod, file)
    assert first.code == 6, first
    assert "no record of an earlier run" not in first.err
    # Nor does --force, where it does not help.
    pod.run("sh", "-c", f"cd {pod.path} && rm -r app && mkdir -p app/config.yaml")
    forced = restore(pod, file, "--force")
    assert forced.code == 6, forced
    assert "no record of an earlier run" not in forced.err


def test_what_is_piped_in_once_more_is_gone_on_with(cluster: Cluster, link: LinkProxy) -> None:
    pod = cluster.pod("busybox")
    archive = awkward(pod.owner)
    kubeconfig = cluster.through(link.port, "piped")
    link.cut_after = len(archive) // 2
    first = restore_piped(pod, archive, kubeconfig=kubeconfig)
    assert first.code == 8, first
    assert "the same backup | kubectl restore" in first.err
    assert until_nothing_is_left(pod) == []
    link.heal()
    second = restore_piped(pod, archive, kubeconfig=kubeconfig)
    assert second.code == 0, second
    assert is_restored(pod, archive)
    assert pod.noted() == []


def test_a_slow_pipe_is_gone_on_with_by_a_fast_one(cluster: Cluster, link: LinkProxy) -> None:
    """Batches end where the pipe is slow: those of the second run are others."""
    pod = cluster.pod("busybox")
    archive = trees.of_size(6 * MIB, files=12)
    kubeconfig = cluster.through(link.port, "slow-pipe")
    link.cut_after = len(archive) * 2 // 3
    # Two pieces take longer than members are gathered for.
    first = restore_piped(pod, archive, kubeconfig=kubeconfig, piece=MIB, pause=0.6)
    assert first.code == 8, first
    assert until_nothing_is_left(pod) == []
    link.heal()
    second = restore_piped(pod, archive, kubeconfig=kubeconfig)
    assert second.code == 0, second
    assert is_restored(pod, archive)
    assert pod.noted() == []


def test_ten_cuts_in_a_row(cluster: Cluster, backup: Writer, link: LinkProxy) -> None:
    pod = cluster.pod("debian")
    archive = trees.of_size(300 * MIB, files=300)
    kubeconfig = cluster.through(link.port, "ten")
    link.rate = 200e6
    process = start(pod, backup(archive), "--retries=20", kubeconfig=kubeconfig)

    def cutting() -> None:
        for number in range(1, 11):
            while link.sent < number * len(archive) // 12 and process.poll() is None:
                time.sleep(0.01)
            link.cut()

    thread = threading.Thread(target=cutting)
    thread.start()
    out, err = process.communicate(timeout=300)
    thread.join()
    assert process.returncode == 0, out + err
    assert is_restored(pod, archive)
    assert err.count("trying again in") >= 10
    assert link.sent < 1.2 * len(archive)


@pytest.mark.parametrize("kind", [*KINDS, "notar"])
def test_a_large_file_goes_on_where_it_stopped(
    cluster: Cluster, backup: Writer, link: LinkProxy, kind: str
) -> None:
    pod = cluster.pod(kind)
    archive = trees.of_size(120 * MIB)
    file = backup(archive)
    kubeconfig = cluster.through(link.port, f"large-{kind}")
    link.cut_after = 108 * MIB
    first = restore(pod, file, "--retries=0", kubeconfig=kubeconfig)
    assert first.code == 8, first
    assert until_nothing_is_left(pod) == []
    link.heal()
    sent = link.sent
    second = restore(pod, file, "--verify=checksum", kubeconfig=kubeconfig)
    assert second.code == 0, second
    assert "goes on at" in second.err
    # The rest is what this run has restored.
    assert second.out.startswith("Restored 1 file, "), second
    assert is_restored(pod, archive)
    # What was under way on the link, a window, is lost.
    assert link.sent - sent < 0.1 * len(archive) + 16 * MIB


def test_what_somebody_else_wrote_since_is_not_taken_for_our_own(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    pod = cluster.pod("debian")
    archive = trees.of_size(100 * MIB)
    file = backup(archive)
    kubeconfig = cluster.through(link.port, "changed")
    link.cut_after = 80 * MIB
    assert restore(pod, file, "--retries=0", kubeconfig=kubeconfig).code == 8
    assert until_nothing_is_left(pod) == []
    pod.run("sh", "-c", f"printf x | dd of={pod.path}/blob0 bs=1 seek=1000 conv=notrunc")
    for policy, code in (("refuse", 6), ("never", 0), ("if-newer", 0)):
        second = restore(pod, file, f"--overwrite={policy}")
        assert second.code == code, second
        assert pod.run("sh", "-c", f"tail -c +1001 {pod.path}/blob0 | head -c 1") == b"x"
    second = restore(pod, file, "--force")
    assert second.code == 0, second
    assert "goes on at" not in second.err
    assert is_restored(pod, archive)


def test_a_file_written_after_a_broken_restore_is_neither_lost_nor_overwritten(
    cluster: Cluster, backup: Writer, link: LinkProxy, tmp_path: Path
) -> None:
    pod = cluster.pod("busybox")
    archive = awkward(pod.owner)
    file = backup(archive)
    kubeconfig = cluster.through(link.port, "later")
    link.cut_after = len(archive) // 2
    assert restore(pod, file, "--retries=0", kubeconfig=kubeconfig).code == 8
    assert until_nothing_is_left(pod) == []
    # Every file that may have been in flight, and all others: somebody's own by now.
    pod.run("sh", "-c", f"cd {pod.path} && for one in d*/0; do echo mine >$one; done")
    mine = {name for name in pod.tree() if name.endswith(b"/0")}
    saved = tmp_path / "saved.tar"
    second = restore(pod, file)
    assert second.code == 6, second
    contents = {name: pod.run("cat", f"{pod.path}/{name.decode()}") for name in mine}
    assert {name: text for name, text in contents.items() if text != b"mine\n"} == {}
    third = restore(pod, file, "--force", f"--save-replaced={saved}")
    assert third.code == 0, third
    assert is_restored(pod, archive)
    assert mine <= trees.tree_of(saved.read_bytes()).keys()


@pytest.mark.parametrize("kind", ["debian", "nonroot-gnu"])
def test_what_a_tar_has_said_is_no_reason_to_send_all_again(
    cluster: Cluster, backup: Writer, link: LinkProxy, kind: str
) -> None:
    pod = cluster.pod(kind)
    content = b"GNU tar complains of times to come: from then on nothing is sure without checksums"
    archive = trees.Archive(owner=pod.owner)
    archive.add("first", content, mtime=4_000_000_000)
    for number in range(60):
        archive.add(f"blob{number}", trees.noise(number, MIB))
    content = archive.finish()
    file = backup(content)
    kubeconfig = cluster.through(link.port, f"said-{kind}")
    link.cut_after = 54 * MIB
    first = restore(pod, file, "--retries=0", kubeconfig=kubeconfig)
    assert first.code == 8, first
    assert until_nothing_is_left(pod) == []
    link.heal()
    sent = link.sent
    second = restore(pod, file, kubeconfig=kubeconfig)
    assert second.code == 0, second
    assert is_restored(pod, content)
    # What was under way on the link, a window, is lost.
    assert link.sent - sent < 0.1 * len(content) + 16 * MIB


def test_a_killed_client_holds_nobody_up(cluster: Cluster, backup: Writer, link: LinkProxy) -> None:
    pod = cluster.pod("busybox")
    archive = trees.of_size(40 * MIB, files=40)
    file = backup(archive)
    link.rate = 20e6
    process = start(pod, file, kubeconfig=cluster.through(link.port, "killed"))
    wait_for(process, "restoring")
    while link.sent < 10 * MIB:
        time.sleep(0.01)
    interrupt(process, signal.SIGKILL)
    process.communicate(timeout=60)
    result = restore(pod, file)
    assert result.code == 0, result
    assert is_restored(pod, archive)
    assert pod.noted() == []


def test_a_second_writer_is_told_of_the_first(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    pod = cluster.pod("debian")
    archive = trees.of_size(40 * MIB, files=40)
    file = backup(archive)
    link.rate = 1e6
    first = start(pod, file, kubeconfig=cluster.through(link.port, "first"))
    wait_for(first, "restoring")
    for other, flags in ((file, ()), (backup(trees.small(), "other.tar"), ("--force",))):
        second = restore(pod, other, *flags)
        assert second.code == 4, second
        assert "another restore writes there" in second.err
    # To look is free.
    assert restore(pod, file, "--dry-run", "--overwrite=never").code == 0
    link.heal()
    out, err = first.communicate(timeout=120)
    assert first.returncode == 0, out + err
    assert is_restored(pod, archive)


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.leaves("record")
def test_what_brings_nothing_is_not_tried_for_ever(cluster: Cluster, backup: Writer) -> None:
    assert cluster.embedded
    pod = cluster.pod("debian")
    # Each exec breaks in the middle of the one file, which is too small to go on inside.
    cluster.embedded.pod("debian").faults.drop_after = 2_000_000
    result = restore(pod, backup(trees.of_size(30_000_000)), "--retries=2")
    assert result.code == 8, result
    assert result.err.count("trying again in") == 2
    assert "2 of 2" in result.err


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.leaves("record")
def test_another_pod_of_the_same_name_is_left_alone(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    assert cluster.embedded
    pod = cluster.pod("debian")
    embedded = cluster.embedded.pod("debian")
    link.rate = 5e6
    kubeconfig = cluster.through(link.port, "another")
    process = start(pod, backup(trees.of_size(40 * MIB, files=40)), kubeconfig=kubeconfig)
    wait_for(process, "restoring")
    while link.sent < 5 * MIB:
        time.sleep(0.01)
    old, embedded.uid = embedded.uid, "00000000-0000-4000-8000-000000000000"
    try:
        link.cut()
        out, err = process.communicate(timeout=120)
    finally:
        embedded.uid = old
    assert process.returncode == 8, out + err
    assert "another pod has this name now" in err


@pytest.mark.usefixtures("embedded_only")
def test_a_container_that_restarts_is_gone_on_with(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    assert cluster.embedded
    pod = cluster.pod("debian")
    archive = trees.of_size(40 * MIB, files=40)
    link.rate = 5e6
    process = start(pod, backup(archive), kubeconfig=cluster.through(link.port, "restarts"))
    wait_for(process, "restoring")
    while link.sent < 5 * MIB:
        time.sleep(0.01)
    cluster.embedded.pod("debian").restart()
    link.rate = None
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, out + err
    assert is_restored(pod, archive)


def test_of_two_that_begin_at_once_one_writes_at_a_time(
    cluster: Cluster, backup: Writer, link: LinkProxy
) -> None:
    pod = cluster.pod("busybox")
    archives = [trees.of_size(size * MIB, files=8, seed=size) for size in (8, 9)]
    files = [backup(archive, f"{number}.tar") for number, archive in enumerate(archives)]
    kubeconfig = cluster.through(link.port, "at-once")
    for _ in range(4):
        pod.clear()
        link.rate = 8e6
        both = [start(pod, file, "--force", kubeconfig=kubeconfig) for file in files]
        said = [one.communicate(timeout=120) for one in both]
        codes = [one.returncode for one in both]
        assert set(codes) <= {0, 4}, said
        winners = [archive for archive, code in zip(archives, codes, strict=True) if code == 0]
        # One may have waited for the other's end.
        assert not winners or any(is_restored(pod, archive) for archive in winners), said
        assert pod.noted() == []


@pytest.mark.parametrize("kind", ["busybox", "nonroot-busybox", "debian"])
@pytest.mark.leaves("record")
def test_what_a_tar_leaves_to_be_set_in_the_end_is_no_obstacle(
    cluster: Cluster, backup: Writer, link: LinkProxy, kind: str
) -> None:
    pod = cluster.pod(kind)
    archive = trees.Archive(owner=pod.owner)
    archive.symlink("link", "file")
    archive.add("file", b"#!", mode=0o4755)
    for number in range(8):
        archive.add(f"blob{number}", trees.noise(number, 5 * MIB))
    content = archive.finish()
    file = backup(content)
    kubeconfig = cluster.through(link.port, f"end-{kind}")
    link.cut_after = 25 * MIB
    first = restore(pod, file, "--retries=0", kubeconfig=kubeconfig)
    assert first.code == 8, first
    link.heal()
    link.cut_after = link.sent + 6 * MIB
    again = restore(pod, file, kubeconfig=kubeconfig)
    assert again.code == 0, again
    assert is_restored(pod, content)


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_program_goes_on_and_keeps_its_setuid(
    cluster: Cluster, backup: Writer, link: LinkProxy, kind: str
) -> None:
    pod = cluster.pod(kind)
    archive = trees.Archive(owner=pod.owner)
    archive.add("program", trees.noise(1, 100 * MIB), mode=0o4750)
    content = archive.finish()
    link.cut_after = 80 * MIB
    result = restore(pod, backup(content), kubeconfig=cluster.through(link.port, f"set-{kind}"))
    assert result.code == 0, result
    assert "goes on at" in result.err
    assert "without the backup's mode" not in result.out
    assert is_restored(pod, content)
