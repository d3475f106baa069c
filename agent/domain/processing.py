"""A task's way through TaskProcessingWorkflow: the request, the receipt, and the view of it from outside."""

import hashlib
import json
from typing import Literal

from agent.domain.limits import DESCRIPTION_CHARS_MIN, TITLE_CHARS_MIN
from agent.domain.messages import Value

WorkflowStatus = Literal["running", "completed", "rejected", "failed"]
StepName = Literal["validate", "create", "assign", "reminder", "notify"]


class ProcessTask(Value):
    """A request to create a task and see it through. Already within the bounds of limits.py; ``deadline_seconds`` > 0.

    The same task id with the same raw arguments is the same request. ``key`` names the tool call or API call behind it,
    ``by`` who asked (for the history). The deadline is acceptance time + ``deadline_seconds``, or, where the person named a
    time, exactly that: ``deadline`` in ISO 8601.
    """

    task_id: str
    title: str
    description: str
    assignee: str
    deadline_seconds: float
    deadline: str | None = None
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

    name: StepName
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


class Reservation(Value):
    """A task id, taken by one request of one user. ``deadline`` was fixed when the request was accepted."""

    fingerprint: str
    request: ProcessTask
    owner: str
    accepted_at: str
    deadline: str


class Outcome(Value):
    """What the task's actor knows of its workflow: nothing reserved, no result yet, or the result and its steps.

    ``undone``: the task was undone with the turn that asked for it.
    """

    reservation: Reservation | None = None
    result: WorkflowResult | None = None
    steps: tuple[WorkflowStep, ...] = ()
    undone: bool = False


class Opening(Value):
    """What the first step found: the result of an earlier run, reasons to reject, or a request whose task now exists."""

    result: WorkflowResult | None = None
    reasons: tuple[str, ...] = ()
    title: str = ""
    assignee: str = ""
    deadline: str = ""
    by: str = ""


def fingerprint(request: ProcessTask) -> str:
    """SHA-256 of the raw arguments: two requests for one id are the same when theirs are equal."""
    raw = request.model_dump(include={"task_id", "title", "description", "assignee", "deadline_seconds"})
    return hashlib.sha256(json.dumps(raw, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def reasons_to_reject(request: ProcessTask) -> list[str]:
    """Every reason, as sentences; empty for a good request. Blanks around a text do not count."""
    reasons: list[str] = []
    for name, text, least in (
        ("title", request.title, TITLE_CHARS_MIN),
        ("description", request.description, DESCRIPTION_CHARS_MIN),
    ):
        if (size := len(text.strip())) < least:
            reasons.append(f"The {name} must have at least {least} characters; it has {size}.")
    return reasons


def asked_by_turn(by: str) -> bool:
    """Whether a turn's tool call asked for it, going by who did."""
    return by.startswith("turn:")


def notification_id(tenant: str, task_id: str) -> str:
    """The same at every attempt, different for every task of every tenant, and telling nothing about the tenant."""
    return "n-" + hashlib.sha256(f"{tenant}/{task_id}".encode()).hexdigest()[:32]
