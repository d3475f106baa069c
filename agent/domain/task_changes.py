"""How tasks change: who asked, what is remembered of it, and pages of tasks."""

from typing import Literal

from agent.domain import ids
from agent.domain.messages import Value
from agent.domain.task import Task


class Change(Value):
    """Who changes a task. With a ``key`` (a tool call's, a workflow step's) a repeat changes nothing: it gets the first result.

    ``delivery`` (hex, 128 bits) is made once per request of a person, whose change has no key. The runtime may bring a request
    twice, and others change the task in between: the second time changes nothing, and gets the task as it is then.

    ``by`` is shown to the whole tenant: ``user:alice``, ``workflow:task-workflow-7``, ``system``, and what :func:`by_turn` and
    :func:`by_undo` make of a turn, whose own id names a conversation that is private to its user.
    """

    by: str
    key: str | None = None
    delivery: str | None = None


def by_turn(user: str, turn_id: str) -> str:
    """The assistant of ``user``, in one turn."""
    return f"turn:{user}.{ids.turn_mark(turn_id)}"


def by_undo(turn_id: str) -> str:
    """The undo of one turn."""
    return f"undo:{ids.turn_mark(turn_id)}"


def of_turn(by: str, turn_id: str) -> bool:
    """Whether the turn did it, or its undo."""
    kind, _, name = by.partition(":")
    return kind in ("turn", "undo") and name.rpartition(".")[2] == ids.turn_mark(turn_id)


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
