"""``POST /turns/{id}/regenerate``: the new turn's stream, the refusals, and one answer for one key."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.unit.api.service import Service, is_problem
from tests.unit.turns.host import turn_key

PATIENCE = 10.0


async def ended_turn(service: Service) -> str:
    turn = (await service.host.submit("do it", secret=99)).turn_id
    await service.answer(turn, "done")
    return turn


async def regenerate(service: Service, former: str, **headers: str) -> httpx.Response:
    """The whole answer, once somebody has run the new turn."""
    known = len(service.host.workflows.started)
    async with service.client(**headers) as client, asyncio.timeout(PATIENCE):
        asked = asyncio.ensure_future(client.post(f"/turns/{former}/regenerate"))
        while len(service.host.workflows.started) == known and not asked.done():  # noqa: ASYNC110 -- it tells nobody
            await asyncio.sleep(0.005)
        if not asked.done():
            await service.answer(service.host.workflows.started[-1][0], "done", " anew")
        return await asked


async def test_it_streams_the_new_turn(service: Service) -> None:
    former = await ended_turn(service)
    answer = await regenerate(service, former)
    new = answer.headers["X-Turn-Id"]
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert new != former
    assert "done anew" in answer.text
    async with service.client() as client:
        told: dict[str, Any] = (await client.get("/history")).json()
        before = (await client.get(f"/turns/{former}")).json()
    assert [t["regenerated_by"] for t in told["turns"]] == [new, None]
    assert [t["messages"][0]["content"] for t in told["turns"]] == ["do it", "do it"]
    assert (before["regenerated_by"], before["effects"]) == (new, [])


async def test_the_same_key_is_the_same_answer_and_another_turn_is_another_request(service: Service) -> None:
    former = await ended_turn(service)
    key = {"Idempotency-Key": "k"}
    first = await regenerate(service, former, **key)
    again = await regenerate(service, former, **key)
    assert (again.headers["X-Turn-Id"], again.text) == (first.headers["X-Turn-Id"], first.text)
    assert is_problem(await regenerate(service, first.headers["X-Turn-Id"], **key), 422, "idempotency_key_reused")
    async with service.client(**key) as client:
        assert is_problem(await client.post("/chat", json={"message": "do it"}), 422, "idempotency_key_reused")


@pytest.mark.parametrize("running", [True, False])
async def test_only_the_newest_turn_and_never_beside_another(service: Service, running: bool) -> None:
    former = await ended_turn(service)
    newer = (await service.host.submit("and", secret=98)).turn_id
    if not running:
        await service.answer(newer, "ok")
    code = "turn_running" if running else "turn_not_newest"
    assert is_problem(await regenerate(service, former), 409, code)


async def test_whose_turn_it_is(service: Service) -> None:
    former = await ended_turn(service)
    assert is_problem(await regenerate(service, former, **{"X-User-Id": "eve"}), 404, "turn_not_found")
    assert is_problem(await regenerate(service, "nonsense"), 404, "turn_not_found")
    assert (await service.host.chats.get_turn(turn_key(former))).regenerated_by is None
