"""A process that stops: nothing new begins in it, what is under way may finish, and its actors are let go."""

import asyncio
from typing import Any

import httpx
import pytest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.adapters import under_way
from agent.adapters.under_way import CountedWork
from agent.api.channel import channel_app
from agent.api.gate import Gate
from agent.api.problems import Refusals
from agent.domain.errors import Unavailable
from tests.unit.api.service import Service, is_problem
from workflows.activities.hop import main_loop_hop

LONG = 60.0


async def stopped(work: CountedWork, grace: float = LONG) -> int:
    return await work.finish(grace, asyncio.Event())


async def test_nothing_new_is_taken_and_the_connection_is_closed(service: Service) -> None:
    async with service.client() as client:
        assert (await client.get("/readyz")).status_code == 200
        await stopped(service.under_way)
        for answer in (
            await client.post("/chat", json={"message": "hi"}),
            await client.post("/tasks/process", json={}),
            await client.get("/history"),
            await client.get("/events"),
            await client.get("/readyz"),
        ):
            assert is_problem(answer, 503, "stopping")
            assert (answer.headers["Retry-After"], answer.headers["Connection"]) == ("2", "close")
        assert (await client.get("/livez")).status_code == 200, "nobody needs to kill it"
    assert service.host.store == {}


class Stream:
    """An app whose one request is ``open`` until it is told to ``end``."""

    def __init__(self) -> None:
        self.open, self.end = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.open.set()
        await self.end.wait()
        await Response("whole")(scope, receive, send)


async def test_a_stream_under_way_gets_to_its_end() -> None:
    app, work = Stream(), CountedWork()
    async with through_the_gate(app, work) as client:
        following = asyncio.create_task(client.get("/turns/main.1.x/events"))
        await app.open.wait()
        stopping = asyncio.create_task(stopped(work))
        await asyncio.sleep(0)
        assert not stopping.done()
        app.end.set()
        assert (await following).text == "whole"
        assert await stopping == 0


async def test_the_feed_holds_up_nobody() -> None:
    app, work = Stream(), CountedWork()
    async with through_the_gate(app, work) as client:
        following = asyncio.create_task(client.get("/events"))
        await app.open.wait()
        assert await stopped(work) == 0
        app.end.set()
        await following


def through_the_gate(app: ASGIApp, work: CountedWork) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(Gate(app, work, Refusals({}))), base_url="http://127.0.0.1")


async def test_what_does_not_finish_is_counted_after_the_grace_or_at_once_in_a_hurry() -> None:
    work, hurry = CountedWork(), asyncio.Event()
    with work.one(), work.one():
        assert await stopped(work, grace=0.01) == 2
        hurry.set()
        assert await work.finish(LONG, hurry) == 2
    assert await stopped(work) == 0


async def test_what_is_cut_off_is_told_of_before_the_actors_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_way, "HAND_OVER_MAX", 0.05)
    work, told = CountedWork(), list[tuple[str, bool, bool]]()

    async def tell(name: str) -> None:
        told.append((name, work.over, work.left))

    async def out_of_reach() -> None:
        raise Unavailable("out_of_reach", "Out of reach.")

    with work.one(), work.handed_over(lambda: tell("cut off")), work.handed_over(out_of_reach):
        with work.handed_over(lambda: tell("done by then")):
            pass
        with work.handed_over(asyncio.Event().wait):
            assert await stopped(work, grace=0.01) == 1
    assert (told, work.left) == ([("cut off", True, False)], True)


async def test_a_step_begins_within_the_grace_and_none_after_it() -> None:
    work, begun = CountedWork(), list[str]()
    run = main_loop_hop(asyncio.get_running_loop(), work)

    async def step(name: str) -> dict[str, Any]:
        begun.append(name)
        return {"name": name}

    with work.one():
        stopping = asyncio.create_task(stopped(work))
        await asyncio.sleep(0)
        assert await run(step("next")) == {"name": "next"}
    assert await stopping == 0
    late = asyncio.ensure_future(run(step("late")))
    await asyncio.wait({late}, timeout=0.05)
    assert (begun, late.done()) == (["next"], False)
    late.cancel()


@pytest.mark.parametrize("leaving", [False, True])
async def test_the_sidecar_hears_that_the_actors_are_to_move(leaving: bool) -> None:
    app, _ = channel_app("token", "caller", [], lambda: leaving)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as sidecar:
        assert (await sidecar.get("/healthz")).status_code == (503 if leaving else 200)
