"""Chunks as server-sent events, and refusals before the stream as the one sentence that ``useChat`` shows.

The id of a frame is the place in the service's own stream up to which everything is told: with it as ``Last-Event-ID``,
``GET /turns/{turn_id}/events`` goes on exactly there.
"""

from collections.abc import AsyncIterator
from typing import Any

import orjson

from agent.api.problems import responses
from agent.api.wires.aisdk import parts
from agent.api.wires.aisdk.projection import Projection
from agent.domain.events import CLOSING_ID, EntryId, LogEntry

HEADERS = {"x-vercel-ai-ui-message-stream": "v1"}
_DONE = b"data: [DONE]\n\n"
_NOTHING_TOLD = EntryId(0, 0)


class Framer:
    """The frames of one turn's stream, entry by entry."""

    def __init__(self, turn_id: str) -> None:
        self._projection, self._turn_id, self._told = Projection(turn_id), turn_id.encode(), _NOTHING_TOLD

    def feed(self, entry: LogEntry) -> bytes:
        """The frames of ``entry``, the last of which has its id; the closing one ends the stream."""
        chunks = self._projection.feed(entry)
        ids = [self._told] * (len(chunks) - 1) + [entry.id]
        self._told = entry.id
        frames = [self._frame(i, orjson.dumps(chunk)) for i, chunk in zip(ids, chunks, strict=False)]
        return b"".join([*frames, _DONE] if entry.id == CLOSING_ID else frames)

    def _frame(self, entry_id: EntryId, data: bytes) -> bytes:
        return b"id: %s/%d-%d\ndata: %s\n\n" % (self._turn_id, *entry_id, data)


async def framed(turn_id: str, entries: AsyncIterator[list[LogEntry]]) -> AsyncIterator[bytes]:
    """The stream of a turn from its first entry."""
    framer = Framer(turn_id)
    async for batch in entries:
        if frames := b"".join(map(framer.feed, batch)):
            yield frames


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries for answers made of ``error_text``."""
    text = {"text/plain": {"schema": {"type": "string"}}}
    return {s: {"description": told["description"], "content": text} for s, told in responses(*statuses).items()}


def error_text(_: int, code: str, detail: str, __: dict[str, Any]) -> str:
    """The body of a refusal before the stream: the client makes the whole of it its error's message."""
    return parts.sentence(code, detail)
