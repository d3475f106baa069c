"""A task's way through TaskProcessingWorkflow: the request, the receipt, and the view of it from outside."""

from typing import Literal

from agent.domain.messages import Value

WorkflowStatus = Literal["running", "completed", "rejected", "failed"]


class ProcessTask(Value):
    """A request to create a task and see it through. Already within the bounds of limits.py; ``deadline_seconds`` > 0.

    The same task id with the same raw arguments is the same request. ``key`` names the tool call or API call behind it,
    ``by`` who asked (for the history). The deadline is acceptance time + ``deadline_seconds``.
    """

    task_id: str
    title: str
    description: str
    assignee: str
    deadline_seconds: float
    key: str
    by: str


class ProcessReceipt(Value):
    """``started`` is true for the request that reserved the id; a repeat gets the present ``status``."""

    workflow_id: str
    task_id: str
    started: bool
    status: WorkflowStatus


class WorkflowResult(Value):
    """Output of TaskProcessingWorkflow. ``message`` says what happened, what was undone, and what was left alone."""

    task_id: str
    status: Literal["completed", "rejected", "failed"]
    message: str


class WorkflowStep(Value):
    """One step: ``undo`` marks a compensation. ``detail`` tells why, when ``state`` is failed or skipped."""

    name: Literal["validate", "create", "assign", "reminder", "notify"]
    state: Literal["done", "failed", "skipped"]
    undo: bool = False
    detail: str = ""


class WorkflowView(Value):
    """``result`` is null while it runs. ``steps`` in the order they happened, undos included."""

    workflow_id: str
    task_id: str
    status: WorkflowStatus
    result: WorkflowResult | None
    steps: tuple[WorkflowStep, ...]
