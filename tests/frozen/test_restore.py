"""What the frozen program does: a whole restore, its exit codes, every packing, its version."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import platform
import re
import subprocess
import time
from typing import TYPE_CHECKING

import lz4.frame
import pytest
from backports import zstd

from kubectl_restore.about import NAME, VERSION
from tests.contract import trees
from tests.contract.clusters import KUBECTL, Pod
from tests.contract.program import interrupt, restore, start

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster
    from tests.link import LinkProxy

    Writer = Callable[[bytes], Path]

FORMATS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
    "lz4": lz4.frame.compress,
}
BIG = 20_000_000


@pytest.mark.parametrize("packing", FORMATS)
def test_two_thousand_entries_arrive_as_they_are(
    cluster: Cluster, backup: Writer, packing: str
) -> None:
    pod = cluster.pod("debian")
    archive = trees.two_thousand(owner=pod.owner)
    result = restore(pod, backup(FORMATS[packing](archive)))
    assert result.code == 0, result
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []
    assert pod.marked() == []


def test_exit_codes(cluster: Cluster, backup: Writer) -> None:
    pod, file = cluster.pod("debian"), backup(trees.small())
    assert restore(pod, file, "--no-such-flag").code == 2
    assert restore(pod, file, "--kubectl=/nowhere/kubectl").code == 2
    assert restore(pod, file.with_name("missing.tar")).code == 3
    assert restore(Pod(cluster, "no-such-pod"), file).code == 4
    assert restore(pod, file).code == 0
    # What is right already is kept.
    assert restore(pod, file).code == 0
    pod.run("touch", f"{pod.path}/app/config.yaml")
    assert restore(pod, file).code == 6
    file.write_bytes(file.read_bytes()[:700])
    cut = restore(pod, file, "--force")
    assert cut.code == 3, cut
    assert [line.partition(":")[0] for line in cut.err.splitlines() if line[:1] != " "][-3:] == [
        "Error", "Reason", "Fix",
    ]  # fmt: skip


def test_ctrl_c_is_130(cluster: Cluster, backup: Writer, link: LinkProxy) -> None:
    link.rate = 5e6
    kubeconfig = cluster.through(link.port, "ctrl-c")
    process = start(
        cluster.pod("debian"), backup(trees.of_size(BIG, files=20)), kubeconfig=kubeconfig
    )
    while link.sent < BIG // 8:
        assert process.poll() is None
        time.sleep(0.01)
    interrupt(process)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "Traceback" not in err


def test_help_is_the_sources(program: Path) -> None:
    said = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    assert "kubectl restore version [-o json]" in said
    assert "db-0 backup.tar.gz" in said


def test_the_version_is_that_of_the_tree(program: Path) -> None:
    words = [str(program), "version", f"--kubectl={KUBECTL}"]
    text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found = json.loads(
        subprocess.run([*words, "-o", "json"], capture_output=True, check=True).stdout
    )
    answer = subprocess.run(
        [KUBECTL, "version", "--client", "-o", "json"], capture_output=True, check=True
    ).stdout
    version = json.loads(answer)["clientVersion"]["gitVersion"]
    assert found == {
        "message_type": "version",
        "name": NAME,
        "version": VERSION,
        "commit": found["commit"],
        "python_version": platform.python_version(),
        "kubectl_version": version,
        "kubectl_path": KUBECTL,
        "kubectl_problem": None,
    }
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", found["commit"])
    assert text.splitlines() == [
        f"{NAME} {VERSION}",
        f"commit:  {found['commit']}",
        f"Python:  {platform.python_version()}",
        f"kubectl: {version} ({KUBECTL})",
    ]


def test_a_version_without_kubectl(program: Path) -> None:
    done = subprocess.run(
        [program, "version"],
        env={"PATH": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done
    assert done.stdout.endswith("kubectl: none (there is no kubectl on PATH)\n")


def test_an_unknown_flag_is_compared_with_the_known_ones(program: Path) -> None:
    done = subprocess.run(
        [program, "pod", "b.tar", "--forse"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done
    assert "--force?" in done.stderr
