"""The two clusters, as the suite sees them: a kubeconfig, pods, and a way to look into them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.cluster import pods as node_pods
from tests.contract.trees import tree_of
from tests.embedded.cluster import EmbeddedCluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.contract.trees import Seen

ROOT: Final = Path(__file__).resolve().parent.parent.parent
KUBECTL: Final = os.environ.get("RESTORE_TEST_KUBECTL") or shutil.which("kubectl") or "kubectl"
_ROOT_KINDS: Final = frozenset({"busybox", "debian", "two"})


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod that a test restores into."""

    cluster: Cluster
    name: str
    path: str = "/data"
    container: str = "app"

    @property
    def is_root(self) -> bool:
        """Tell whether owners can be set in it."""
        return self.name in _ROOT_KINDS and self.cluster.can_chown

    @property
    def owner(self) -> tuple[int, int]:
        """Whom the files of a backup may belong to here."""
        if self.is_root:
            return 1234, 567
        # Without real root a root pod has no other user than its own.
        return (0, 0) if self.name in _ROOT_KINDS else (1000, 1000)

    def run(self, *command: str, stdin: bytes = b"", check: bool = True) -> bytes:
        """Run a command in the pod with plain kubectl and return its stdout."""
        done = subprocess.run(
            [*self.cluster.kubectl, "exec", "-i", self.name, "-c", self.container, "--", *command],
            input=stdin,
            capture_output=True,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{command}: {done.returncode} {done.stderr!r}")
        return done.stdout

    def tree(self, path: str | None = None) -> dict[bytes, Seen]:
        """Return what stands below the volume's path, as the pod's own tar packs it."""
        return tree_of(self.run("tar", "cf", "-", "-C", path or self.path, "."))

    def processes(self) -> list[str]:
        """Return the command names in the pod beyond its first process; zombies do not run."""
        script = 'for f in /proc/[0-9]*/stat; do IFS= read -r l <$f && echo "$l"; done 2>/dev/null'
        found = []
        for line in self.run("sh", "-c", script).decode("utf-8", "replace").splitlines():
            name, _, rest = line.partition("(")[2].rpartition(") ")
            if rest[:1] not in {"Z", "X"}:
                found.append(name)
        return found

    def marked(self) -> list[str]:
        """Return the processes that a restore has in the pod (none may stay)."""
        if self.cluster.embedded is not None:
            # Its pods see the whole machine's processes, those of another test run too.
            return [name for _, name in self.cluster.embedded.pod(self.name).processes()]
        script = (
            # The brackets keep this very command from being found.
            "for p in /proc/[0-9]*; do"
            " case $( (tr '\\0' ' ' <$p/environ; tr '\\0' ' ' <$p/cmdline) 2>/dev/null) in"
            " *KUBECTL_RESTOR[E]=*) echo $p;; esac; done"
        )
        return self.run("sh", "-c", script).decode().split()

    def signal_tar(self, signal: str) -> None:
        """Wait for a tar that runs in the pod (a zombie does not), and send it a signal."""
        self.run(
            "sh",
            "-c",
            "while :; do for p in /proc/[0-9]*; do case $(cat $p/stat 2>/dev/null) in"
            f" *'(tar) '[RSDT]*) kill -s {signal} ${{p#/proc/}} && exit 0;; esac; done;"
            " sleep 0.1; done",
        )

    def clear(self) -> None:
        """Empty the volume."""
        self.run("sh", "-c", f"cd {self.path} && chmod -R u+rwx . 2>/dev/null; rm -rf ./* ./.[!.]*")


@dataclass(slots=True)
class Cluster:
    """A cluster that a kubeconfig leads to.

    Attributes:
        name: `embedded` or `node`.
        kubeconfig: where it is.
        namespace: where the pods are.
        address: host and port of the API server, for a link.
        can_chown: root pods may set any owner.
        embedded: the embedded cluster itself, for its faults.
    """

    name: str
    kubeconfig: Path
    namespace: str
    address: tuple[str, int]
    through: Callable[[int, str], Path]
    can_chown: bool = True
    embedded: EmbeddedCluster | None = None

    @property
    def kubectl(self) -> list[str]:
        """The beginning of a kubectl command line for this cluster."""
        return [KUBECTL, f"--kubeconfig={self.kubeconfig}", f"--namespace={self.namespace}"]

    def pod(self, kind: str) -> Pod:
        """Return an empty pod of a kind, or skip where the machine cannot have one."""
        path = "/data"
        if self.embedded is not None:
            embedded = self.embedded.pod(kind)
            if embedded.unavailable:
                pytest.skip(embedded.unavailable)
            embedded.reset()
            path = embedded.path
        pod = Pod(self, kind, path)
        if self.embedded is None and kind not in {"static", "completed"}:
            pod.clear()
        return pod


@contextmanager
def embedded_cluster(directory: Path) -> Iterator[Cluster]:
    """Run the embedded cluster."""
    with EmbeddedCluster(directory) as embedded:
        yield Cluster(
            "embedded",
            embedded.kubeconfig,
            embedded.namespace,
            embedded.address,
            embedded.kubeconfig_through,
            can_chown=os.getuid() == 0,
            embedded=embedded,
        )


@contextmanager
def node_cluster(directory: Path) -> Iterator[Cluster]:
    """Use the real node (or the cluster of RESTORE_E2E_KUBECONFIG) in a namespace of our own."""
    kubeconfig = Path(os.environ.get("RESTORE_E2E_KUBECONFIG") or _bring_up())
    cluster = node_pods.Cluster(kubeconfig, program=KUBECTL)
    namespace = f"restore-{uuid.uuid4().hex[:8]}"
    node_pods.create_namespace(cluster, namespace)
    try:
        node_pods.apply(cluster, namespace)
        node_pods.wait(cluster, namespace)
        view = ("config", "view", "--flatten", "--minify", "--raw", "--output=json")
        flat = json.loads(cluster.run(*view))
        server = flat["clusters"][0]["cluster"]["server"]
        host, _, port = server.removeprefix("https://").partition(":")

        def through(link_port: int, name: str) -> Path:
            """Write a kubeconfig that leads through a link."""
            changed = json.loads(json.dumps(flat))
            inner = changed["clusters"][0]["cluster"]
            inner["server"] = f"https://127.0.0.1:{link_port}"
            inner.setdefault("tls-server-name", host)
            path = directory / name
            path.touch(mode=0o600)
            path.write_text(json.dumps(changed))
            return path

        yield Cluster("node", kubeconfig, namespace, (host, int(port or 443)), through)
    finally:
        node_pods.delete_namespace(cluster, namespace)


def _bring_up() -> str:
    """Bring the node up and return its kubeconfig; skip with the reason where it cannot be."""
    done = subprocess.run(
        [ROOT / "tests/cluster/up"], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode == 3 and not os.environ.get("CI"):
        pytest.skip("the real node cannot run on this machine (the reason stands above)")
    assert done.returncode == 0, f"tests/cluster/up exited with {done.returncode}"
    return done.stdout.splitlines()[-1]
