"""Everything one TaskActor remembers, in one value, and the one way a task inside it changes.

Knows history, idempotency keys and who last set what. Refuses to know which changes are legal: task_commands.py decides.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import Field

from agent.domain import ids
from agent.domain.errors import Conflict, NotFound
from agent.domain.events import TaskChanged, TaskEventType
from agent.domain.limits import TASK_DELIVERIES_MAX, TASK_HISTORY_MAX, TASK_KEYS_MAX
from agent.domain.messages import Value
from agent.domain.processing import Reservation, WorkflowResult, WorkflowStep
from agent.domain.stored import Stored
from agent.domain.task import Task, TaskStatus, iso
from agent.domain.task_changes import Change, TaskHistoryEntry, of_turn

Aspect = Literal["status", "assignee", "deadline"]


class Before(Value):
    """What a keyed change found: the task's status and assignee, and whose keys had set the aspects that it ``sets``.

    ``armed``: whether the reminder of its deadline was still to come; null in records older than format 2.
    """

    status: TaskStatus
    assignee: str | None
    sets: tuple[Aspect, ...]
    setters: dict[Aspect, str]
    armed: bool | None = None


class KeyResult(Value):
    """What a key brought, enough to answer and announce again: the parts of the task that change, as they were after it.

    ``before`` is what it brought that from. ``what`` is null when nothing changed. ``barred``: undone, or undone before it was
    done; it is refused from then on.
    """

    version: int
    status: TaskStatus
    assignee: str | None
    deadline: str | None
    updated_at: str
    by: str
    what: TaskEventType | None = None
    detail: str = ""
    skipped: bool = False
    barred: bool = False
    before: Before | None = None


class TaskRecord(Stored):
    """``reminder`` names the armed deadline reminder: null once it fired, or with no deadline.

    ``setters`` tells, for each aspect a keyed change set last, that key; a change without a key removes the entry. ``outbox``
    holds events whose publish nobody else would repeat. ``undone_turns`` were cancelled with undo: their calls are refused.
    ``deliveries`` are those of the newest changes that had one, newest last.
    """

    FORMAT: ClassVar[int] = 2

    tenant: str
    reservation: Reservation | None = None
    result: WorkflowResult | None = None
    steps: tuple[WorkflowStep, ...] = ()
    task: Task | None = None
    reminder: str | None = None
    setters: dict[Aspect, str] = Field(default_factory=dict[Aspect, str])
    keys: dict[str, KeyResult] = Field(default_factory=dict[str, KeyResult])
    history: tuple[TaskHistoryEntry, ...] = ()
    dropped: int = 0
    outbox: tuple[TaskChanged, ...] = ()
    undone_turns: tuple[str, ...] = ()
    deliveries: tuple[str, ...] = ()

    def refuse_undone(self, key: str | None) -> None:
        """Raises Conflict ``undone`` for a key of a turn that was undone: whoever still tries is late."""
        if key is not None and ids.turn_of_tool_call(key) in self.undone_turns:
            raise Conflict("undone", "The turn behind this was cancelled and is undone.")

    def existing(self) -> Task:
        """The task; raises NotFound before it was created."""
        if self.task is None:
            raise NotFound("task_not_found", "Task not found")
        return self.task


@dataclass(frozen=True)
class Decision:
    """``record`` to store, ``task`` to answer with, ``event`` to publish, if any. ``replayed``: there is nothing to store."""

    record: TaskRecord
    task: Task
    event: TaskChanged | None = None
    replayed: bool = False


def replay(record: TaskRecord, command: str, change: Change) -> Decision | None:
    """The first result of a key that is known, or the present task for a delivery that is; None for a change that is new.

    Raises:
        Conflict: ``undone``: the key was undone; whoever still tries is late.
    """
    record.refuse_undone(change.key)
    if change.delivery in record.deliveries:
        return Decision(record, record.existing(), replayed=True)
    if change.key is None or (known := record.keys.get(f"{command}:{change.key}")) is None:
        return None
    if known.barred or record.task is None:
        raise Conflict("undone", "This step was undone and is not done again.")
    then = {name: getattr(known, name) for name in ("version", "status", "assignee", "deadline", "updated_at")}
    task = record.task.model_copy(update=then)
    event = _event(record, task, known.what, known.by) if known.what is not None else None
    return Decision(record, task, event, replayed=True)


def changed(
    record: TaskRecord,
    command: str,
    change: Change,
    now: datetime,
    what: TaskEventType,
    *,
    sets: tuple[Aspect, ...],
    reminder: str | None,
    **fields: Any,
) -> Decision:
    """The task with ``fields`` changed, its version one up, and all that is remembered. ``sets`` are the aspects commanded."""
    old = record.existing()
    task = old.model_copy(update={**fields, "version": old.version + 1, "updated_at": iso(now)})
    return noted(record, old, task, command, change, what, sets=sets, reminder=reminder)


def noted(
    record: TaskRecord,
    old: Task | None,
    task: Task,
    command: str,
    change: Change,
    what: TaskEventType,
    *,
    sets: tuple[Aspect, ...],
    reminder: str | None,
) -> Decision:
    """The record with ``task`` in it, a line of history, and the key's result."""
    entry = TaskHistoryEntry(at=task.updated_at, what=what, by=change.by, version=task.version, changes=_differences(old, task))
    history = (*record.history, entry)[-TASK_HISTORY_MAX:]
    setters = {aspect: key for aspect, key in record.setters.items() if aspect not in sets}
    if change.key is not None:
        setters |= dict.fromkeys(sets, change.key)
    after = record.model_copy(
        update={
            "task": task,
            "reminder": reminder,
            "setters": setters,
            "history": history,
            "dropped": record.dropped + len(record.history) + 1 - len(history),
        }
    )
    remembering = remembered(after, command, change, what, before=_before(record, old, sets) if old is not None else None)
    return Decision(remembering, task, _event(after, task, what, change.by))


def remembered(record: TaskRecord, command: str, change: Change, what: TaskEventType | None = None, **more: Any) -> TaskRecord:
    """The record with the change's delivery, and its key's result; ``more`` are further fields of :class:`KeyResult`.

    Beyond their bounds the oldest deliveries and keys go.
    """
    if change.delivery is not None:
        deliveries = (*record.deliveries, change.delivery)[-TASK_DELIVERIES_MAX:]
        record = record.model_copy(update={"deliveries": deliveries})
    if change.key is None:
        return record
    task = record.existing()
    result = KeyResult(
        version=task.version,
        status=task.status,
        assignee=task.assignee,
        deadline=task.deadline,
        updated_at=task.updated_at,
        by=change.by,
        what=what,
        **more,
    )
    name = f"{command}:{change.key}"
    keys = {key: value for key, value in record.keys.items() if key != name} | {name: result}
    return record.model_copy(update={"keys": dict(list(keys.items())[-TASK_KEYS_MAX:])})


def changer(record: TaskRecord, aspects: tuple[Aspect, ...], version: int, turn_id: str = "") -> str:
    """Who last changed one of ``aspects`` after ``version``; the turn itself and the clock's own overdue do not count."""
    later = [e for e in record.history if e.version > version and e.by != "system" and not of_turn(e.by, turn_id)]
    return next((e.by for e in reversed(later) if any(aspect in e.changes for aspect in aspects)), "somebody else")


def _before(record: TaskRecord, old: Task, sets: tuple[Aspect, ...]) -> Before:
    setters: dict[Aspect, str] = {aspect: record.setters[aspect] for aspect in sets if aspect in record.setters}
    armed = record.reminder is not None
    return Before(status=old.status, assignee=old.assignee, sets=sets, setters=setters, armed=armed)


def _event(record: TaskRecord, task: Task, what: TaskEventType, by: str) -> TaskChanged:
    return TaskChanged(
        event_id=f"{task.task_id}-{task.version}",
        tenant_id=record.tenant,
        user_id=task.created_by,
        timestamp=task.updated_at,
        event_type=what,
        task_id=task.task_id,
        task=task,
        by=by,
    )


def _differences(old: Task | None, new: Task) -> dict[str, tuple[str | None, str | None]]:
    before = {name: getattr(old, name) if old is not None else None for name in ("status", "assignee", "deadline")}
    after = {name: getattr(new, name) for name in before}
    return {name: (before[name], after[name]) for name in before if before[name] != after[name]}
