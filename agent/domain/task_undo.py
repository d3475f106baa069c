"""Taking back what one key did to a task, and only that: whatever somebody else changed meanwhile is left alone and reported.

An undo bars its key: a zombie that comes late with the undone command, even one that was never done, is refused.
"""

from datetime import datetime

from agent.domain import events
from agent.domain.call_undo import undone_with_its_turn
from agent.domain.task import is_open, without_overdue
from agent.domain.task_changes import Change, UndoOutcome
from agent.domain.task_record import Decision, TaskRecord, changed, changer, remembered, replay

NEVER_DONE = "it had not been done"
WITH_ITS_TURN = "it was undone with its turn"


def undo_assign(record: TaskRecord, change: Change, now: datetime) -> tuple[Decision, UndoOutcome]:
    """Takes the assignment of ``change.key`` back: no assignee, ``pending``. Overdue by the clock counts as unchanged."""
    if (again := replay(record, "undo-assign", change)) is not None:
        return again, _first_outcome(record, "undo-assign", change)
    task, mine = record.existing(), record.keys.get(f"assign:{change.key}")
    if mine is None:
        return _left(record, "assign", change, UndoOutcome(state="done", detail=NEVER_DONE))
    if undone_with_its_turn(record):
        return _left(record, "assign", change, UndoOutcome(state="done", detail=WITH_ITS_TURN))
    ours = all(record.setters.get(aspect) == change.key for aspect in ("assignee", "status"))
    if not ours or task.status not in ("assigned", "overdue"):
        who = changer(record, ("assignee", "status"), mine.version)
        return _left(record, "assign", change, UndoOutcome(state="skipped", detail=f"changed meanwhile by {who}"))
    decision = changed(
        _barred(record, "assign", change),
        "undo-assign",
        change,
        now,
        events.TASK_UNASSIGNED,
        sets=("status", "assignee"),
        reminder=record.reminder,
        status="pending",
        assignee=None,
    )
    return decision, UndoOutcome(state="done")


def undo_deadline(record: TaskRecord, change: Change, now: datetime) -> tuple[Decision, UndoOutcome]:
    """Takes the deadline of ``change.key`` and its reminder back; overdue because of it becomes ``pending`` or ``assigned``."""
    if (again := replay(record, "undo-deadline", change)) is not None:
        return again, _first_outcome(record, "undo-deadline", change)
    task, mine = record.existing(), record.keys.get(f"deadline:{change.key}")
    if mine is None:
        return _left(record, "deadline", change, UndoOutcome(state="done", detail=NEVER_DONE))
    if undone_with_its_turn(record):
        return _left(record, "deadline", change, UndoOutcome(state="done", detail=WITH_ITS_TURN))
    if record.setters.get("deadline") != change.key:
        who = changer(record, ("deadline",), mine.version)
        return _left(record, "deadline", change, UndoOutcome(state="skipped", detail=f"changed meanwhile by {who}"))
    if not is_open(task.status):
        return _left(record, "deadline", change, UndoOutcome(state="skipped", detail=f"the task is {task.status}"))
    decision = changed(
        _barred(record, "deadline", change),
        "undo-deadline",
        change,
        now,
        events.TASK_DEADLINE_REMOVED,
        sets=("deadline",),
        reminder=None,
        deadline=None,
        status=without_overdue(task, task.assignee),
    )
    return decision, UndoOutcome(state="done")


def _first_outcome(record: TaskRecord, undo: str, change: Change) -> UndoOutcome:
    known = record.keys[f"{undo}:{change.key}"]
    return UndoOutcome(state="skipped" if known.skipped else "done", detail=known.detail)


def _left(record: TaskRecord, command: str, change: Change, outcome: UndoOutcome) -> tuple[Decision, UndoOutcome]:
    barred = _barred(record, command, change)
    skipped = outcome.state == "skipped"
    after = remembered(barred, f"undo-{command}", change, detail=outcome.detail, skipped=skipped)
    return Decision(after, record.existing()), outcome


def _barred(record: TaskRecord, command: str, change: Change) -> TaskRecord:
    return remembered(record, command, change, barred=True)
