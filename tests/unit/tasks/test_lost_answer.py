"""A person's change whose answer is lost on the way is delivered again, after others have changed the task: it counts once.

The real transport repeats it here, to real actors; only the connection is cut by the test.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx
import pytest
from aiohttp import web

from actors.calls import ActorCalls
from actors.task_client import TaskClient
from actors.transport import PooledActorClient
from agent.adapters.under_way import CountedWork
from agent.api.app import public_app
from agent.api.tasks import task_router
from agent.domain.task import iso
from agent.domain.task_changes import Change
from agent.ports import Tasks
from tests.fakes.answering import answering
from tests.fakes.ports import CountingRandomness
from tests.unit.tasks.host import TaskHost
from tests.unit.tasks.records import HOUR, NOW

CARL = Change(by="user:carl")
Meanwhile = Callable[[], Awaitable[object]]


@asynccontextmanager
async def routes(tasks: Tasks, host: TaskHost) -> AsyncGenerator[httpx.AsyncClient]:
    app = public_app("0", [task_router(tasks, host.clock, CountingRandomness())], CountedWork(), {})
    transport, headers = httpx.ASGITransport(app), {"X-User-Id": "alice"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
        yield client


async def with_its_answer_lost(host: TaskHost, path: str, body: dict[str, Any], meanwhile: Meanwhile) -> httpx.Response:
    """What Alice gets in the end, of a change that was made, and brought again after ``meanwhile``."""
    deliveries: list[bytes] = []

    async def sidecar(request: web.Request) -> web.Response:
        actor_type, actor_id, _, method = request.path.removeprefix("/v1.0/actors/").split("/")
        deliveries.append(await request.read())
        answer = await host.invoke_method(actor_type, actor_id, method, deliveries[-1])
        if len(deliveries) == 1:
            await meanwhile()
            assert request.transport is not None
            request.transport.abort()
        return web.Response(body=answer)

    async with answering(sidecar) as port, aclosing(PooledActorClient(port, "", "token")) as client:
        async with routes(TaskClient(ActorCalls(client), host.engine), host) as alice:
            answer = await alice.post(f"/tasks/t1/{path}", json=body)
    assert deliveries == [deliveries[0]] * 2
    return answer


@pytest.fixture
async def host() -> TaskHost:
    """Its task is Bob's, due in an hour, and at version 3."""
    host = TaskHost()
    await host.processed()
    return host


@pytest.mark.parametrize(
    ("path", "body", "authors"),
    [
        ("assignee", {"assignee": "Bea"}, ["user:alice", "user:carl"]),
        ("assignee", {"assignee": "Bob"}, ["user:carl"]),  # it was Bob's already
        ("status", {"status": "in_progress"}, ["user:alice", "user:carl"]),
        ("status", {"status": "pending"}, ["user:alice", "user:carl"]),
    ],
)
async def test_what_another_has_set_meanwhile_stays(
    host: TaskHost, path: str, body: dict[str, Any], authors: list[str]
) -> None:
    answer = await with_its_answer_lost(host, path, body, lambda: host.tasks.assign("default", "t1", "Dora", CARL))
    task = host.record()["task"]
    assert (answer.status_code, answer.json()) == (200, task), "the task as it is now"
    assert (task["assignee"], task["status"]) == ("Dora", "assigned")
    assert [entry["by"] for entry in host.record()["history"][3:]] == authors
    assert host.broker.ids() == [f"t1-{n + 1}" for n in range(3 + len(authors))], "each change is told once"


@pytest.mark.parametrize("body", [{"deadline_seconds": 60}, {"deadline": None}])
async def test_a_deadline_that_another_has_set_meanwhile_stays(host: TaskHost, body: dict[str, Any]) -> None:
    later = NOW + 3 * HOUR
    answer = await with_its_answer_lost(host, "deadline", body, lambda: host.tasks.set_deadline("default", "t1", later, CARL))
    assert (answer.json()["deadline"], answer.json()["version"]) == (iso(later), 5)
    assert list(host.reminders) == [host.record()["reminder"]]


async def test_who_has_ended_a_task_is_not_refused_because_it_has_ended(host: TaskHost) -> None:
    answer = await with_its_answer_lost(host, "status", {"status": "completed"}, lambda: host.tasks.get("default", "t1"))
    assert (answer.status_code, answer.json()["status"], answer.json()["version"]) == (200, "completed", 4)


async def test_the_same_change_in_another_request_is_another_change(host: TaskHost) -> None:
    async with routes(host.tasks, host) as alice:
        versions = [
            (await alice.post("/tasks/t1/assignee", json={"assignee": who})).json()["version"] for who in ("Bea", "Dora", "Bea")
        ]
    assert (versions, host.record()["task"]["assignee"]) == ([4, 5, 6], "Bea")
