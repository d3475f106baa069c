"""Readers that take nothing, over real sockets: cut off after a while, and nobody else waits for them."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator

import pytest
from starlette.types import Receive, Scope, Send

from agent.adapters.listeners import Listener

PATIENCE = 60.0
CHUNK = b"x" * 1_024
pytestmark = pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the system cuts off nobody here")


class Endless:
    """An app that sends to everybody for ever. ``ended`` counts whom it has stopped sending to.

    So little at a time that the system takes it all for a reader with room, also while a busy machine lets nobody read.
    """

    def __init__(self) -> None:
        self.ended = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        sending = asyncio.ensure_future(self._send(send))
        try:
            await receive()
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self.ended += 1
            sending.cancel()

    async def _send(self, send: Send) -> None:
        while True:
            await send({"type": "http.response.body", "body": CHUNK, "more_body": True})
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def serving(app: Endless) -> AsyncGenerator[Listener]:
    listener = Listener(app, "127.0.0.1", 0, stall_timeout=3.0)
    await listener.start()
    try:
        yield listener
    finally:
        await listener.stop()


async def reader(port: int, room: int) -> socket.socket:
    """Has asked, and reads nothing by itself; its system takes about ``room`` bytes for it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", port))
    await loop.sock_sendall(client, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return client


async def read_until_cut(client: socket.socket) -> int:
    """Bytes it still got before the reset."""
    got = 0
    with pytest.raises(ConnectionResetError):
        while data := await asyncio.get_running_loop().sock_recv(client, 65_536):
            got += len(data)
    return got


async def test_a_reader_that_takes_nothing_is_cut_off_and_others_go_on() -> None:
    app = Endless()
    async with serving(app) as listener, asyncio.timeout(PATIENCE):
        with await reader(listener.port, 4_096) as stalled, await reader(listener.port, 131_072) as keen:
            while app.ended == 0:
                assert await asyncio.get_running_loop().sock_recv(keen, 65_536)
            assert app.ended == 1
            before = len(await asyncio.get_running_loop().sock_recv(keen, 65_536))
            assert before > 0
            await read_until_cut(stalled)
