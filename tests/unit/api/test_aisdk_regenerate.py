"""``regenerate-message`` without the name of an answer is about the last user message, known by its id, never by its words."""

import asyncio
from typing import Any

import httpx

from agent.adapters.listeners import Listener
from tests.unit.api.service import Service

PATIENCE = 10.0


def message(identity: str, text: str = "continue") -> dict[str, Any]:
    return {"id": identity, "role": "user", "parts": [{"type": "text", "text": text}]}


async def ask(service: Service, said: dict[str, Any], trigger: str = "regenerate-message", **more: Any) -> httpx.Response:
    """The whole answer, once somebody has run the turn that it began, if it began one."""
    known = len(service.host.workflows.started)
    body = {"id": "main", "messages": [said], "trigger": trigger, **more}
    async with service.client() as client, asyncio.timeout(PATIENCE):
        asked = asyncio.ensure_future(client.post("/api/chat", json=body))
        while len(service.host.workflows.started) == known and not asked.done():  # noqa: ASYNC110 -- it tells nobody
            await asyncio.sleep(0.005)
        if not asked.done():
            await service.answer(service.host.workflows.started[-1][0], "ok")
        return await asked


async def turns(service: Service) -> list[dict[str, Any]]:
    async with service.client() as client:
        return (await client.get("/history")).json()["turns"]


async def test_a_message_that_never_arrived_is_sent_also_when_it_repeats_the_one_before(service: Service) -> None:
    first = await ask(service, message("m-1"), "submit-message")
    second = await ask(service, message("m-2"))
    told = await turns(service)
    assert [turn["turn_id"] for turn in told] == [first.headers["X-Turn-Id"], second.headers["X-Turn-Id"]]
    assert [turn["regenerates"] for turn in told] == [None, None]


async def test_each_wish_is_another_answer_to_the_newest_one(service: Service) -> None:
    answers = [await ask(service, message("m-1"), trigger) for trigger in ("submit-message", *["regenerate-message"] * 2)]
    ids = [answer.headers["X-Turn-Id"] for answer in answers]
    of_history = await ask(service, message(f"{ids[0]}.user"), messageId=f"{ids[0]}.user")
    told = await turns(service)
    assert [turn["turn_id"] for turn in told] == [*ids, of_history.headers["X-Turn-Id"]]
    assert [turn["regenerates"] for turn in told] == [None, *ids]


async def test_a_message_that_was_answered_anew_tells_that_answer_when_it_comes_again(service: Service) -> None:
    first = (await ask(service, message("m-1"), "submit-message")).headers["X-Turn-Id"]
    newest = (await ask(service, message("m-1"))).headers["X-Turn-Id"]
    for identity in ("m-1", f"{first}.user"):
        assert (await ask(service, message(identity), "submit-message")).headers["X-Turn-Id"] == newest
    assert len(await turns(service)) == 2


async def test_an_answer_that_is_being_made_is_followed(service: Service) -> None:
    first = (await ask(service, message("m-1"), "submit-message")).headers["X-Turn-Id"]
    new = (await service.host.regenerate(first, text="continue", secret=99)).turn_id
    listener = Listener(service.app, "127.0.0.1", 0)  # over a socket: its stream begins, and does not end
    await listener.start()
    body = {"id": "main", "messages": [message("m-1")], "trigger": "regenerate-message"}
    async with asyncio.timeout(PATIENCE), httpx.AsyncClient(trust_env=False) as client:
        async with client.stream("POST", f"http://127.0.0.1:{listener.port}/api/chat", json=body) as stream:
            assert stream.headers["X-Turn-Id"] == new
    await listener.stop()
    assert [turn["turn_id"] for turn in await turns(service)] == [first, new]


async def test_a_message_that_others_have_followed_is_not_answered_anew(service: Service) -> None:
    first = await ask(service, message("m-1"), "submit-message")
    await ask(service, message("m-2", "something newer"), "submit-message")
    for said in (message("m-1"), message(f"{first.headers['X-Turn-Id']}.user")):
        answer = await ask(service, said)
        assert (answer.status_code, answer.headers.get("X-Error-Code")) == (409, "turn_not_newest")
    assert len(await turns(service)) == 2


async def test_another_text_under_the_same_id_is_refused(service: Service) -> None:
    first = await ask(service, message("m-1"), "submit-message")
    for identity in ("m-1", f"{first.headers['X-Turn-Id']}.user"):
        answer = await ask(service, message(identity, "something else"))
        assert (answer.status_code, answer.headers.get("X-Error-Code")) == (422, "idempotency_key_reused")
