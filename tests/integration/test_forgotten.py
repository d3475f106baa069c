"""A workflow that the engine says it runs, and will never go on with: begun anew by who looks, and nothing happens twice."""

import asyncio

import pytest
from dapr.conf import settings

from agent.adapters.system import SystemClock
from agent.domain.processing import WorkflowView
from tests.integration.client import Client
from tests.integration.endpoint import mark
from tests.integration.proc import environment
from tests.integration.stack import Stack
from tests.integration.test_chat import NEW_TASK
from tests.integration.test_undo import notifications_that_hang, notified_of
from workflows import client as client_module
from workflows.client import WorkflowClient, workflow_client


async def looked_at(port: int, task_id: str) -> WorkflowView | None:
    """As the service looks, in this process: it is the bound that differs."""
    return await WorkflowClient(workflow_client(port), SystemClock()).task_processing("default", task_id)


def test_a_tasks_workflow_is_begun_anew(service: Stack, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    app = next(child for child in service.ps() if child["name"] == "app")
    told = environment(app["pid"])
    monkeypatch.setattr(settings, "DAPR_API_TOKEN", told["DAPR_API_TOKEN"])
    monkeypatch.setattr(client_module, "WORKFLOW_FORGOTTEN_AFTER", 0.0)
    task_id = f"t-{mark()}"
    path = f"/workflows/task-workflow-{task_id}"
    with notifications_that_hang(service):
        client.post("/tasks/process", task_id=task_id, **NEW_TASK)
        begun = client.eventually(path, lambda view: [step["name"] for step in view["steps"]][-1:] == ["reminder"])
        assert begun["status"] == "running"
        seen = asyncio.run(looked_at(int(told["DAPR_GRPC_PORT"]), task_id))
        assert seen is not None
        assert seen.status == "running"
    ended = client.eventually(path, lambda view: view["status"] != "running", 60)
    assert (ended["status"], ended["result"]["status"]) == ("completed", "completed")
    changes = [entry["what"] for entry in client.get(f"/tasks/{task_id}/history")["entries"]]
    assert changes == ["task.created", "task.assigned", "task.deadline_set"]
    assert notified_of(service).count(f'"{task_id}"') == 1
