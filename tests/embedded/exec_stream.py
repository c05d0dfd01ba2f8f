"""exec by the v5 WebSocket protocol: channels 0 stdin, 1 stdout, 2 stderr, 3 status, 255 close."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from typing import TYPE_CHECKING, Any, Final

from aiohttp import WSMsgType

from tests.embedded.status import exit_status, internal_error

if TYPE_CHECKING:
    import subprocess

    from aiohttp import web

    from tests.embedded.faults import Faults

PROTOCOL: Final = "v5.channel.k8s.io"
_STDIN, _STDOUT, _STDERR, _STATUS, _CLOSE = 0, 1, 2, 3, 255
_BLOCK: Final = 64 * 1024
_PIPE_SIZE: Final = 1024 * 1024


class _DroppedError(Exception):
    """The connection was cut on request."""


class ExecStream:
    """Carries bytes between a WebSocket and a process, with back pressure in both directions."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        faults: Faults,
    ) -> None:
        """Take the socket, and the transport under it to cut."""
        self._socket = socket
        self._transport = transport
        self._faults = faults
        self._taken = 0
        self._frozen = asyncio.Event()

    async def refuse(self, message: str) -> None:
        """Answer as a kubelet whose runtime could not start the command."""
        await self._status(internal_error(message))
        await self._socket.close()

    async def run(self, process: subprocess.Popen[bytes]) -> None:
        """Carry until the process has ended; tell how it ended."""
        assert process.stdin
        assert process.stdout
        assert process.stderr
        feeding = asyncio.ensure_future(self._feed(process))
        outputs = [
            asyncio.ensure_future(self._carry(_STDOUT, process.stdout.fileno(), feeding)),
            asyncio.ensure_future(self._carry(_STDERR, process.stderr.fileno(), None)),
        ]
        try:
            await asyncio.gather(*outputs)
            code = await _ended(process)
            if self._frozen.is_set() or self._faults.never_ends:
                await asyncio.Event().wait()
            if not self._faults.no_status:
                await self._status(exit_status(code if code >= 0 else 128 - code))
            await self._socket.close()
        except (ConnectionError, _DroppedError):
            pass
        finally:
            # A kubelet whose client is gone ends the input and kills nobody.
            feeding.cancel()
            for task in outputs:
                task.cancel()
            try:
                await asyncio.gather(feeding, *outputs, return_exceptions=True)
            finally:
                for stream in (process.stdin, process.stdout, process.stderr):
                    stream.close()
                # Reaped by whoever asks next; nobody waits here for a process that goes on.
                process.poll()

    async def _status(self, status: dict[str, Any]) -> None:
        await self._socket.send_bytes(bytes([_STATUS]) + json.dumps(status).encode())

    async def _feed(self, process: subprocess.Popen[bytes]) -> None:
        """Carry stdin until the client ends it or is gone."""
        assert process.stdin
        descriptor = process.stdin.fileno()
        os.set_blocking(descriptor, False)
        try:
            async for message in self._socket:
                if message.type is not WSMsgType.BINARY:
                    continue
                channel, data = message.data[0], memoryview(message.data)[1:]
                if channel == _CLOSE and data and data[0] == _STDIN:
                    if self._faults.never_ends:
                        continue
                    break
                if channel == _STDIN and not await self._take(data, descriptor, process):
                    break
        except (ConnectionError, BrokenPipeError, ValueError):
            pass
        finally:
            process.stdin.close()

    async def _take(
        self, data: memoryview, descriptor: int, process: subprocess.Popen[bytes]
    ) -> bool:
        """Pass on one message's bytes, or misbehave; tell whether the stream goes on."""
        self._taken += len(data)
        faults = self._faults
        if faults.drop_after is not None and self._taken >= faults.drop_after:
            if self._transport is not None:
                self._transport.abort()
            return False
        if faults.freeze_after is not None and self._taken >= faults.freeze_after:
            self._frozen.set()
            await asyncio.Event().wait()
        if faults.truncate_after is not None and self._taken >= faults.truncate_after:
            await _write(descriptor, data[: max(0, faults.truncate_after - self._taken)])
            return False
        if faults.drain is not None:
            await asyncio.sleep(len(data) / faults.drain)
        await _write(descriptor, data)
        if faults.end_after is not None and self._taken >= faults.end_after:
            os.killpg(process.pid, 9)
        return True

    async def _carry(
        self,
        channel: int,
        descriptor: int,
        feeding: asyncio.Future[None] | None,
    ) -> None:
        """Carry one output to the client; at its end stdin may end too, as in containerd."""
        os.set_blocking(descriptor, False)
        limit = self._faults.stdout_after if channel == _STDOUT else None
        carried = 0
        while data := await _read(descriptor):
            if self._frozen.is_set():
                await asyncio.Event().wait()
            if limit is not None:
                data = data[: max(0, limit - carried)]
                carried += len(data)
                if not data:
                    continue
            await self._socket.send_bytes(bytes([channel]) + data)
        if feeding is not None and self._faults.stdin_follows_stdout:
            # It closes stdin itself, once nothing waits for that descriptor any more.
            feeding.cancel()


async def _ended(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process without a thread: there are few of those, and some processes go on."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(process.pid)
            try:
                await _ready(descriptor, writing=False)
            finally:
                os.close(descriptor)
    return process.wait()


async def _ready(descriptor: int, *, writing: bool) -> None:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()
    add = loop.add_writer if writing else loop.add_reader
    remove = loop.remove_writer if writing else loop.remove_reader
    add(descriptor, lambda: None if future.done() else future.set_result(None))
    try:
        await future
    finally:
        remove(descriptor)


async def _read(descriptor: int) -> bytes:
    while True:
        try:
            return os.read(descriptor, _BLOCK)
        except BlockingIOError:
            await _ready(descriptor, writing=False)


async def _write(descriptor: int, data: memoryview) -> None:
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:
            await _ready(descriptor, writing=True)
