"""The table of statuses, exhaustively: every status, every command, every target."""

from datetime import timedelta

import pytest

from agent.domain import task_commands as commands
from agent.domain.errors import BadRequest, Conflict, NotFound
from agent.domain.events import TASK_OVERDUE
from agent.domain.task import MOVES, STATUSES, TaskStatus, is_open
from agent.domain.task_record import TaskRecord
from tests.unit.tasks.records import ALICE, HOUR, NOW, created, existing, in_status, reserved

LEGAL: set[tuple[TaskStatus, TaskStatus]] = {
    ("pending", "assigned"), ("pending", "in_progress"), ("pending", "completed"), ("pending", "cancelled"),
    ("pending", "overdue"),
    ("assigned", "pending"), ("assigned", "assigned"), ("assigned", "in_progress"), ("assigned", "completed"),
    ("assigned", "cancelled"), ("assigned", "overdue"),
    ("in_progress", "assigned"), ("in_progress", "completed"), ("in_progress", "cancelled"), ("in_progress", "overdue"),
    ("overdue", "assigned"), ("overdue", "in_progress"), ("overdue", "completed"), ("overdue", "cancelled"),
}  # fmt: skip
PAIRS = [(a, b) for a in STATUSES for b in STATUSES]


def test_the_table_is_the_one_of_the_design() -> None:
    assert {(a, b) for a, targets in MOVES.items() for b in targets} == LEGAL
    assert [status for status in STATUSES if not is_open(status)] == ["completed", "cancelled"]


@pytest.mark.parametrize(("before", "to"), PAIRS)
def test_every_status_to_every_other(before: TaskStatus, to: TaskStatus) -> None:
    record = in_status(before, assignee="Bob")
    if to == "overdue":
        with pytest.raises(Conflict, match="Only a deadline") as e:
            commands.set_status(record, to, ALICE, NOW)
        assert e.value.code == "illegal_status_change"
        return
    if (before, to) not in LEGAL:
        refused(record, lambda: commands.set_status(record, to, ALICE, NOW), before, to)
        return
    decision = commands.set_status(record, to, ALICE, NOW)
    assert decision.task.status == to
    assert decision.task.assignee == (None if to == "pending" else "Bob")
    assert (decision.event is None) == (before == to)
    assert decision.task.version == existing(record).version + (before != to)


@pytest.mark.parametrize("before", STATUSES)
def test_assigned_needs_somebody(before: TaskStatus) -> None:
    record = in_status(before)
    with pytest.raises(Conflict) as e:
        commands.set_status(record, "assigned", ALICE, NOW)
    assert e.value.code == "illegal_status_change"


@pytest.mark.parametrize("before", STATUSES)
def test_assigning_from_every_status(before: TaskStatus) -> None:
    record = in_status(before, assignee="Bob")
    if (before, "assigned") not in LEGAL:
        refused(record, lambda: commands.assign(record, "Carol", ALICE, NOW), before, "assigned")
        return
    task = commands.assign(record, "Carol", ALICE, NOW).task
    assert (task.status, task.assignee) == ("assigned", "Carol")


@pytest.mark.parametrize("before", STATUSES)
def test_unassigning_from_every_status(before: TaskStatus) -> None:
    record = in_status(before, assignee="Bob")
    if (before, "pending") not in LEGAL:
        refused(record, lambda: commands.assign(record, None, ALICE, NOW), before, "pending")
        return
    task = commands.assign(record, None, ALICE, NOW).task
    assert (task.status, task.assignee) == ("pending", None)


@pytest.mark.parametrize("assignee", ["Bob", None])
@pytest.mark.parametrize("before", STATUSES)
def test_a_deadline_from_every_status(before: TaskStatus, assignee: str | None) -> None:
    record = in_status(before, assignee=assignee)
    if not is_open(before):
        with pytest.raises(Conflict, match="final"):
            commands.set_deadline(record, NOW + HOUR, ALICE, NOW)
        return
    decision = commands.set_deadline(record, NOW + HOUR, ALICE, NOW)
    back = "assigned" if assignee else "pending"
    assert decision.task.status == (back if before == "overdue" else before)
    assert decision.record.reminder == commands.reminder_name(decision.task.version, decision.task.deadline or "")


@pytest.mark.parametrize("before", STATUSES)
def test_a_deadline_that_passes(before: TaskStatus) -> None:
    record = in_status(before, assignee="Bob", armed=True)
    decision = commands.mark_overdue(record, NOW + HOUR)
    if not is_open(before):
        assert decision is None
        return
    assert decision is not None
    assert decision.task.status == "overdue"
    assert decision.record.reminder is None
    assert (decision.event is not None and decision.event.event_type == TASK_OVERDUE) == (before != "overdue")
    assert commands.mark_overdue(decision.record, NOW + 2 * HOUR) is None


def test_a_deadline_that_has_not_passed_does_nothing() -> None:
    assert commands.mark_overdue(in_status("assigned", armed=True), NOW + HOUR - timedelta(milliseconds=1)) is None
    assert commands.mark_overdue(created(), NOW + HOUR) is None


@pytest.mark.parametrize("final", ["completed", "cancelled"])
def test_an_end_disarms_the_reminder_and_keeps_the_deadline(final: TaskStatus) -> None:
    decision = commands.set_status(in_status("assigned", armed=True), final, ALICE, NOW)
    assert decision.record.reminder is None
    assert decision.task.deadline is not None


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(seconds=-1), timedelta(days=5 * 365, seconds=1)])
def test_a_deadline_lies_ahead_and_not_too_far(ahead: timedelta) -> None:
    with pytest.raises(BadRequest) as e:
        commands.set_deadline(created(), NOW + ahead, ALICE, NOW)
    assert e.value.code == "bad_deadline"


def test_the_accepted_deadline_holds_even_when_it_has_passed() -> None:
    decision = commands.set_deadline(created(), NOW + HOUR, ALICE, NOW + 2 * HOUR)
    assert decision.record.reminder is not None
    assert commands.time_left(decision.record, NOW + 2 * HOUR) == -HOUR


def test_nothing_before_create() -> None:
    record = reserved()
    for command in (
        lambda: commands.set_status(record, "completed", ALICE, NOW),
        lambda: commands.assign(record, "Bob", ALICE, NOW),
        lambda: commands.set_deadline(record, NOW + HOUR, ALICE, NOW),
    ):
        with pytest.raises(NotFound, match="Task not found"):
            command()


def refused(record: TaskRecord, command: object, before: TaskStatus, to: TaskStatus) -> None:
    """The refusal names both statuses and what is allowed, or that nothing is."""
    assert callable(command)
    with pytest.raises(Conflict) as e:
        command()
    assert e.value.code == "illegal_status_change"
    assert before in e.value.detail
    assert to in e.value.detail
    choices = set(MOVES[before]) - {"overdue"}
    assert all(allowed in e.value.detail for allowed in choices) or "final" in e.value.detail
