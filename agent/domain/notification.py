"""What an assignee is told when a task becomes theirs."""

from agent.domain.messages import Value


class Notification(Value):
    """``notification_id`` is the same at every attempt: the receiver drops repeats. ``deadline`` is ISO 8601 UTC or null."""

    notification_id: str
    task_id: str
    title: str
    assignee: str
    deadline: str | None
