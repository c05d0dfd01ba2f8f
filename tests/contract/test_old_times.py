"""Times before 1970, whole and with parts of a second, on each tar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.program import restore
from tests.unit.archive.making import END, GNU, directory, extended, file, header, record, summed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.clusters import Cluster


@pytest.mark.parametrize("kind", ["debian", "busybox", "bsdtar", "toybox"])
def test_times_before_1970_are_kept(cluster: Cluster, tmp_path: Path, kind: str) -> None:
    pod = cluster.pod(kind)
    block = header(b"whole", magic=GNU)
    whole = summed(block[:136] + b"\xff" * 11 + b"\xfe" + block[148:])
    parts = extended(record(b"mtime", b"-2.75"))
    backup = tmp_path / "old.tar"
    backup.write_bytes(whole + parts + file(b"part") + parts + directory(b"d/") + END)
    result = restore(pod, backup)
    assert result.code == 0, result
    names = [f"{pod.path}/{name}" for name in ("whole", "part", "d")]
    # toybox prints them without a sign.
    times = [int(one) % 2**64 for one in pod.run("stat", "-c", "%Y", *names).split()]
    assert times == [2**64 - 2, 2**64 - 3, 2**64 - 3], result
    assert "does not keep" not in result.err
    again = restore(pod, backup)
    assert "Nothing to restore" in again.out, again
