"""The users' live feeds in this process's memory: bounded, a hint; clients refetch when they reconnect."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator

from agent.domain.events import AnyFeedEvent
from agent.domain.feed_entry import FeedEntry, feed_json
from agent.domain.ids import Identity
from agent.domain.limits import FEED_ENTRIES_MAX, FEED_USERS_MAX, HEARTBEAT


class _Feed:
    """One user's newest events; ids count up from 1 within this process's life."""

    def __init__(self) -> None:
        self.entries: deque[FeedEntry] = deque(maxlen=FEED_ENTRIES_MAX)
        self.seen: OrderedDict[str, None] = OrderedDict()
        self.count = 0
        self.followers = 0
        self.changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def add(self, event: AnyFeedEvent) -> None:
        if event.event_id in self.seen:
            return
        self.seen[event.event_id] = None
        if len(self.seen) > 2 * FEED_ENTRIES_MAX:
            self.seen.popitem(last=False)
        self.count += 1
        self.entries.append(FeedEntry(self.count, event.event_type, feed_json(event).encode()))
        self.changed.set_result(None)
        self.changed = asyncio.get_running_loop().create_future()


class MemoryFeed:
    """See ``agent.ports.Feed``. All calls on one event loop."""

    def __init__(self) -> None:
        self._feeds: dict[Identity, _Feed] = {}
        self._idle: OrderedDict[Identity, None] = OrderedDict()  # those that nobody follows, the newest in use last

    async def append(self, event: AnyFeedEvent) -> None:
        self._feed(Identity(event.tenant_id, event.user_id)).add(event)

    async def follow(self, who: Identity, after: int | None) -> AsyncGenerator[list[FeedEntry]]:
        feed = self._feed(who)
        cursor = feed.count if after is None or after > feed.count else after
        feed.followers += 1
        self._idle.pop(who, None)
        try:
            yield []  # the stream is open from here on
            while True:
                batch = [e for e in feed.entries if e.id > cursor]
                if not batch:
                    await asyncio.wait({feed.changed}, timeout=HEARTBEAT)
                    batch = [e for e in feed.entries if e.id > cursor]
                if batch:
                    cursor = batch[-1].id
                yield batch
        finally:
            feed.followers -= 1
            if not feed.followers:
                self._idle[who] = None

    def _feed(self, who: Identity) -> _Feed:
        """The user's feed; the ones that have not been used for longest, and that nobody follows, make room for a new one."""
        feed = self._feeds.setdefault(who, _Feed())
        if not feed.followers:
            self._idle[who] = None
            self._idle.move_to_end(who)
        while len(self._feeds) > FEED_USERS_MAX and next(iter(self._idle), who) != who:
            oldest, _ = self._idle.popitem(last=False)
            del self._feeds[oldest]
        return feed
