"""The users' live feeds on Redis Streams, for replicas: bounded, a hint; clients refetch when they reconnect.

Ids are microseconds of Redis's clock, or one more than the newest where that is greater: in order whichever replica appends,
and a new life of an expired feed begins above the old one.
"""

import asyncio
from collections.abc import AsyncGenerator

from agent.adapters.redis_link import RedisLink
from agent.adapters.redis_pipe import RedisAway, Script
from agent.domain import ids
from agent.domain.errors import Unavailable
from agent.domain.events import AnyFeedEvent
from agent.domain.feed_entry import FeedEntry, feed_json
from agent.domain.ids import Identity
from agent.domain.limits import FEED_ENTRIES_MAX, FEED_KEPT_SECONDS, HEARTBEAT, REDIS_CALL_TIMEOUT, REDIS_PAGE

# The ids of events that were seen are kept longer than the events, sorted by when they came, so that the oldest can go.
_APPEND = Script("""
local feed, seen, channel, event, name, data = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local clock = redis.call('TIME')
local id = clock[1] * 1000000 + clock[2]
local newest = redis.call('XREVRANGE', feed, '+', '-', 'COUNT', 1)[1]
if newest then id = math.max(id, tonumber(string.match(newest[1], '^%d+')) + 1) end
id = string.format('%.0f', id)
if redis.call('ZADD', seen, 'NX', id, event) == 0 then return 0 end
redis.call('ZREMRANGEBYRANK', seen, 0, -2 * ARGV[5] - 1)
redis.call('XADD', feed, 'MAXLEN', ARGV[5], id .. '-0', name, data)
redis.call('PEXPIRE', feed, ARGV[6])
redis.call('PEXPIRE', seen, ARGV[6])
redis.call('PUBLISH', channel, id .. '\\n' .. name .. '\\n' .. data)
return 1
""")


class RedisFeed:
    """See ``agent.ports.Feed``."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def append(self, event: AnyFeedEvent) -> None:
        key = self._key(Identity(event.tenant_id, event.user_id))
        body = (event.event_id, event.event_type, feed_json(event))
        bounds = (FEED_ENTRIES_MAX, int(FEED_KEPT_SECONDS * 1000))
        try:
            await self._link.pipe.script(_APPEND, [key, key + ":seen"], self._link.channel(key), *body, *bounds)
        except RedisAway as error:
            raise Unavailable("feed_unavailable", "The feed is out of reach.") from error

    async def follow(self, who: Identity, after: int | None) -> AsyncGenerator[list[FeedEntry]]:
        key = self._key(who)

        async def read(cursor: int, patience: float) -> list[FeedEntry]:
            found = await self._link.pipe.call("XRANGE", key, f"({cursor}-0", "+", "COUNT", REDIS_PAGE, patience=patience)
            return [_entry(i, *fields) for i, fields in found]

        patience = REDIS_CALL_TIMEOUT  # who waits for the stream to open is told soon that it is silent
        while (cursor := await self._begin(key, after, patience)) is None:
            patience = HEARTBEAT
            yield []
        with self._link.reader.listen(self._link.channel(key), _decode, read, cursor) as listener:
            yield []  # the stream is open from here on
            while True:
                yield await listener.batch()

    async def _begin(self, key: str, after: int | None, patience: float) -> int | None:
        """The id to read from: ``after`` unless this feed has never got there; None while Redis is away."""
        until = asyncio.get_running_loop().time() + patience
        try:
            found = await self._link.pipe.call("XREVRANGE", key, "+", "-", "COUNT", 1, patience=patience)
        except RedisAway:
            await asyncio.sleep(until - asyncio.get_running_loop().time())  # it may have been refused at once
            return None
        newest = _number(found[0][0]) if found else 0
        return newest if after is None else min(after, newest)

    def _key(self, who: Identity) -> str:
        # The index of a user's tasks and a user's feed are both named by two segments, encoded alike.
        return f"{self._link.prefix}feed:{ids.task_index_actor_id(who)}"


def _number(entry_id: bytes) -> int:
    return int(entry_id.partition(b"-")[0])


def _entry(entry_id: bytes, name: bytes, data: bytes) -> FeedEntry:
    return FeedEntry(_number(entry_id), name.decode(), data)


def _decode(message: bytes) -> list[FeedEntry]:
    return [_entry(*message.split(b"\n"))]
