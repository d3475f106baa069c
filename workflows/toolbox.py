"""The tools, run: checked arguments in, a JSON object out. What a model wrote, and whatever a tool returns, is data.

Refuses to know turns and logs; whoever runs a tool may watch how far it is. A refusal is a result the model reads; only an
unreachable runtime raises, to be tried again.
"""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from agent.domain import ids
from agent.domain.deadline import deadline_seconds_from
from agent.domain.errors import Problem, Unavailable
from agent.domain.ids import Identity
from agent.domain.limits import (
    TASK_OUTCOME_WAIT,
    TASK_PROGRESS_FACTOR,
    TASK_PROGRESS_FIRST,
    TASK_PROGRESS_MAX,
    TOOL_TIMEOUT,
)
from agent.domain.messages import Value
from agent.domain.processing import ProcessTask, WorkflowView
from agent.domain.task import Task, TaskStatus
from agent.domain.task_changes import Change, by_turn
from agent.domain.tool_args import (
    AssignTask,
    CreateTask,
    GetTask,
    GetWorkflowStatus,
    ListTasks,
    UpdateTaskStatus,
)
from agent.domain.tools import parse_call, shorten_result
from agent.ports import Tasks, Workflows
from workflows.watched import stop

Result = dict[str, Any]
Watch = Callable[[WorkflowView], None]
"""Is shown the workflow that a tool waits for, again and again, changed or not. Must return at once."""

_READS = frozenset({"get_task", "list_tasks", "get_workflow_status"})


class CallContext(Value):
    """Who calls, under which key, and what "now" is for it: the time the model asked, the same at every re-run."""

    tenant: str
    user: str
    turn_id: str
    key: str
    time_zone: str
    asked_at: str

    @property
    def who(self) -> Identity:
        return Identity(self.tenant, self.user)

    @property
    def change(self) -> Change:
        return Change(by=by_turn(self.user, self.turn_id), key=self.key)


class ToolBox:
    """Runs tool calls against the task side of the system."""

    def __init__(self, tasks: Tasks, workflows: Workflows) -> None:
        self._tasks, self._workflows = tasks, workflows

    async def run(self, name: str, arguments: str, context: CallContext, watch: Watch) -> tuple[bool, Result]:
        """(ok, result). Raises Unavailable, also for a change that took too long.

        That one may have happened: told as an error the model would order it anew, and its key lets it be repeated.
        """
        try:
            async with asyncio.timeout(TOOL_TIMEOUT):
                return True, await self._run(name, arguments, context, watch)
        except Unavailable:
            raise
        except Problem as problem:
            return False, {"error": {"code": problem.code, "detail": problem.detail}}
        except TimeoutError as e:
            late = f"{name} took longer than {TOOL_TIMEOUT:g} seconds."
            if name not in _READS:
                raise Unavailable("tool_timeout", late) from e
            return False, {"error": {"code": "tool_timeout", "detail": late}}

    async def _run(self, name: str, arguments: str, context: CallContext, watch: Watch) -> Result:
        match parse_call(name, arguments):
            case CreateTask() as args:
                return await self._create(args, context, watch)
            case GetTask(task_id=task_id):
                return _json(await self._tasks.get(context.tenant, task_id))
            case ListTasks(status=status, limit=limit, cursor=cursor):
                return await self._list(context.who, status, limit, cursor)
            case UpdateTaskStatus(task_id=task_id, status=status):
                return _json(await self._tasks.set_status(context.tenant, task_id, status, context.change))
            case AssignTask(task_id=task_id, assignee=assignee):
                return _json(await self._tasks.assign(context.tenant, task_id, assignee, context.change))
            case GetWorkflowStatus() as args:
                return _json(await self._tasks.outcome(context.tenant, args.task_id))
            case other:
                raise TypeError(f"no runner for {type(other).__name__}")

    async def _list(self, who: Identity, status: TaskStatus | None, limit: int, cursor: str | None) -> Result:
        """No descriptions, and fewer tasks where they are still too much for one result: one that is cut names no more ids."""
        while True:
            page = await self._tasks.list_tasks(who, status, limit, cursor)
            told: Result = {"tasks": [listed(task) for task in page.tasks], "next": page.next}
            if limit == 1 or shorten_result(told) == told:
                return told
            limit //= 2

    async def _create(self, args: CreateTask, context: CallContext, watch: Watch) -> Result:
        """Starts the durable workflow, waits a little, and tells the truth about how far it came."""
        asked_at = datetime.fromisoformat(context.asked_at)
        seconds = deadline_seconds_from(args, asked_at, context.time_zone)
        named = None if args.deadline is None else (asked_at + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
        task_id = ids.task_id_from_key(context.key)
        request = ProcessTask(
            task_id=task_id,
            title=args.title,
            description=args.description,
            assignee=args.assignee,
            deadline_seconds=seconds,
            deadline=named,
            key=context.key,
            by=context.change.by,
        )
        receipt = await self._tasks.process(context.who, request)
        await self._wait_watched(context.tenant, task_id, watch)
        outcome = await self._tasks.outcome(context.tenant, task_id)
        watch(outcome)
        told: Result = {"task_id": task_id, "workflow_id": receipt.workflow_id, "status": outcome.status}
        if outcome.result is None:
            return {**told, "message": "Still being processed; ask get_workflow_status for how it ends."}
        told["message"] = outcome.result.message
        if outcome.status != "rejected":
            told["task"] = _json(await self._tasks.get(context.tenant, task_id))
        return told

    async def _wait_watched(self, tenant: str, task_id: str, watch: Watch) -> None:
        """Waits for the workflow's end. Looking at it meanwhile goes on beside that, and nothing waits for a look."""
        looking = asyncio.ensure_future(self._look(tenant, task_id, watch))
        try:
            await self._workflows.task_processing(tenant, task_id, TASK_OUTCOME_WAIT)
        finally:
            await stop(looking)

    async def _look(self, tenant: str, task_id: str, watch: Watch) -> None:
        pause = TASK_PROGRESS_FIRST
        while True:
            await asyncio.sleep(pause)
            pause = min(pause * TASK_PROGRESS_FACTOR, TASK_PROGRESS_MAX)
            with contextlib.suppress(Unavailable):  # the next look, or the outcome, tells more
                if (view := await self._workflows.task_processing(tenant, task_id)) is not None:
                    watch(view)


def listed(task: Task) -> Result:
    """A task as ``list_tasks`` tells it: what tells one from another, since the model pays for each field of each task."""
    return task.model_dump(mode="json", include={"task_id", "title", "status", "assignee", "deadline"})


def _json(value: Value) -> Result:
    return value.model_dump(mode="json")
