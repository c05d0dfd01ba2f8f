"""Access control lists of users whom the container lacks, on each tar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.program import restore
from tests.unit.archive.making import END, extended, header, record

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.clusters import Cluster

LIST = b"user::rw-,user:%b,group::r--,mask::rwx,other::r--"


@pytest.mark.parametrize("kind", ["debian", "busybox", "bsdtar", "toybox"])
@pytest.mark.parametrize("who", [b"12345:rw-", b"nosuch:rw-:12345", b"nosuch:rw-"])
def test_a_list_is_set_or_the_group_gets_no_more(
    cluster: Cluster, tmp_path: Path, kind: str, who: bytes
) -> None:
    pod = cluster.pod(kind)
    backup = tmp_path / "acl.tar"
    records = extended(record(b"SCHILY.acl.access", LIST % who))
    backup.write_bytes(records + header(b"f", mode=0o674) + END)
    result = restore(pod, backup)
    assert result.code == 0, result
    is_set = kind in {"debian", "bsdtar"} and b"12345" in who
    mode = pod.run("stat", "-c", "%a", f"{pod.path}/f").strip()
    assert mode == (b"674" if is_set else b"644"), result
    # Where it is not set, that is said.
    assert ("without the backup's access control list" in result.out) is not is_set, result
    again = restore(pod, backup)
    assert "Nothing to restore" in again.out, again
