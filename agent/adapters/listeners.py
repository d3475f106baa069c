"""HTTP listeners: several uvicorn servers on one event loop, stopped by us and not by signal handlers of their own."""

import asyncio
import contextlib
import socket
from collections.abc import Generator

import uvicorn
from starlette.types import ASGIApp

from agent.domain.limits import FOLLOWER_STALL_TIMEOUT, SEND_BUFFER_BYTES

BACKLOG = 2_048
KEEP_ALIVE = 75  # above every client's idle time: a client that closes first never sees a reset


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class Listener:
    """One app on one address. ``port`` 0 takes a free one; see ``self.port``.

    A peer that takes nothing for ``stall_timeout`` seconds, or vanished without a word, is cut off by the system (on Linux).
    ``grace`` is what requests under way get in seconds when it stops.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self, app: ASGIApp, host: str, port: int, stall_timeout: float = FOLLOWER_STALL_TIMEOUT, grace: int = 0
    ) -> None:
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bound_what_waits(self._socket, stall_timeout)
        self._socket.bind((host, port))
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=grace,
            server_header=False,
            proxy_headers=False,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when it accepts connections."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started:
            if self._task.done():
                await self._task
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Stops accepting, and after its grace cuts off what is open: a stream that did not get to its end has no clean end."""
        self._server.should_exit = True
        if self._task:
            await self._task


def _bound_what_waits(listening: socket.socket, stall_timeout: float) -> None:
    """For every connection accepted here. Without it, closing one whose peer reads nothing would wait for that peer."""
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(stall_timeout * 1_000))
