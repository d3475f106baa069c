"""The task routes: what they accept, what they refuse, and in which words."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from agent.adapters.under_way import CountedWork
from agent.api.app import public_app
from agent.api.dev import dev_router
from agent.api.tasks import task_router
from agent.domain.ids import task_id_from_key
from tests.fakes.ports import CountingRandomness
from tests.unit.tasks.host import TaskHost

BODY: dict[str, Any] = {
    "task_id": "t1",
    "title": "Review the PR",
    "description": "The payment PR needs a review",
    "assignee": "Bob",
}
INF = float("inf")


class Switch:
    mode = "ok"


@pytest.fixture
def host() -> TaskHost:
    return TaskHost()


@pytest.fixture
async def api(host: TaskHost) -> AsyncIterator[httpx.AsyncClient]:
    routers = [task_router(host.tasks, host.clock, CountingRandomness()), dev_router(Switch())]  # pyright: ignore[reportArgumentType]
    app = public_app("0", routers, CountedWork(), {})
    headers = {"X-User-Id": "alice", "Content-Type": "application/json"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost", headers=headers) as client:
        yield client


async def created(host: TaskHost, api: httpx.AsyncClient) -> None:
    assert (await api.post("/tasks/process", json=BODY)).status_code == 200
    await host.tasks.open("default", "t1", "task-workflow-t1")


async def test_an_id_that_the_service_makes_for_a_call_is_not_to_be_chosen(api: httpx.AsyncClient) -> None:
    """Who saw a turn's id could take the id of the task that its call is about to create."""
    made = task_id_from_key("main.1.aaaaaaaaaaaaaaaaaaaaaaaaaa/0/0")
    answer = await api.post("/tasks/process", json={**BODY, "task_id": made})
    assert (answer.status_code, answer.json()["code"]) == (422, "reserved_task_id")
    assert (await api.get(f"/tasks/{made}")).status_code == 404
    assert (await api.post("/tasks/process", json={**BODY, "task_id": made[:-1]})).status_code == 200


async def test_process_and_repeat_and_conflict(api: httpx.AsyncClient) -> None:
    first = await api.post("/tasks/process", json=BODY)
    assert (first.status_code, first.json()) == (200, {"workflow_id": "task-workflow-t1", "status": "started"})
    again = await api.post("/tasks/process", json={**BODY, "deadline_seconds": 3600})
    assert again.json() == {"workflow_id": "task-workflow-t1", "status": "running"}
    other = await api.post("/tasks/process", json={**BODY, "assignee": "Carol"})
    assert (other.status_code, other.json()["code"]) == (409, "task_id_used")


async def test_short_texts_are_the_workflows_business(api: httpx.AsyncClient) -> None:
    assert (await api.post("/tasks/process", json={**BODY, "title": "", "description": ""})).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        *({"deadline_seconds": bad} for bad in (0, -1, 1e12, 10**400, True, "60", None, [], float("nan"), INF, -INF)),
        *({"title": bad} for bad in (None, 5, ["x"], "x" * 201, "\ud800")),
        *({"description": bad} for bad in (None, {}, "x" * 8001)),
        *({"assignee": bad} for bad in (None, "", "  ", "a\nb", "a\x00b", "x" * 129, 7)),
        *({"task_id": bad} for bad in (None, "", "a/b", "..", "ä", "x" * 10_000, "a b", 7)),
        {"unknown": 1},
    ],
)
async def test_what_could_never_fit_is_refused(api: httpx.AsyncClient, host: TaskHost, change: dict[str, Any]) -> None:
    answer = await api.post("/tasks/process", content=json.dumps({**BODY, **change}))
    assert answer.status_code in (400, 422), answer.text
    assert set(answer.json()) == {"detail", "code"}
    assert host.store == {}


async def test_any_text_survives_the_round_trip(api: httpx.AsyncClient, host: TaskHost) -> None:
    title, description = "2024-01-15 was the day", "5m \x00 \u202eright-to-left\u202c 🎉\n" + "é" * 7_000
    await api.post("/tasks/process", json={**BODY, "title": title, "description": description})
    await host.tasks.open("default", "t1", "task-workflow-t1")
    host.crash()
    task = (await api.get("/tasks/t1")).json()
    assert (task["title"], task["description"]) == (title, description)


async def test_an_unknown_task_is_not_found(api: httpx.AsyncClient) -> None:
    for path in ("/tasks/nobody", "/tasks/%2e%2e", "/tasks/a%2Fb", "/tasks/" + "x" * 10_000, "/tasks/nobody/history"):
        answer = await api.get(path)
        assert answer.status_code == 404, path
    assert (await api.get("/tasks/nobody")).json() == {"detail": "Task not found", "code": "task_not_found"}
    answer = await api.post("/tasks/nobody/status", json={"status": "completed"})
    assert (answer.status_code, answer.json()["code"]) == (404, "task_not_found")


@pytest.mark.parametrize(
    "workflow_id", ["t1", "task-workflow-", "task-workflow-none", "task-workflow-a.b", "turn-1", "x" * 999]
)
async def test_an_unknown_workflow_is_not_found(api: httpx.AsyncClient, workflow_id: str) -> None:
    answer = await api.get(f"/workflows/{workflow_id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "workflow_not_found")


async def test_other_tenants_see_nothing(api: httpx.AsyncClient, host: TaskHost) -> None:
    await created(host, api)
    other = {"X-Tenant-Id": "acme"}
    for path in ("/tasks/t1", "/tasks/t1/history", "/workflows/task-workflow-t1"):
        assert (await api.get(path)).status_code == 200
        assert (await api.get(path, headers=other)).status_code == 404
    assert (await api.post("/tasks/t1/status", json={"status": "completed"}, headers=other)).status_code == 404
    assert (await api.get("/tasks", headers=other)).json() == {"tasks": [], "next": None}


async def test_changes(api: httpx.AsyncClient, host: TaskHost) -> None:
    await created(host, api)
    assert (await api.post("/tasks/t1/assignee", json={"assignee": "Bob"})).json()["status"] == "assigned"
    assert (await api.post("/tasks/t1/deadline", json={"deadline_seconds": 60})).json()["deadline"] == (
        "2030-05-17T09:01:00.000+00:00"
    )
    moved = await api.post("/tasks/t1/deadline", json={"deadline": "2030-05-18T11:00:00+02:00"})
    assert moved.json()["deadline"] == "2030-05-18T09:00:00.000+00:00"
    assert (await api.post("/tasks/t1/deadline", json={"deadline": None})).json()["deadline"] is None
    assert (await api.post("/tasks/t1/status", json={"status": "completed"})).json()["status"] == "completed"
    refused = await api.post("/tasks/t1/status", json={"status": "in_progress"})
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_status_change")
    history = (await api.get("/tasks/t1/history")).json()
    assert [entry["by"] for entry in history["entries"]] == ["user:alice"] * 6
    assert (await api.get("/tasks", params={"status": "completed"})).json()["tasks"][0]["task_id"] == "t1"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("status", {"status": "done"}),
        ("status", {"status": None}),
        ("status", {}),
        ("assignee", {}),
        ("assignee", {"assignee": ""}),
        ("deadline", {}),
        ("deadline", {"deadline": None, "deadline_seconds": 5}),
        ("deadline", {"deadline_seconds": None}),
        ("deadline", {"deadline_seconds": 0}),
        ("deadline", {"deadline": 1893456000}),
        ("deadline", {"deadline": "tomorrow"}),
        ("deadline", {"deadline": "2030-05-18T11:00:00"}),
        ("deadline", {"deadline": "9999-12-31T23:59:59-14:00"}),
        ("deadline", {"deadline": "0001-01-01T00:00:00+14:00"}),
        ("deadline", {"deadline": "2030-05-17T08:59:59Z"}),
        ("deadline", {"deadline": "2040-05-17T08:59:59Z"}),
    ],
)
async def test_changes_that_are_none(api: httpx.AsyncClient, host: TaskHost, path: str, body: dict[str, Any]) -> None:
    await created(host, api)
    answer = await api.post(f"/tasks/t1/{path}", json=body)
    assert answer.status_code in (400, 422), answer.text
    assert (await api.get("/tasks/t1")).json()["version"] == 1


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "status=done", "cursor=x", "cursor=" + "x" * 65])
async def test_lists_that_are_none(api: httpx.AsyncClient, query: str) -> None:
    assert (await api.get(f"/tasks?{query}")).status_code in (400, 422)


async def test_the_switch(api: httpx.AsyncClient) -> None:
    assert (await api.get("/dev/notifications")).json() == {"mode": "ok"}
    assert (await api.put("/dev/notifications", json={"mode": "hang"})).json() == {"mode": "hang"}
    assert (await api.put("/dev/notifications", json={"mode": "explode"})).status_code == 422


def test_every_route_says_what_it_is_and_how_it_refuses(host: TaskHost) -> None:
    app = FastAPI()
    app.include_router(task_router(host.tasks, host.clock, CountingRandomness()))
    operations = {(method, path): o for path, methods in app.openapi()["paths"].items() for method, o in methods.items()}
    assert len(operations) == 8
    for route, operation in operations.items():
        assert operation["summary"], route
        assert {"200", "400", "503"} <= set(operation["responses"]), route
