"""Asks a Redis whether it answers, and whether it is fit to hold our state. Each question is one short connection.

Imported only when a Redis is wanted: the library takes half a second to load.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Literal

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, BusyLoadingError, NoPermissionError, RedisError, ResponseError
from redis.retry import Retry

from agent.local.redis_address import BadRedis, RedisAddress
from agent.local.redis_server import VERSION_NEEDED, version_of

_TIMEOUT = 1.0
_PATIENCE = 5.0  # for one that is somewhere else


def answers(address: RedisAddress) -> bool:
    """Whether it is responsive, if only to say that it is still loading its data."""
    return _ping(address) in ("serves", "loads")


def has_loaded(address: RedisAddress) -> bool:
    """Whether it serves."""
    return _ping(address) == "serves"


def _ping(address: RedisAddress) -> Literal["serves", "loads", "silent"]:
    with _client(address, _TIMEOUT) as client:
        try:
            client.ping()
        except BusyLoadingError:
            return "loads"
        except (RedisError, OSError):
            return "silent"
        return "serves"


def examine(address: RedisAddress) -> str:
    """A warning, or nothing: whether what this Redis acknowledges is safe from its death. Raises BadRedis."""
    try:
        with _client(address, _PATIENCE) as client:
            client.ping()
            told: dict[str, Any] = client.info()
            synced = _appendfsync(client)
    except (AuthenticationError, NoPermissionError):
        raise BadRedis(f"Redis at {address.shown} does not accept the user or password in REDIS_URL.") from None
    except (RedisError, OSError) as error:
        raise BadRedis(f"Redis at {address.shown} (REDIS_URL) does not answer: {error}.") from None
    version = version_of(str(told.get("redis_version", "")))
    if version and version < VERSION_NEEDED:
        raise BadRedis(f"Redis at {address.shown} is version {told['redis_version']}; needed is {_needed()} or newer.")
    if not told.get("aof_enabled"):
        return f"Redis at {address.shown} keeps no AOF: what it has acknowledged may be lost when it dies."
    if synced not in ("always", ""):
        return f"Redis at {address.shown} has appendfsync {synced}: what it acknowledged last may be lost when it dies."
    if told.get("maxmemory") and (policy := told.get("maxmemory_policy")) != "noeviction":
        return f"Redis at {address.shown} has maxmemory-policy {policy}: it may throw away what is stored when it is full."
    return ""


def _appendfsync(client: Redis) -> str:
    """When writes reach the disk; "" where a hosted Redis does not tell."""
    try:
        return client.config_get("appendfsync").get("appendfsync") or ""
    except ResponseError:
        return ""


def _needed() -> str:
    return ".".join(map(str, VERSION_NEEDED))


@contextmanager
def _client(address: RedisAddress, timeout: float) -> Generator[Redis]:
    retry = Retry(NoBackoff(), 0)
    client = Redis.from_url(address.url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=retry)
    try:
        yield client
    finally:
        client.close()
