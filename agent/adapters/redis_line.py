"""One connection to Redis that comes back by itself.

Knows connecting, sending in batches, and when a connection is lost. Refuses to know what is sent: its owner hears that the
line is open, each reply in order, and that the line was lost, and sends again what still matters.
"""

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, cast

import hiredis
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.exceptions import RedisError, ResponseError
from redis.maint_notifications import MaintNotificationsConfig

from agent.domain.limits import REDIS_CALL_TIMEOUT, REDIS_RETRY_FIRST, REDIS_RETRY_MAX

_LOG = logging.getLogger(__name__)
_BROKEN = (RedisError, OSError, TimeoutError)


Argument = str | bytes | int


def packed(*command: Argument) -> bytes:
    """``command`` as it goes over the wire."""
    return cast(Any, hiredis.pack_command)(command)  # its stub knows commands of one word only


class LineOwner(Protocol):
    """Called on the event loop; must not raise."""

    def line_opened(self) -> None: ...

    def line_heard(self, reply: Any) -> None:
        """The next reply; an error Redis answered with comes as the exception it is."""
        ...

    def line_lost(self) -> None: ...


class RedisLine:
    """Opens at the first ``start`` and stays open until ``aclose``: an attempt now and then while Redis is away.

    ``watch`` runs with each connection and returns when that should be given up: it is half-open, or Redis stands still.
    """

    def __init__(self, url: str, name: str, owner: LineOwner, watch: Callable[[], Coroutine[Any, Any, None]]) -> None:
        # RESP2 without extras: one round trip to open, which also proves that Redis answers.
        self._make: Callable[[], AbstractConnection] = ConnectionPool.from_url(
            url,
            protocol=2,
            client_name=name,
            driver_info=None,
            socket_timeout=None,
            socket_connect_timeout=REDIS_CALL_TIMEOUT,
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        ).make_connection
        self._name, self._owner, self._watch = name, owner, watch
        self._out: list[bytes] = []
        self._wanted = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self.up = False
        self.down_since: float | None = None  # loop time; None before the first attempt ended, and while it is up

    def start(self) -> None:
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self._run(), name=self._name)

    def send(self, command: bytes) -> None:
        """Sent together with everything else of this turn of the loop; forgotten when the line is lost."""
        self._out.append(command)
        self._wanted.set()

    async def aclose(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        pause = REDIS_RETRY_FIRST
        while True:
            ended: object = "no answer"
            try:
                await self._serve(self._make())
            except _BROKEN as error:
                ended = error
            except Exception:  # noqa: BLE001 -- a bug, and no reason to stay without Redis until the process ends
                _LOG.exception("Redis connection %s failed", self._name)
            was_up, self.up = self.up, False
            if was_up:
                pause = REDIS_RETRY_FIRST
                _LOG.warning("Redis connection %s was lost: %s", self._name, ended)
                self._owner.line_lost()
            elif self.down_since is None:
                _LOG.warning("Redis cannot be reached by %s: %s", self._name, ended)
            if self.down_since is None:
                self.down_since = asyncio.get_running_loop().time()
            await asyncio.sleep(pause)
            pause = min(2 * pause, REDIS_RETRY_MAX)

    async def _serve(self, connection: AbstractConnection) -> None:
        """One connection from its opening to its loss."""
        try:
            async with asyncio.timeout(REDIS_CALL_TIMEOUT):
                await connection.connect()
            if self.down_since is not None:
                _LOG.warning("Redis connection %s is back", self._name)
            self.up, self.down_since = True, None
            self._out.clear()
            self._owner.line_opened()
            await _first_to_end([self._read(connection), self._write(connection), self._watch()])
        finally:
            with contextlib.suppress(*_BROKEN):
                await connection.disconnect(nowait=True)

    async def _read(self, connection: AbstractConnection) -> None:
        while True:
            try:
                reply = await connection.read_response(disable_decoding=True, timeout=math.inf, disconnect_on_error=False)
            except ResponseError as error:
                reply = error
            self._owner.line_heard(reply)

    async def _write(self, connection: AbstractConnection) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            out, self._out = self._out, []
            if out:
                await connection.send_packed_command(b"".join(out), check_health=False)


async def _first_to_end(parts: list[Coroutine[Any, Any, None]]) -> None:
    """Runs all until one ends, ends the others, and raises what that one raised."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
