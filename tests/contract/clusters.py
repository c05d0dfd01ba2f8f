"""The two clusters, as the suite sees them: a kubeconfig, pods, and a way to look into them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals
from typing import TYPE_CHECKING, Final

import pytest

from tests.cluster import pods as node_pods
from tests.cluster.places import Places
from tests.cluster.record import Record
from tests.contract.leftovers import forget, is_ours, processes_of
from tests.contract.trees import MTIME, tree_of
from tests.embedded.cluster import Contents, EmbeddedCluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.contract.trees import Seen

ROOT: Final = Path(__file__).resolve().parent.parent.parent
KUBECTL: Final = os.environ.get("RESTORE_TEST_KUBECTL") or shutil.which("kubectl") or "kubectl"
_USER_KINDS: Final = frozenset(
    {"nonroot-gnu", "nonroot-busybox", "nonroot-bsdtar", "nonroot-toybox", "foreign-target"}
)
_NO_CHOWN_KINDS: Final = frozenset({"no-capabilities"})
_NO_SHELL_KINDS: Final = frozenset({"static", "tar-only"})
_NO_TAR_KINDS: Final = frozenset({"notar", "notar-busybox"})
_TRIES: Final = 3
_MARK: Final = b"<end of output>\n"
_MARKED: Final = ("sh", "-c", '"$@"; code=$?; echo "<end of output>"; exit $code', "sh")
"""Has a command's output end with `_MARK`."""
_CONTAINERS: Final = {"init": "prepare", "ephemeral": "helper"}
"""What a test looks at where it is not `app`."""


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
        return self.name not in _USER_KINDS | _NO_CHOWN_KINDS and self.cluster.can_chown

    @property
    def owner(self) -> tuple[int, int]:
        """Whom the files of a backup may belong to here."""
        if self.is_root:
            return 1234, 567
        # Without real root, or the right to use it, root has no other user than its own.
        return (1000, 1000) if self.name in _USER_KINDS else (0, 0)

    @property
    def uid(self) -> str:
        """The Pod object's own."""
        words = ("get", "pod", self.name, "--output=jsonpath={.metadata.uid}")
        return subprocess.run(
            [*self.cluster.kubectl, *words], capture_output=True, text=True, check=True
        ).stdout

    def host_directory(self) -> Path | None:
        """Return the volume as this machine sees it; None when its node is another machine.

        A completed pod has none any more: the path leads nowhere.

        On the real node it is seen through the kubelet's mounts, where a tmpfs is too. Do not
        resolve the path: that would lead out of them.
        """
        if self.cluster.embedded is not None:
            return self.cluster.embedded.pod(self.name).volume(self.container)
        if self.cluster.kubelet is None:
            return None
        kind = next(one for one in self.cluster.pods if one.kind == self.name)
        volumes = (
            self.cluster.kubelet / "pods" / self.uid_on_host / "volumes/kubernetes.io~empty-dir"
        )
        return volumes / kind.container(self.container).volume

    @property
    def uid_on_host(self) -> str:
        """The Pod object's own, asked for once as long as the kubelet has the pod."""
        known = self.cluster.uids.get(self.name, "")
        if (
            not known
            or self.cluster.kubelet is None
            or not (self.cluster.kubelet / "pods" / known).is_dir()
        ):
            known = self.cluster.uids[self.name] = self.uid
        return known

    def host_tree(self, path: str = ".") -> dict[bytes, Seen]:
        """Return what stands below a path in the volume, as this machine's tar packs it.

        Owners are this machine's: without real root not those that the embedded pods see.
        """
        directory = self.host_directory()
        assert directory is not None, "the volume is on another machine"
        words = ["tar", "-cf", "-", "-C", str(directory / path), "."]
        return tree_of(subprocess.run(words, capture_output=True, check=True).stdout)

    def run(self, *command: str, stdin: bytes = b"", check: bool = True) -> bytes:
        """Run a command in the pod with plain kubectl and return its stdout.

        Of a real node's output `kubectl exec` loses the end, or all of it, now and then, and exits
        with 0 (1 of 1,500 at load 16, kubectl 1.32). There the command is run again.
        """
        marks = self.cluster.embedded is None and self.name not in _NO_SHELL_KINDS
        words = [*self.cluster.kubectl, "exec", "-i", self.name, "-c", self.container, "--"]
        words += [*(_MARKED if marks else ()), *command]
        for _ in range(_TRIES):
            done = subprocess.run(words, input=stdin, capture_output=True, check=False)
            if check and done.returncode != 0:
                raise AssertionError(f"{command}: {done.returncode} {done.stderr!r}")
            if not marks or done.stdout.endswith(_MARK) or done.returncode != 0:
                return done.stdout.removesuffix(_MARK)
        raise AssertionError(f"{command}: kubectl exec lost its output {_TRIES} times")

    def flip(self, path: str) -> None:
        """Change one byte of a file in the volume; its size stays, and its time is `MTIME`."""
        where = f"{self.path}/{path}"
        content = self.run("cat", where)
        self.run("sh", "-c", f"cat >{where}", stdin=bytes([content[0] ^ 1]) + content[1:])
        self.run("touch", "-d", f"@{MTIME}", where)

    def tree(self, path: str | None = None) -> dict[bytes, Seen]:
        """Return what stands below the volume's path, packed by the pod's own tar if it has one."""
        unsure = self.name in _NO_SHELL_KINDS and self.cluster.kubelet is not None
        if self.name in _NO_TAR_KINDS or unsure:
            return self.host_tree("." if path is None else os.path.relpath(path, self.path))
        words = ("tar", "cf", "-", "-C", path or self.path, ".")
        return tree_of(self.run(*words))

    def lay_down(self, archive: bytes) -> None:
        """Have what an archive has stand in the volume, whatever the pod's calls are answered.

        Skips the test where the volume cannot be reached from this machine.
        """
        directory = self.host_directory()
        if directory is None:
            pytest.skip("the volume is on another machine")
        # Hard links come last in the archive, into directories that have their time by then.
        words = ["tar", "-xpf", "-", "--numeric-owner", "--delay-directory-restore"]
        words += ["-C", str(directory)]
        if not self.cluster.can_chown:
            words.append("--no-same-owner")
        subprocess.run(words, input=archive, check=True)

    def refuse(self, refused: Mapping[str, str]) -> None:
        """Refuse families of calls (tests/refusals.py) until the pod is had anew: embedded only."""
        assert self.cluster.embedded is not None
        self.cluster.embedded.pod(self.name).refused = refused

    def processes(self) -> list[str]:
        """Return the command names in the pod beyond its first process; zombies do not run."""
        script = 'for f in /proc/[0-9]*/stat; do IFS= read -r l <$f && echo "$l"; done 2>/dev/null'
        found = []
        for line in self.run("sh", "-c", script).decode("utf-8", "replace").splitlines():
            name, _, rest = line.partition("(")[2].rpartition(") ")
            if rest[:1] not in {"Z", "X"}:
                found.append(name)
        return found

    def noted(self) -> list[str]:
        """Return the records that restores have in the pod (none may stay after one that ended)."""
        names = self.run("sh", "-c", "ls -a /dev/shm /tmp").decode().split()
        return [name for name in names if name.startswith("kubectl-restore.")]

    def marked(self) -> list[str]:
        """Return the processes that a restore has in the pod (none may stay)."""
        if self.cluster.embedded is not None:
            # Its pods see the whole machine's processes, those of another test run too.
            return [name for _, name in self.cluster.embedded.pod(self.name).processes()]
        if self.cluster.kubelet is not None:
            return self._marked_on_host()
        script = (
            # The brackets keep this very command from being found.
            "for p in /proc/[0-9]*; do"
            " case $( (tr '\\0' ' ' <$p/environ; tr '\\0' ' ' <$p/cmdline) 2>/dev/null) in"
            " *KUBECTL_RESTOR[E]=*) echo $p;; esac; done"
        )
        return self.run("sh", "-c", script).decode().split()

    def _marked_on_host(self) -> list[str]:
        """Do what the script does, in pods without a shell or `tr` too."""
        return [f"/proc/{number}" for number in processes_of(self.uid) if is_ours(number)]

    def signal_tar(self, signal: str) -> None:
        """Wait for a tar that runs in the pod (a zombie does not), and send it a signal."""
        if self.cluster.embedded is not None:
            # Its pods see the whole machine's processes; a tar of somebody else's is not ours.
            while not (
                found := [
                    number
                    for number, name in self.cluster.embedded.pod(self.name).processes()
                    if name == "tar"
                ]
            ):
                time.sleep(0.1)
            os.kill(found[0], Signals[f"SIG{signal}"])
            return
        self.run(
            "sh",
            "-c",
            "while :; do for p in /proc/[0-9]*; do case $(cat $p/stat 2>/dev/null) in"
            f" *'(tar) '[RSDT]*) kill -s {signal} ${{p#/proc/}} && exit 0;; esac; done;"
            " sleep 0.1; done",
        )

    def clear(self) -> None:
        """Empty the volume."""
        directory = self.host_directory()
        if directory is not None and self.cluster.embedded is None:
            for child in directory.iterdir():
                if child.is_dir() and not child.is_symlink():
                    shutil.rmtree(child)
                else:
                    child.unlink()
            return
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
        kubelet: the kubelet's directory, when it is on this machine.
        lacking: kinds of pods that cannot be had.
        pods: those that the node has.
        instead: kinds of pods that tests get in the place of others (RESTORE_INSTEAD).
        uids: of these, as far as they were asked for.
        given: the pods that this test has had, by their kinds.
    """

    name: str
    kubeconfig: Path
    namespace: str
    address: tuple[str, int]
    through: Callable[[int, str], Path]
    can_chown: bool = True
    embedded: EmbeddedCluster | None = None
    kubelet: Path | None = None
    lacking: frozenset[str] = frozenset()
    pods: Sequence[node_pods.Pod] = node_pods.PODS
    instead: Mapping[str, str] = field(default_factory=dict)
    uids: dict[str, str] = field(default_factory=dict)
    given: dict[str, Pod] = field(default_factory=dict)

    @property
    def kubectl(self) -> list[str]:
        """The beginning of a kubectl command line for this cluster."""
        return [KUBECTL, f"--kubeconfig={self.kubeconfig}", f"--namespace={self.namespace}"]

    def pod(self, kind: str) -> Pod:
        """Return an empty pod of a kind, or skip where the machine cannot have one."""
        path = "/data"
        kind = self.instead.get(kind, kind)
        if self.embedded is not None:
            if kind not in self.embedded.pods:
                pytest.skip(f"only the real node has {kind} pods")
            embedded = self.embedded.pod(kind)
            if embedded.unavailable:
                pytest.skip(embedded.unavailable)
            embedded.reset()
            path = embedded.path
        elif kind in self.lacking:
            pytest.skip(f"the node has no image for {kind} (the reason stands where it came up)")
        elif all(one.kind != kind for one in self.pods):
            pytest.skip(f"only the embedded cluster has {kind} pods")
        pod = Pod(self, kind, path, _CONTAINERS.get(kind, "app"))
        self.given[kind] = pod
        reachable = self.kubelet is not None or kind not in _NO_SHELL_KINDS
        # The volumes of a completed pod are gone.
        if self.embedded is None and kind != "completed" and reachable:
            pod.clear()
            forget(pod)
        return pod


@contextmanager
def embedded_cluster(directory: Path, contents: Contents | None = None) -> Iterator[Cluster]:
    """Run the embedded cluster, with its usual contents or others."""
    with EmbeddedCluster(directory, contents or Contents()) as embedded:
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
def node_cluster(
    directory: Path, pods: Sequence[node_pods.Pod] = node_pods.PODS
) -> Iterator[Cluster]:
    """Use the real node (or the cluster of RESTORE_E2E_KUBECONFIG) in a namespace of our own."""
    kubeconfig = Path(os.environ.get("RESTORE_E2E_KUBECONFIG") or _bring_up())
    cluster = node_pods.Cluster(kubeconfig, program=KUBECTL)
    namespace = f"restore-{uuid.uuid4().hex[:8]}"
    node_pods.create_namespace(cluster, namespace)
    try:
        node_pods.apply(cluster, namespace, pods)
        lacking = node_pods.wait(cluster, namespace, pods)
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

        yield Cluster(
            "node",
            kubeconfig,
            namespace,
            (host, int(port or 443)),
            through,
            kubelet=_kubelet_of(kubeconfig),
            lacking=lacking,
            pods=pods,
        )
    finally:
        node_pods.delete_namespace(cluster, namespace)


def _kubelet_of(kubeconfig: Path) -> Path | None:
    """Return the directory of the kubelet, with its mounts, if the node is this machine's own."""
    places = Places.here()
    if kubeconfig.absolute() != places.kubeconfig or os.getuid() != 0:
        return None
    record = Record.read(places.record)
    process = record.find("kubelet") if record is not None else None
    if process is None:
        return None
    return Path(f"/proc/{process.pid}/root{places.state}") / "kubelet"


def _bring_up() -> str:
    """Bring the node up and return its kubeconfig; skip with the reason where it cannot be."""
    done = subprocess.run(
        [ROOT / "tests/cluster/up"], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode == 3 and not os.environ.get("CI"):
        pytest.skip("the real node cannot run on this machine (the reason stands above)")
    assert done.returncode == 0, f"tests/cluster/up exited with {done.returncode}"
    return done.stdout.splitlines()[-1]
