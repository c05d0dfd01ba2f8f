"""Real S3 servers: moto (Python, as AWS answers), and gofakes3 (Go), which ignores If-Match."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.golang import built

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE = 60.0
"""Seconds until it listens: its start is slow."""

_GOFAKES3: Final = "github.com/johannesboyne/gofakes3/cmd/gofakes3"
_SIGNED: Final = (
    "AWS4-HMAC-SHA256 Credential=test/20261129/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=0"
)
"""moto wants to know who writes; it does not look at the signature."""


def moto(port: int) -> list[str]:
    """Return the command that runs moto's server."""
    return [sys.executable, "-m", "moto.server", "--port", str(port)]


def gofakes3(port: int) -> list[str]:
    """Return the command that runs gofakes3; a test is skipped where there is no Go."""
    programs = built(Path(__file__).parent / "gofakes3", _GOFAKES3)
    return [str(programs / "gofakes3"), "-backend", "mem", "-host", f"127.0.0.1:{port}"]


SERVERS: Final = {"moto": moto, "gofakes3": gofakes3}


@contextmanager
def running(name: str) -> Iterator[str]:
    """Run one of `SERVERS`; return its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = SERVERS[name](port)
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
