"""Streams of the Responses API from a place that its client names, over the real routes."""

import json
from typing import Any

import httpx
import pytest

from agent.domain.limits import SEQUENCE_NUMBER_MAX
from tests.unit.api.service import Service


async def answered(service: Service, http: httpx.AsyncClient) -> str:
    """The path of a response that is complete."""
    response = await http.post("/v1/responses", json={"input": "hi", "conversation": "main", "background": True})
    await service.answer(response.json()["id"].removeprefix("resp_"), "Hello")
    return f"/v1/responses/{response.json()['id']}"


def events(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200
    return [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line.startswith("data: ")]


async def test_the_end_is_told_behind_any_number_there_can_be(service: Service) -> None:
    async with service.client() as http:
        path = await answered(service, http)
        [end] = events(await http.get(path, params={"stream": True, "starting_after": SEQUENCE_NUMBER_MAX - 1}))
    assert (end["type"], end["sequence_number"]) == ("response.completed", SEQUENCE_NUMBER_MAX)


@pytest.mark.parametrize("number", [-1, SEQUENCE_NUMBER_MAX, 2**64 - 1, 10**30])
async def test_a_number_that_no_event_can_have_is_refused_before_the_stream(service: Service, number: int) -> None:
    async with service.client() as http:
        refused = await http.get(await answered(service, http), params={"stream": True, "starting_after": number})
    assert (refused.status_code, refused.json()["error"]["type"]) == (422, "invalid_request_error")
    assert "starting_after" in refused.json()["error"]["message"]
