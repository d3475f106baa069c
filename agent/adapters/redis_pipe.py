"""Calls to Redis, any number in flight on one connection, each answered or refused within a bound.

A call must be harmless when it is made twice: what was not answered when the connection broke is sent again on the next one.
"""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from typing import Any

from redis.exceptions import NoScriptError, ResponseError

from agent.adapters.redis_line import Argument, RedisLine, packed
from agent.domain.limits import REDIS_CALL_TIMEOUT, REDIS_CALLS_MAX

_LOG = logging.getLogger(__name__)


class RedisAway(Exception):
    """Redis does not answer, or refuses to do this now."""


class Script:
    """A Lua script, sent by its hash."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class RedisPipe:
    """Implements no port: the adapters of TurnLog and Feed call through it."""

    def __init__(self, url: str, name: str) -> None:
        self._line = RedisLine(url, name, self, self._watch)
        self._calls: OrderedDict[asyncio.Future[Any], bytes] = OrderedDict()  # in the order of their replies
        self._replies = 0

    @property
    def up(self) -> bool:
        return self._line.up

    def start(self) -> None:
        """Connects, and stays connected."""
        self._line.start()

    async def aclose(self) -> None:
        await self._line.aclose()
        for future in self._calls:
            future.cancel()

    async def script(self, script: Script, keys: list[Argument], *arguments: Argument) -> Any:
        """Runs ``script``; Redis forgets scripts when it restarts, so it may need the text once more."""
        try:
            return await self.call("EVALSHA", script.sha, len(keys), *keys, *arguments)
        except NoScriptError:
            return await self.call("EVAL", script.text, len(keys), *keys, *arguments)

    async def call(self, *command: Argument, patience: float | None = None) -> Any:
        """The reply. With ``patience`` it waits that long even for a Redis that is known to be away.

        Raises:
            RedisAway: not answered in time, too much in flight, or an error that Redis answered with.
            NoScriptError: for ``script``.
        """
        self.start()
        loop = asyncio.get_running_loop()
        limit = REDIS_CALL_TIMEOUT if patience is None else patience
        down_since = self._line.down_since
        if len(self._calls) >= REDIS_CALLS_MAX:
            raise RedisAway("too many calls in flight")
        if patience is None and down_since is not None and loop.time() - down_since > limit:
            raise RedisAway("not connected")
        reply: asyncio.Future[Any] = loop.create_future()
        self._calls[reply] = sent = packed(*command)
        if self._line.up:
            self._line.send(sent)
        return await self._answer(reply, limit)

    async def _answer(self, reply: asyncio.Future[Any], limit: float) -> Any:
        try:
            async with asyncio.timeout(limit):
                return await reply
        except TimeoutError:
            raise RedisAway("no answer") from None
        except NoScriptError:
            raise
        except ResponseError as error:
            _LOG.warning("Redis refuses a call: %s", error)
            raise RedisAway(str(error)) from error
        finally:
            if not self._line.up:
                self._calls.pop(reply, None)  # otherwise its place in the order is still needed

    def line_opened(self) -> None:
        for unanswered in self._calls.values():
            self._line.send(unanswered)

    def line_heard(self, reply: Any) -> None:
        self._replies += 1
        future, _ = self._calls.popitem(last=False)
        if future.done():
            return  # nobody waits for it any more
        if isinstance(reply, Exception):
            future.set_exception(reply)
        else:
            future.set_result(reply)

    async def _watch(self) -> None:
        """Ends, and with it the connection, when calls wait and nothing is answered: soon enough to make them again in time."""
        stuck = False
        while not stuck:
            waiting, replies = bool(self._calls), self._replies
            await asyncio.sleep(REDIS_CALL_TIMEOUT / 3)
            stuck = waiting and self._replies == replies

    def line_lost(self) -> None:
        for future in [f for f in self._calls if f.done()]:
            del self._calls[future]
