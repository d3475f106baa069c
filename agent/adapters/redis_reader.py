"""One listening connection per process, for any number of followers of any number of streams.

Whoever appends to a stream also publishes the entries on its channel, in the same script. A follower subscribes, and once
that is confirmed reads the stream from its cursor: what it reads, and what it hears from then on, is everything. A connection
that breaks makes every follower read again. A channel costs Redis nothing while it is silent, and joining one disturbs
nobody; one blocking XREAD over all streams would carry all their names each time anything happens on any of them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, Generic, Protocol, TypeVar, cast

from agent.adapters.redis_line import RedisLine, packed
from agent.adapters.redis_pipe import RedisAway
from agent.domain.limits import HEARTBEAT, REDIS_HEARD_MAX, REDIS_PAGE, REDIS_PING_INTERVAL

_PING = packed("PING")


class Entry(Protocol):
    """Anything with an id that grows along its stream."""

    @property
    def id(self) -> Any: ...


E = TypeVar("E", bound=Entry)
Read = Callable[[Any, float], Awaitable[list[E]]]
"""Reads at most REDIS_PAGE entries behind a cursor, within so many seconds. Raises RedisAway."""


class Listener(Generic[E]):
    """What one follower has heard and not taken yet."""

    def __init__(self, read: Read[E], cursor: Any) -> None:
        self._read, self._cursor = read, cursor
        self._heard: list[E] = []
        self._changed = asyncio.Event()
        self._stale = False

    def tell(self, entries: list[E]) -> None:
        if entries[-1].id <= self._cursor:
            return
        if len(self._heard) >= REDIS_HEARD_MAX:
            self.renew()  # it does not take them: later it reads from the stream what it missed
        self._heard += entries
        self._changed.set()

    def renew(self) -> None:
        """From here on everything is heard; what was before has to be read."""
        self._heard.clear()
        self._stale = True
        self._changed.set()

    async def batch(self) -> list[E]:
        """The next entries, or nothing after HEARTBEAT seconds of silence, or of a Redis that is away."""
        deadline = asyncio.get_running_loop().time() + HEARTBEAT
        while True:
            self._changed.clear()
            if entries := await self._take(deadline):
                self._cursor = entries[-1].id
                return entries
            try:
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()
            except TimeoutError:
                return []

    async def _take(self, deadline: float) -> list[E]:
        if not self._stale:
            heard, self._heard = self._heard, []
            return [e for e in heard if e.id > self._cursor]
        self._stale = False  # before it reads: a renewal meanwhile means another reading
        left = max(0.0, deadline - asyncio.get_running_loop().time())
        try:
            entries = await self._read(self._cursor, left)
        except RedisAway:
            self._stale = True
            return []
        self._stale = self._stale or len(entries) >= REDIS_PAGE
        return entries


class _Channel:
    """Who listens to one channel. ``live``: Redis has confirmed it on this connection."""

    def __init__(self, decode: Callable[[bytes], list[Any]]) -> None:
        self.decode = decode
        self.listeners: set[Listener[Any]] = set()
        self.live = False


class RedisReader:
    """The listening connection and its channels."""

    def __init__(self, url: str, name: str) -> None:
        self._line = RedisLine(url, name, self, self._watch)
        self._channels: dict[bytes, _Channel] = {}
        self._silent = False

    @property
    def up(self) -> bool:
        return self._line.up

    async def aclose(self) -> None:
        await self._line.aclose()

    @contextmanager
    def listen(self, name: bytes, decode: Callable[[bytes], list[E]], read: Read[E], cursor: Any) -> Generator[Listener[E]]:
        """A listener of channel ``name`` from ``cursor`` on; ``decode`` is the same for every listener of a channel."""
        self._line.start()
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = _Channel(decode)
            self._send("SUBSCRIBE", name)
        listener = Listener(read, cursor)
        channel.listeners.add(listener)
        if channel.live:
            listener.renew()
        try:
            yield listener
        finally:
            channel.listeners.discard(listener)
            if not channel.listeners:
                del self._channels[name]
                self._send("UNSUBSCRIBE", name)

    def line_opened(self) -> None:
        for name in self._channels:
            self._send("SUBSCRIBE", name)

    def line_heard(self, reply: Any) -> None:
        self._silent = False
        if not isinstance(reply, list) or len(cast(list[Any], reply)) != 3:
            return  # an answer to PING
        kind, name, content = cast(list[Any], reply)
        channel = self._channels.get(name)
        if channel is None:
            return  # its last listener has just left
        if kind == b"subscribe":
            channel.live = True
            for listener in channel.listeners:
                listener.renew()
        elif kind == b"message" and channel.live:
            entries = channel.decode(content)
            for listener in channel.listeners:
                listener.tell(entries)

    def line_lost(self) -> None:
        for channel in self._channels.values():
            channel.live = False

    def _send(self, command: str, name: bytes) -> None:
        if self._line.up:
            self._line.send(packed(command, name))

    async def _watch(self) -> None:
        """Ends, and with it the connection, when it is silent in spite of being asked."""
        self._silent = False
        while not self._silent:
            self._silent = True
            self._line.send(_PING)
            await asyncio.sleep(REDIS_PING_INTERVAL)
