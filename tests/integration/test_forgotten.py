"""A workflow that the engine says it runs, and will never go on with: begun anew by who looks, and nothing happens twice."""

import pytest

from tests.integration.client import Client
from tests.integration.endpoint import mark
from tests.integration.engine import Engine
from tests.integration.stack import Stack
from tests.integration.test_chat import NEW_TASK
from tests.integration.test_undo import notifications_that_hang, notified_of
from workflows import client as client_module


def test_a_tasks_workflow_is_begun_anew(service: Stack, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "WORKFLOW_FORGOTTEN_AFTER", 0.0)
    task_id = f"t-{mark()}"
    path = f"/workflows/task-workflow-{task_id}"
    with notifications_that_hang(service):
        client.post("/tasks/process", task_id=task_id, **NEW_TASK)
        begun = client.eventually(path, lambda view: [step["name"] for step in view["steps"]][-1:] == ["reminder"])
        assert begun["status"] == "running"
        seen = Engine(service, monkeypatch).look(task_id)  # in this process: it is the bound that differs
        assert seen is not None
        assert seen.status == "running"
    ended = client.eventually(path, lambda view: view["status"] != "running", 60)
    assert (ended["status"], ended["result"]["status"]) == ("completed", "completed")
    changes = [entry["what"] for entry in client.get(f"/tasks/{task_id}/history")["entries"]]
    assert changes == ["task.created", "task.assigned", "task.deadline_set"]
    assert notified_of(service).count(f'"{task_id}"') == 1


def test_one_that_was_ended_and_not_begun_anew_is(service: Stack, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = f"t-{mark()}"
    path = f"/workflows/task-workflow-{task_id}"
    with notifications_that_hang(service):
        client.post("/tasks/process", task_id=task_id, **NEW_TASK)
        client.eventually(path, lambda view: [step["name"] for step in view["steps"]][-1:] == ["reminder"])
        Engine(service, monkeypatch).end(task_id)
    ended = client.eventually(path, lambda view: view["status"] != "running", 60)
    assert ended["result"]["status"] == "completed"
    assert [each["task_id"] for each in client.get("/tasks")["tasks"]] == [task_id]
    assert notified_of(service).count(f'"{task_id}"') == 1
