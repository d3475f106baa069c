"""The task workflow as the SDK's samples would write it: default clients everywhere, one TaskActor, five activities.

What the service's task side is measured against: no reservation, no compare-and-set, no feed, no undo, no tenants. It runs
beside a Dapr stack of its own (``bare_stack``); the Dapr routes and its own share one port. No ``from __future__ import
annotations`` here: the SDK reads the types.
"""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import uvicorn
from dapr.actor import Actor, ActorId, ActorProxy, Remindable
from dapr.clients import DaprClient
from dapr.ext.fastapi import DaprActor
from dapr.ext.workflow import DaprWorkflowClient, DaprWorkflowContext, RetryPolicy, WorkflowActivityContext, WorkflowRuntime
from fastapi import FastAPI, HTTPException, Response
from pydantic import BaseModel

from tests.bench.bare_interface import TaskActorInterface

STATE = "task"


class TaskActor(Actor, TaskActorInterface, Remindable):
    async def get_task(self) -> dict[str, Any]:
        _, task = await self._state_manager.try_get_state(STATE)
        return task or {}

    async def create_task(self, task: dict[str, Any]) -> dict[str, Any]:
        return await self._save(task | {"status": "pending"})

    async def assign_task(self, assignee: str) -> dict[str, Any]:
        return await self._save(await self.get_task() | {"status": "assigned", "assignee": assignee})

    async def set_deadline_reminder(self, seconds: float) -> dict[str, Any]:
        await self.register_reminder("deadline", b"", timedelta(seconds=seconds), None)
        return await self._save(await self.get_task() | {"deadline_seconds": seconds})

    async def receive_reminder(
        self, name: str, state: bytes, due_time: timedelta, period: timedelta | None, ttl: timedelta | None = None
    ) -> None:
        await self._save(await self.get_task() | {"status": "overdue"})

    async def _save(self, task: dict[str, Any]) -> dict[str, Any]:
        await self._state_manager.set_state(STATE, task)
        await self._state_manager.save_state()
        return task


runtime = WorkflowRuntime()


@runtime.workflow
def process_task(ctx: DaprWorkflowContext, task: dict[str, Any]) -> Generator[Any, Any, dict[str, Any]]:
    yield ctx.call_activity("validate", input=task)
    yield ctx.call_activity("create", input=task)
    yield ctx.call_activity("assign", input=task)
    yield ctx.call_activity("remind", input=task)
    retry = RetryPolicy(first_retry_interval=timedelta(seconds=1), max_number_of_attempts=3, backoff_coefficient=2)
    yield ctx.call_activity("notify", input=task, retry_policy=retry)
    return {"task_id": task["task_id"], "status": "completed"}


@runtime.activity
def validate(ctx: WorkflowActivityContext, task: dict[str, Any]) -> dict[str, Any]:
    if len(task["title"]) < 5 or len(task["description"]) < 10:
        raise ValueError("too short")
    return {}


@runtime.activity
async def create(ctx: WorkflowActivityContext, task: dict[str, Any]) -> dict[str, Any]:
    return await _actor(task).CreateTask(task)


@runtime.activity
async def assign(ctx: WorkflowActivityContext, task: dict[str, Any]) -> dict[str, Any]:
    return await _actor(task).AssignTask(task["assignee"])


@runtime.activity
async def remind(ctx: WorkflowActivityContext, task: dict[str, Any]) -> dict[str, Any]:
    return await _actor(task).SetDeadlineReminder(task["deadline_seconds"])


@runtime.activity
def notify(ctx: WorkflowActivityContext, task: dict[str, Any]) -> dict[str, Any]:
    with DaprClient() as client:
        client.invoke_binding("notify", "post", json.dumps({"task_id": task["task_id"], "assignee": task["assignee"]}))
    return {}


def _actor(task: dict[str, Any]) -> Any:
    return ActorProxy.create("TaskActor", ActorId(task["task_id"]), TaskActorInterface)


class Process(BaseModel):
    task_id: str
    title: str
    description: str
    assignee: str
    deadline_seconds: float = 3600


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    await actors.register_actor(TaskActor)
    starting = asyncio.create_task(_start_worker())  # the sidecar waits for this app's port, the worker for the sidecar
    yield
    starting.cancel()
    runtime.shutdown()


async def _start_worker() -> None:
    await asyncio.to_thread(runtime.start)
    app.state.ready = True


app = FastAPI(lifespan=lifespan)
app.state.ready = False
actors = DaprActor(app)
workflows = DaprWorkflowClient()


@app.get("/readyz")
def ready() -> dict[str, str]:
    if not app.state.ready:
        raise HTTPException(503)
    return {"status": "ready"}


@app.post("/local/notifications")
def notified(body: dict[str, Any]) -> Response:
    return Response(status_code=204)


@app.post("/tasks/process")
def process(task: Process) -> dict[str, str]:
    instance = f"task-workflow-{task.task_id}"
    workflows.schedule_new_workflow(process_task, input=task.model_dump(), instance_id=instance)
    return {"workflow_id": instance, "status": "started"}


@app.get("/workflows/{workflow_id}")
def workflow(workflow_id: str) -> dict[str, str]:
    state = workflows.get_workflow_state(workflow_id)
    if state is None:
        raise HTTPException(404)
    name = state.runtime_status.name.lower()
    return {"workflow_id": workflow_id, "status": "running" if name == "pending" else name}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["TASK_AGENT_APP_PORT"]), log_level="warning", access_log=False)
