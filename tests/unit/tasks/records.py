"""Records of tasks to start tests from, and the time they start at."""

from datetime import datetime, timedelta

from agent.domain import task_commands as commands
from agent.domain.processing import ProcessTask
from agent.domain.task import Task, TaskStatus
from agent.domain.task_changes import Change
from agent.domain.task_record import Decision, TaskRecord
from agent.domain.task_reserve import reserve
from tests.fakes.ports import EPOCH as NOW

HOUR = timedelta(hours=1)
KEY = "task-workflow-t1"
ALICE, WORKFLOW = Change(by="user:alice"), Change(by="user:alice", key=KEY)


def request(**changes: object) -> ProcessTask:
    values = {
        "task_id": "t1",
        "title": "Review the PR",
        "description": "The payment PR needs a review",
        "assignee": "Bob",
        "deadline_seconds": 3600.0,
        "key": "api/alice/t1",
        "by": "user:alice",
    }
    return ProcessTask.model_validate({**values, **changes})


def reserved(**changes: object) -> TaskRecord:
    return reserve(None, "default", "alice", request(**changes), NOW)


def created(record: TaskRecord | None = None, at: datetime = NOW) -> TaskRecord:
    record = record or reserved()
    assert record.reservation is not None
    return commands.create(record, record.reservation, KEY, at).record


def processed() -> TaskRecord:
    """As the workflow leaves it before it notifies: assigned to Bob, due in an hour."""
    record = commands.assign(created(), "Bob", WORKFLOW, NOW).record
    return commands.set_deadline(record, NOW + HOUR, WORKFLOW, NOW).record


def in_status(status: TaskStatus, *, assignee: str | None = None, armed: bool = False) -> TaskRecord:
    """A record brought there by hand; ``armed`` with a deadline an hour ahead."""
    record = created()
    if armed:
        record = commands.set_deadline(record, NOW + HOUR, ALICE, NOW).record
    task = existing(record).model_copy(update={"status": status, "assignee": assignee})
    return record.model_copy(update={"task": task})


def existing(of: TaskRecord | Decision) -> Task:
    return of.task if isinstance(of, Decision) else of.existing()
