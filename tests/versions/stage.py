"""What a situation plays on: one kubectl, one transport, pods, and a link that can be made bad."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.contract.program import Result, environment, restore, start

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod
    from tests.link import LinkProxy

WEBSOCKET: Final = "WebSocket"
SPDY: Final = "SPDY"
VARIABLES: Final[Mapping[str, Mapping[str, str]]] = {
    # kubectl's own choice, and its own switch.
    WEBSOCKET: {},
    SPDY: {"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "false"},
}
READER: Final = "reader"
"""A user who may get pods, and not run anything in them."""
_UPGRADE: Final = re.compile(r"^.*\bUpgrade: *(websocket|SPDY)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Stage:
    """One kubectl over one transport.

    Attributes:
        cluster: the real node.
        kubectl: the kubectl that the program uses.
        transport: WEBSOCKET or SPDY.
        directory: where backups and kubeconfigs may be written.
        link: a link to the cluster, good again for each situation.
    """

    cluster: Cluster
    kubectl: Path
    transport: str
    directory: Path
    link: LinkProxy

    @property
    def variables(self) -> dict[str, str]:
        """What the environment has besides."""
        return dict(VARIABLES[self.transport])

    def backup(self, content: bytes) -> Path:
        """Write a backup."""
        path = self.directory / "backup.tar"
        path.write_bytes(content)
        return path

    def restore(
        self, pod: Pod, backup: Path, *flags: str, kubeconfig: Path | None = None
    ) -> Result:
        """Run a restore to its end."""
        return restore(
            pod,
            backup,
            *flags,
            kubeconfig=kubeconfig,
            kubectl=str(self.kubectl),
            variables=self.variables,
        )

    def start(
        self, pod: Pod, backup: Path, *flags: str, kubeconfig: Path | None = None
    ) -> subprocess.Popen[str]:
        """Start a restore, to be interrupted."""
        return start(
            pod,
            backup,
            *flags,
            kubeconfig=kubeconfig,
            kubectl=str(self.kubectl),
            variables=self.variables,
        )

    def through_link(self) -> Path:
        """Return a kubeconfig that leads through the link."""
        return self.cluster.through(self.link.port, "link")

    def stranger(self) -> Path:
        """Return a kubeconfig whose user the cluster does not know."""
        path = self.cluster.through(self.cluster.address[1], "stranger")
        changed = json.loads(path.read_text("utf-8"))
        changed["users"][0]["user"] = {"token": "of-nobody"}
        path.write_text(json.dumps(changed), "utf-8")
        return path


def transport_of(cluster: Cluster, pod: Pod, kubectl: Path, transport: str) -> str:
    """Return which transport an exec of this kubectl really takes when it is asked for one.

    Raises:
        AssertionError: its log does not say.
    """
    words = [str(kubectl), *cluster.kubectl[1:], "--v=8", "exec", pod.name, "--", "true"]
    done = subprocess.run(
        words,
        env=environment(**VARIABLES[transport]),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    found = _UPGRADE.findall(done.stderr)
    assert done.returncode == 0, done.stderr
    assert found, done.stderr
    return WEBSOCKET if found[-1].lower() == "websocket" else SPDY


def version_of(kubectl: Path) -> str:
    """Return a kubectl's version as the table has it (`1.34.5`)."""
    words = [str(kubectl), "version", "--client", "--output=json"]
    answer = subprocess.run(words, capture_output=True, check=True).stdout
    version = json.loads(answer)["clientVersion"]["gitVersion"]
    assert isinstance(version, str)
    return version.removeprefix("v")


def allow_reader(cluster: Cluster) -> None:
    """Let the reader get pods in the namespace."""
    group = "rbac.authorization.k8s.io"
    named = {"metadata": {"name": READER}, "apiVersion": f"{group}/v1"}
    role = {"kind": "Role", "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}
    binding = {
        "kind": "RoleBinding",
        "roleRef": {"apiGroup": group, "kind": "Role", "name": READER},
        "subjects": [{"apiGroup": group, "kind": "User", "name": READER}],
    }
    items = [{**named, **role}, {**named, **binding}]
    manifest = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    words = [*cluster.kubectl, "apply", "--filename=-"]
    subprocess.run(words, input=manifest, text=True, check=True, stdout=subprocess.DEVNULL)
