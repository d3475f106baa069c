"""The Feed contract, for every adapter: per user, bounded, deduplicated, and a hint."""

import asyncio
import glob
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from agent.adapters import memory_feed, redis_feed, redis_reader
from agent.adapters.memory_feed import MemoryFeed
from agent.adapters.redis_feed import RedisFeed
from agent.domain.events import ConversationUpdated
from agent.domain.feed_entry import FeedEntry
from agent.domain.ids import Identity
from agent.domain.limits import FEED_TEXT_BYTES_MAX
from agent.ports import Feed
from tests.contract.logs import HEARTBEAT, PATIENCE, Link, bound_calls
from tests.fakes.redis_server import RedisServer

ME, EVE = Identity("default", "local"), Identity("default", "eve")
ENTRIES_MAX, USERS_MAX = 5, 3


@dataclass
class Adapter:
    """A feed with small bounds, and what makes it forget this user's events."""

    feed: Feed
    forget: Callable[[], Awaitable[None]]


def memory(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, link: Link) -> Adapter:
    monkeypatch.setattr(memory_feed, "HEARTBEAT", HEARTBEAT)
    monkeypatch.setattr(memory_feed, "FEED_USERS_MAX", USERS_MAX)
    monkeypatch.setattr(memory_feed, "FEED_ENTRIES_MAX", ENTRIES_MAX)
    feed = MemoryFeed()

    async def crowd_out() -> None:
        for n in range(USERS_MAX * 2):
            await feed.append(event("e-x", Identity("default", f"user{n}")))

    return Adapter(feed, crowd_out)


def redis(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, link: Link) -> Adapter:
    monkeypatch.setattr(redis_reader, "HEARTBEAT", HEARTBEAT)
    monkeypatch.setattr(redis_reader, "REDIS_HEARD_MAX", ENTRIES_MAX)
    monkeypatch.setattr(redis_feed, "FEED_ENTRIES_MAX", ENTRIES_MAX)
    monkeypatch.setattr(redis_feed, "REDIS_CALL_TIMEOUT", PATIENCE)
    bound_calls(monkeypatch, PATIENCE)
    server: RedisServer = request.getfixturevalue("shared_redis")
    mine = link(server)

    async def expire() -> None:
        """As if FEED_KEPT_SECONDS had passed."""
        for key in server.admin.scan_iter(f"{glob.escape(mine.prefix)}*"):
            assert 0 < server.admin.pttl(key) <= redis_feed.FEED_KEPT_SECONDS * 1000
            server.admin.delete(key)

    return Adapter(RedisFeed(mine), expire)


ADAPTERS = {"memory": memory, "redis": redis}


@pytest.fixture(params=list(ADAPTERS.values()), ids=list(ADAPTERS))
async def feeds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, link: Link) -> Adapter:
    return request.param(monkeypatch, request, link)


@pytest.fixture
def feed(feeds: Adapter) -> Feed:
    return feeds.feed


def event(event_id: str, who: Identity = ME) -> ConversationUpdated:
    return ConversationUpdated(
        event_id=event_id,
        tenant_id=who.tenant,
        user_id=who.user,
        timestamp="2030-01-01T00:00:00Z",
        conversation="main",
        turn_id="main.1.x",
        status="completed",
        user_message="hi",
        assistant_message="ho",
    )


class Follower:
    """Reads a feed batch by batch; ``open()`` returns when the feed hears it."""

    def __init__(self, feed: Feed, who: Identity = ME, after: int | None = None) -> None:
        self._batches = feed.follow(who, after)

    async def __aenter__(self) -> "Follower":
        assert await self.batch() == [], "the first batch only says that the stream is open"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._batches.aclose()

    async def batch(self) -> list[FeedEntry]:
        async with asyncio.timeout(PATIENCE):
            return await anext(self._batches)

    async def entries(self, count: int) -> list[FeedEntry]:
        """The next ``count`` entries, in however many batches they come."""
        entries: list[FeedEntry] = []
        async with asyncio.timeout(PATIENCE):
            while len(entries) < count:
                entries += await anext(self._batches)
        return entries

    async def ids(self, count: int = 1) -> list[str]:
        return [ConversationUpdated.model_validate_json(with_tenant(e)).event_id for e in await self.entries(count)]


def with_tenant(entry: FeedEntry) -> bytes:
    assert b"tenant" not in entry.data, "public ids and events never carry the tenant"
    return b'{"tenant_id":"default",' + entry.data[1:]


async def test_a_long_answer_is_cut_so_that_a_feed_stays_small(feed: Feed) -> None:
    long = event("e-1").model_copy(update={"user_message": "short", "assistant_message": "\u00e9" * 100_000})
    async with Follower(feed) as page:
        await feed.append(long)
        [entry] = await page.entries(1)
    told = json.loads(entry.data)
    assert told["user_message"] == "short"
    assert len(told["assistant_message"].encode()) <= FEED_TEXT_BYTES_MAX
    assert told["assistant_message"].startswith("\u00e9" * 1_000)
    assert told["assistant_message"].endswith("\u2026")


async def test_an_open_page_hears_what_happens_from_now_on(feed: Feed) -> None:
    await feed.append(event("before"))
    async with Follower(feed) as page:
        await feed.append(event("e-1"))
        [entry] = await page.entries(1)
        assert entry.name == "conversation.updated"
        await feed.append(event("e-2"))
        await feed.append(event("e-3"))
        assert await page.ids(2) == ["e-2", "e-3"]


async def test_every_page_of_a_user_hears_it_and_nobody_else(feed: Feed) -> None:
    async with Follower(feed) as one, Follower(feed) as two, Follower(feed, EVE) as eve:
        await feed.append(event("e-1"))
        assert await one.ids() == await two.ids() == ["e-1"]
        assert await eve.batch() == []
    async with Follower(feed, Identity("other", "local")) as same_name_elsewhere:
        await feed.append(event("e-2"))
        assert await same_name_elsewhere.batch() == []


async def test_a_repeated_delivery_is_told_once(feed: Feed) -> None:
    async with Follower(feed) as page:
        await feed.append(event("e-1"))
        await feed.append(event("e-1"))
        await feed.append(event("e-2"))
        assert await page.ids(2) == ["e-1", "e-2"]
        await feed.append(event("e-1"))
        assert await page.batch() == []


async def test_the_same_event_id_of_another_user_is_another_event(feed: Feed) -> None:
    async with Follower(feed) as mine, Follower(feed, EVE) as hers:
        await feed.append(event("e-1"))
        await feed.append(event("e-1", EVE))
        assert await mine.ids() == await hers.ids() == ["e-1"]


async def test_a_page_continues_after_an_entry_that_is_still_kept(feed: Feed) -> None:
    async with Follower(feed) as page:
        for n in range(3):
            await feed.append(event(f"e-{n}"))
        entries = await page.entries(3)
    assert [e.id for e in entries] == sorted({e.id for e in entries})
    async with Follower(feed, after=entries[0].id) as again:
        assert await again.entries(2) == entries[1:]


async def test_a_cursor_of_another_life_starts_from_now(feed: Feed) -> None:
    await feed.append(event("e-1"))
    async with Follower(feed, after=10**17) as page:
        assert await page.batch() == []
        await feed.append(event("e-2"))
        assert await page.ids() == ["e-2"]


async def test_silence_is_an_empty_batch(feed: Feed) -> None:
    async with Follower(feed) as page:
        assert await page.batch() == []
        assert await page.batch() == []


async def test_only_the_newest_entries_are_kept(feed: Feed) -> None:
    async with Follower(feed) as page:
        await feed.append(event("e-0"))
        first = (await page.entries(1))[0].id
        for n in range(1, 20):
            await feed.append(event(f"e-{n}"))
        assert await page.ids(ENTRIES_MAX) == [f"e-{n}" for n in range(20 - ENTRIES_MAX, 20)]
    async with Follower(feed, after=first) as late:
        assert len(await late.entries(ENTRIES_MAX)) == ENTRIES_MAX
        assert await late.batch() == []


async def test_a_feed_that_somebody_reads_outlives_the_bound_on_users(feed: Feed) -> None:
    async with Follower(feed) as page:
        for n in range(USERS_MAX * 2):
            await feed.append(event("e-x", Identity("default", f"user{n}")))
        await feed.append(event("e-1"))
        assert await page.ids() == ["e-1"]


async def test_a_page_that_leaves_is_forgotten(feeds: Adapter) -> None:
    feed = feeds.feed
    async with Follower(feed) as page:
        await feed.append(event("e-1"))
        cursor = (await page.entries(1))[0].id
    await feeds.forget()
    async with Follower(feed, after=cursor - 1) as again:
        assert await again.batch() == [], "clients refetch"
