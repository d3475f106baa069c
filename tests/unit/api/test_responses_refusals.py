"""Refusals under ``/v1`` as that API makes them: 400 with the name of what is wrong, whichever part of the service refuses."""

import json
from typing import Any

import httpx
import pytest

from agent.domain.limits import MESSAGE_BYTES_MAX
from tests.unit.api.service import Service

RESPONSE = "/v1/responses/resp_main.1." + "a" * 26


def refused(answer: httpx.Response) -> tuple[int, str | None, str]:
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["message"]
    return answer.status_code, error["param"], error["code"]


def parts(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [{"type": "input_text", "text": text}]}]


@pytest.mark.parametrize(
    ("body", "status", "param", "code"),
    [
        ({"input": "hi", "conversation": "not a name!"}, 400, "conversation", "bad_conversation_id"),
        ({"input": "hi", "conversation": {"id": "\ud800"}}, 400, "conversation", "bad_conversation_id"),
        ({"input": " "}, 400, "input", "empty_message"),
        ({"input": parts("")}, 400, "input", "empty_message"),
        ({"input": "\ud83e"}, 400, "input", "bad_text"),
        ({"input": parts("\ud83e")}, 400, "input", "bad_text"),
        ({"input": "x" * (MESSAGE_BYTES_MAX + 1)}, 413, "input", "message_too_large"),
        ([1], 400, None, "invalid_request"),
        (7, 400, None, "invalid_request"),
    ],
)
async def test_what_is_wrong_with_a_response_to_be_is_named(
    service: Service, body: Any, status: int, param: str | None, code: str
) -> None:
    async with service.client() as http:
        answer = await http.post("/v1/responses", content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert refused(answer) == (status, param, code)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("?stream=maybe", "stream"),
        ("?stream=true&starting_after=-1", "starting_after"),
        ("/input_items?order=up", "order"),
        ("/input_items?limit=500", "limit"),
    ],
)
async def test_what_is_wrong_in_a_query_is_named(service: Service, query: str, param: str) -> None:
    async with service.client() as http:
        assert refused(await http.get(RESPONSE + query)) == (400, param, "invalid_request")


async def test_another_text_under_a_key_is_refused_as_everything_else(service: Service) -> None:
    async with service.client(**{"Idempotency-Key": "k"}) as http:
        await http.post("/v1/responses", json={"input": "hi", "background": True})
        answer = await http.post("/v1/responses", json={"input": "ho", "background": True})
    assert refused(answer) == (400, None, "idempotency_key_reused")


async def test_a_cancel_does_not_pass_over_what_it_is_asked(service: Service) -> None:
    async with service.client() as http:
        path = f"/v1/responses/{(await http.post('/v1/responses', json={'input': 'hi', 'background': True})).json()['id']}"
        for wish in ({"effects": "undo"}, {"metadata": None}):
            answer = await http.post(f"{path}/cancel", json=wish)
            assert refused(answer) == (400, next(iter(wish)), "unknown_parameter")
        assert (await http.get(path)).json()["status"] != "cancelled"
        for nothing in (None, {}):
            answer = await http.post(f"{path}/cancel", json=nothing)
            assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")


async def test_the_one_before_an_answer_made_anew_is_not_the_one_it_replaces(service: Service) -> None:
    host = service.host
    ids = [(await host.submit("first", secret=90)).turn_id]
    await service.answer(ids[0], "one")
    ids.append((await host.submit("second", secret=91)).turn_id)
    await service.answer(ids[1], "two")
    for secret in (92, 93):
        ids.append((await host.regenerate(ids[-1], text="second", secret=secret)).turn_id)
        await service.answer(ids[-1], "two again")
    ids.append((await host.submit("third", secret=94)).turn_id)
    await service.answer(ids[4], "three")
    async with service.client() as http:
        before = [(await http.get(f"/v1/responses/resp_{turn}")).json()["previous_response_id"] for turn in ids]
    assert before == [None, *[f"resp_{ids[0]}"] * 3, f"resp_{ids[3]}"]
