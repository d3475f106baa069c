"""The feed on Redis alone: several replicas on one Redis, and a Redis that is away."""

import asyncio
import time

import pytest

from agent.adapters import redis_feed, redis_reader
from agent.adapters.redis_feed import RedisFeed
from agent.adapters.redis_link import RedisLink
from agent.domain.errors import Unavailable
from tests.contract.logs import BOUND, HEARTBEAT, PATIENCE, Link, bound_calls
from tests.contract.test_feed import Follower, event
from tests.fakes.redis_server import RedisServer


@pytest.fixture(autouse=True)
def soon_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (redis_reader, redis_feed):
        monkeypatch.setattr(module, "HEARTBEAT", HEARTBEAT)
    give_up_after(PATIENCE, monkeypatch)


def give_up_after(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    bound_calls(monkeypatch, seconds)
    monkeypatch.setattr(redis_feed, "REDIS_CALL_TIMEOUT", seconds)


async def test_replicas_write_one_feed_in_one_order_and_drop_each_others_repeats(shared_redis: RedisServer, link: Link) -> None:
    one, two = RedisFeed(link(shared_redis)), RedisFeed(link(shared_redis))
    async with Follower(one) as here, Follower(two) as there:
        for n in range(30):
            await asyncio.gather(*(feed.append(event(f"e-{n}-{twin}")) for feed in (one, two, one) for twin in range(2)))
        seen = await here.entries(60)
        assert seen == await there.entries(60)
        assert await here.batch() == [], "each was told once"
    ids = [entry.id for entry in seen]
    assert ids == sorted(set(ids))


async def test_a_feed_that_expired_begins_above_its_old_life(shared_redis: RedisServer, link: Link) -> None:
    mine = link(shared_redis)
    feed = RedisFeed(mine)
    async with Follower(feed) as page:
        await feed.append(event("e-1"))
        [old] = await page.entries(1)
        key = f"{mine.prefix}feed:default.local"
        assert shared_redis.admin.delete(key, f"{key}:seen") == 2
        await feed.append(event("e-2"))
        [new] = await page.entries(1)
    assert new.id > old.id


async def test_only_so_many_repeats_are_remembered(
    shared_redis: RedisServer, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_feed, "FEED_ENTRIES_MAX", 5)
    mine = link(shared_redis)
    feed = RedisFeed(mine)
    for n in range(30):
        await feed.append(event(f"e-{n}"))
    key = f"{mine.prefix}feed:default.local"
    assert shared_redis.admin.xlen(key) == 5
    assert shared_redis.admin.zrange(f"{key}:seen", 0, -1) == [f"e-{n}".encode() for n in range(20, 30)]


async def test_ids_grow_though_the_clock_of_redis_went_back(shared_redis: RedisServer, link: Link) -> None:
    mine = link(shared_redis)
    feed = RedisFeed(mine)
    shared_redis.admin.xadd(f"{mine.prefix}feed:default.local", {"task.created": "{}"}, id=f"{8 * 10**15}-0")
    async with Follower(feed) as page:
        await feed.append(event("e-1"))
        assert [entry.id for entry in await page.entries(1)] == [8 * 10**15 + 1]


async def test_databases_of_one_redis_are_apart(shared_redis: RedisServer, link: Link) -> None:
    mine = link(shared_redis)
    other = RedisLink(shared_redis.url.removesuffix("/0") + "/1", mine.prefix)
    async with Follower(RedisFeed(mine)) as page, Follower(RedisFeed(other)) as elsewhere:
        await RedisFeed(mine).append(event("e-1"))
        await RedisFeed(other).append(event("e-2"))
        assert await page.ids() == ["e-1"]
        assert await elsewhere.ids() == ["e-2"]
        assert await page.batch() == await elsewhere.batch() == []
    await other.aclose()


async def test_a_refused_call_is_not_made_again_at_once(
    shared_redis: RedisServer, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_feed, "REDIS_CALL_TIMEOUT", BOUND)
    mine = link(shared_redis)
    shared_redis.admin.set(f"{mine.prefix}feed:default.local", "no stream")
    started = time.monotonic()
    async with Follower(RedisFeed(mine)):
        assert time.monotonic() - started > BOUND * 0.9


async def test_the_page_stays_open_while_redis_is_away_and_hears_what_comes_after(
    own_redis: RedisServer, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = link(own_redis)
    feed = RedisFeed(mine)
    async with Follower(feed) as page:
        await feed.append(event("e-1"))
        assert await page.ids() == ["e-1"]
        own_redis.kill()
        give_up_after(BOUND, monkeypatch)
        with pytest.raises(Unavailable):
            await feed.append(event("e-2"))
        assert await page.batch() == []
        async with Follower(feed) as newcomer:  # open, though it cannot know yet where now is
            await asyncio.to_thread(own_redis.start)
            async with asyncio.timeout(PATIENCE):
                while not await _told(feed, "e-2"):
                    pass
            give_up_after(PATIENCE, monkeypatch)
            assert await page.ids() == ["e-2"]
            async with asyncio.timeout(PATIENCE):
                while _listeners(mine) < 2:
                    assert await newcomer.batch() == [], "now is here"
            await feed.append(event("e-3"))
            assert await newcomer.ids() == ["e-3"]


def _listeners(link: RedisLink) -> int:
    return sum(len(channel.listeners) for channel in link.reader._channels.values())


async def _told(feed: RedisFeed, event_id: str) -> bool:
    try:
        await feed.append(event(event_id))
    except Unavailable:
        await asyncio.sleep(0.02)
        return False
    return True
