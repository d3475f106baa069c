"""How tasks change: who asked, what is remembered of it, and pages of tasks."""

from typing import Literal

from agent.domain.messages import Value
from agent.domain.task import Task


class Change(Value):
    """Who changes a task. With a ``key`` (a tool call's, a workflow step's) a repeat changes nothing: it gets the first result.

    ``by`` is shown in the history: ``user:alice``, ``turn:main.3.x``, ``workflow:task-workflow-7``, ``system``.
    """

    by: str
    key: str | None = None


class TaskHistoryEntry(Value):
    """One change: ``what`` is the event's name, ``changes`` maps a field to its old and new value."""

    at: str
    what: str
    by: str
    version: int
    changes: dict[str, tuple[str | None, str | None]]


class TaskHistory(Value):
    """Oldest first; ``dropped`` counts older entries beyond the bound."""

    task_id: str
    entries: tuple[TaskHistoryEntry, ...]
    dropped: int = 0


class TaskPage(Value):
    """``next`` is the cursor of the following page, null at the end."""

    tasks: tuple[Task, ...]
    next: str | None


class UndoOutcome(Value):
    """What an undo found: ``done`` as asked, or ``skipped`` because somebody else's change is there; ``detail`` says whose."""

    state: Literal["done", "skipped"]
    detail: str = ""
