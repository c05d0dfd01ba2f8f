"""moto's server: S3 as AWS answers it, as far as a program of this machine can."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE = 60.0
"""Seconds until it listens: its start is slow."""

_SIGNED: Final = (
    "AWS4-HMAC-SHA256 Credential=test/20261129/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=0"
)
"""moto wants to know who writes; it does not look at the signature."""


@contextmanager
def moto_server() -> Iterator[str]:
    """Run it; return its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def put(server: str, path: str, content: bytes = b"") -> None:
    """Make a bucket (`/BUCKET`), or an object in one."""
    # Without a type of its own it would be a form's, and moto would wait for more of it.
    headers = {"Content-Type": "application/octet-stream", "Authorization": _SIGNED}
    request = urllib.request.Request(  # noqa: S310 - it is ours
        server + path, data=content, method="PUT", headers=headers
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - as above
        pass


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.1)
