"""Taking back what the tool calls of one cancelled turn did to a task, and only that.

What somebody else changed meanwhile is left alone and reported. Once asked for, no call of that turn changes the task any more.
A task that the turn created is cancelled or left alone as a whole; of any other each call is taken back, newest effect first.
"""

from dataclasses import replace
from datetime import datetime

from agent.domain import events, ids
from agent.domain.events import TaskEventType
from agent.domain.limits import TASK_KEYS_MAX, TASK_UNDONE_TURNS_MAX
from agent.domain.task import Task, TaskStatus, is_open
from agent.domain.task_changes import Change, by_undo, of_turn
from agent.domain.task_commands import reminder_name
from agent.domain.task_record import Aspect, Before, Decision, KeyResult, TaskRecord, changed, changer, remembered
from agent.domain.undo import TaskChanges, TaskUndo, ToolChange

FORGOTTEN = "too much has changed since to know"
_REOPENED: dict[TaskStatus, TaskEventType] = {
    "pending": events.TASK_REOPENED,
    "assigned": events.TASK_REOPENED,
    "in_progress": events.TASK_STARTED,
    "overdue": events.TASK_OVERDUE,
}


def bar(record: TaskRecord, turn_id: str) -> TaskRecord:
    """Refuses every call of the turn from now on, done before or not; the newest TASK_UNDONE_TURNS_MAX turns are known."""
    if turn_id in record.undone_turns:
        return record
    return record.model_copy(update={"undone_turns": (*record.undone_turns, turn_id)[-TASK_UNDONE_TURNS_MAX:]})


def next_to_undo(record: TaskRecord, calls: tuple[ToolChange, ...]) -> ToolChange | None:
    """Which of the turn's calls is to be taken back next: its creation of the task, else the one that took effect last."""
    creation = _creation(record, calls)
    if creation is not None:
        return creation if f"undo:{creation.key}" not in record.keys else None
    waiting = [(known.version, call) for call in calls if (known := _known(record, call)) and not known.barred]
    return max(waiting, key=lambda pair: pair[0])[1] if waiting else None


def undo_call(record: TaskRecord, call: ToolChange, turn_id: str, now: datetime) -> Decision:
    """Takes back one call that :func:`next_to_undo` has named."""
    by = by_undo(turn_id)
    if call.command == "create":
        return _undo_creation(record, call.key, turn_id, Change(by=by, key=call.key), now)
    known = record.keys[_name(call)]
    if known.what is None:
        return _settled(record, call, detail="it had changed nothing")
    if (before := known.before) is None:
        return _settled(record, call, skipped=True, detail=FORGOTTEN)
    if any(record.setters.get(aspect) != call.key for aspect in before.sets):
        who = changer(record, before.sets, known.version, turn_id)
        return _settled(record, call, skipped=True, detail=f"changed meanwhile by {who}")
    back = _put_back(record, before, Change(by=by), now)
    restored = back.record.model_copy(update={"setters": {**back.record.setters, **before.setters}})
    return replace(back, record=_settled(restored, call).record)


def outcome(record: TaskRecord, changes: TaskChanges) -> TaskUndo:
    """How it came out, once :func:`next_to_undo` names nothing more; the same whenever it is asked."""
    task_id, calls = changes.task_id, changes.calls
    creation = _creation(record, calls)
    if creation is not None:
        results = [record.keys[f"undo:{creation.key}"]]
    else:
        results = [known for call in calls if (known := _known(record, call))]
        if len(results) < len(calls) and len(record.keys) >= TASK_KEYS_MAX:
            return TaskUndo(task_id=task_id, state="left_alone", detail=FORGOTTEN)
    if skipped := [r.detail for r in results if r.skipped]:
        return TaskUndo(task_id=task_id, state="left_alone", detail=skipped[0])
    undone = any(r.what is not None for r in results)
    return TaskUndo(task_id=task_id, state="undone" if undone else "nothing_to_undo")


def undone_with_its_turn(record: TaskRecord) -> bool:
    """Whether the call that created the task was taken back."""
    known = record.keys.get(f"undo:{record.reservation.request.key}") if record.reservation else None
    return known is not None and not known.skipped


def _creation(record: TaskRecord, calls: tuple[ToolChange, ...]) -> ToolChange | None:
    """The call among ``calls`` that has created the task; another request may have taken the id before."""
    if record.task is None or record.reservation is None:
        return None
    return next((c for c in calls if c.command == "create" and c.key == record.reservation.request.key), None)


def _undo_creation(record: TaskRecord, key: str, turn_id: str, change: Change, now: datetime) -> Decision:
    workflow = f"workflow:{ids.task_workflow_public_id(record.existing().task_id)}"
    others = [e.by for e in record.history if e.by not in (workflow, "system") and not of_turn(e.by, turn_id)]
    if others or record.dropped:
        detail = f"changed meanwhile by {others[-1]}" if others else FORGOTTEN
        return Decision(remembered(record, "undo", change, detail=detail, skipped=True), record.existing())
    aspects: tuple[Aspect, ...] = ("status", "assignee", "deadline")
    return changed(
        record,
        "undo",
        change,
        now,
        events.TASK_CANCELLED,
        sets=aspects,
        reminder=None,
        status="cancelled",
        assignee=None,
        deadline=None,
    )


def _put_back(record: TaskRecord, before: Before, change: Change, now: datetime) -> Decision:
    """The aspects the call set, as they were before it; what the clock has done since stays done."""
    task = record.existing()
    assignee = before.assignee if "assignee" in before.sets else task.assignee
    status = _status_before(record, task, before.status, assignee)
    if (status, assignee) == (task.status, task.assignee):
        return Decision(record, task)
    return changed(
        record,
        "undo",
        change,
        now,
        _told(task, status, assignee),
        sets=before.sets,
        reminder=_reminder_before(record, before, status, now),
        status=status,
        assignee=assignee,
    )


def _status_before(record: TaskRecord, task: Task, before: TaskStatus, assignee: str | None) -> TaskStatus:
    if task.status == "overdue" and is_open(before):
        return "overdue"  # whoever has it now: the deadline has passed
    if before == "overdue" and (task.deadline is None or record.reminder is not None):
        return "assigned" if assignee is not None else "pending"  # it has a new deadline, or none
    return before


def _reminder_before(record: TaskRecord, before: Before, status: TaskStatus, now: datetime) -> str | None:
    """The armed one stays. One that ending the task took away comes again, though never one that had come before that."""
    task = record.existing()
    if record.reminder is not None or task.deadline is None or status == "overdue":
        return record.reminder
    ahead = datetime.fromisoformat(task.deadline) > now
    armed = before.armed if before.armed is not None else ahead
    return reminder_name(task.version + 1, task.deadline) if armed else None


def _told(task: Task, status: TaskStatus, assignee: str | None) -> TaskEventType:
    if assignee != task.assignee:
        return events.TASK_ASSIGNED if assignee is not None else events.TASK_UNASSIGNED
    return _REOPENED[status]


def _name(call: ToolChange) -> str:
    return f"{call.command}:{call.key}"


def _known(record: TaskRecord, call: ToolChange) -> KeyResult | None:
    return record.keys.get(_name(call))


def _settled(record: TaskRecord, call: ToolChange, *, skipped: bool = False, detail: str = "") -> Decision:
    """The call's own result says what became of it: in its place, so that no other key has to go."""
    settled = record.keys[_name(call)].model_copy(update={"barred": True, "skipped": skipped, "detail": detail})
    return Decision(record.model_copy(update={"keys": {**record.keys, _name(call): settled}}), record.existing())
