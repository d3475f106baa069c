"""Server-sent events: a log as frames. Ids come from the log, so any replica continues any stream."""

import logging
from collections.abc import AsyncIterator

from sse_starlette.sse import EventSourceResponse, SendTimeoutError
from starlette.types import Receive, Scope, Send

from agent.api.following import turn_entries
from agent.domain.conversation import TurnView
from agent.domain.events import EntryId, LogEntry
from agent.domain.ids import Identity, TurnKey
from agent.domain.limits import FOLLOWER_STALL_TIMEOUT, PING_INTERVAL
from agent.domain.replay import record_entries
from agent.ports import Chats, Feed, TurnLog

_log = logging.getLogger(__name__)
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def turn_frame(turn_id: str, entry: LogEntry) -> bytes:
    """``id: {turn_id}/{epoch}-{seq}``, the event's name, and its JSON."""
    return b"id: %s/%s\nevent: %s\ndata: %s\n\n" % (turn_id.encode(), str(entry.id).encode(), entry.name.encode(), entry.data)


def turn_stream(log: TurnLog, chats: Chats, turn: TurnKey, after: EntryId | None = None) -> EventSourceResponse:
    """The turn from its first entry, or behind ``after``, to its terminal event. Leaving it cancels nothing."""
    return _response(_turn_frames(log, chats, turn, after), {"X-Turn-Id": turn.turn_id})


def record_stream(turn: TurnView, after: EntryId | None) -> EventSourceResponse:
    """An ended turn whose log is gone, told from its record."""

    async def frames() -> AsyncIterator[bytes]:
        yield b"".join(turn_frame(turn.turn_id, entry) for entry in record_entries(turn, after))

    return _response(frames(), {"X-Turn-Id": turn.turn_id})


def feed_stream(feed: Feed, user: Identity, after: int | None) -> EventSourceResponse:
    """The user's feed from now on, or after an entry that is still kept."""
    return _response(_feed_frames(feed, user, after), {})


async def _turn_frames(log: TurnLog, chats: Chats, turn: TurnKey, after: EntryId | None) -> AsyncIterator[bytes]:
    async for batch in turn_entries(log, chats, turn, after):
        yield b"".join(turn_frame(turn.turn_id, entry) for entry in batch)


async def _feed_frames(feed: Feed, user: Identity, after: int | None) -> AsyncIterator[bytes]:
    async for batch in feed.follow(user, after):
        if batch:
            yield b"".join(b"id: %d\nevent: %s\ndata: %s\n\n" % (e.id, e.name.encode(), e.data) for e in batch)


class _Stream(EventSourceResponse):
    """Cuts off a reader that takes nothing for FOLLOWER_STALL_TIMEOUT: what it has not read is kept in the log, not for it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            _log.info("cut off a reader of %s that takes nothing", scope["path"])


def _response(frames: AsyncIterator[bytes], headers: dict[str, str]) -> EventSourceResponse:
    headers = {**HEADERS, **headers}
    return _Stream(frames, headers=headers, ping=int(PING_INTERVAL), sep="\n", send_timeout=FOLLOWER_STALL_TIMEOUT)
