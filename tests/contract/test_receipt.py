"""`--receipt`: what was done, written down whole, for a failure too."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract import trees
from tests.contract.program import interrupt, restore, restore_piped, start
from tests.json_page import fields_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster
    from tests.link.proxy import LinkProxy

    Writer = Callable[..., Path]


def read(path: Path) -> dict[str, Any]:
    """Return a receipt that is whole, and the only thing in its directory."""
    assert os.listdir(path.parent) == [path.name]  # noqa: PTH208 - names
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found: dict[str, Any] = json.loads(path.read_text())
    assert found["schema"] == 1
    return found


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the receipt goes: a directory of its own."""
    directory = tmp_path / "receipts"
    directory.mkdir()
    return directory / "receipt.json"


@pytest.mark.parametrize("kind", ["debian", "busybox"])
def test_what_a_restore_did(cluster: Cluster, backup: Writer, place: Path, kind: str) -> None:
    pod = cluster.pod(kind)
    pod.run("sh", "-c", f"mkdir {pod.path}/app && echo mine >{pod.path}/app/config.yaml")
    file = backup(trees.small())
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    result = restore(pod, file, "--force", f"--receipt={place}", f"--checksum=sha256:{digest}")
    assert result.code == 0, result
    receipt = read(place)
    assert receipt["backup"] == {
        "name": str(file), "size": file.stat().st_size, "modified": int(file.stat().st_mtime),
        "compression": "none", "members": 3, "parts": 1, "sha256": digest,
    }  # fmt: skip
    target = receipt["target"]
    assert (target["namespace"], target["pod"]) == (cluster.namespace, pod.name)
    assert (target["pod_uid"], target["container"]) == (pod.uid, pod.container)
    assert target["path"] == pod.path
    assert receipt["operations"] == {"create": 1, "replace": 2}
    assert (receipt["files_restored"], receipt["bytes_restored"]) == (3, 6)
    assert receipt["verification"] == {"compared": "size", "is_proved": True}
    assert receipt["result"]["exit_code"] == 0
    assert receipt["tool"]["kubectl"]
    assert receipt["started"] <= receipt["ended"]
    documented = fields_of("docs/receipt.md")
    assert {key for key in receipt if key not in documented} == set()
    for part in ("backup", "target", "tool", "policy", "verification", "result"):
        assert {f"{part}.{key}" for key in receipt[part]} <= documented
    planned = restore(
        pod, file, "--overwrite=always", "--dry-run", "--strict", f"--receipt={place}"
    )
    assert planned.code == 0, planned
    receipt = read(place)
    assert receipt["operations"] == {"replace": 3}
    assert receipt["files_restored"] == 0
    assert receipt["verification"]["is_proved"] is False
    # It is of the latest run.
    assert restore(pod, file, f"--receipt={place}").code == 0
    assert read(place)["operations"] == {"keep": 3}


def test_a_failure_of_each_kind(
    cluster: Cluster, backup: Writer, place: Path, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    pod.run("sh", "-c", f"mkdir {pod.path}/app && echo mine >{pod.path}/app/config.yaml")
    whole = backup(trees.small())
    cut = tmp_path / "cut.tar"
    cut.write_bytes(whole.read_bytes()[:700])
    runs = [
        (3, restore(pod, cut, f"--receipt={place}")),
        (4, restore(pod, whole, "--container=none", f"--receipt={place}")),
        (6, restore(pod, whole, f"--receipt={place}")),
        (3, restore_piped(pod, cut.read_bytes(), f"--receipt={place}")),
    ]
    for code, result in runs:
        assert result.code == code, result
    receipt = read(place)
    assert receipt["result"]["exit_code"] == 3
    assert receipt["backup"]["name"] == "-"
    result = restore(pod, whole, f"--receipt={place}")
    receipt = read(place)
    assert result.code == receipt["result"]["exit_code"] == 6
    assert receipt["result"]["message"] in result.err
    assert receipt["operations"]["refuse"] == 1
    assert receipt["files_restored"] == 0


def test_a_link_that_breaks_and_ctrl_c(
    cluster: Cluster, backup: Writer, place: Path, link: LinkProxy
) -> None:
    pod = cluster.pod("debian")
    file = backup(trees.of_size(8_000_000, files=40))
    link.rate = 4e6
    link.cut_after = 4_000_000
    config = cluster.through(link.port, "receipt")
    result = restore(pod, file, "--retries=0", f"--receipt={place}", kubeconfig=config)
    assert result.code == 8, result
    receipt = read(place)
    assert receipt["result"]["exit_code"] == 8
    assert 0 < receipt["result"]["files_acknowledged"] < 40
    assert 0 < receipt["result"]["bytes_acknowledged"] < 8_000_000
    assert receipt["verification"]["is_proved"] is False
    link.heal()
    process = start(pod, file, "--force", "--progress=plain", f"--receipt={place}",
                    kubeconfig=config)  # fmt: skip
    assert process.stderr is not None
    while "restoring" not in process.stderr.readline():
        pass
    interrupt(process)
    process.communicate()
    assert process.returncode == 130
    assert read(place)["result"]["exit_code"] == 130


@pytest.mark.parametrize("where", ["missing/receipt.json", ".", "backup.tar"])
def test_a_receipt_that_cannot_be_written_is_found_before_the_start(
    cluster: Cluster, backup: Writer, where: str
) -> None:
    pod = cluster.pod("debian")
    file = backup(trees.small(), "backup.tar")
    before = file.read_bytes()
    result = restore(pod, file, f"--receipt={file.parent / where}")
    assert result.code == 2, result
    assert "--receipt" in result.err
    assert file.read_bytes() == before
    assert pod.tree().keys() <= {b"", b"."}
    assert restore(pod, file, "--receipt=").code == 2
