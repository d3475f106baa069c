"""What the Redis adapters of one process share: two connections, whatever the number of turns, writers and followers."""

import asyncio

from redis.asyncio.connection import parse_url

from agent.adapters.redis_pipe import RedisPipe
from agent.adapters.redis_reader import RedisReader


def url_fault(url: str) -> str | None:
    """What is wrong with the address of a Redis, if anything; never shows its password."""
    try:
        host = parse_url(url).get("host")
    except ValueError:
        return "it has the wrong form"
    return None if host else "it names no host"


class RedisLink:
    """``prefix`` sets deployments on one Redis apart. Connects at first use or by ``start``, on the loop that uses it."""

    def __init__(self, url: str, prefix: str = "task-agent:") -> None:
        self.prefix = prefix
        self._database = parse_url(url).get("db") or 0
        self.pipe = RedisPipe(url, "task-agent-calls")
        self.reader = RedisReader(url, "task-agent-reader")

    @property
    def up(self) -> bool:
        """Whether Redis answered when it was last asked; followers and appends cope with either."""
        return self.pipe.up

    def start(self) -> None:
        """Connects without being used, so that ``up`` means something from the start."""
        self.pipe.start()

    def channel(self, key: str) -> bytes:
        """The channel of a stream. Channels are the server's, not the database's, so it says which."""
        return f"{self._database}/{key}".encode()

    async def aclose(self) -> None:
        await asyncio.gather(self.pipe.aclose(), self.reader.aclose())
