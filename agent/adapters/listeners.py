"""HTTP listeners: several uvicorn servers on one event loop, stopped by us and not by signal handlers of their own."""

import asyncio
import contextlib
import socket
from collections.abc import Generator

import uvicorn
from starlette.types import ASGIApp

from agent.domain.limits import SHUTDOWN_GRACE

BACKLOG = 2_048
KEEP_ALIVE = 75  # above every client's idle time: a client that closes first never sees a reset


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class Listener:
    """One app on one address. ``port`` 0 takes a free one; see ``self.port``.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((host, port))
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=int(SHUTDOWN_GRACE),
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
        """Stops accepting, gives open requests SHUTDOWN_GRACE seconds, then cuts them off (never a clean end mid-stream)."""
        self._server.should_exit = True
        if self._task:
            await self._task
