"""Server-sent events: a log as frames. Ids come from the log, so any replica continues any stream."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from sse_starlette.sse import EventSourceResponse, SendTimeoutError
from starlette.types import Receive, Scope, Send

from agent.domain.events import LogEntry
from agent.domain.feed_entry import FeedEntry
from agent.domain.ids import Identity
from agent.domain.limits import FOLLOWER_STALL_TIMEOUT, PING_INTERVAL
from agent.ports import Feed

_log = logging.getLogger(__name__)
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def turn_frame(turn_id: str, entry: LogEntry) -> bytes:
    """``id: {turn_id}/{epoch}-{seq}``, the event's name, and its JSON."""
    return b"id: %s/%s\nevent: %s\ndata: %s\n\n" % (turn_id.encode(), str(entry.id).encode(), entry.name.encode(), entry.data)


def turn_stream(turn_id: str, entries: AsyncIterator[list[LogEntry]]) -> EventSourceResponse:
    """The service's own frames of a turn's entries. Leaving it cancels nothing."""
    return stream(_turn_frames(turn_id, entries), {"X-Turn-Id": turn_id})


async def feed_stream(feed: Feed, user: Identity, after: int | None) -> "_Stream":
    """The user's feed from now on, or after an entry that is still kept; open before the answer begins: none is missed."""
    batches = feed.follow(user, after)
    answer = stream(_feed_frames(await anext(batches), batches), {})
    answer.source = batches
    return answer


def stream(frames: AsyncIterator[bytes], headers: dict[str, str]) -> "_Stream":
    """Frames of any wire, whole ones only, with pings between them; a reader that takes nothing is cut off."""
    headers = {**HEADERS, **headers}
    return _Stream(frames, headers=headers, ping=int(PING_INTERVAL), sep="\n", send_timeout=FOLLOWER_STALL_TIMEOUT)


async def _turn_frames(turn_id: str, entries: AsyncIterator[list[LogEntry]]) -> AsyncIterator[bytes]:
    async for batch in entries:
        yield b"".join(turn_frame(turn_id, entry) for entry in batch)


async def _feed_frames(first: list[FeedEntry], others: AsyncIterator[list[FeedEntry]]) -> AsyncIterator[bytes]:
    if first:
        yield _feed_bytes(first)
    async for batch in others:
        if batch:
            yield _feed_bytes(batch)


def _feed_bytes(batch: list[FeedEntry]) -> bytes:
    return b"".join(b"id: %d\nevent: %s\ndata: %s\n\n" % (e.id, e.name.encode(), e.data) for e in batch)


class _Stream(EventSourceResponse):
    """Cuts off a reader that takes nothing for FOLLOWER_STALL_TIMEOUT: what it has not read is kept in the log, not for it.

    ``source``: what is open already, and has to be closed also when nobody has stayed to read the first frame.
    """

    source: AsyncGenerator[Any] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            _log.info("cut off a reader of %s that takes nothing", scope["path"])
        finally:
            if self.source is not None:
                await self.source.aclose()
