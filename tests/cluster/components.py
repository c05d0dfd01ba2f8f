"""The servers of the node: their command lines and configuration files."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.cluster import command
from tests.cluster.certificates import NODE_NAME
from tests.cluster.errors import BrokenError
from tests.cluster.images import PAUSE

if TYPE_CHECKING:
    from tests.cluster.certificates import Certificates, Pair
    from tests.cluster.packages import Programs
    from tests.cluster.places import Places

_HERE: Final = Path(__file__).resolve().parent
_PORTS: Final = range(20000, 30000)
"""Below what Linux gives to outgoing connections, and below what Services take on a node."""

_PORT_ATTEMPTS: Final = 1000
_DISK_SIGNALS: Final = (
    "nodefs.available",
    "nodefs.inodesFree",
    "imagefs.available",
    "imagefs.inodesFree",
)
"""A full disk evicts nobody: tests fill volumes on purpose."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the servers listen, all on 127.0.0.1."""

    api: int
    etcd: int
    etcd_peer: int
    controller_manager: int
    scheduler: int
    kubelet: int

    @classmethod
    def free(cls) -> Ports:
        """Choose ports that nobody listens on."""
        chosen: list[int] = []
        for port in random.sample(_PORTS, _PORT_ATTEMPTS):
            if _is_free(port):
                chosen.append(port)
            if len(chosen) == len(cls.__slots__):
                return cls(*chosen)
        raise BrokenError(f"too few free ports between {_PORTS.start} and {_PORTS.stop}")


@dataclass(frozen=True, slots=True)
class Components:
    """Builds what starts each server.

    Attributes:
        places: the node's directories.
        programs: the unpacked Debian packages.
        kubernetes: the directory of the programs of Kubernetes.
        certificates: who is who.
        ports: where they listen.
    """

    places: Places
    programs: Programs
    kubernetes: Path
    certificates: Certificates
    ports: Ports

    @property
    def api_url(self) -> str:
        """The API server's address."""
        return f"https://127.0.0.1:{self.ports.api}"

    def etcd(self) -> list[str]:
        """Return etcd's command line."""
        own = f"https://127.0.0.1:{self.ports.etcd}"
        peer = f"https://127.0.0.1:{self.ports.etcd_peer}"
        server = self.certificates.server
        authority = str(self.certificates.authority.certificate)
        return [
            self.programs.find("etcd"),
            "--name=node",
            f"--data-dir={self.places.state / 'etcd'}",
            "--unsafe-no-fsync",
            f"--listen-client-urls={own}",
            f"--advertise-client-urls={own}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=node={peer}",
            "--client-cert-auth",
            f"--trusted-ca-file={authority}",
            f"--cert-file={server.certificate}",
            f"--key-file={server.key}",
            "--peer-client-cert-auth",
            f"--peer-trusted-ca-file={authority}",
            f"--peer-cert-file={server.certificate}",
            f"--peer-key-file={server.key}",
        ]

    def api_server(self) -> list[str]:
        """Return the API server's command line."""
        owned = self.certificates
        authority = owned.authority.certificate
        return [
            str(self.kubernetes / "kube-apiserver"),
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self.ports.api}",
            f"--tls-cert-file={owned.server.certificate}",
            f"--tls-private-key-file={owned.server.key}",
            f"--client-ca-file={authority}",
            f"--etcd-servers=https://127.0.0.1:{self.ports.etcd}",
            f"--etcd-cafile={authority}",
            f"--etcd-certfile={owned.server.certificate}",
            f"--etcd-keyfile={owned.server.key}",
            f"--kubelet-client-certificate={owned.admin.certificate}",
            f"--kubelet-client-key={owned.admin.key}",
            f"--kubelet-certificate-authority={authority}",
            "--kubelet-preferred-address-types=Hostname,InternalIP",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={owned.accounts.certificate}",
            f"--service-account-signing-key-file={owned.accounts.key}",
            "--service-cluster-ip-range=10.219.0.0/24",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged",
        ]

    def controller_manager(self) -> list[str]:
        """Return the controller manager's command line."""
        return [
            str(self.kubernetes / "kube-controller-manager"),
            *self._controller(
                "controller-manager",
                self.certificates.controller_manager,
                self.ports.controller_manager,
            ),
            f"--root-ca-file={self.certificates.authority.certificate}",
            f"--service-account-private-key-file={self.certificates.accounts.key}",
            "--use-service-account-credentials",
        ]

    def scheduler(self) -> list[str]:
        """Return the scheduler's command line."""
        return [
            str(self.kubernetes / "kube-scheduler"),
            *self._controller("scheduler", self.certificates.scheduler, self.ports.scheduler),
        ]

    def containerd(self) -> list[str]:
        """Return containerd's command line; it makes the mount namespace of the node."""
        state = self.places.state
        networks = self.places.configuration / "networks"
        networks.mkdir()
        (networks / "pods.conflist").write_text(_network(state / "addresses"))
        configuration = self.places.configuration / "containerd.toml"
        is_new = self.programs.instead is not None
        configuration.write_text(
            (_CONTAINERD_2 if is_new else _CONTAINERD).format(
                root=_quoted(state / "containerd"),
                state=_quoted(state / "containerd-state"),
                socket=_quoted(self.places.containerd_socket),
                optional=_quoted(state / "containerd-optional"),
                pause=_quoted(PAUSE),
                snapshotter=_quoted(snapshotter(state)),
                plugins=_quoted(self.programs.network_plugins),
                networks=_quoted(networks),
                runc=_quoted(self.programs.find("runc")),
                runc_state=_quoted(state / "runc"),
            )
        )
        return containerd_again(self.places, self.programs)

    def kubelet(self, namespace_of: int) -> list[str]:
        """Return the kubelet's command line, for the mount namespace of the given process."""
        kubeconfig = self.certificates.kubeconfig(
            self.certificates.kubelet,
            self.api_url,
            self.places.configuration / "kubelet.kubeconfig",
        )
        configuration = self.places.configuration / "kubelet.json"
        configuration.write_text(json.dumps(self._kubelet_configuration(), indent=1))
        return [
            command.find("nsenter"),
            f"--mount=/proc/{namespace_of}/ns/mnt",
            str(self.kubernetes / "kubelet"),
            f"--hostname-override={NODE_NAME}",
            f"--kubeconfig={kubeconfig}",
            f"--config={configuration}",
            f"--root-dir={self.places.state / 'kubelet'}",
            f"--cert-dir={self.places.state / 'kubelet-certificates'}",
        ]

    def _controller(self, name: str, pair: Pair, port: int) -> list[str]:
        kubeconfig = self.certificates.kubeconfig(
            pair, self.api_url, self.places.configuration / f"{name}.kubeconfig"
        )
        return [
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            f"--tls-cert-file={self.certificates.server.certificate}",
            f"--tls-private-key-file={self.certificates.server.key}",
            "--leader-elect=false",
        ]

    def _kubelet_configuration(self) -> dict[str, object]:
        server = self.certificates.server
        never = dict.fromkeys(_DISK_SIGNALS, "0%")
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": "127.0.0.1",
            "port": self.ports.kubelet,
            "readOnlyPort": 0,
            "healthzPort": 0,
            "tlsCertFile": str(server.certificate),
            "tlsPrivateKeyFile": str(server.key),
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(self.certificates.authority.certificate)},
            },
            "authorization": {"mode": "Webhook"},
            "containerRuntimeEndpoint": f"unix://{self.places.containerd_socket}",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{self.places.identity}",
            "enforceNodeAllocatable": [],
            "failCgroupV1": False,
            "failSwapOn": False,
            "localStorageCapacityIsolation": False,
            "evictionHard": {"memory.available": "50Mi", **never},
            "imageGCHighThresholdPercent": 100,
            "makeIPTablesUtilChains": False,
            "maxPods": 250,
            "podLogsDir": str(self.places.state / "pod-logs"),
            "volumePluginDir": str(self.places.state / "volume-plugins"),
        }


def snapshotter(state: Path) -> str:
    """Return overlayfs where this directory's file system can carry it, else plain copies."""
    with tempfile.TemporaryDirectory(dir=state, prefix="overlay-") as folder:
        names = {name: Path(folder, name) for name in ("lower", "upper", "work", "merged")}
        for place in names.values():
            place.mkdir()
        options = ",".join(f"{name}dir={names[name]}" for name in ("lower", "upper", "work"))
        mount = [command.find("mount"), "-t", "overlay", "overlay", "-o", options]
        done = subprocess.run(
            [command.find("unshare"), "--mount", *mount, str(names["merged"])],
            capture_output=True,
            check=False,
        )
    return "overlayfs" if done.returncode == 0 else "native"


def containerd_again(places: Places, programs: Programs) -> list[str]:
    """Return the command line of a containerd whose configuration is written."""
    return [
        command.find("unshare"),
        "--mount",
        "--propagation=slave",
        str(_HERE / "private.sh"),
        str(places.state / "private"),
        programs.find("containerd"),
        f"--config={places.configuration / 'containerd.toml'}",
    ]


def _network(addresses: Path) -> str:
    """Return a pod network; it makes the node ready, and leaves nothing when its pods are gone."""
    return json.dumps(
        {
            "cniVersion": "0.4.0",
            "name": "pods",
            "plugins": [
                {
                    "type": "ptp",
                    "ipam": {
                        "type": "host-local",
                        "ranges": [[{"subnet": "10.218.0.0/24"}]],
                        "dataDir": str(addresses),
                    },
                }
            ],
        }
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _quoted(value: object) -> str:
    return json.dumps(str(value))


_CONTAINERD: Final = """\
version = 2
root = {root}
state = {state}
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]

[grpc]
address = {socket}

[plugins."io.containerd.internal.v1.opt"]
path = {optional}

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = {pause}
disable_apparmor = true
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
stream_server_address = "127.0.0.1"

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = {plugins}
conf_dir = {networks}

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = {snapshotter}
default_runtime_name = "runc"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = {runc}
Root = {runc_state}
"""
_CONTAINERD_2: Final = """\
version = 3
root = {root}
state = {state}
disabled_plugins = [
  "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.erofs",
  "io.containerd.snapshotter.v1.zfs",
]

[grpc]
address = {socket}

[plugins."io.containerd.internal.v1.opt"]
path = {optional}

[plugins."io.containerd.grpc.v1.cri"]
stream_server_address = "127.0.0.1"

[plugins."io.containerd.cri.v1.images"]
snapshotter = {snapshotter}

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = {pause}

[plugins."io.containerd.cri.v1.runtime"]
disable_apparmor = true
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = [{plugins}]
conf_dir = {networks}

[plugins."io.containerd.cri.v1.runtime".containerd]
default_runtime_name = "runc"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
BinaryName = {runc}
Root = {runc_state}
"""
