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
    assert receipt["operations"] == {"adjust": 1, "create": 1, "replace": 1}
    assert (receipt["files_restored"], receipt["bytes_restored"]) == (2, 6)
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
    assert receipt["operations"] == {"adjust": 1, "replace": 2}
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


@pytest.mark.leaves("record")
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


@pytest.mark.parametrize("there", ["b.tar.sha256", "SHA256SUMS", "b.tar.001", "notes.json"])
def test_no_other_file_is_lost_to_a_receipt(cluster: Cluster, backup: Writer, there: str) -> None:
    pod = cluster.pod("debian")
    content = trees.small()
    file = backup(content, "b.tar.000" if there == "b.tar.001" else "b.tar")
    other = file.with_name(there)
    digest = f"{hashlib.sha256(content).hexdigest()}  b.tar\n".encode()
    kinds = {"b.tar.001": content, "notes.json": b'{"tool": {"name": "other"}}\n'}
    other.write_bytes(kinds.get(there, digest))
    before = other.read_bytes()
    asked = list(cluster.embedded.requests) if cluster.embedded else []
    result = restore(pod, file, f"--receipt={other}")
    if cluster.embedded is not None:
        assert cluster.embedded.requests == asked
    assert result.code == 2, result
    assert "is there already, and is no receipt" in result.err
    assert other.read_bytes() == before
    assert pod.tree().keys() <= {b"", b"."}


@pytest.mark.parametrize("other", ["saved.tar", "../{here}/saved.tar", "link/saved.tar"])
def test_what_is_saved_and_the_receipt_are_two_files(
    cluster: Cluster, backup: Writer, tmp_path: Path, other: str
) -> None:
    pod = cluster.pod("debian")
    pod.run("sh", "-c", f"mkdir {pod.path}/app && echo mine >{pod.path}/app/config.yaml")
    before = pod.tree()
    file = backup(trees.small())
    (tmp_path / "link").symlink_to(".")
    saved, place = tmp_path / "saved.tar", f"{tmp_path}/{other.format(here=tmp_path.name)}"
    result = restore(pod, file, "--force", f"--receipt={place}", f"--save-replaced={saved}")
    assert result.code == 2, result
    assert "also where what is replaced is saved" in result.err
    assert not saved.exists()
    assert pod.tree() == before


@pytest.mark.parametrize("address", ["https://{}/", "https://{} x", "https://{}%zz"])
def test_who_stands_in_the_servers_address_is_told_nobody(
    cluster: Cluster, backup: Writer, place: Path, tmp_path: Path, address: str
) -> None:
    """The real kubectl repeats it in some of its messages."""
    pod = cluster.pod("debian")
    pod.run("sh", "-c", f"mkdir {pod.path}/app && echo mine >{pod.path}/app/config.yaml")
    host, port = cluster.address
    server = "--server=" + address.format(f"someone:hunter2@{host}:{port}")
    config = tmp_path / "none"
    config.write_text("")
    log = tmp_path / "log"
    file = backup(trees.small())
    flags = (server, "--retries=0", "--timeout=30s")
    texts = []
    for more in (("-vv", f"--receipt={place}"), ("-ojson", "-vv"), ("--dry-run",)):
        result = restore(pod, file, *flags, *more, kubeconfig=config)
        assert result.code != 0, result
        texts += [result.out, result.err]
    older = restore(
        pod, file, *flags, f"--log-file={log}", "--debug", kubeconfig=config, older=True
    )
    texts += [older.out, older.err, log.read_text(), place.read_text()]
    assert "Reason: " in older.err
    for text in texts:
        assert "hunter2" not in text
        assert "someone" not in text


def test_the_commands_to_go_on_and_to_undo_name_nobody(
    cluster: Cluster, backup: Writer, place: Path, tmp_path: Path
) -> None:
    """A kubectl that leaves the address to the kubeconfig: with a certificate nobody needs it."""
    pod = cluster.pod("debian")
    pod.run("sh", "-c", f"mkdir {pod.path}/app && echo mine >{pod.path}/app/config.yaml")
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(
        "#!/bin/sh\nfor word; do shift\n"
        'case $word in --server=*) ;; *) set -- "$@" "$word" ;; esac\n'
        f'done\nexec {cluster.kubectl[0]} "$@"\n'
    )
    kubectl.chmod(0o755)
    file, server = backup(trees.small()), "--server=https://someone:hunter2@host"
    refused = restore(pod, file, server, f"--receipt={place}", kubectl=str(kubectl))
    assert refused.code == 6, refused
    text = place.read_text()
    place.unlink()
    saved = f"--save-replaced={tmp_path / 'saved.tar'}"
    done = restore(pod, file, server, "--force", saved, f"--receipt={place}", kubectl=str(kubectl))
    assert done.code == 0, done
    assert "to undo it: kubectl restore" in done.out
    missing = restore(pod, file, server, "--target-path=/missing", kubectl=str(kubectl))
    assert "mkdir -p /missing" in missing.err
    said = (refused.err, text, done.out, done.err, place.read_text(), missing.err)
    assert all("hunter2" not in one and "someone" not in one for one in said)
    assert all("https://REDACTED@host" in one for one in said if one is not done.err)
