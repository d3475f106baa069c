"""Undo takes back what its key did, and nothing of anybody else."""

import pytest

from agent.domain import task_commands as commands
from agent.domain import task_undo as undo
from agent.domain.errors import Conflict
from agent.domain.task import TaskStatus
from agent.domain.task_changes import Change
from agent.domain.task_record import TaskRecord
from tests.unit.tasks.records import ALICE, HOUR, KEY, NOW, WORKFLOW, created, existing, processed

BACK = Change(by="workflow:task-workflow-t1", key=KEY)
MALLORY = Change(by="user:mallory")


def both(record: TaskRecord) -> tuple[TaskRecord, str, str]:
    """The workflow's two undos, in their order; the record, and what each says (empty: done)."""
    decision, deadline = undo.undo_deadline(record, BACK, NOW)
    decision, assign = undo.undo_assign(decision.record, BACK, NOW)
    return decision.record, deadline.detail, assign.detail


def test_an_untouched_task_is_pending_again_without_assignee_and_reminder() -> None:
    record, *said = both(processed())
    task = existing(record)
    assert (task.status, task.assignee, task.deadline, record.reminder) == ("pending", None, None, None)
    assert said == ["", ""]
    assert task.version == 5


def test_overdue_by_the_clock_is_taken_back_too() -> None:
    late = commands.mark_overdue(processed(), NOW + HOUR)
    assert late is not None
    record, *said = both(late.record)
    assert (existing(record).status, existing(record).assignee, said) == ("pending", None, ["", ""])


def test_a_reassigned_task_keeps_its_new_assignee() -> None:
    record, deadline, assign = both(commands.assign(processed(), "Carol", MALLORY, NOW).record)
    assert (existing(record).status, existing(record).assignee, existing(record).deadline) == ("assigned", "Carol", None)
    assert (deadline, assign) == ("", "changed meanwhile by user:mallory")


def test_a_new_deadline_of_somebody_else_stays_and_so_does_its_reminder() -> None:
    record, deadline, assign = both(commands.set_deadline(processed(), NOW + 2 * HOUR, MALLORY, NOW).record)
    assert existing(record).deadline is not None
    assert record.reminder is not None
    assert (existing(record).assignee, deadline, assign) == (None, "changed meanwhile by user:mallory", "")


@pytest.mark.parametrize("status", ["in_progress", "completed", "cancelled"])
def test_a_task_that_went_on_keeps_its_assignee(status: TaskStatus) -> None:
    record, deadline, assign = both(commands.set_status(processed(), status, MALLORY, NOW).record)
    assert (existing(record).status, existing(record).assignee) == (status, "Bob")
    assert assign == "changed meanwhile by user:mallory"
    assert deadline == ("" if status == "in_progress" else f"the task is {status}")


def test_the_same_assignee_set_again_by_another_key_is_not_ours() -> None:
    record = commands.assign(processed(), "Carol", MALLORY, NOW).record
    record = commands.assign(record, "Bob", MALLORY, NOW).record
    assert undo.undo_assign(record, BACK, NOW)[1].state == "skipped"


def test_a_zombie_after_the_undo_is_refused() -> None:
    record, *_ = both(processed())
    for late in (
        lambda: commands.assign(record, "Bob", WORKFLOW, NOW),
        lambda: commands.set_deadline(record, NOW + HOUR, WORKFLOW, NOW),
    ):
        with pytest.raises(Conflict) as e:
            late()
        assert e.value.code == "undone"


def test_an_undo_before_its_command_bars_it() -> None:
    record, *said = both(created())
    assert said == [undo.NEVER_DONE, undo.NEVER_DONE]
    assert existing(record) == existing(created())
    with pytest.raises(Conflict, match="undone"):
        commands.assign(record, "Bob", WORKFLOW, NOW)


def test_an_undo_happens_once_and_tells_the_same_again() -> None:
    once, first = undo.undo_assign(processed(), BACK, NOW)
    somebody = commands.assign(once.record, "Carol", ALICE, NOW).record
    again, second = undo.undo_assign(somebody, BACK, NOW)
    assert again.replayed
    assert again.record is somebody
    assert again.event == once.event
    assert first == second

    skipped, told = undo.undo_assign(commands.assign(processed(), "Carol", MALLORY, NOW).record, BACK, NOW)
    assert undo.undo_assign(skipped.record, BACK, NOW)[1] == told
