"""A task as everyone sees it, and the table of its status.

Knows which status may follow which. Refuses to know who asks, what is remembered of it, and where it is stored.
"""

from datetime import UTC, datetime
from typing import Final, Literal, get_args

from agent.domain.errors import Conflict
from agent.domain.messages import Value

TaskStatus = Literal["pending", "assigned", "in_progress", "overdue", "completed", "cancelled"]
STATUSES: Final[tuple[TaskStatus, ...]] = get_args(TaskStatus)

MOVES: Final[dict[TaskStatus, tuple[TaskStatus, ...]]] = {
    "pending": ("assigned", "in_progress", "completed", "cancelled", "overdue"),
    "assigned": ("pending", "assigned", "in_progress", "completed", "cancelled", "overdue"),
    "in_progress": ("assigned", "completed", "cancelled", "overdue"),
    "overdue": ("assigned", "in_progress", "completed", "cancelled"),
    "completed": (),
    "cancelled": (),
}
"""What may follow what; only a deadline that passes leads to ``overdue``.

A new deadline, or none, moves an overdue task besides: see :func:`without_overdue`."""


class Task(Value):
    """Times are ISO 8601 UTC. ``assignee`` and ``deadline`` are null when there is none."""

    task_id: str
    title: str
    description: str
    status: TaskStatus
    assignee: str | None
    deadline: str | None
    created_at: str
    updated_at: str
    created_by: str
    version: int


def is_open(status: TaskStatus) -> bool:
    """Whether anything may still follow."""
    return bool(MOVES[status])


def check_move(task: Task, to: TaskStatus) -> None:
    """Raises Conflict ``illegal_status_change`` when the table forbids the move."""
    allowed = MOVES[task.status]
    if to in allowed:
        return
    if not allowed:
        raise illegal(f"The task is {task.status}, which is final: its status cannot become {to}.")
    told = [status for status in allowed if status != "overdue"]  # which nobody can choose
    raise illegal(f"A task that is {task.status} cannot become {to}; it can become {', '.join(told[:-1])} or {told[-1]}.")


def illegal(detail: str) -> Conflict:
    """The refusal of a change that the status forbids."""
    return Conflict("illegal_status_change", detail)


def without_overdue(task: Task, assignee: str | None) -> TaskStatus:
    """The status once the deadline that made the task overdue is gone: ``pending`` or ``assigned``; any other status stays."""
    if task.status != "overdue":
        return task.status
    return "assigned" if assignee is not None else "pending"


def iso(at: datetime) -> str:
    """ISO 8601 UTC with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
