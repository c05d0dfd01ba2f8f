"""A backup that is piped in: checked as it comes, restored batch by batch, never trusted."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import random
import re
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from backports import zstd

from tests.contract import trees
from tests.contract.program import arguments, environment, interrupt, restore_piped

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.clusters import Cluster

FORMATS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": zstd.compress,
}
KINDS = ["debian", "busybox", "bsdtar", "toybox"]
MIB = 1 << 20


def archive_of(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """An archive in GNU format."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for entry, content in entries:
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    """A header."""
    one = tarfile.TarInfo(name)
    one.type, one.linkname, one.mtime = kind, link, 1_600_000_000
    one.mode = 0o755 if kind == tarfile.DIRTYPE else 0o640
    return one


def several_batches(owner: tuple[int, int]) -> bytes:
    """An archive of 70 MiB: files larger than a batch, many small ones, links across batches."""
    randomness = random.Random(5)  # noqa: S311 - content
    entries = [(entry("d", tarfile.DIRTYPE), b""), (entry("d/first"), b"first")]
    for number in range(4):
        entries.append((entry(f"d/e{number}", tarfile.DIRTYPE), b""))
        entries.append((entry(f"d/e{number}/large"), randomness.randbytes(17 * MIB)))
        entries += [(entry(f"d/e{number}/{n}"), randomness.randbytes(n * 7)) for n in range(200)]
        entries.append((entry(f"d/e{number}/hard", tarfile.LNKTYPE, "d/first"), b""))
        entries.append((entry(f"d/link{number}", tarfile.SYMTYPE, f"e{number}"), b""))
    # The same again, much later: the last one counts.
    entries.append((entry("d/e0/1"), b"the last one"))
    for one, _ in entries:
        one.uid, one.gid = owner
    return archive_of(*entries)


@pytest.mark.parametrize("packing", FORMATS)
def test_what_fits_one_batch_is_checked_whole(cluster: Cluster, packing: str) -> None:
    pod = cluster.pod("debian")
    archive = trees.two_thousand(owner=pod.owner)
    result = restore_piped(pod, FORMATS[packing](archive))
    assert result.code == 0, result
    assert "standard input" in result.err
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []
    assert pod.marked() == []


@pytest.mark.parametrize("kind", KINDS)
def test_several_batches_make_one_tree(cluster: Cluster, kind: str) -> None:
    pod = cluster.pod(kind)
    archive = several_batches(pod.owner)
    result = restore_piped(pod, gzip.compress(archive, 1))
    assert result.code == 0, result
    assert "its end only" in result.err
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []
    assert "replaced" not in result.out
    assert pod.marked() == []


def test_a_second_run_is_in_the_way_and_says_how_far_it_came(cluster: Cluster) -> None:
    pod = cluster.pod("debian")
    archive = several_batches(pod.owner)
    first = restore_piped(pod, archive, "--include", "d/e3/150")
    assert first.code == 0, first
    pod.run("touch", f"{pod.path}/d/e3/150")
    result = restore_piped(pod, archive)
    assert result.code == 6, result
    assert "what came before it in the backup is restored" in result.err
    assert restore_piped(pod, archive, "--force").code == 0
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []


def test_contents_are_compared_part_by_part(cluster: Cluster) -> None:
    pod = cluster.pod("debian")
    archive = several_batches(pod.owner)
    # It comes twice: the first one differs from what stands there in the end.
    flags = ("--verify=checksum", "--exclude", "d/e0/1", "--exclude=nowhere")
    first = restore_piped(pod, archive, *flags)
    assert first.code == 0, first
    # Only in the end, and once, is it known which one has matched nothing.
    assert re.findall(r"--exclude (\S+) matches nothing", first.err) == ["nowhere"]
    assert "Contents compared by sha256sum" in first.out
    # What was kept is compared, too.
    again = restore_piped(pod, archive, *flags)
    assert again.code == 0, again
    assert again.out.startswith("Nothing to restore")
    pod.flip("d/e3/150")
    flipped = restore_piped(pod, archive, *flags)
    assert flipped.code == 9, flipped
    assert "d/e3/150: other content" in flipped.err


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_cut_stream_is_exit_3(cluster: Cluster, *, packed: bool) -> None:
    pod = cluster.pod("debian")
    small = trees.small()
    content = gzip.compress(small) if packed else small
    result = restore_piped(pod, content[: len(content) // 2] if packed else content[:700])
    assert result.code == 3, result
    assert pod.tree().keys() <= {b"", b"."}
    archive = several_batches(pod.owner)
    content = gzip.compress(archive, 1) if packed else archive
    result = restore_piped(pod, content[: len(content) * 2 // 3])
    assert result.code == 3, result
    assert "Arrived in the pod before it ended" in result.err
    again = restore_piped(pod, content, "--force")
    assert again.code == 0, again
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []


def test_nothing_piped_in_is_exit_3(cluster: Cluster) -> None:
    assert restore_piped(cluster.pod("debian"), b"").code == 3


@pytest.mark.parametrize("large", [False, True])
def test_a_wrong_check_sum(cluster: Cluster, *, large: bool) -> None:
    pod = cluster.pod("debian")
    content = several_batches(pod.owner) if large else trees.small()
    digest = hashlib.sha256(content).hexdigest()
    wrong = restore_piped(pod, content, f"--checksum=sha256:{digest[::-1]}")
    assert wrong.code == 3, wrong
    assert digest in wrong.err
    assert (pod.tree().keys() <= {b"", b"."}) is not large
    right = restore_piped(pod, content, f"--checksum=sha256:{digest}", "--force")
    assert right.code == 0, right


def test_what_is_not_safe_comes_to_nothing(cluster: Cluster) -> None:
    pod = cluster.pod("debian")
    late = archive_of(
        (entry("a"), b"a"),
        (entry("fill"), bytes(20 * MIB)),
        (entry("out", tarfile.SYMTYPE, "/etc"), b""),
        (entry("fill2"), bytes(20 * MIB)),
        (entry("out/passwd"), b"never"),
    )
    result = restore_piped(pod, late)
    assert result.code == 6, result
    assert "symlink" in result.err
    assert b"never" not in pod.run("cat", "/etc/passwd")
    missing = archive_of((entry("h", tarfile.LNKTYPE, "nowhere"), b""))
    assert restore_piped(pod, missing, "--force").code == 3
    left_out = archive_of((entry("a"), b"a"), (entry("h", tarfile.LNKTYPE, "a"), b""))
    # In one batch the content is still at hand.
    assert restore_piped(pod, left_out, "--force", "--exclude", "a").code == 0


def test_a_pipe_that_stalls_is_ended(cluster: Cluster) -> None:
    pod = cluster.pod("debian")
    content = trees.small()
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb", buffering=0) as end:
        end.write(content[:2000])
        done = subprocess.run(
            arguments(pod, Path("-"), "--stall-timeout=2s"),
            stdin=reader,
            capture_output=True,
            text=True,
            env=environment(),
            check=False,
        )
    os.close(reader)
    assert done.returncode == 8, done
    assert "nothing came on standard input for 2s" in done.stderr


def test_ctrl_c_while_nothing_comes(cluster: Cluster) -> None:
    pod = cluster.pod("debian")
    process = subprocess.Popen(
        arguments(pod, Path("-")),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stderr is not None
    line = process.stderr.readline()
    assert "standard input" in line
    interrupt(process)
    assert process.wait(60) == 130
    process.stdin.close()
    process.stderr.close()


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.leaves("record")
def test_a_file_that_was_given_twice_is_itself_batches_later(
    cluster: Cluster, *, is_there: bool
) -> None:
    pod = cluster.pod("toybox")
    large = random.Random(6).randbytes(17 * MIB)  # noqa: S311 - content
    entries = [(entry("first"), b"first"), (entry("large"), large), (entry("large2"), large)]
    twice = (entry("first", tarfile.LNKTYPE, "first"), b"")
    archive = archive_of(*entries[not is_there :], twice, (entry("last"), b"last"))
    result = restore_piped(pod, archive)
    assert result.code == (0 if is_there else 3), result
    if is_there:
        assert pod.run("cat", f"{pod.path}/first") == b"first"
        assert pod.run("cat", f"{pod.path}/last") == b"last"
    else:
        assert "a hard link to what was not restored" in result.err
