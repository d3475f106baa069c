"""The activities of TaskProcessingWorkflow: each does one thing to one task, once per key, and answers in plain JSON.

What cannot help trying again (a refusal) is an answer; what can is raised, and the workflow's retry policy decides.
"""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, Protocol

from dapr.ext.workflow import WorkflowActivityContext

from agent.domain.errors import NotFound, Problem, Unavailable
from agent.domain.messages import Value
from agent.domain.processing import Opening, WorkflowResult, WorkflowStep
from agent.domain.task import Task
from agent.domain.task_changes import Change, UndoOutcome
from agent.ports import Notifier
from workflows import names
from workflows.activities.hop import OnMainLoop
from workflows.contracts import Notify, Recorded, ResultToRecord, StepAnswer, TaskStep, as_input

Activity = Callable[..., Awaitable[dict[str, Any]]]
UNDONE = "the turn that asked for the task was cancelled, and the task is undone with it"
_log = logging.getLogger(__name__)


class TaskSteps(Protocol):
    """What the steps need of the task's actor. Each change happens once per ``change.key``."""

    async def open(self, tenant: str, task_id: str, key: str) -> Opening: ...

    async def assign(self, tenant: str, task_id: str, assignee: str | None, change: Change) -> Task: ...

    async def set_deadline(self, tenant: str, task_id: str, deadline: datetime | None, change: Change) -> Task: ...

    async def undo_assign(self, tenant: str, task_id: str, change: Change) -> UndoOutcome: ...

    async def undo_deadline(self, tenant: str, task_id: str, change: Change) -> UndoOutcome: ...

    async def is_undone(self, tenant: str, task_id: str) -> bool: ...

    async def record_result(
        self, tenant: str, task_id: str, result: WorkflowResult, steps: Sequence[WorkflowStep]
    ) -> WorkflowResult: ...


def task_activities(tasks: TaskSteps, notifier: Notifier, on_main_loop: OnMainLoop) -> dict[str, Activity]:
    """The activities by the name they are registered under."""

    async def open_task(ctx: WorkflowActivityContext, step: TaskStep) -> dict[str, Any]:
        return await on_main_loop(_open(tasks, step))

    async def assign(ctx: WorkflowActivityContext, step: TaskStep) -> dict[str, Any]:
        return await on_main_loop(_change(tasks.assign(step.tenant, step.task_id, step.assignee, _by(step))))

    async def set_reminder(ctx: WorkflowActivityContext, step: TaskStep) -> dict[str, Any]:
        deadline = datetime.fromisoformat(step.deadline) if step.deadline is not None else None
        return await on_main_loop(_change(tasks.set_deadline(step.tenant, step.task_id, deadline, _by(step))))

    async def notify(ctx: WorkflowActivityContext, asked: Notify) -> dict[str, Any]:
        return await on_main_loop(_notify(tasks, notifier, asked))

    async def undo_assign(ctx: WorkflowActivityContext, step: TaskStep) -> dict[str, Any]:
        return await on_main_loop(_undo(tasks.undo_assign(step.tenant, step.task_id, _by(step))))

    async def undo_reminder(ctx: WorkflowActivityContext, step: TaskStep) -> dict[str, Any]:
        return await on_main_loop(_undo(tasks.undo_deadline(step.tenant, step.task_id, _by(step))))

    async def record(ctx: WorkflowActivityContext, asked: ResultToRecord) -> dict[str, Any]:
        return await on_main_loop(_record(tasks, asked))

    return {
        names.OPEN_TASK: open_task,
        names.ASSIGN_TASK: assign,
        names.SET_REMINDER: set_reminder,
        names.NOTIFY_ASSIGNEE: notify,
        names.UNDO_ASSIGN: undo_assign,
        names.UNDO_REMINDER: undo_reminder,
        names.RECORD_RESULT: record,
    }


def _by(step: TaskStep) -> Change:
    return Change(by=step.by, key=step.key)


async def _open(tasks: TaskSteps, step: TaskStep) -> dict[str, Any]:
    try:
        return as_input(await tasks.open(step.tenant, step.task_id, step.key))
    except Unavailable:
        raise
    except Problem as problem:
        return as_input(Opening(reasons=(problem.detail,)))


async def _notify(tasks: TaskSteps, notifier: Notifier, asked: Notify) -> dict[str, Any]:
    """A notification that is out must not count as failed because its record could not be written."""
    if asked.by_turn and await tasks.is_undone(asked.then.tenant, asked.notification.task_id):
        return as_input(StepAnswer(problem=UNDONE))
    await notifier.notify(asked.notification)
    try:
        return await _record(tasks, asked.then)
    except Exception:  # noqa: BLE001  whatever it was, the workflow records the result in a step of its own
        _log.warning("task %s: notified, result not recorded yet", asked.notification.task_id, exc_info=True)
        return as_input(Recorded(result=None))


async def _record(tasks: TaskSteps, asked: ResultToRecord) -> dict[str, Any]:
    try:
        result = await tasks.record_result(asked.tenant, asked.result.task_id, asked.result, asked.steps)
    except NotFound:  # a workflow that somebody started by hand: there is no record of its task
        result = asked.result
    return as_input(Recorded(result=result))


async def _change(change: Coroutine[Any, Any, Task]) -> dict[str, Any]:
    answer = await _refusal_as_data(change)
    return as_input(answer if isinstance(answer, StepAnswer) else StepAnswer())


async def _undo(undo: Coroutine[Any, Any, UndoOutcome]) -> dict[str, Any]:
    answer = await _refusal_as_data(undo)
    if isinstance(answer, UndoOutcome):
        answer = StepAnswer(detail=answer.detail, skipped=answer.state == "skipped")
    return as_input(answer)


async def _refusal_as_data(work: Coroutine[Any, Any, Value]) -> Value:
    try:
        return await work
    except Unavailable:
        raise
    except Problem as problem:
        return StepAnswer(problem=problem.detail)
