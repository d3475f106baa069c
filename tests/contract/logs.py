"""The adapters that the TurnLog contract is tested on, with small bounds, and what its suites share."""

import asyncio
import glob
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

import pytest

from agent.adapters import memory_log, redis_line, redis_log, redis_pipe, redis_reader
from agent.adapters.memory_log import MemoryTurnLog
from agent.adapters.redis_link import RedisLink
from agent.adapters.redis_log import RedisTurnLog
from agent.domain.events import (
    EntryId,
    LogEntry,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
)
from agent.domain.ids import TurnKey
from agent.domain.messages import PublicMessage, Usage
from agent.ports import TurnLog
from tests.fakes.redis_server import RedisServer

Link = Callable[[RedisServer], RedisLink]
TURN = TurnKey("default", "local", "main.1." + "a" * 26)
OTHER = TurnKey("default", "local", "main.2." + "a" * 26)
BOUND = 0.5  # seconds a call to Redis may take in tests that wait for it
HEARTBEAT = 0.05
ENTRIES_MAX = 40
CLOSED_KEPT_MAX = 3
PATIENCE = 30.0  # the machine may be busy


@dataclass
class Adapter:
    """A log with small bounds, and the way to make its closed logs expire."""

    log: TurnLog
    expire: Callable[[], Awaitable[None]]


def memory(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, link: Link) -> Adapter:
    monkeypatch.setattr(memory_log, "HEARTBEAT", HEARTBEAT)
    monkeypatch.setattr(memory_log, "LOG_ENTRIES_MAX", ENTRIES_MAX)
    monkeypatch.setattr(memory_log, "LOG_CLOSED_KEPT_MAX", CLOSED_KEPT_MAX)
    log = MemoryTurnLog()

    async def expire() -> None:
        monkeypatch.setattr(memory_log, "LOG_CLOSED_KEPT_SECONDS", 0.0)
        await log.close(TurnKey("default", "local", "one that ends later"), TurnCancelled(turn_id="x"))

    return Adapter(log, expire)


def redis(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, link: Link) -> Adapter:
    """With pages and buffers so small that every test meets their bounds."""
    for name, value in {"HEARTBEAT": HEARTBEAT, "REDIS_PAGE": 7, "REDIS_HEARD_MAX": 10}.items():
        monkeypatch.setattr(redis_reader, name, value)
    bound_calls(monkeypatch, PATIENCE)
    monkeypatch.setattr(redis_log, "LOG_ENTRIES_MAX", ENTRIES_MAX)
    monkeypatch.setattr(redis_log, "REDIS_PAGE", 7)
    server: RedisServer = request.getfixturevalue("shared_redis")
    mine = link(server)

    async def expire() -> None:
        """As if LOG_CLOSED_KEPT_SECONDS had passed."""
        for key in server.admin.scan_iter(f"{glob.escape(mine.prefix)}*"):
            if server.admin.pttl(key) <= redis_log.LOG_CLOSED_KEPT_SECONDS * 1000:
                server.admin.delete(key)

    return Adapter(RedisTurnLog(mine), expire)


ADAPTERS = {"memory": memory, "redis": redis}


def bound_calls(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """For so long a call to Redis may take; for a third of it a connection may be silent."""
    for module in (redis_line, redis_pipe):
        monkeypatch.setattr(module, "REDIS_CALL_TIMEOUT", seconds)


def delta(text: str) -> TextDelta:
    return TextDelta(turn_id=TURN.turn_id, step=0, delta=text)


def completed(text: str = "ok") -> TurnCompleted:
    message = PublicMessage(role="assistant", content=text, tokens=1, estimated=False, created_at="")
    return TurnCompleted(turn_id=TURN.turn_id, message=message, usage=Usage())


async def take(log: TurnLog, count: int, after: EntryId | None = None, turn: TurnKey = TURN) -> list[LogEntry]:
    """The next ``count`` entries after the cursor."""
    entries: list[LogEntry] = []
    async with asyncio.timeout(PATIENCE), aclosing(log.follow(turn, after)) as batches:
        async for batch in batches:
            entries += batch
            if len(entries) >= count:
                break
    return entries


async def to_the_end(log: TurnLog, after: EntryId | None = None, turn: TurnKey = TURN) -> list[LogEntry]:
    """Everything after the cursor; returns when the stream ends by itself."""
    async with asyncio.timeout(PATIENCE):
        return [entry async for batch in log.follow(turn, after) for entry in batch]


async def heard(batches: AsyncGenerator[list[LogEntry]]) -> list[LogEntry]:
    """The next batch with something in it."""
    async with asyncio.timeout(PATIENCE):
        while not (batch := await anext(batches)):
            pass
    return batch


def ids_of(entries: list[LogEntry]) -> list[str]:
    return [str(e.id) for e in entries]


async def until(follower: AsyncGenerator[list[LogEntry]], last: EntryId) -> list[LogEntry]:
    """Everything up to the entry ``last``."""
    entries: list[LogEntry] = []
    while not entries or entries[-1].id < last:
        entries += await heard(follower)
    return entries


async def write(log: TurnLog, first: int, count: int, epoch: int = 2) -> None:
    """Entries ``first``, ``first + 1``, ... of one epoch, each in an append of its own."""
    for seq in range(first, first + count):
        await log.append(TURN, EntryId(epoch, seq), [delta(str(seq))])


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Returns when ``condition`` holds."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.02)
