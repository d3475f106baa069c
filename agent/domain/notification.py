"""What an assignee is told when a task becomes theirs."""

from typing import Literal

from agent.domain.messages import Value

NotificationMode = Literal["ok", "fail", "hang"]
"""How the local target behaves: delivers, answers every delivery with an error, never answers."""


class Notification(Value):
    """``notification_id`` is the same at every attempt: the receiver drops repeats. ``deadline`` is ISO 8601 UTC or null."""

    notification_id: str
    task_id: str
    title: str
    assignee: str
    deadline: str | None
