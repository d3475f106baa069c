"""A response's events as server-sent events, behind the number that their reader has seen last.

The events are made from the first on: their numbers come from that alone. The head of a response may come later than its log:
only who is told a whole response waits for it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import orjson

from agent.api.following import once_reached
from agent.api.wires.responses.projection import ENDS, ResponseEvents
from agent.api.wires.responses.response import Head, opening
from agent.domain.events import LogEntry

Json = dict[str, Any]
LateHead = Callable[[], Awaitable[Head]]


async def frames(
    turn_id: str, head: Head | LateHead, entries: AsyncIterator[list[LogEntry]], after: int
) -> AsyncIterator[bytes]:
    """The frames behind ``after``; -1 is before the first. A ``head`` that is a function is asked while the log is read."""
    if isinstance(head, Head):
        async for told in _told(ResponseEvents(turn_id, head), entries, after):
            yield _framed(told)
        return
    coming = asyncio.ensure_future(once_reached(head))
    try:
        async for told in _told(ResponseEvents(turn_id, None), entries, after):
            yield _framed([await _opened(event, coming) for event in told])
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


async def _told(events: ResponseEvents, entries: AsyncIterator[list[LogEntry]], after: int) -> AsyncIterator[list[Json]]:
    """What is told, in the batches of the log; none is empty."""
    if first := list(_behind(events.begin(), after)):
        yield first
    async for batch in entries:
        if told := list(_behind((event for entry in batch for event in events.feed(entry)), after)):
            yield told


def _behind(events: Iterable[Json], after: int) -> Iterable[Json]:
    """The end is told to everyone: a log that is gone has fewer events than it had, and its reader waits for this one."""
    for event in events:
        if event["sequence_number"] > after:
            yield event
        elif event["type"] in ENDS:
            yield {**event, "sequence_number": after + 1}


async def _opened(event: Json, head: Awaitable[Head]) -> Json:
    return {**event, "response": {**event["response"], **opening(await head)}} if "response" in event else event


def _framed(events: Iterable[Json]) -> bytes:
    """No frame has an ``id:``: the openai package for Python, once it has seen one, takes each ping for an event and breaks."""
    return b"".join(b"event: %s\ndata: %s\n\n" % (event["type"].encode(), orjson.dumps(event)) for event in events)
