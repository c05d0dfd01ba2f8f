"""A small HTTP server with objects, which answers as wrongly as a test wants it to.

It looks at no signature: `s3://BUCKET/KEY` is `/BUCKET/KEY`, and so is a URL.
"""

from __future__ import annotations

import hashlib
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

_RANGE: Final = re.compile(r"bytes=(\d+)-(\d+)")
_WRITTEN: Final = "Sun, 29 Nov 2026 12:00:00 GMT"


@dataclass(slots=True)
class Asked:
    """One request.

    Attributes:
        path: unescaped, without its query.
        query: what stands behind `?`.
        start: the first byte that is asked for; None for the whole object.
        end: behind the last one.
        number: how many came for the same object before.
        authorization: what was sent to say who asks; empty for nothing.
    """

    path: str
    query: str
    start: int | None
    end: int | None
    number: int
    authorization: str = ""


@dataclass(slots=True)
class Reply:
    """An answer.

    Attributes:
        status: HTTP's.
        body: what is sent.
        headers: of it; `Content-Length` is the body's where it is not among them.
        cuts: the connection is closed behind the body, whatever length was said.
        before: called before anything is sent; waits where the server is slow.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cuts: bool = False
    before: Callable[[], object] = lambda: None


def s3_error(status: int, code: str, message: str = "said so") -> Reply:
    """Return an error as S3 words it."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Reply(status, body.encode(), {"Content-Type": "application/xml"})


class StoreServer:
    """Objects by their paths, `/BUCKET/KEY`.

    Attributes:
        objects: their contents.
        asked: every request, in the order in which they came.
        wrong: changes an answer: given the request and the right one; None leaves it.
        etag: says what a content is called; None for nothing.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """Listen on a port of this machine's own choice; with TLS where there is a context."""
        self.objects: dict[str, bytes] = {}
        self.asked: list[Asked] = []
        self.wrong: Callable[[Asked, Reply], Reply | None] = lambda _asked, _reply: None
        self.etag: Callable[[bytes], str | None] = lambda data: f'"{hashlib.md5(data).hexdigest()}"'  # noqa: S324 - as S3 does
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What S3's clients are told of it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "known-to-nobody",
            "AWS_REGION": "us-east-1",
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _serve(self) -> None:
        # How long its end takes.
        self._server.serve_forever(poll_interval=0.02)

    def ranges_of(self, path: str) -> list[tuple[int, int]]:
        """Return which ranges of an object were asked for."""
        return [
            (one.start, one.end)
            for one in self.asked
            if one.path == path and one.start is not None and one.end is not None
        ]

    def answer(self, address: str, wanted: str, authorization: str) -> Reply:
        """Return the answer to a request, right or wrong."""
        parts = urlsplit(address)
        path, found = unquote(parts.path), _RANGE.fullmatch(wanted)
        with self._lock:
            number = sum(one.path == path for one in self.asked)
            start, end = (int(found[1]), int(found[2]) + 1) if found else (None, None)
            asked = Asked(path, parts.query, start, end, number, authorization)
            self.asked.append(asked)
        right = self._right(path, start, end)
        return self.wrong(asked, right) or right

    def _right(self, path: str, start: int | None, end: int | None) -> Reply:
        data = self.objects.get(path)
        if data is None:
            return s3_error(404, "NoSuchKey")
        etag = self.etag(data)
        headers = {"Last-Modified": _WRITTEN, **({} if etag is None else {"ETag": etag})}
        if start is None or end is None:
            return Reply(200, data, headers)
        if start >= len(data):
            return s3_error(416, "InvalidRange")
        body = data[start:end]
        headers["Content-Range"] = f"bytes {start}-{start + len(body) - 1}/{len(data)}"
        return Reply(206, body, headers)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Say nothing: clients go away in the middle, as they are meant to."""


def _handler_of(store: StoreServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            said = self.headers
            reply = store.answer(self.path, said.get("Range", ""), said.get("Authorization", ""))
            reply.before()
            self.send_response(reply.status)
            headers = {"Content-Length": str(len(reply.body)), **reply.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)
            if reply.cuts:
                self.wfile.flush()
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
