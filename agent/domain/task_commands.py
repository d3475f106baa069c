"""What may be done to a task: functions of the record, the command and the time, to what must be stored and announced.

A refusal raises a Problem and changes nothing. A command that would change nothing bumps no version and announces nothing.
"""

import hashlib
from datetime import datetime, timedelta

from agent.domain import events
from agent.domain.errors import BadRequest, Conflict
from agent.domain.events import TaskEventType
from agent.domain.limits import DEADLINE_SECONDS_MAX
from agent.domain.processing import Reservation
from agent.domain.task import Task, TaskStatus, check_move, illegal, is_open, iso, without_overdue
from agent.domain.task_changes import Change
from agent.domain.task_record import Decision, TaskRecord, changed, noted, remembered, replay

OVERDUE_ON_SIGHT = timedelta(seconds=2)  # a read does the reminder's work when that is this late

_EVENT_OF_STATUS: dict[TaskStatus, TaskEventType] = {
    "pending": events.TASK_UNASSIGNED,
    "assigned": events.TASK_REOPENED,
    "in_progress": events.TASK_STARTED,
    "completed": events.TASK_COMPLETED,
    "cancelled": events.TASK_CANCELLED,
}
_SYSTEM = Change(by="system")


def create(record: TaskRecord, asked: Reservation, key: str, now: datetime) -> Decision:
    """The reserved task, ``pending``.

    Raises:
        Conflict: ``task_exists``: another key created it. ``undone``: so is the turn that asked for it.
    """
    change = Change(by=asked.request.by, key=key)
    if (again := replay(record, "create", change)) is not None:
        return again
    record.refuse_undone(asked.request.key)
    if record.task is not None:
        raise Conflict("task_exists", "The task exists already.")
    task = Task(
        task_id=asked.request.task_id,
        title=asked.request.title,
        description=asked.request.description,
        status="pending",
        assignee=None,
        deadline=None,
        created_at=iso(now),
        updated_at=iso(now),
        created_by=asked.owner,
        version=1,
    )
    return noted(record, None, task, "create", change, events.TASK_CREATED, sets=(), reminder=None)


def set_status(record: TaskRecord, to: TaskStatus, change: Change, now: datetime) -> Decision:
    """Moves along the table; ``pending`` takes the assignee away. ``overdue`` is the clock's: see :func:`mark_overdue`.

    Raises:
        NotFound, Conflict: ``illegal_status_change``.
    """
    if (again := replay(record, "status", change)) is not None:
        return again
    task = record.existing()
    if to == "overdue":
        raise illegal("Only a deadline makes a task overdue.")
    check_move(task, to)
    if to == "assigned" and task.assignee is None:
        raise illegal(f"A {task.status} task without assignee cannot become assigned: assign it to somebody instead.")
    if to == task.status:
        return _unchanged(record, task, "status", change)
    reminder = record.reminder if is_open(to) else None
    if to == "pending":
        return changed(
            record,
            "status",
            change,
            now,
            events.TASK_UNASSIGNED,
            sets=("status", "assignee"),
            reminder=reminder,
            status=to,
            assignee=None,
        )
    return changed(record, "status", change, now, _EVENT_OF_STATUS[to], sets=("status",), reminder=reminder, status=to)


def assign(record: TaskRecord, assignee: str | None, change: Change, now: datetime) -> Decision:
    """Gives the task to somebody, or to nobody. Raises NotFound, Conflict ``illegal_status_change``."""
    if (again := replay(record, "assign", change)) is not None:
        return again
    task = record.existing()
    to: TaskStatus = "assigned" if assignee is not None else "pending"
    if (task.assignee, task.status) == (assignee, to):
        return _unchanged(record, task, "assign", change)
    check_move(task, to)
    what: TaskEventType = events.TASK_ASSIGNED if assignee is not None else events.TASK_UNASSIGNED
    return changed(
        record, "assign", change, now, what, sets=("status", "assignee"), reminder=record.reminder, status=to, assignee=assignee
    )


def set_deadline(record: TaskRecord, deadline: datetime | None, change: Change, now: datetime) -> Decision:
    """A new deadline, or none; an overdue task becomes ``pending`` or ``assigned`` again.

    The deadline fixed when the task was accepted holds even if it has passed meanwhile: its reminder then fires at once.

    Raises:
        NotFound, Conflict: ``illegal_status_change`` when the task is finished. BadRequest: ``bad_deadline``.
    """
    if (again := replay(record, "deadline", change)) is not None:
        return again
    task = record.existing()
    if not is_open(task.status):
        raise illegal(f"The task is {task.status}, which is final: its deadline cannot change.")
    value = iso(deadline) if deadline is not None else None
    accepted = record.reservation.deadline if record.reservation is not None else None
    if deadline is not None and value != accepted:
        check_deadline(deadline, now)
    if value == task.deadline and (value is None or record.reminder is not None):
        return _unchanged(record, task, "deadline", change)
    return changed(
        record,
        "deadline",
        change,
        now,
        events.TASK_DEADLINE_SET if value is not None else events.TASK_DEADLINE_REMOVED,
        sets=("deadline",),
        reminder=reminder_name(task.version + 1, value) if value is not None else None,
        deadline=value,
        status=without_overdue(task, task.assignee),
    )


def reminder_name(version: int, deadline: str) -> str:
    """Of the reminder that this version of the task arms. It tells the deadline, too: a host that was frozen and wakes up may
    arm its own for the same version, and must not replace the one that was stored meanwhile."""
    return f"deadline-{version}-{hashlib.sha256(deadline.encode()).hexdigest()[:12]}"


def check_deadline(deadline: datetime, now: datetime) -> None:
    """Raises BadRequest ``bad_deadline`` unless it lies ahead, within DEADLINE_SECONDS_MAX."""
    if not now < deadline <= now + timedelta(seconds=DEADLINE_SECONDS_MAX):
        years = DEADLINE_SECONDS_MAX // (365 * 86_400)
        raise BadRequest(
            "bad_deadline", f"A deadline must lie in the future, at most {years} years ahead; it is {iso(now)} now."
        )


def time_left(record: TaskRecord, now: datetime) -> timedelta | None:
    """Time until the armed deadline (negative when it has passed), None when none is armed or the task is finished."""
    task = record.task
    if task is None or task.deadline is None or record.reminder is None or not is_open(task.status):
        return None
    return datetime.fromisoformat(task.deadline) - now


def mark_overdue(record: TaskRecord, now: datetime) -> Decision | None:
    """The deadline has passed: the reminder is spent and an open task is overdue. None when there is nothing to do.

    It keeps who set the status: an undo may still take its own assignment back from an overdue task.
    """
    left = time_left(record, now)
    if left is None or left > timedelta(0):
        return None
    task = record.existing()
    if task.status == "overdue":
        return Decision(record.model_copy(update={"reminder": None}), task)
    return changed(record, "overdue", _SYSTEM, now, events.TASK_OVERDUE, sets=(), reminder=None, status="overdue")


def _unchanged(record: TaskRecord, task: Task, command: str, change: Change) -> Decision:
    return Decision(remembered(record, command, change), task)
