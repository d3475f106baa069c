"""A TCP relay between clients and one replica that can go silent: what a cable pulled out looks like to both ends.

No FIN, no RST, no byte, in either direction: both ends believe in a connection that is not there any more.
"""

import asyncio
import contextlib
from types import TracebackType
from typing import Self


class Relay:
    """``async with Relay(port) as relay``: listens on ``relay.url``."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._pumps: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.silence()
        for writer in self._writers:
            writer.transport.abort()

    def silence(self) -> int:
        """Every connection of now goes dead, without a sign; how many there were. New ones work."""
        pumps, self._pumps = self._pumps, set()
        for pump in pumps:
            pump.cancel()
        return len(pumps) // 2

    def cut(self) -> None:
        """Every connection of now is reset. New ones work."""
        writers, self._writers = self._writers, []
        for writer in writers:
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers = [w for w in self._writers if not w.transport.is_closing()] + [writer, far_writer]
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            pump = asyncio.create_task(_pump(source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Bytes until one end closes, which is passed on. Cancelled, it leaves both ends open."""
    with contextlib.suppress(ConnectionError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.transport.abort() if source.exception() else sink.close()
