"""A thread without a message of the user: all that is stored of it, page by page, within what its client can post again."""

import json
from typing import Any

import pytest

from agent.api.wires.agui import thread
from tests.unit.api.service import Service
from tests.unit.turns.host import KEY

TURNS = 5


async def said(service: Service, text: str, secret: int) -> str:
    return (await service.host.submit(text, secret=secret)).turn_id


async def events(service: Service) -> list[dict[str, Any]]:
    async with service.client() as client:
        answer = await client.post("/agui", json={"threadId": KEY.conversation, "runId": "r", "messages": []})
    return [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line.startswith("data: ")]


async def shown(service: Service) -> list[dict[str, Any]]:
    """The messages of the newest snapshot."""
    told = await events(service)
    assert told[-1]["type"] in ("RUN_FINISHED", "RUN_ERROR")
    return next(event["messages"] for event in reversed(told) if event["type"] == "MESSAGES_SNAPSHOT")


@pytest.fixture
async def talked(service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setattr(thread, "HISTORY_PAGE_MAX", 2)
    for n in range(TURNS):
        await service.answer(await said(service, f"question {n}", 90 + n), f"answer {n}")
    return service


async def test_it_goes_back_to_the_first_page(talked: Service) -> None:
    texts = [message["content"] for message in await shown(talked)]
    assert texts == [text for n in range(TURNS) for text in (f"question {n}", f"answer {n}")]


async def test_where_nothing_runs_no_turn_is_named(talked: Service) -> None:
    started = (await events(talked))[0]
    assert (started["type"], started.get("metadata")) == ("RUN_STARTED", None)


async def test_it_stops_where_its_client_could_not_post_it_again(talked: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    one = sum(len(json.dumps(message)) for message in (await shown(talked))[-2:])
    monkeypatch.setattr(thread, "THREAD_SHOWN_BYTES_MAX", 3 * one)
    texts = [message["content"] for message in await shown(talked)]
    assert texts == [text for n in (2, 3, 4) for text in (f"question {n}", f"answer {n}")]


async def test_what_runs_and_what_waits_is_not_left_out(talked: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread, "THREAD_SHOWN_BYTES_MAX", 1)
    running, _ = await said(talked, "now", 80), await said(talked, "then", 81)
    turns, found = await thread.newest_turns(talked.host.chats, KEY)
    assert ([turn.messages[0].content for turn in turns], found) == (["now", "then"], running)
