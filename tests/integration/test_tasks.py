"""Tasks and their workflow on the real runtime: every outcome, repeats, deadlines, and ``kill -9`` in the middle.

One stack of its own, because the switch of the notification target is for all: each test leaves it at ``ok``.
``GET /tasks/{id}/history`` never marks anything, so what it shows of a deadline was the reminder's doing.
"""

import json
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.integration.client import Client
from tests.integration.profiles import Profile
from tests.integration.replicas import kill
from tests.integration.stack import Stack
from tests.integration.test_survival import set_notifications

FORWARD = ["validate", "create", "assign", "reminder", "notify"]
UNDOS = [("reminder", "done", True), ("assign", "done", True)]
UNDONE = [*((name, "done", False) for name in FORWARD[:4]), ("notify", "failed", False), *UNDOS]
CREATED, ASSIGNED, DUE, OVERDUE = "task.created", "task.assigned", "task.deadline_set", "task.overdue"
UNDUE, UNASSIGNED = "task.deadline_removed", "task.unassigned"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, profile: Profile) -> Iterator[Stack]:
    with profile.stack(tmp_path_factory.mktemp("tasks") / "data") as running:
        yield running


@pytest.fixture
def user(stack: Stack) -> Iterator[Client]:
    client = Client(stack.urls)
    yield client
    switch(stack, "ok")
    client.close()


def body(**changes: Any) -> dict[str, Any]:
    values = {"title": "Review the PR", "description": "The payment PR needs a review", "assignee": "Bob"}
    return {"task_id": f"t-{secrets.token_hex(6)}", **values, **changes}


def process(user: Client, **changes: Any) -> str:
    """Starts a task's workflow; the task's id."""
    asked = body(**changes)
    assert user.post("/tasks/process", **asked) == {"workflow_id": f"task-workflow-{asked['task_id']}", "status": "started"}
    return asked["task_id"]


def ended(user: Client, task_id: str, timeout: float = 60.0) -> dict[str, Any]:
    """The workflow once it has ended."""
    return user.eventually(f"/workflows/task-workflow-{task_id}", lambda view: view["status"] != "running", timeout)


def whats(user: Client, task_id: str) -> list[str]:
    return [entry["what"] for entry in user.get(f"/tasks/{task_id}/history")["entries"]]


def steps(view: dict[str, Any]) -> list[tuple[str, str, bool]]:
    return [(step["name"], step["state"], step["undo"]) for step in view["steps"]]


def switch(stack: Stack, mode: str) -> None:
    httpx.put(f"{stack.url}/dev/notifications", json={"mode": mode}, timeout=60, trust_env=False).raise_for_status()


def notified(stack: Stack, task_id: str) -> list[dict[str, Any]]:
    told = [json.loads(path.read_text()) for path in (stack.data_dir / "notifications").glob("*.json")]
    return [notification for notification in told if notification["task_id"] == task_id]


def check_completed_once(stack: Stack, user: Client, task_id: str, timeout: float = 60.0) -> None:
    view = ended(user, task_id, timeout)
    assert view["status"] == "completed", view
    assert steps(view) == [(name, "done", False) for name in FORWARD]
    assert whats(user, task_id) == [CREATED, ASSIGNED, DUE]
    assert len(notified(stack, task_id)) == 1


# --- outcomes --------------------------------------------------------------------------------------------------------------


def test_completed(stack: Stack, user: Client) -> None:
    before = datetime.now(UTC)
    task_id = process(user, deadline_seconds=7200)
    check_completed_once(stack, user, task_id)
    task = user.get(f"/tasks/{task_id}")
    assert (task["status"], task["assignee"], task["created_by"]) == ("assigned", "Bob", user.user)
    deadline = datetime.fromisoformat(task["deadline"])
    assert before <= deadline - timedelta(hours=2) <= datetime.now(UTC)
    assert notified(stack, task_id)[0]["deadline"] == task["deadline"]
    result = ended(user, task_id)["result"]
    assert (result["task_id"], result["status"]) == (task_id, "completed")


def test_rejected_with_every_reason_and_no_task(user: Client) -> None:
    task_id = process(user, title="Hm", description="short")
    view = ended(user, task_id)
    assert view["status"] == view["result"]["status"] == "rejected"
    assert "title" in view["result"]["message"]
    assert "description" in view["result"]["message"]
    assert steps(view) == [("validate", "failed", False)]
    missing = user.http.get(f"/tasks/{task_id}")
    assert (missing.status_code, missing.json()["detail"]) == (404, "Task not found")
    assert user.get("/tasks")["tasks"] == []


def test_who_follows_the_turn_sees_each_undo_of_a_failing_notification(stack: Stack, user: Client) -> None:
    switch(stack, "fail")
    answer = user.ask("Ask Bob to review the payment PR by tomorrow noon")
    told = answer.all("tool.progressed")
    [returned] = answer.all("tool.returned")
    assert {(e["task_id"], e["call_id"]) for e in told} == {(returned["result"]["task_id"], returned["call_id"])}
    assert len(told) >= 2, "the steps before the notification, three seconds before the undos"
    assert all(len(before["steps"]) <= len(after["steps"]) for before, after in pairwise(told))
    last = told[-1]
    assert steps(last) == UNDONE[: len(last["steps"])]
    assert steps(told[0]) == UNDONE[: len(told[0]["steps"])][:4]
    assert [event for event in answer.events if event.startswith("tool.")] == [
        "tool.called",
        *["tool.progressed"] * len(told),
        "tool.returned",
    ]
    view = ended(user, returned["result"]["task_id"])
    assert (view["status"], steps(view)) == ("failed", UNDONE), "the rest, where the turn did not wait for all of it"


def test_a_failing_notification_undoes_assignment_and_reminder(stack: Stack, user: Client) -> None:
    switch(stack, "fail")
    started = time.monotonic()
    asked = body(deadline_seconds=20)
    user.post("/tasks/process", **asked)
    task_id = asked["task_id"]
    view = ended(user, task_id)
    assert time.monotonic() - started >= 3.0, "three attempts, one and two seconds apart"
    assert steps(view) == UNDONE
    assert "after 3 attempts" in view["result"]["message"]
    task = user.get(f"/tasks/{task_id}")
    assert (task["status"], task["assignee"], task["deadline"]) == ("pending", None, None)
    assert user.post("/tasks/process", **asked)["status"] == "failed"
    time.sleep(max(0.0, started + 22 - time.monotonic()))  # the deadline passes, and nothing comes of it
    assert whats(user, task_id) == [CREATED, ASSIGNED, DUE, UNDUE, UNASSIGNED]
    assert ended(user, task_id) == view


def test_a_hanging_notification_fails_and_leaves_alone_what_a_person_changed(stack: Stack, user: Client) -> None:
    switch(stack, "hang")
    task_id = process(user)
    user.eventually(f"/workflows/task-workflow-{task_id}", lambda view: len(view["steps"]) == 4)
    user.post(f"/tasks/{task_id}/assignee", assignee="Carol")
    view = ended(user, task_id)
    assert (view["status"], steps(view)[-2:]) == ("failed", [("reminder", "done", True), ("assign", "skipped", True)])
    assert f"changed meanwhile by user:{user.user}" in view["result"]["message"]
    task = user.get(f"/tasks/{task_id}")
    assert (task["status"], task["assignee"], task["deadline"]) == ("assigned", "Carol", None)


# --- repeats and conflicts -------------------------------------------------------------------------------------------------


def test_repeats_and_conflicts(stack: Stack, user: Client) -> None:
    asked = body()
    user.post("/tasks/process", **asked)
    check_completed_once(stack, user, asked["task_id"])
    assert user.post("/tasks/process", **asked)["status"] == "completed"
    assert user.post("/tasks/process", **asked, deadline_seconds=3600)["status"] == "completed"
    for other in ({"title": "Review it all"}, {"assignee": "Carol"}, {"deadline_seconds": 60}):
        refused = user.http.post("/tasks/process", json=asked | other)
        assert (refused.status_code, refused.json()["code"]) == (409, "task_id_used")
    stranger = Client(stack.urls)
    assert stranger.http.post("/tasks/process", json=asked).status_code == 409
    assert stranger.get(f"/tasks/{asked['task_id']}")["assignee"] == "Bob", "tasks belong to the tenant"
    stranger.close()
    check_completed_once(stack, user, asked["task_id"])


def test_twenty_at_once_are_one_task(stack: Stack, user: Client) -> None:
    asked = body()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: user.http.post("/tasks/process", json=asked), range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20
    assert [answer.json()["status"] for answer in answers].count("started") == 1
    check_completed_once(stack, user, asked["task_id"])
    assert [task["task_id"] for task in user.get("/tasks")["tasks"]] == [asked["task_id"]]


def test_tenants_share_no_ids(stack: Stack, user: Client) -> None:
    asked = body()
    other = Client(stack.urls, user.user, tenant="acme")
    user.post("/tasks/process", **asked)
    ended(user, asked["task_id"])
    for path in (f"/tasks/{asked['task_id']}", f"/workflows/task-workflow-{asked['task_id']}"):
        assert other.http.get(path).status_code == 404
    assert other.post("/tasks/process", **asked | {"title": "Something else"})["status"] == "started"
    assert ended(other, asked["task_id"])["status"] == "completed"
    other.close()


# --- deadlines -------------------------------------------------------------------------------------------------------------


def test_a_deadline_makes_an_open_task_overdue_by_itself(user: Client) -> None:
    with user.feed() as feed:
        task_id = process(user, deadline_seconds=1.5)
        told = feed.until(OVERDUE).data
    assert told["task_id"] == task_id
    assert told["task"]["status"] == "overdue"
    assert datetime.fromisoformat(told["timestamp"]) >= datetime.fromisoformat(told["task"]["deadline"])
    assert whats(user, task_id).count(OVERDUE) == 1


def test_never_a_finished_task_and_only_by_the_newest_deadline(user: Client) -> None:
    finished, moved = process(user, deadline_seconds=3600), process(user, deadline_seconds=3600)
    for task_id in (finished, moved):
        ended(user, task_id)
        user.post(f"/tasks/{task_id}/deadline", deadline_seconds=8)
    user.post(f"/tasks/{finished}/status", status="completed")
    user.post(f"/tasks/{moved}/deadline", deadline_seconds=10)
    user.eventually(f"/tasks/{moved}/history", lambda history: history["entries"][-1]["what"] == OVERDUE)
    assert whats(user, moved) == [CREATED, ASSIGNED, DUE, DUE, DUE, OVERDUE]
    assert whats(user, finished) == [CREATED, ASSIGNED, DUE, DUE, "task.completed"]
    assert user.get(f"/tasks/{finished}")["status"] == "completed"
    user.post(f"/tasks/{moved}/deadline", deadline=None)
    assert user.get(f"/tasks/{moved}")["status"] == "assigned"


def test_a_reminder_survives_the_death_of_everything(stack: Stack, user: Client) -> None:
    task_id = process(user, deadline_seconds=8)
    ended(user, task_id)
    stack.kill_all()
    stack.start()
    user.urls = stack.urls
    history = user.eventually(f"/tasks/{task_id}/history", lambda history: history["entries"][-1]["what"] == OVERDUE, 60)
    assert [entry["what"] for entry in history["entries"]] == [CREATED, ASSIGNED, DUE, OVERDUE]


# --- kill -9 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["app", "daprd"])
def test_a_death_in_the_middle_of_many_workflows(stack: Stack, user: Client, name: str) -> None:
    asked = [body() for _ in range(20)]
    for each in asked[:10]:
        user.post("/tasks/process", **each)
    kill(stack, name, replica=0)()
    for each in asked:  # a client repeats what it is not sure of
        user.post("/tasks/process", **each)
    for each in asked:
        check_completed_once(stack, user, each["task_id"], 120)
    listed = [task["task_id"] for task in user.get("/tasks", limit=100)["tasks"]]
    assert sorted(listed) == sorted(each["task_id"] for each in asked)


def test_a_death_while_the_notification_hangs(stack: Stack, user: Client) -> None:
    switch(stack, "hang")
    task_id = process(user)
    user.eventually(f"/workflows/task-workflow-{task_id}", lambda view: len(view["steps"]) == 4)
    back = kill(stack, "app")
    set_notifications(stack, "ok")  # before the last attempt
    back()
    check_completed_once(stack, user, task_id)


# --- lists and history -----------------------------------------------------------------------------------------------------


def test_lists_are_newest_first_by_page_and_by_status(user: Client) -> None:
    made = [process(user) for _ in range(5)]
    for task_id in made:
        ended(user, task_id)
    user.post(f"/tasks/{made[1]}/status", status="in_progress")
    first = user.get("/tasks", limit=3)
    second = user.get("/tasks", limit=3, cursor=first["next"])
    assert [task["task_id"] for task in (*first["tasks"], *second["tasks"])] == made[::-1]
    assert second["next"] is None
    assert [task["task_id"] for task in user.get("/tasks", status="in_progress")["tasks"]] == [made[1]]
    entry = user.get(f"/tasks/{made[1]}/history")["entries"][-1]
    assert (entry["what"], entry["by"], entry["changes"]) == (
        "task.started",
        f"user:{user.user}",
        {"status": ["assigned", "in_progress"]},
    )


def test_an_illegal_move_changes_nothing_and_says_what_is_allowed(user: Client) -> None:
    task_id = process(user)
    ended(user, task_id)
    user.post(f"/tasks/{task_id}/status", status="completed")
    before = user.get(f"/tasks/{task_id}")
    refused = user.http.post(f"/tasks/{task_id}/status", json={"status": "pending"})
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_status_change")
    assert user.get(f"/tasks/{task_id}") == before
