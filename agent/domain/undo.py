"""Undoing what the tools of a cancelled turn changed: which calls count, what is ordered, and how it came out.

A tool call's key names its effect for good, so an undo needs no result: a call that may still be running, or be run again by a
zombie, is barred by its key. Refuses to know how one task is put back: call_undo.py does.
"""

from collections.abc import Iterable
from typing import Literal

from agent.domain import ids
from agent.domain.errors import BadRequest
from agent.domain.limits import UNDO_STARTS_MAX
from agent.domain.messages import ToolCall, Value
from agent.domain.stored import Stored
from agent.domain.tool_args import AssignTask, CreateTask, UpdateTaskStatus
from agent.domain.tools import parse_call

Effects = Literal["keep", "undo"]
Command = Literal["create", "status", "assign"]
TaskUndoState = Literal["ordered", "undone", "left_alone", "nothing_to_undo", "failed"]

GAVE_UP = "It could not be undone; the service's log says why."
EXHAUSTED = f"The undo was started {UNDO_STARTS_MAX} times and never got through."


class ToolChange(Value):
    """A tool call that may have changed a task: the command it gives the TaskActor, and the key it gives it under."""

    command: Command
    key: str


class TaskChanges(Value):
    """All calls of one turn that may have changed one task, in the order the model made them."""

    task_id: str
    calls: tuple[ToolChange, ...]


class TaskUndo(Value):
    """What became of one task. ``left_alone``: somebody else changed it meanwhile; ``detail`` says who, or why it failed."""

    task_id: str
    state: TaskUndoState
    detail: str = ""


class Undo(Value):
    """An undo as its turn tells it. ``failed``: at least one task could not be undone. Times are ISO 8601 UTC."""

    status: Literal["ordered", "done", "failed"]
    tasks: tuple[TaskUndo, ...]
    ended_at: str | None = None


class UndoOrder(Stored):
    """State key ``undo-{number}`` while an undo is under way: it outlives its turn, which may be cleared meanwhile.

    Only the workflow ``instance`` may carry it out. ``starts`` counts instances; an ``exhausted`` one only tells the end.
    """

    turn_id: str
    instance: str
    starts: int
    started_at: str
    tasks: tuple[TaskChanges, ...]
    exhausted: bool = False


class UndoRef(Value):
    """Names one undo workflow: the turn, and which instance this is."""

    tenant: str
    user: str
    conversation: str
    turn_id: str
    instance: str


class BegunUndo(Value):
    """Answer to BeginUndo. ``void``: this instance is not meant, end at once; ``told``: nothing is left but to tell the end."""

    kind: Literal["go", "void", "told"]
    tasks: tuple[TaskChanges, ...] = ()


class EndUndo(Value):
    """How the undo of each task came out."""

    ref: UndoRef
    tasks: tuple[TaskUndo, ...]


def changes_of(turn_id: str, calls: Iterable[tuple[int, ToolCall]]) -> tuple[TaskChanges, ...]:
    """What the ``calls``, each with its step, may have changed, by task. A call that no tool would take has changed nothing."""
    changes: dict[str, list[ToolChange]] = {}
    for step, call in calls:
        key = ids.tool_call_key(turn_id, step, call.index)
        try:
            arguments = parse_call(call.name, call.arguments)
        except BadRequest:
            continue
        match arguments:
            case CreateTask():
                changes.setdefault(ids.task_id_from_key(key), []).append(ToolChange(command="create", key=key))
            case AssignTask(task_id=task_id):
                changes.setdefault(task_id, []).append(ToolChange(command="assign", key=key))
            case UpdateTaskStatus(task_id=task_id):
                changes.setdefault(task_id, []).append(ToolChange(command="status", key=key))
            case _:
                continue
    return tuple(TaskChanges(task_id=task_id, calls=tuple(of_task)) for task_id, of_task in changes.items())


def ordered(changes: Iterable[TaskChanges]) -> Undo:
    """The undo of these changes, just ordered; done at once when there are none."""
    tasks = tuple(TaskUndo(task_id=c.task_id, state="ordered") for c in changes)
    return Undo(status="ordered" if tasks else "done", tasks=tasks)


def ended(undo: Undo, outcomes: Iterable[TaskUndo], now: str, otherwise: str = GAVE_UP) -> Undo:
    """``undo`` with its outcomes; a task without one could not be undone, and ``otherwise`` says why. Keeps order and tasks."""
    told = {outcome.task_id: outcome for outcome in outcomes}
    tasks = tuple(told.get(t.task_id, TaskUndo(task_id=t.task_id, state="failed", detail=otherwise)) for t in undo.tasks)
    status = "failed" if any(t.state == "failed" for t in tasks) else "done"
    return undo.model_copy(update={"status": status, "tasks": tasks, "ended_at": now})


def tasks_ordered(undo: Undo | None) -> tuple[str, ...]:
    """The ids of the tasks that an undo was ordered for, if any was: it keeps its tasks, whatever becomes of them."""
    return tuple(task.task_id for task in undo.tasks) if undo else ()


_TOLD: dict[TaskUndoState, str] = {
    "ordered": "Being undone",
    "undone": "Undone",
    "left_alone": "Not undone",
    "nothing_to_undo": "Nothing to undo",
    "failed": "Could not be undone",
}


def told_to_model(undo: Undo) -> str:
    """What the model is told of it in later turns: what the calls say above it is no longer so. Empty when there is nothing."""
    parts: list[str] = []
    for state, words in _TOLD.items():
        if names := [f"{t.task_id} ({t.detail})" if t.detail else t.task_id for t in undo.tasks if t.state == state]:
            parts.append(f"{words}: {', '.join(names)}.")
    if not parts:
        return ""
    return f"(The user cancelled this and asked to undo what the tool calls above changed. By task: {' '.join(parts)})"
