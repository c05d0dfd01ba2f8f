"""The few questions that `up` has for the API server."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_TIMEOUT: Final = 5.0


@dataclass(frozen=True, slots=True)
class Server:
    """An API server on the loopback interface, asked as the administrator."""

    port: int
    authority: Path
    certificate: Path
    key: Path

    @property
    def ready(self) -> bool:
        """Whether it has started completely."""
        return self._get("/readyz") is not None

    def node_ready(self, name: str) -> bool:
        """Whether the node is there and takes pods."""
        body = self._get(f"/api/v1/nodes/{name}")
        if body is None:
            return False
        node = json.loads(body)
        conditions = node.get("status", {}).get("conditions", [])
        ready = {"Ready": "True"}.items()
        return not node.get("spec", {}).get("taints") and any(
            ready <= {condition["type"]: condition["status"]}.items() for condition in conditions
        )

    def has_account(self, namespace: str) -> bool:
        """Whether pods can be made there: their default service account exists."""
        return self._get(f"/api/v1/namespaces/{namespace}/serviceaccounts/default") is not None

    def _get(self, path: str) -> bytes | None:
        try:
            context = ssl.create_default_context(cafile=str(self.authority))
            context.load_cert_chain(self.certificate, self.key)
            connection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=_TIMEOUT, context=context
            )
            try:
                connection.request("GET", path)
                response = connection.getresponse()
                body = response.read()
            finally:
                connection.close()
        except (OSError, http.client.HTTPException):
            return None
        return body if response.status == HTTPStatus.OK else None
