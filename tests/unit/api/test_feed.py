"""The user's feed: what it tells and to whom, what its frames hold, when it is open and when it is closed."""

import asyncio
import contextlib
import json
from contextlib import aclosing

import pytest

from agent.api.sse import feed_stream
from agent.domain.errors import Unavailable
from agent.domain.events import ConversationUpdated
from agent.domain.feed_entry import FeedEntry
from agent.domain.ids import Identity
from tests.unit.api.service import Service
from tests.unit.api.test_streams import PATIENCE, frames, run_next_turn, say


async def told(service: Service, count: int) -> list[FeedEntry]:
    """All that the feed has, once that is so much."""
    found: list[FeedEntry] = []
    async with asyncio.timeout(PATIENCE), aclosing(service.feed.follow(Identity("default", "local"), 0)) as batches:
        while len(found) < count:
            found += await anext(batches)
    return found


async def test_the_feed_tells_once_of_a_message_that_was_taken_in_anywhere(service: Service) -> None:
    said = {"Idempotency-Key": "the same"}
    (answer, _), turn = await asyncio.gather(say(service, **said), run_next_turn(service, "ok"))
    await say(service, **said)
    entries = await told(service, 1)
    assert [(entry.name, json.loads(entry.data)["turn_id"]) for entry in entries] == [("turn.admitted", turn)]
    assert answer.headers["X-Turn-Id"] == turn


async def test_the_feed_tells_once_that_a_conversation_was_cleared(service: Service) -> None:
    """By its clearing, and not by one that finds it empty."""
    await asyncio.gather(say(service), run_next_turn(service, "ok"))
    async with service.client() as client:
        cleared = [(await client.delete("/history")).json()["cleared_turns"] for _ in range(2)]
        await client.delete("/history", params={"conversation": "other"})
    entries = await told(service, 2)
    assert cleared == [1, 0]
    assert [(entry.name, json.loads(entry.data)["conversation"]) for entry in entries[1:]] == [("conversation.cleared", "main")]


async def test_a_conversation_is_cleared_though_the_feed_is_out_of_reach(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(event: object) -> None:
        raise Unavailable("feed_unavailable", "gone")

    await asyncio.gather(say(service), run_next_turn(service, "ok"))
    monkeypatch.setattr(service.feed, "append", gone)
    async with service.client() as client:
        assert (await client.delete("/history")).json()["cleared_turns"] == 1


def updated(n: int) -> ConversationUpdated:
    words = {"user_message": "line\none", "assistant_message": "ok", "timestamp": "2030-01-01T00:00:00Z"}
    where = {"tenant_id": "default", "user_id": "local", "conversation": "main", "turn_id": "main.1.x"}
    return ConversationUpdated.model_validate({"event_id": f"e-{n}", "status": "completed", **words, **where})


async def test_feed_frames_carry_no_tenant_and_continue_after_an_id(service: Service) -> None:
    for n in range(3):
        await service.feed.append(updated(n))
    body = b""
    async with asyncio.timeout(PATIENCE):
        async for part in (await feed_stream(service.feed, Identity("default", "local"), 1)).body_iterator:
            body += part if isinstance(part, bytes) else str(part).encode()
            if body:
                break
    seen = frames(body)
    assert [(f["id"], f["event"], f["data"]["event_id"]) for f in seen] == [
        ("2", "conversation.updated", "e-1"),
        ("3", "conversation.updated", "e-2"),
    ]
    assert b"tenant" not in body


async def test_a_feed_whose_reader_did_not_stay_is_closed(service: Service) -> None:
    answer = await feed_stream(service.feed, Identity("default", "local"), None)
    source = answer.source
    assert source is not None

    async def gone() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def nobody(_: object) -> None:
        raise OSError

    with contextlib.suppress(OSError, ExceptionGroup):
        await answer({"type": "http", "method": "GET", "path": "/events", "headers": []}, gone, nobody)
    with pytest.raises(StopAsyncIteration):
        await anext(source)


async def test_a_feed_is_open_before_its_answer_begins(service: Service) -> None:
    answer = await feed_stream(service.feed, Identity("default", "local"), None)
    await service.feed.append(updated(0))
    async with asyncio.timeout(PATIENCE):
        assert "conversation.updated" in str(await anext(aiter(answer.body_iterator)))
