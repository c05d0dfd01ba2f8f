"""Backups that are damaged, or several in one: what a person gets, and what they are told."""

from __future__ import annotations

import gzip
import random
from typing import TYPE_CHECKING

import pytest

from tests.contract.program import restore, restore_piped
from tests.unit.archive.making import END, directory, file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.clusters import Cluster

KINDS = ["debian", "busybox", "bsdtar", "toybox"]
CHANCE = random.Random(3)  # noqa: S311 - content
FILES = {b"d/%d" % number: CHANCE.randbytes(5000) for number in range(6)}


def cut() -> bytes:
    """A gzip that ends in the middle of the fifth file."""
    whole = directory(b"d/") + b"".join(file(name, data) for name, data in FILES.items()) + END
    return gzip.compress(whole)[:24_500]


@pytest.mark.parametrize("kind", KINDS)
def test_salvage_puts_back_what_is_whole_and_names_the_rest(
    cluster: Cluster, tmp_path: Path, kind: str
) -> None:
    pod = cluster.pod(kind)
    backup = tmp_path / "cut.tar.gz"
    backup.write_bytes(cut())
    refused = restore(pod, backup)
    assert refused.code == 3, refused
    assert "--salvage" in refused.err
    assert "inspect" in refused.err
    assert pod.tree().keys() <= {b"", b"."}
    result = restore(pod, backup, "--salvage=partial")
    assert result.code == 10, result
    assert "gone: d/4: cut" in result.err
    got = {name: pod.run("cat", f"{pod.path}/{name.decode()}") for name in list(FILES)[:4]}
    assert got == {name: FILES[name] for name in got}
    partial = pod.run("cat", f"{pod.path}/d/4.partial")
    assert partial
    assert FILES[b"d/4"].startswith(partial)
    assert not {b"d/4", b"d/5"} & pod.tree().keys()
    backup.write_bytes(gzip.compress(directory(b"d/") + file(b"d/0", FILES[b"d/0"]) + END))
    assert restore(pod, backup, "--salvage").code == 0


def test_a_pipe_that_is_cut_names_the_file_and_goes_on(cluster: Cluster) -> None:
    pod = cluster.pod("debian")
    content = random.Random(4).randbytes(20 << 20)  # noqa: S311 - content
    whole = file(b"small") + file(b"large", content) + END
    result = restore_piped(pod, whole[: 6 << 20])
    assert result.code == 3, result
    assert "large is cut: " in result.err
    assert "of 20,971,520 bytes have come" in result.err
    assert "goes on: " in result.err
    again = restore_piped(pod, whole)
    assert again.code == 0, again
    assert pod.run("sha256sum", f"{pod.path}/large")


@pytest.mark.parametrize("is_piped", [False, True])
def test_archives_behind_one_another(cluster: Cluster, tmp_path: Path, *, is_piped: bool) -> None:
    pod = cluster.pod("busybox")
    backup = tmp_path / "b.tar.gz"
    parts = (file(b"a", b"old") + END, file(b"b") + END + bytes(8192), file(b"a", b"new") + END)
    backup.write_bytes(b"".join(map(gzip.compress, parts)))
    result = restore_piped(pod, backup.read_bytes()) if is_piped else restore(pod, backup)
    assert result.code == 0, result
    assert "3 archives stand behind one another" in result.err
    assert pod.run("cat", f"{pod.path}/a") == b"new"
    assert pod.run("cat", f"{pod.path}/b") == b"abc"
