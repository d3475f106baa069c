"""Routes of tasks and their workflows. Everything they know comes through the Tasks port."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from agent.api.identity import Who
from agent.api.problems import responses
from agent.api.task_models import AssigneeBody, DeadlineBody, ProcessBody, Processing, StatusBody
from agent.domain import ids, limits
from agent.domain.errors import NotFound, Unprocessable
from agent.domain.ids import Identity
from agent.domain.processing import ProcessTask, WorkflowView
from agent.domain.task import Task, TaskStatus
from agent.domain.task_changes import Change, TaskHistory, TaskPage
from agent.ports import Clock, Randomness, Tasks


def task_router(tasks: Tasks, clock: Clock, randomness: Randomness) -> APIRouter:
    """``/tasks`` and ``/workflows``."""
    router = APIRouter(tags=["tasks"])
    _add_processing(router, tasks)
    _add_reading(router, tasks)
    _add_changing(router, tasks, clock, randomness)
    return router


def _add_processing(router: APIRouter, tasks: Tasks) -> None:
    @router.post(
        "/tasks/process", summary="Create a task and see it through", responses=responses(400, 409, 413, 415, 422, 429, 503)
    )
    async def process(body: ProcessBody, me: Who) -> Processing:  # pyright: ignore[reportUnusedFunction]
        """Starts the task's workflow: validate, create, assign, set the reminder, notify.

        Ids of the form that the service itself gives (``t-`` and 20 of ``a-z2-7``) cannot be chosen: 422 ``reserved_task_id``.
        The same body again starts nothing and tells the present status; another body for a used id is a conflict.
        """
        task_id = ids.task_id(body.task_id)
        if ids.is_made_from_key(task_id):
            raise Unprocessable("reserved_task_id", "Ids of this form are the service's own: choose another.")
        request = ProcessTask(
            task_id=task_id,
            title=body.title,
            description=body.description,
            assignee=body.assignee,
            deadline_seconds=body.deadline_seconds,
            key=f"api/{me.user}/{body.task_id}",
            by=f"user:{me.user}",
        )
        receipt = await tasks.process(me, request)
        return Processing(workflow_id=receipt.workflow_id, status="started" if receipt.started else receipt.status)

    @router.get("/workflows/{workflow_id}", summary="How far a task's workflow is", responses=responses(400, 404, 503))
    async def workflow(workflow_id: str, me: Who) -> WorkflowView:  # pyright: ignore[reportUnusedFunction]
        """Status, result once it ended, and the steps done and undone, in order."""
        task_id = workflow_id.removeprefix(ids.TASK_WORKFLOW_PREFIX)
        if task_id == workflow_id:
            raise NotFound("workflow_not_found", "Workflow not found")
        try:
            return await tasks.outcome(me.tenant, task_id)
        except NotFound as e:
            raise NotFound("workflow_not_found", "Workflow not found") from e


def _add_reading(router: APIRouter, tasks: Tasks) -> None:
    @router.get("/tasks", summary="Tasks you created, newest first", responses=responses(400, 422, 503))
    async def list_tasks(  # pyright: ignore[reportUnusedFunction]
        me: Who,
        status: Annotated[TaskStatus | None, Query(description="Only tasks with this status.")] = None,
        limit: Annotated[int, Query(ge=1, le=limits.TASKS_PAGE_MAX)] = limits.TASKS_PAGE_DEFAULT,
        cursor: Annotated[
            str | None, Query(max_length=limits.TASKS_CURSOR_CHARS_MAX, description="``next`` of the page before.")
        ] = None,
    ) -> TaskPage:
        """A page may hold fewer tasks than asked for and still have a ``next``: a filter looks at so many tasks per page."""
        return await tasks.list_tasks(me, status, limit, cursor)

    @router.get("/tasks/{task_id}", summary="One task", responses=responses(400, 404, 503))
    async def get_task(task_id: str, me: Who) -> Task:  # pyright: ignore[reportUnusedFunction]
        """As it is now. Every user of the tenant may read it."""
        return await tasks.get(me.tenant, task_id)

    @router.get("/tasks/{task_id}/history", summary="What happened to a task", responses=responses(400, 404, 503))
    async def history(task_id: str, me: Who) -> TaskHistory:  # pyright: ignore[reportUnusedFunction]
        """Oldest first: what changed, when, and by which turn, call or step. Bounded; ``dropped`` counts what is gone."""
        return await tasks.history(me.tenant, task_id)


def _add_changing(router: APIRouter, tasks: Tasks, clock: Clock, randomness: Randomness) -> None:
    errors = responses(400, 404, 409, 413, 415, 422, 503)

    def change_by(me: Identity) -> Change:
        """One per request: no other, of the same client either, is taken for its repeat."""
        return Change(by=f"user:{me.user}", delivery=randomness.token(limits.DELIVERY_BYTES).hex())

    @router.post("/tasks/{task_id}/status", summary="Move a task along", responses=errors)
    async def set_status(task_id: str, body: StatusBody, me: Who) -> Task:  # pyright: ignore[reportUnusedFunction]
        """A move that the table of statuses does not allow is a conflict, and changes nothing."""
        return await tasks.set_status(me.tenant, task_id, body.status, change_by(me))

    @router.post("/tasks/{task_id}/assignee", summary="Give a task to somebody, or to nobody", responses=errors)
    async def assign(task_id: str, body: AssigneeBody, me: Who) -> Task:  # pyright: ignore[reportUnusedFunction]
        """The task becomes assigned; with null it becomes pending, which one in progress or overdue cannot."""
        return await tasks.assign(me.tenant, task_id, body.assignee, change_by(me))

    @router.post("/tasks/{task_id}/deadline", summary="Set or remove a deadline", responses=errors)
    async def set_deadline(task_id: str, body: DeadlineBody, me: Who) -> Task:  # pyright: ignore[reportUnusedFunction]
        """A new deadline replaces the old one, and an overdue task is no longer overdue."""
        at = body.deadline
        if body.deadline_seconds is not None:
            at = clock.now() + timedelta(seconds=body.deadline_seconds)
        return await tasks.set_deadline(me.tenant, task_id, at, change_by(me))
