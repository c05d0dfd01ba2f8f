"""One certificate authority, the certificates it signs, and the kubeconfigs that carry them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.cluster import command

if TYPE_CHECKING:
    from pathlib import Path

NODE_NAME: Final = "localhost"

_DAYS: Final = "3650"
_CURVE: Final = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
_CONFIGURATION: Final = "[req]\ndistinguished_name = name\n[name]\n"
_LOOPBACK: Final = (
    "DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,IP:127.0.0.1"
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Certificates:
    """What the components show each other.

    Attributes:
        authority: signs all others.
        server: every server's; it names localhost and 127.0.0.1. The API server also shows it to
            etcd, and etcd to itself.
        admin: a cluster administrator.
        kubelet: the node.
        controller_manager: the controller manager.
        scheduler: the scheduler.
        accounts: signs the tokens of service accounts.
    """

    authority: Pair
    server: Pair
    admin: Pair
    kubelet: Pair
    controller_manager: Pair
    scheduler: Pair
    accounts: Pair

    def kubeconfig(self, pair: Pair, server: str, target: Path) -> Path:
        """Write a kubeconfig (as JSON, which is YAML too) and return its path."""
        name = "kubectl-restore-node"
        target.touch(mode=0o600)
        target.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": name,
                    "clusters": [
                        {
                            "name": name,
                            "cluster": {
                                "server": server,
                                "certificate-authority-data": _text(self.authority.certificate),
                            },
                        }
                    ],
                    "users": [
                        {
                            "name": name,
                            "user": {
                                "client-certificate-data": _text(pair.certificate),
                                "client-key-data": _text(pair.key),
                            },
                        }
                    ],
                    "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
                },
                indent=1,
            )
        )
        return target


def create(folder: Path, log: Path) -> Certificates:
    """Make all keys and certificates in an empty folder."""
    folder.mkdir(mode=0o700)
    maker = _Maker(folder, command.find("openssl"), log)
    authority = maker.authority()
    return Certificates(
        authority=authority,
        server=maker.signed(authority, "server", "/CN=localhost", _LOOPBACK),
        admin=maker.signed(authority, "admin", "/O=system:masters/CN=admin"),
        kubelet=maker.signed(authority, "kubelet", f"/O=system:nodes/CN=system:node:{NODE_NAME}"),
        controller_manager=maker.signed(
            authority, "controller-manager", "/CN=system:kube-controller-manager"
        ),
        scheduler=maker.signed(authority, "scheduler", "/CN=system:kube-scheduler"),
        accounts=maker.signed(authority, "accounts", "/CN=accounts"),
    )


@dataclass(frozen=True, slots=True)
class _Maker:
    folder: Path
    openssl: str
    log: Path

    def authority(self) -> Pair:
        return self._request("authority", "/CN=kubectl-restore-node", ["basicConstraints=CA:TRUE"])

    def signed(self, by: Pair, name: str, subject: str, names: str | None = None) -> Pair:
        extensions = ["basicConstraints=CA:FALSE", "extendedKeyUsage=clientAuth,serverAuth"]
        if names is not None:
            extensions.append(f"subjectAltName={names}")
        signer = ["-CA", str(by.certificate), "-CAkey", str(by.key)]
        return self._request(name, subject, extensions, signer)

    def _request(
        self, name: str, subject: str, extensions: list[str], signer: list[str] | None = None
    ) -> Pair:
        configuration = self.folder / "openssl.cnf"
        configuration.write_text(_CONFIGURATION)
        pair = Pair(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        command.run(
            [
                self.openssl,
                "req",
                "-x509",
                "-config",
                str(configuration),
                *_CURVE,
                "-days",
                _DAYS,
                "-subj",
                subject,
                *(word for extension in extensions for word in ("-addext", extension)),
                *(signer or []),
                "-out",
                str(pair.certificate),
                "-keyout",
                str(pair.key),
            ],
            log=self.log,
        )
        return pair


def _text(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
