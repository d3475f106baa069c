"""``/api/chat/{conversation}/...``: an answer is looked for in the conversation of the path, and in no other."""

import asyncio
from typing import Any

import pytest

from tests.unit.api.service import Service
from tests.unit.turns.host import turn_key

PATIENCE = 10.0


async def test_an_answer_of_another_conversation_is_neither_stopped_nor_told(service: Service) -> None:
    turn_id = (await service.host.submit("hi", secret=99)).turn_id
    async with service.client() as client:
        stopped = await client.post("/api/chat/other/stop", json={"message_id": turn_id})
        told = await client.get("/api/chat/other/stream", params={"message_id": turn_id})
        nonsense = await client.post("/api/chat/main/stop", json={"message_id": "nonsense"})
        assert [(a.status_code, a.headers["X-Error-Code"]) for a in (stopped, told, nonsense)] == [(404, "turn_not_found")] * 3
        assert (await service.host.chats.get_turn(turn_key(turn_id))).status == "running"
        named = await client.post("/api/chat/main/stop", json={"message_id": turn_id})
    assert named.json() == {"turn_id": turn_id, "status": "cancelled"}


async def test_a_message_taken_along_from_another_conversation_is_a_new_one(service: Service) -> None:
    turn_id = (await service.host.submit("hi", secret=99)).turn_id
    await service.answer(turn_id, "hello")
    message: dict[str, Any] = {"id": f"{turn_id}.user", "role": "user", "parts": [{"type": "text", "text": "hi"}]}
    async with service.client() as client, asyncio.timeout(PATIENCE):
        same = await client.post("/api/chat", json={"id": "main", "messages": [message]})
        assert same.headers["X-Turn-Id"] == turn_id
        asked = asyncio.ensure_future(client.post("/api/chat", json={"id": "other", "messages": [message]}))
        while len(service.host.workflows.started) == 1 and not asked.done():  # noqa: ASYNC110 -- the fake engine tells nobody
            await asyncio.sleep(0.005)
        new = service.host.workflows.started[-1][0]
        assert new.startswith("other.1.")
        await client.post(f"/turns/{new}/cancel")
        assert (await asked).headers["X-Turn-Id"] == new


@pytest.mark.parametrize("named", [{}, {"messageId": "a"}, {"messageId": "gone"}])
async def test_an_answer_is_not_told_behind_itself(service: Service, named: dict[str, str]) -> None:
    """The client puts what comes behind the parts of the message that it names, or else of its last one."""
    turn_id = (await service.host.submit("hi", secret=99)).turn_id
    await service.answer(turn_id, "hello")
    parts = [{"type": "text", "text": "hi"}]
    user: dict[str, Any] = {"id": f"{turn_id}.user", "role": "user", "parts": parts}
    answer: dict[str, Any] = {"id": "a", "role": "assistant", "parts": parts}
    begun = {**answer, "parts": []}
    async with service.client() as client, asyncio.timeout(PATIENCE):

        async def asked(*messages: dict[str, Any], **more: str) -> tuple[int, str | None]:
            told = await client.post("/api/chat", json={"id": "main", "messages": messages, **named, **more})
            return told.status_code, told.headers.get("X-Error-Code")

        assert await asked(user, answer) == (400, "no_new_message")
        assert await asked(user) == await asked(user, begun) == (200, None), "nothing of it is shown yet"
        regenerated = asyncio.ensure_future(asked(user, answer, trigger="regenerate-message", messageId=turn_id))
        while len(service.host.workflows.started) == 1 and not regenerated.done():  # noqa: ASYNC110 -- it tells nobody
            await asyncio.sleep(0.005)
        await service.answer(service.host.workflows.started[-1][0], "hello again")
        assert await regenerated == (200, None)
