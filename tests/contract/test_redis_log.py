"""TurnLog on Redis alone: several processes on one Redis, and a Redis that forgets or refuses."""

import asyncio
from contextlib import aclosing

import pytest

from agent.adapters import redis_log, redis_reader
from agent.adapters.redis_link import RedisLink
from agent.adapters.redis_log import RedisTurnLog
from agent.domain.errors import Closed, Fenced, LogUnavailable
from agent.domain.events import CLOSING_ID, EntryId, LogEntry
from agent.domain.ids import TurnKey
from agent.ports import TurnLog
from tests.contract.logs import (
    OTHER,
    PATIENCE,
    TURN,
    Link,
    completed,
    delta,
    eventually,
    heard,
    ids_of,
    take,
    to_the_end,
    until,
    write,
)
from tests.fakes.redis_server import RedisServer

pytestmark = pytest.mark.usefixtures("patient_redis")


async def _gone(log: TurnLog) -> bool:
    return await log.newest(TURN) is None


async def test_one_process_writes_and_another_follows(shared_redis: RedisServer, link: Link) -> None:
    writer, follower = RedisTurnLog(link(shared_redis)), RedisTurnLog(link(shared_redis))
    reading = asyncio.create_task(to_the_end(follower))
    await write(writer, 0, 50)
    await writer.close(TURN, completed())
    assert ids_of(await reading) == [*(f"2-{n}" for n in range(50)), str(CLOSING_ID)]
    with pytest.raises(Closed):
        await follower.append(TURN, EntryId(3, 0), [delta("late")])


async def test_a_zombie_in_another_process_is_refused_and_told(shared_redis: RedisServer, link: Link) -> None:
    zombie, successor = RedisTurnLog(link(shared_redis)), RedisTurnLog(link(shared_redis))
    await write(zombie, 0, 3)
    told = asyncio.create_task(zombie.wait_refused(TURN, 2))
    await write(successor, 0, 1, epoch=3)
    with pytest.raises(Fenced):
        await asyncio.wait_for(told, PATIENCE)
    with pytest.raises(Fenced):
        await write(zombie, 3, 1)
    assert ids_of(await take(zombie, 4)) == ["2-0", "2-1", "2-2", "3-0"]


async def test_a_batch_is_one_command_and_one_stream(shared_redis: RedisServer, link: Link) -> None:
    mine = link(shared_redis)
    log = RedisTurnLog(mine)
    who = TurnKey("acme", "bob_b@example.org", "main.1.x")
    await log.append(who, EntryId(2, 0), [delta("warm")])
    shared_redis.admin.config_resetstat()
    await log.append(who, EntryId(2, 1), [delta(str(n)) for n in range(10)])
    assert shared_redis.calls("evalsha") == 1
    assert shared_redis.calls("xadd") == 10
    key = f"{mine.prefix}turn:acme.bob_5fb_40example_2eorg.main_2e1_2ex"
    assert shared_redis.admin.xlen(key) == 11


async def test_logs_expire_a_while_after_their_end_and_long_after_their_last_entry(
    shared_redis: RedisServer, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = link(shared_redis)
    log, key = RedisTurnLog(mine), f"{mine.prefix}turn:default.local.main_2e1_2e{'a' * 26}"
    await write(log, 0, 1)
    full = shared_redis.admin.pttl(key)
    assert redis_log.LOG_OPEN_KEPT_SECONDS - 60 < full / 1000 <= redis_log.LOG_OPEN_KEPT_SECONDS
    shared_redis.admin.pexpire(key, full // 3)
    await write(log, 1, 1)
    assert shared_redis.admin.pttl(key) > full / 2, "renewed by the append"
    monkeypatch.setattr(redis_log, "LOG_CLOSED_KEPT_SECONDS", 0.1)
    await log.close(TURN, completed())
    await eventually(lambda: _gone(log))
    with pytest.raises(Fenced):
        await write(log, 2, 1)


def _connections(server: RedisServer) -> set[str]:
    """By their ids: those of an earlier test may go meanwhile."""
    return {client["id"] for client in server.admin.client_list()}


async def test_two_hundred_followers_are_one_connection(shared_redis: RedisServer, link: Link) -> None:
    before = _connections(shared_redis)
    log = RedisTurnLog(link(shared_redis))
    turns = [TurnKey("default", "local", f"main.{n}.x") for n in range(100)]
    readers = [asyncio.create_task(to_the_end(log, turn=turn)) for turn in turns * 2]
    watchers = [asyncio.create_task(log.wait_refused(turn, 2)) for turn in turns]
    for seq in range(3):
        await asyncio.gather(*(log.append(turn, EntryId(2, seq), [delta(str(seq))]) for turn in turns))
    assert len(_connections(shared_redis) - before) == 2, "one for calls, one to listen"
    await asyncio.gather(*(log.close(turn, completed()) for turn in turns))
    assert all(len(seen) == 4 for seen in await asyncio.gather(*readers))
    assert {type(e) for e in await asyncio.gather(*watchers, return_exceptions=True)} <= {Closed}
    await eventually(lambda: asyncio.to_thread(lambda: not shared_redis.admin.pubsub_channels("*two_hundred*")))


async def test_followers_that_come_and_go_disturb_nobody(shared_redis: RedisServer, link: Link) -> None:
    """Each subscribes and unsubscribes the same channel while entries come."""
    writer, reader = RedisTurnLog(link(shared_redis)), RedisTurnLog(link(shared_redis))
    writing = asyncio.create_task(write(writer, 0, 300))
    seen: list[LogEntry] = []
    while len(seen) < 300:
        seen += await take(reader, 1, seen[-1].id if seen else None)
    await writing
    assert ids_of(seen) == [f"2-{n}" for n in range(300)]


async def test_a_follower_that_takes_nothing_for_long_misses_nothing(
    shared_redis: RedisServer, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_reader, "REDIS_HEARD_MAX", 20)
    log = RedisTurnLog(link(shared_redis))
    async with aclosing(log.follow(TURN, None)) as slow:
        await write(log, 0, 1)
        seen = await heard(slow)
        await write(log, 1, 500)
        await log.close(TURN, completed())
        seen += await until(slow, CLOSING_ID)
    assert ids_of(seen) == [*(f"2-{n}" for n in range(501)), str(CLOSING_ID)]


async def test_redis_that_forgot_its_scripts_is_told_again(shared_redis: RedisServer, link: Link) -> None:
    log = RedisTurnLog(link(shared_redis))
    await write(log, 0, 1)
    shared_redis.admin.script_flush()
    await asyncio.gather(write(log, 1, 1), log.append(OTHER, EntryId(2, 0), [delta("x")]))
    assert ids_of(await take(log, 2)) == ["2-0", "2-1"]


async def test_redis_that_lost_the_log_makes_the_writer_begin_anew(shared_redis: RedisServer, link: Link) -> None:
    mine = link(shared_redis)
    log = RedisTurnLog(mine)
    await write(log, 0, 2)
    shared_redis.admin.delete(*shared_redis.admin.keys(f"*turn:default.local.main_2e1_2e{'a' * 26}"))
    with pytest.raises(Fenced):
        await write(log, 2, 1)
    await write(log, 0, 1, epoch=3)


async def test_an_error_of_redis_is_a_log_out_of_reach(shared_redis: RedisServer, link: Link) -> None:
    mine: RedisLink = link(shared_redis)
    log = RedisTurnLog(mine)
    shared_redis.admin.set(f"{mine.prefix}turn:default.local.main_2e1_2e{'a' * 26}", "no stream")
    with pytest.raises(LogUnavailable):
        await write(log, 0, 1)
    async with aclosing(log.follow(TURN, None)) as follower:
        for _ in range(3):
            assert await asyncio.wait_for(anext(follower), PATIENCE) == []
    await log.append(OTHER, EntryId(2, 0), [delta("fine")])


async def test_nonsense_on_the_channel_costs_no_follower_anything(shared_redis: RedisServer, link: Link) -> None:
    mine = link(shared_redis)
    log = RedisTurnLog(mine)
    async with aclosing(log.follow(TURN, None)) as follower:
        await write(log, 0, 1)
        assert ids_of(await heard(follower)) == ["2-0"]
        key = f"{mine.prefix}turn:default.local.main_2e1_2e{'a' * 26}"
        assert shared_redis.admin.publish(mine.channel(key).decode(), "no id") == 1
        await write(log, 1, 2)
        assert ids_of(await until(follower, EntryId(2, 2))) == ["2-1", "2-2"]
