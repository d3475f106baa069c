"""The public API in this process: real routes, real ChatActor, real memory log; fakes only behind our ports."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI

from agent.adapters.memory_feed import MemoryFeed
from agent.adapters.memory_log import MemoryTurnLog
from agent.adapters.under_way import CountedWork
from agent.api.admission import Admissions
from agent.api.app import public_app
from agent.api.chat import ChatApi, chat_router
from agent.api.dev import dev_router
from agent.api.hints import Hints
from agent.api.live import About, live_router
from agent.api.tasks import task_router
from agent.api.turns import TurnApi, turn_router
from agent.api.wires.serving import REFUSALS, wire_routers
from agent.domain.model import Finished, TextPart
from tests.fakes.ports import CountingRandomness, FakeTasks, MemoryPublisher, ScriptedModel, WordTokens
from tests.unit.turns.host import USAGE, ChatHost
from workflows.activities.generate import Generate

ABOUT = About(version="1.2.3", model="m", demo=True, replica="0")


class Switch:
    mode = "ok"


class Service:
    """The app and everything behind it."""

    def __init__(self) -> None:
        self.host, self.log, self.feed, self.tasks = ChatHost(), MemoryTurnLog(), MemoryFeed(), FakeTasks()
        self.under_way = CountedWork()
        self.ready = {"sidecar": True, "actors": True}
        self.shared = {"redis": False}
        turns = TurnApi(self.host.chats, self.log)
        hints = Hints(self.feed, self.host.clock, CountingRandomness())
        admissions = Admissions(self.host.chats, self.log, hints, WordTokens(), self.host.clock, CountingRandomness(), turns)
        self.routers = [
            chat_router(ChatApi(self.host.chats, admissions, turns, hints, CountingRandomness())),
            turn_router(turns),
            task_router(self.tasks, self.host.clock, CountingRandomness()),
            live_router(self.feed, lambda: self.ready, lambda: self.shared, ABOUT),
            dev_router(Switch()),  # pyright: ignore[reportArgumentType] -- its mode is a plain string here
            *wire_routers(self.host.chats, self.log, self.tasks, admissions, turns, CountingRandomness()),
        ]
        self.app: FastAPI = public_app("1.2.3", self.routers, self.under_way, REFUSALS)

    @asynccontextmanager
    async def client(self, **headers: str) -> AsyncGenerator[httpx.AsyncClient]:
        """A client that gets a 500 as an answer, as over a socket."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", headers=headers) as client:
            yield client

    async def answer(self, turn_id: str, *words: str) -> None:
        """Runs the turn's one step, as its workflow would."""
        model = ScriptedModel([*(TextPart(w) for w in words), Finished("stop", USAGE)])
        generate = Generate(self.host.chats, self.log, model, WordTokens(), self.host.clock, MemoryPublisher(), self.under_way)
        assert (await generate(self.host.ref(turn_id))).kind == "answered"


def is_problem(answer: httpx.Response, status: int, code: str) -> bool:
    """Whether the answer has the one shape of a refusal."""
    body: dict[str, Any] = answer.json()
    shape = isinstance(body.get("detail"), str) and bool(body["detail"]) and isinstance(body.get("code"), str)
    assert shape, body
    assert (answer.status_code, body["code"]) == (status, code), (answer.status_code, body)
    return True
