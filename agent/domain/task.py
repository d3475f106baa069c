"""A task as everyone sees it, and the table of its status."""

from typing import Literal

from agent.domain.messages import Value

TaskStatus = Literal["pending", "assigned", "in_progress", "overdue", "completed", "cancelled"]


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
