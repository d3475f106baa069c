"""Streams of the Responses API from a place that its client names, over the real routes."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from agent.adapters.memory_log import MemoryTurnLog
from agent.api.wires.responses.routes import ResponsesApi
from agent.domain.ids import ConversationKey, Identity, TurnKey
from agent.domain.limits import SEQUENCE_NUMBER_MAX
from agent.domain.model import Finished, TextPart
from agent.domain.turn_view import HistoryPage, TurnView
from tests.unit.api.service import Service
from tests.unit.turns.generating import PATIENCE, activity, until_written
from tests.unit.turns.host import USAGE, ChatHost


async def answered(service: Service, http: httpx.AsyncClient) -> str:
    """The path of a response that is complete."""
    response = await http.post("/v1/responses", json={"input": "hi", "conversation": "main", "background": True})
    await service.answer(response.json()["id"].removeprefix("resp_"), "Hello")
    return f"/v1/responses/{response.json()['id']}"


def events(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200
    return told(answer.text)


def told(frames: str) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix("data: ")) for line in frames.splitlines() if line.startswith("data: ")]


async def test_the_end_is_told_behind_any_number_there_can_be(service: Service) -> None:
    async with service.client() as http:
        path = await answered(service, http)
        [end] = events(await http.get(path, params={"stream": True, "starting_after": SEQUENCE_NUMBER_MAX - 1}))
    assert (end["type"], end["sequence_number"]) == ("response.completed", SEQUENCE_NUMBER_MAX)


@pytest.mark.parametrize("number", [-1, SEQUENCE_NUMBER_MAX, 2**64 - 1, 10**30])
async def test_a_number_that_no_event_can_have_is_refused_before_the_stream(service: Service, number: int) -> None:
    async with service.client() as http:
        refused = await http.get(await answered(service, http), params={"stream": True, "starting_after": number})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "starting_after")


class Away:
    """A ChatActor between two hosts: it answers once it is ``back``."""

    def __init__(self, host: ChatHost) -> None:
        self.back, self._chats = asyncio.Event(), host.chats

    async def heal(self, turn: TurnKey) -> TurnView:
        await self.back.wait()
        return await self._chats.heal(turn)

    async def get_turn(self, turn: TurnKey) -> TurnView:
        await self.back.wait()
        return await self._chats.get_turn(turn)

    async def get_history(self, key: ConversationKey, limit: int, before: int | None) -> HistoryPage:
        await self.back.wait()
        return await self._chats.get_history(key, limit, before)


async def resumed(chats: object, log: MemoryTurnLog, response_id: str, after: int) -> AsyncIterator[bytes]:
    """What the route streams behind ``after``; httpx would give it only as a whole."""
    api = ResponsesApi(chats, log, None, None, None)  # type: ignore[arg-type] -- none of these is asked
    request = Request({"type": "http", "query_string": b""})
    answer: Any = await api.retrieve(request, response_id, Identity("default", "local"), True, after)
    return answer.body_iterator


async def test_who_comes_back_to_an_open_log_is_told_more_of_the_text_before_the_actor_has_a_host(service: Service) -> None:
    rest = asyncio.Event()
    async with service.client() as http:
        await answered(service, http)
        second = await http.post("/v1/responses", json={"input": "more", "conversation": "main", "background": True})
        response_id = second.json()["id"]
        turn = response_id.removeprefix("resp_")
        generate, _ = activity(service.host, service.log, [TextPart("Hel "), rest, TextPart("lo"), Finished("stop", USAGE)])
        running = asyncio.create_task(generate(service.host.ref(turn)))
        await until_written(service.log, turn, 3)
        away = Away(service.host)
        async with asyncio.timeout(PATIENCE):
            stream = await resumed(away, service.log, response_id, 3)
            [delta] = told((await anext(stream)).decode())
            assert (delta["sequence_number"], delta["delta"].strip()) == (4, "Hel")
            rest.set()
            await running
            away.back.set()
            seen = [event async for frames in stream for event in told(frames.decode())]
        stored = await http.get(f"/v1/responses/{response_id}")
    assert [event["sequence_number"] for event in seen] == list(range(5, 5 + len(seen)))
    assert seen[-1]["response"] == stored.json()
    assert stored.json()["previous_response_id"] is not None


async def test_a_response_that_is_not_there_cannot_be_come_back_to(service: Service) -> None:
    async with service.client() as http:
        refused = await http.get(f"/v1/responses/resp_main.1.{'a' * 26}", params={"stream": True, "starting_after": 3})
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "response_not_found")
