"""The proxy: delay, rate, cut after N bytes, freeze after N bytes. TLS passes through it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

_SLICE: Final = 0.01
"""Seconds of rate that one read may take, so that a slow link is slow evenly."""
_LARGEST: Final = 64 * 1024
_QUEUED: Final = 4 * 1024 * 1024
"""Bytes under way inside a delay, at most: what does not fit is not read."""


class LinkProxy:
    """A link on the loopback interface, for as long as the `with` block lasts.

    Attributes:
        delay: seconds that every byte takes, each way.
        rate: bytes a second towards the cluster, None for no limit.
        cut_after: bytes towards the cluster after which all connections are cut.
        freeze_after: bytes towards the cluster after which nothing moves any more.
        sent, received: bytes carried towards the cluster and back.

    All may be set while it runs.
    """

    def __init__(
        self,
        target: tuple[str, int],
        *,
        delay: float = 0.0,
        rate: float | None = None,
        cut_after: int | None = None,
        freeze_after: int | None = None,
    ) -> None:
        """Lead to `target`."""
        self.delay = delay
        self.rate = rate
        self.cut_after = cut_after
        self.freeze_after = freeze_after
        self.sent = 0
        self.received = 0
        self.port = 0
        self._target = target
        self._frozen = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._moving = asyncio.Event()
        self._moving.set()
        self._stop = asyncio.Event()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._up.wait(30):
            raise TimeoutError("the link did not come up")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)

    def cut(self) -> None:
        """Cut every connection; new ones are carried."""
        self._loop.call_soon_threadsafe(self._cut)

    def freeze(self) -> None:
        """Carry nothing any more, and close nothing; new connections are as dead."""
        self._loop.call_soon_threadsafe(self._moving.clear)

    def heal(self) -> None:
        """Be a good link again."""
        self.cut_after = self.freeze_after = self.rate = None
        self.delay = 0.0
        self._loop.call_soon_threadsafe(self._moving.set)

    def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._run())
        self._loop.close()

    async def _run(self) -> None:
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0, limit=_LARGEST)
        self.port = server.sockets[0].getsockname()[1]
        self._up.set()
        await self._stop.wait()
        server.close()
        self._cut()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            there, onward = await asyncio.open_connection(*self._target, limit=_LARGEST)
            self._writers |= {writer, onward}
            try:
                await asyncio.gather(
                    self._carry(reader, onward, up=True), self._carry(there, writer, up=False)
                )
            finally:
                for one in (writer, onward):
                    self._writers.discard(one)
                    one.close()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool
    ) -> None:
        """Carry one direction through the delay."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_QUEUED // _LARGEST)
        delivery = asyncio.ensure_future(self._deliver(queue, writer))
        try:
            while data := await reader.read(self._take_at_once(up=up)):
                await self._account(len(data), up=up)
                await self._moving.wait()
                await queue.put((self._loop.time() + self.delay, data))
            await queue.put((self._loop.time() + self.delay, b""))
            await delivery
        finally:
            delivery.cancel()

    async def _deliver(
        self, queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        while True:
            due, data = await queue.get()
            if (left := due - self._loop.time()) > 0:
                await asyncio.sleep(left)
            await self._moving.wait()
            if not data:
                with contextlib.suppress(OSError):
                    writer.write_eof()
                return
            writer.write(data)
            await writer.drain()

    def _take_at_once(self, *, up: bool) -> int:
        if not up or self.rate is None:
            return _LARGEST
        return max(512, min(_LARGEST, int(self.rate * _SLICE)))

    async def _account(self, length: int, *, up: bool) -> None:
        """Count, and let the bad things happen that are due."""
        if not up:
            self.received += length
            return
        self.sent += length
        if self.cut_after is not None and self.sent >= self.cut_after:
            self.cut_after = None
            self._cut()
        if self.freeze_after is not None and self.sent >= self.freeze_after:
            self._moving.clear()
        if self.rate is not None:
            await asyncio.sleep(length / self.rate)
