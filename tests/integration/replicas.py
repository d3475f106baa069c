"""What tests do with replicas: tell which one works on a turn, hurt one or each of them, and look into what they share."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing

import psutil
from redis import Redis

from agent.domain import ids
from agent.domain.ids import ConversationKey
from tests.integration.endpoint import EndpointThread
from tests.integration.proc import environment
from tests.integration.stack import START_TIMEOUT, Stack


def producer(stack: Stack, endpoint: EndpointThread, said: str, attempt: int = 1) -> int:
    """The replica whose app holds the connection on which the endpoint streams its answer to ``said``, at this attempt."""
    asked = endpoint.wait(said, lambda seen: len(seen) >= attempt and seen[-1].sent > 2, START_TIMEOUT)
    for process in stack.ps():
        if process["name"] == "app":
            connections = psutil.Process(process["pid"]).net_connections("tcp")
            if asked[-1].peer in [connection.laddr.port for connection in connections]:
                return process["replica"]
    raise AssertionError(f"nobody holds {asked[-1]}")


def others(stack: Stack, replica: int) -> list[int]:
    return [number for number in range(stack.replicas) if number != replica]


def kill(stack: Stack, name: str, replica: int | None = None) -> Callable[[], None]:
    """Kills a child of this replica, or everyone of that name; what is returned waits until all is well again."""
    named = [process["replica"] for process in stack.ps() if process["name"] == name]
    old = [(each, stack.kill(name, replica=each)) for each in named if replica in (None, each)]
    assert old, f"no {name} of replica {replica} runs"

    def back() -> None:
        for each, pid in old:
            stack.wait_pid_changed(name, pid, replica=each)
        stack.wait_ready()

    return back


def instance_of(stack: Stack, key: ConversationKey, turn: str) -> str:
    """The workflow instance that the actor has recorded for the turn: it has random characters, so the store must tell."""
    name = f"||ChatActor||{ids.chat_actor_id(key)}||turn-{turn.split('.')[1]}"
    return json.loads(_from_redis(stack, name) if stack.store == "redis" else _from_sqlite(stack, name))["instance"]


def is_stored(stack: Stack, name: str) -> bool:
    """Whether the engine has stored a value of that name."""
    if stack.store == "redis":
        with _redis(stack) as store:
            return any(True for _ in store.scan_iter(f"*{name}", count=1_000))
    with _sqlite(stack) as store:
        return store.execute("SELECT 1 FROM state WHERE key LIKE ?", (f"%{name}",)).fetchone() is not None


def _from_sqlite(stack: Stack, name: str) -> str:
    with _sqlite(stack) as store:
        [(value,)] = store.execute("SELECT value FROM state WHERE key LIKE ?", (f"%{name}",)).fetchall()
    return value


def _from_redis(stack: Stack, name: str) -> str:
    with _redis(stack) as store:
        [key] = store.scan_iter(f"*{name}", count=1_000)
        return str(store.hget(key, "data"))


def _sqlite(stack: Stack) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(f"file:{stack.data_dir}/state.sqlite?mode=ro", uri=True))


def _redis(stack: Stack) -> closing[Redis]:
    return closing(Redis.from_url(environment(stack.pid("app") or 0)["REDIS_URL"], decode_responses=True))
