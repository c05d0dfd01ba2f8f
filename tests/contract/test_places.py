"""What was announced is where it goes: contexts that switch, pods that are made again."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.contract import trees
from tests.contract.clusters import KUBECTL
from tests.contract.program import Result, run
from tests.embedded.cluster import EmbeddedCluster

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod

    Writer = Callable[..., Path]

_MEDDLING = """\
#!{python}
import os, subprocess, sys
if "exec" in sys.argv:
    subprocess.run({words!r}, check=True, stdout=subprocess.DEVNULL)
os.execv({kubectl!r}, [{kubectl!r}, *sys.argv[1:]])
"""


def kubectl_with(tmp_path: Path, *words: str) -> str:
    """Return a kubectl that runs another command first when it is asked for an exec."""
    path = tmp_path / "meddling"
    path.write_text(_MEDDLING.format(python=sys.executable, kubectl=KUBECTL, words=list(words)))
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def config(cluster: Cluster, tmp_path: Path) -> Path:
    """A kubeconfig with two contexts, the second of which leads to a namespace without pods."""
    found = json.loads(cluster.kubeconfig.read_text())
    context = {**found["contexts"][0]["context"], "namespace": cluster.namespace}
    found["contexts"] = [
        {"name": "one", "context": context},
        {"name": "two", "context": {**context, "namespace": "kube-public"}},
    ]
    found["current-context"] = "one"
    path = tmp_path / "contexts"
    path.touch(mode=0o600)
    path.write_text(json.dumps(found))
    return path


def restore(pod: Pod, file: Path, config: Path, *flags: str) -> Result:
    """Restore where the kubeconfig leads."""
    return run(f"pod/{pod.name}", str(file), f"--kubeconfig={config}", "-t", pod.path, *flags)


@pytest.mark.parametrize(
    ("flags", "meddling"),
    [
        ([], ["use-context", "two"]),
        (["--context=one"], ["set-context", "one", "--namespace=kube-public"]),
    ],
    ids=["another context becomes the current one", "the context gets another namespace"],
)
def test_what_was_announced_is_where_it_goes(  # noqa: PLR0917 - fixtures
    cluster: Cluster,
    backup: Writer,
    tmp_path: Path,
    config: Path,
    flags: list[str],
    meddling: list[str],
) -> None:
    pod = cluster.pod("debian")
    archive = trees.small()
    kubectl = kubectl_with(tmp_path, KUBECTL, f"--kubeconfig={config}", "config", *meddling)
    receipt = tmp_path / "receipt.json"
    result = restore(
        pod, backup(archive), config, *flags, f"--kubectl={kubectl}", f"--receipt={receipt}"
    )
    assert result.code == 0, result
    assert "context one" in result.err
    assert f"namespace {cluster.namespace}" in result.err
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []
    target = json.loads(receipt.read_text())["target"]
    assert (target["context"], target["namespace"]) == ("one", cluster.namespace)
    assert target["pod_uid"] == pod.uid


def test_a_printed_command_goes_to_the_same_pod_whatever_the_context_is_by_then(
    cluster: Cluster, backup: Writer, tmp_path: Path, config: Path
) -> None:
    pod = cluster.pod("busybox")
    pod.run("sh", "-c", f"mkdir {pod.path}/app; echo other >{pod.path}/app/config.yaml")
    file = backup(trees.small())
    result = restore(pod, file, config)
    assert result.code == 6, result
    saved = tmp_path / "saved.tar"
    for what in ("Fix: to replace what is there: ", "Next: "):
        # Hours later, in another terminal.
        found = json.loads(config.read_text()) | {"current-context": "two"}
        config.write_text(json.dumps(found))
        said = result.err + result.out
        command = said.split(what)[1].splitlines()[0]
        words = shlex.split(command[command.index("kubectl restore ") :])[2:]
        assert "--context=one" in words
        assert f"--namespace={cluster.namespace}" in words
        more = [f"--save-replaced={saved}"] if not saved.exists() else []
        result = run(*words, *more)
        assert result.code == 0, result
    assert pod.run("cat", f"{pod.path}/app/config.yaml") == b"other\n"


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.parametrize("command", [[], ["--dry-run"], ["verify"]], ids=" ".join)
def test_a_pod_made_again_under_its_name_is_another_pod(
    cluster: Cluster, backup: Writer, config: Path, command: list[str]
) -> None:
    assert cluster.embedded
    pod = cluster.pod("debian")
    cluster.embedded.pod("debian").faults.renewed = True
    before = cluster.embedded.pod("debian").uid
    words = [*command, f"pod/{pod.name}", str(backup(trees.small())), f"--kubeconfig={config}"]
    if command == ["--dry-run"]:
        words = [*words[1:], "--dry-run"]
    result = run(*words, "-t", pod.path)
    assert result.code == 8, result
    assert "Error: another pod has this name now" in result.err
    assert f"it was {before}" in result.err
    assert pod.tree() == {}
    assert pod.noted() == []
    again = restore(pod, backup(trees.small()), config)
    assert again.code == 0, again


def test_a_pod_made_again_on_the_node_is_another_pod(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    if cluster.embedded is not None:
        pytest.skip("for the real node; the embedded cluster has a fault for it")
    pod = cluster.pod("debian")
    made = json.loads(_output(pod, "get", "pod", pod.name, "--output=json"))
    spec = {key: value for key, value in made["spec"].items() if key != "nodeName"}
    metadata = {"name": "made-again", "namespace": cluster.namespace}
    manifest = tmp_path / "pod.json"
    manifest.write_text(
        json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    )
    kubectl = shlex.join(cluster.kubectl)
    again = (
        f"{kubectl} delete pod made-again --now --ignore-not-found"
        f" && {kubectl} create -f {manifest}"
        f" && {kubectl} wait --for=condition=Ready pod/made-again --timeout=120s"
    )
    _output(pod, "create", "-f", str(manifest))
    _output(pod, "wait", "--for=condition=Ready", "pod/made-again", "--timeout=120s")
    result = run(
        "made-again", str(backup(trees.small())), f"--kubeconfig={cluster.kubeconfig}",
        f"--namespace={cluster.namespace}", "--target-path=/data",
        f"--kubectl={kubectl_with(tmp_path, 'sh', '-c', again)}",
    )  # fmt: skip
    assert result.code == 8, result
    assert "Error: another pod has this name now" in result.err
    assert _output(pod, "exec", "made-again", "--", "ls", "-A", "/data") == ""
    _output(pod, "delete", "pod", "made-again", "--now")


def _output(pod: Pod, *words: str) -> str:
    done = subprocess.run(
        [*pod.cluster.kubectl, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.usefixtures("embedded_only")
def test_a_context_that_means_another_cluster_by_now_leads_to_another_pod(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    config = tmp_path / "config"
    shutil.copy(cluster.kubeconfig, config)
    (tmp_path / "second").mkdir()
    with EmbeddedCluster(tmp_path / "second") as second:
        kubectl = kubectl_with(tmp_path, "cp", str(second.kubeconfig), str(config))
        result = restore(pod, backup(trees.small()), config, f"--kubectl={kubectl}")
        assert result.code == 8, result
        assert "Error: another pod has this name now" in result.err
        assert list(second.pod("debian").volume().iterdir()) == []
    assert pod.tree() == {}


def test_a_force_right_before_the_backup_is_said_where_nobody_can_be_asked(
    cluster: Cluster, backup: Writer, config: Path
) -> None:
    pod = cluster.pod("debian")
    file = backup(trees.small())
    words = [f"pod/{pod.name}", "-f", str(file), f"--kubeconfig={config}", "-t", pod.path]
    result = run(*words)
    assert result.code == 0, result
    assert result.err.startswith("-f is --force here")
    assert "-f is --force" not in restore(pod, file, config, "-f").err
