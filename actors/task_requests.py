"""One request model for each method of TaskActor and TaskIndexActor, and the answers that have no home in the domain."""

from datetime import datetime
from typing import Literal

from agent.domain.messages import Value
from agent.domain.processing import ProcessTask, WorkflowResult, WorkflowStep
from agent.domain.task import TaskStatus
from agent.domain.task_changes import Change
from agent.domain.undo import TaskChanges


class ReserveTask(Value):
    tenant: str
    owner: str
    request: ProcessTask


class Reserved(Value):
    """``new``: this request took the id; ``pending``: it did before, no result yet; ``ended``: with ``result``."""

    state: Literal["new", "pending", "ended"]
    result: WorkflowResult | None = None


class RecordResult(Value):
    result: WorkflowResult
    steps: tuple[WorkflowStep, ...]


class CreateTask(Value):
    """Validates what was reserved and creates its task, once per ``key``."""

    key: str


class UpdateStatus(Value):
    status: TaskStatus
    change: Change


class AssignTask(Value):
    assignee: str | None
    change: Change


class SetDeadline(Value):
    deadline: datetime | None
    change: Change


class UndoStep(Value):
    """``change.key`` is the key of the change to take back."""

    change: Change


class BarTurn(Value):
    """Refuses whatever calls of the turn come from now on."""

    tenant: str
    turn_id: str


class UndoCalls(Value):
    """``changes``: all that the turn may have done to the task."""

    tenant: str
    turn_id: str
    changes: TaskChanges


class AddTask(Value):
    """``ask``: adds nothing, and is refused where adding would be."""

    task_id: str
    ask: bool = False


class ListTasks(Value):
    """``below``: only positions smaller than this, null for the newest."""

    below: int | None
    limit: int


class ListedTasks(Value):
    """Newest first; ``position`` of an id never changes. ``total`` counts all."""

    ids: tuple[tuple[int, str], ...]
    total: int
