"""The embedded cluster as a whole: server thread, certificate, kubeconfigs, pods."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import shutil
import ssl
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import trustme
from aiohttp import web

from tests.embedded.api import Api
from tests.embedded.pods import KINDS, EmbeddedPod, Kind, can_isolate
from tests.embedded.workloads import Workloads

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType


@dataclass(frozen=True, slots=True)
class Contents:
    """What a cluster has, and what that is called.

    Attributes:
        kinds: of the pods, one of each.
        namespace: theirs.
        context: the kubeconfig's.
    """

    kinds: tuple[Kind, ...] = KINDS
    namespace: str = "default"
    context: str = "embedded"


_USUAL: Final = Contents()


class EmbeddedCluster:
    """A cluster on the loopback interface, for as long as the `with` block lasts.

    Attributes:
        kubeconfig: path of a kubeconfig, mode 0600.
        isolation: `namespaces`, or why pods are plain processes here.
    """

    def __init__(self, directory: Path, contents: Contents = _USUAL) -> None:
        """Keep everything in a directory that exists."""
        self._directory = directory
        self._context = contents.context
        self.namespace = contents.namespace
        reason = can_isolate(directory)
        self.isolation = f"plain processes ({reason})" if reason else "namespaces"
        self.pods = {
            kind.name: EmbeddedPod(kind, directory / kind.name, not reason)
            for kind in contents.kinds
        }
        self.instead: dict[str, str] = {}
        self.token = secrets.token_hex(16)
        self.workloads = Workloads()
        self._api = Api(self.pods, self.workloads, self.namespace, self.token)
        self._authority = trustme.CA()
        self._loop = asyncio.new_event_loop()
        self._port = 0
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._stop = asyncio.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._started.wait(30):
            raise TimeoutError("the embedded cluster did not start")
        self.kubeconfig = self.kubeconfig_through(self._port, "kubeconfig")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pod in self.pods.values():
            pod.kill()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        for pod in self.pods.values():
            pod.reset()
            shutil.rmtree(pod.directory, ignore_errors=True)

    @property
    def requests(self) -> list[str]:
        """Every request so far: method and path."""
        return self._api.requests

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the API server."""
        return "127.0.0.1", self._port

    def pod(self, kind: str) -> EmbeddedPod:
        """Return a pod by its name, or the one that stands in its place."""
        return self.pods[self.instead.get(kind, kind)]

    def kubeconfig_through(
        self, port: int, name: str, *, user: Mapping[str, object] | None = None
    ) -> Path:
        """Write a kubeconfig for this cluster behind a port of the loopback interface."""
        authority = base64.b64encode(self._authority.cert_pem.bytes()).decode()
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": self._context,
            "clusters": [
                {
                    "name": "embedded",
                    "cluster": {
                        "server": f"https://127.0.0.1:{port}",
                        "certificate-authority-data": authority,
                    },
                }
            ],
            "users": [{"name": "demo", "user": user or {"token": self.token}}],
            "contexts": [
                {
                    "name": self._context,
                    "context": {
                        "cluster": "embedded",
                        "user": "demo",
                        "namespace": self.namespace,
                    },
                }
            ],
        }
        path = self._directory / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(config, file)
        return path

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._run())
        self._loop.close()

    async def _run(self) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert("127.0.0.1").configure_cert(context)
        # A dropped client's handler goes on until its process has ended: nothing is cancelled.
        runner = web.AppRunner(
            self._api.application(), handler_cancellation=False, shutdown_timeout=1.0
        )
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        self._port = runner.addresses[0][1]
        self._started.set()
        await self._stop.wait()
        await runner.cleanup()
