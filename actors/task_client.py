"""The Tasks port over TaskActor and TaskIndexActor, and what the workflow's steps need of them besides."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel

from actors.calls import ActorCalls
from actors.task_list import TaskList
from actors.task_requests import (
    AssignTask,
    BarTurn,
    CreateTask,
    RecordResult,
    Reserved,
    ReserveTask,
    SetDeadline,
    UndoCalls,
    UndoStep,
    UpdateStatus,
)
from agent.domain import ids
from agent.domain.errors import BadRequest, NotFound
from agent.domain.ids import Identity
from agent.domain.processing import Opening, Outcome, ProcessReceipt, ProcessTask, WorkflowResult, WorkflowStep, WorkflowView
from agent.domain.task import Task, TaskStatus
from agent.domain.task_changes import Change, TaskHistory, TaskPage, UndoOutcome
from agent.domain.undo import TaskChanges, TaskUndo
from agent.ports import Workflows

TASK_ACTOR = "TaskActor"


class TaskClient:
    """Implements ``ports.Tasks``, and ``TaskSteps`` of the workflow's activities."""

    def __init__(self, calls: ActorCalls, workflows: Workflows) -> None:
        self._calls, self._workflows = calls, workflows
        self._list = TaskList(calls, self.get, self.outcome)

    async def process(self, who: Identity, request: ProcessTask) -> ProcessReceipt:
        """See ``ports.Tasks``. Reserve first, schedule second: the reservation is what makes a request count.

        Room for it is looked for before that, so that what is refused stores nothing. It is listed after that, so that no list
        names what others have reserved: requests that come together may pass the last room, and leave a reservation behind.

        Raises:
            Busy: ``too_many_tasks``: a repeat may find room.
        """
        ids.task_id(request.task_id)
        await self._list.check_room(who, request.task_id)
        reserve = ReserveTask(tenant=who.tenant, owner=who.user, request=request)
        reserved = Reserved.model_validate(await self._task(who.tenant, request.task_id, "Reserve", reserve))
        if reserved.result is None:
            await self._start(who, request.task_id)
        return ProcessReceipt(
            workflow_id=ids.task_workflow_public_id(request.task_id),
            task_id=request.task_id,
            started=reserved.state == "new",
            status=reserved.result.status if reserved.result is not None else "running",
        )

    async def outcome(self, tenant: str, task_id: str) -> WorkflowView:
        """See ``ports.Tasks``. A reservation whose workflow nobody started (a crash between the two) is started here."""
        known = Outcome.model_validate(await self._task(tenant, task_id, "GetOutcome"))
        if known.reservation is None:
            raise NotFound("workflow_not_found", "Workflow not found")
        if known.result is None:
            if (view := await self._workflows.task_processing(tenant, task_id)) is not None:
                return view
            await self._start(Identity(tenant, known.reservation.owner), task_id)
        return WorkflowView(
            workflow_id=ids.task_workflow_public_id(task_id),
            task_id=task_id,
            status=known.result.status if known.result is not None else "running",
            result=known.result,
            steps=known.steps,
        )

    async def get(self, tenant: str, task_id: str) -> Task:
        """See ``ports.Tasks``."""
        return Task.model_validate(await self._task(tenant, task_id, "GetTask"))

    async def list_tasks(self, who: Identity, status: TaskStatus | None, limit: int, cursor: str | None) -> TaskPage:
        """See ``ports.Tasks``."""
        return await self._list.page(who, status, limit, cursor)

    async def history(self, tenant: str, task_id: str) -> TaskHistory:
        """See ``ports.Tasks``."""
        return TaskHistory.model_validate(await self._task(tenant, task_id, "GetTaskHistory"))

    async def set_status(self, tenant: str, task_id: str, status: TaskStatus, change: Change) -> Task:
        """See ``ports.Tasks``."""
        return await self._changed(tenant, task_id, "UpdateStatus", UpdateStatus(status=status, change=change))

    async def assign(self, tenant: str, task_id: str, assignee: str | None, change: Change) -> Task:
        """See ``ports.Tasks``."""
        return await self._changed(tenant, task_id, "AssignTask", AssignTask(assignee=assignee, change=change))

    async def set_deadline(self, tenant: str, task_id: str, deadline: datetime | None, change: Change) -> Task:
        """See ``ports.Tasks``."""
        return await self._changed(tenant, task_id, "SetDeadlineReminder", SetDeadline(deadline=deadline, change=change))

    async def open(self, tenant: str, task_id: str, key: str) -> Opening:
        """Validates the reserved request and creates its task."""
        return Opening.model_validate(await self._task(tenant, task_id, "CreateTask", CreateTask(key=key)))

    async def undo_assign(self, tenant: str, task_id: str, change: Change) -> UndoOutcome:
        """Takes back the assignment made with ``change.key``."""
        return UndoOutcome.model_validate(await self._task(tenant, task_id, "UndoAssign", UndoStep(change=change)))

    async def undo_deadline(self, tenant: str, task_id: str, change: Change) -> UndoOutcome:
        """Takes back the deadline set with ``change.key``, and its reminder."""
        return UndoOutcome.model_validate(await self._task(tenant, task_id, "UndoDeadline", UndoStep(change=change)))

    async def bar_turn(self, tenant: str, task_id: str, turn_id: str) -> None:
        """Refuses whatever the turn's tool calls still try on the task, also before it exists."""
        await self._task(tenant, task_id, "BarTurn", BarTurn(tenant=tenant, turn_id=turn_id))

    async def undo_calls(self, tenant: str, turn_id: str, changes: TaskChanges) -> TaskUndo:
        """Takes back what the turn did to one task. Any number of times."""
        request = UndoCalls(tenant=tenant, turn_id=turn_id, changes=changes)
        return TaskUndo.model_validate(await self._task(tenant, changes.task_id, "UndoCalls", request))

    async def is_undone(self, tenant: str, task_id: str) -> bool:
        """Whether the turn that asked for the task was undone, and the task with it."""
        return Outcome.model_validate(await self._task(tenant, task_id, "GetOutcome")).undone

    async def record_result(
        self, tenant: str, task_id: str, result: WorkflowResult, steps: Sequence[WorkflowStep]
    ) -> WorkflowResult:
        """Stores the workflow's result, once; returns the one that is stored."""
        request = RecordResult(result=result, steps=tuple(steps))
        return WorkflowResult.model_validate(await self._task(tenant, task_id, "RecordResult", request))

    async def _start(self, who: Identity, task_id: str) -> None:
        """Lists the id for its owner, then schedules: at the owner's bound nothing runs. Both may be repeated."""
        await self._list.add(who, task_id)
        await self._workflows.start_task_processing(who.tenant, task_id)

    async def _task(self, tenant: str, task_id: str, method: str, request: BaseModel | None = None) -> object:
        """Ids of another form name no task: they are not found, rather than passed on."""
        try:
            actor_id = ids.task_actor_id(tenant, ids.task_id(task_id))
        except BadRequest as e:
            raise NotFound("task_not_found", "Task not found") from e
        return await self._calls.call(TASK_ACTOR, actor_id, method, request)

    async def _changed(self, tenant: str, task_id: str, method: str, request: BaseModel) -> Task:
        return Task.model_validate(await self._task(tenant, task_id, method, request))
