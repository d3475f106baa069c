"""A turn that is undone takes back what its calls did to a task, once, and nothing of anybody else."""

from datetime import datetime, timedelta

import pytest

from agent.domain import call_undo
from agent.domain import task_commands as commands
from agent.domain.call_undo import bar, next_to_undo, outcome, undo_call
from agent.domain.errors import Conflict
from agent.domain.limits import TASK_HISTORY_MAX, TASK_KEYS_MAX, TASK_UNDONE_TURNS_MAX
from agent.domain.stored import dump, load
from agent.domain.task import TaskStatus
from agent.domain.task_changes import Change, by_turn
from agent.domain.task_record import TaskRecord
from agent.domain.task_reserve import reserve
from agent.domain.task_undo import WITH_ITS_TURN, undo_assign, undo_deadline
from agent.domain.undo import Command, TaskChanges, ToolChange
from tests.unit.tasks.records import ALICE, HOUR, KEY, NOW, created, existing, in_status, request, reserved

TURN = "main.1.aaaaaaaaaaaaaaaaaaaaaaaaaa"
OTHER = Change(by=by_turn("alice", "main.2.x"), key="main.2.x/0/0")
WORKFLOW = Change(by=by_turn("alice", TURN), key=KEY)


def key(index: int) -> str:
    return f"{TURN}/0/{index}"


def called(index: int) -> Change:
    return Change(by=by_turn("alice", TURN), key=key(index))


def changes(*calls: Command) -> TaskChanges:
    """A call of each kind, with the keys 0, 1, ..."""
    return TaskChanges(task_id="t1", calls=tuple(ToolChange(command=c, key=key(i)) for i, c in enumerate(calls)))


def undo(record: TaskRecord, *calls: Command, at: datetime = NOW) -> tuple[TaskRecord, str, str]:
    """The record with the calls taken back, and how that came out."""
    of_task = changes(*calls)
    record = bar(record, TURN)
    while (call := next_to_undo(record, of_task.calls)) is not None:
        record = undo_call(record, call, TURN, at).record
    told = outcome(record, of_task)
    return record, told.state, told.detail


def made_by_turn(*, processed: bool = True) -> TaskRecord:
    """As the workflow of the turn's first call leaves it."""
    record = created(reserved(key=key(0), by=by_turn("alice", TURN)))
    if not processed:
        return record
    record = commands.assign(record, "Bob", WORKFLOW, NOW).record
    return commands.set_deadline(record, NOW + HOUR, WORKFLOW, NOW).record


# --- what the turn created ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("processed", [True, False])
def test_a_task_the_turn_created_is_cancelled_whole(processed: bool) -> None:
    record, state, _ = undo(made_by_turn(processed=processed), "create")
    task = existing(record)
    assert state == "undone"
    assert (task.status, task.assignee, task.deadline, record.reminder) == ("cancelled", None, None, None)


def test_its_own_later_calls_and_the_clock_do_not_keep_it() -> None:
    record = commands.assign(made_by_turn(), "Carol", called(1), NOW).record
    late = commands.mark_overdue(record, NOW + HOUR)
    assert late is not None
    assert undo(late.record, "create", "assign")[1] == "undone"


@pytest.mark.parametrize("who", [ALICE, OTHER])
def test_a_task_that_somebody_else_has_touched_is_left_alone_whole(who: Change) -> None:
    touched = commands.set_deadline(made_by_turn(), NOW + 2 * HOUR, who, NOW).record
    record, state, detail = undo(touched, "create")
    assert (state, detail) == ("left_alone", f"changed meanwhile by {who.by}")
    assert existing(record) == existing(touched)
    going_on = commands.assign(record, "Bob", WORKFLOW, NOW)
    assert going_on.task.assignee == "Bob", "its workflow is not disturbed"


def test_a_creation_that_comes_late_is_refused() -> None:
    barred, state, _ = undo(TaskRecord(tenant="default"), "create")
    assert state == "nothing_to_undo"
    with pytest.raises(Conflict) as refused:
        reserve(barred, "default", "alice", request(key=key(0)), NOW)
    assert refused.value.code == "undone"

    barred, state, _ = undo(reserved(key=key(0)), "create")
    assert (state, barred.task) == ("nothing_to_undo", None)
    with pytest.raises(Conflict, match="undone"):
        created(barred)


def test_an_id_that_another_request_took_first_is_none_of_ours() -> None:
    record, state, _ = undo(created(), "create")
    assert (state, existing(record)) == ("nothing_to_undo", existing(created()))


def test_the_workflow_in_between_finds_that_all_is_undone() -> None:
    record = undo(made_by_turn(), "create")[0]
    assert call_undo.undone_with_its_turn(record)
    with pytest.raises(Conflict):
        commands.set_deadline(record, NOW + HOUR, Change(by="x", key="another"), NOW)
    for take_back in (undo_deadline, undo_assign):
        decision, told = take_back(record, Change(by="workflow:x", key=KEY), NOW)
        assert (told.state, told.detail) == ("done", WITH_ITS_TURN)
        assert existing(decision) == existing(record)


# --- what the turn changed of other tasks ---------------------------------------------------------------------------------


def test_an_assignment_goes_back_to_whoever_had_it() -> None:
    before = in_status("in_progress", assignee="Bob", armed=True)
    record, state, _ = undo(commands.assign(before, "Carol", called(0), NOW).record, "assign")
    task = existing(record)
    assert state == "undone"
    assert (task.assignee, task.status, record.reminder) == ("Bob", "in_progress", before.reminder)


@pytest.mark.parametrize("final", ["completed", "cancelled"])
def test_a_task_that_was_ended_is_open_again_with_its_reminder(final: TaskStatus) -> None:
    before = in_status("assigned", assignee="Bob", armed=True)
    ended = commands.set_status(before, final, called(0), NOW).record
    assert ended.reminder is None
    record, state, _ = undo(ended, "status")
    assert (state, existing(record).status, existing(record).assignee) == ("undone", "assigned", "Bob")
    assert commands.time_left(record, NOW) == HOUR


def test_a_deadline_that_passed_meanwhile_has_passed() -> None:
    before = in_status("pending", armed=True)
    late = commands.mark_overdue(commands.assign(before, "Carol", called(0), NOW).record, NOW + HOUR)
    assert late is not None
    record, state, _ = undo(late.record, "assign", at=NOW + HOUR)
    assert (state, existing(record).status, existing(record).assignee) == ("undone", "overdue", None)


def test_a_task_that_was_overdue_and_got_a_new_deadline_is_not_overdue_again() -> None:
    late = commands.mark_overdue(in_status("assigned", assignee="Bob", armed=True), NOW + HOUR)
    assert late is not None
    record = commands.set_status(late.record, "in_progress", called(0), NOW + HOUR).record
    unchanged = undo(record, "status", at=NOW + HOUR)[0]
    assert existing(unchanged).status == "overdue"
    record = commands.set_deadline(record, NOW + 2 * HOUR, ALICE, NOW + HOUR).record
    assert existing(undo(record, "status", at=NOW + HOUR)[0]).status == "assigned"


def overdue_and_taken_up_again() -> TaskRecord:
    late = commands.mark_overdue(in_status("assigned", assignee="Bob", armed=True), NOW + HOUR)
    assert late is not None
    return commands.set_status(late.record, "in_progress", ALICE, NOW + HOUR).record


@pytest.mark.parametrize("final", ["completed", "cancelled"])
def test_a_deadline_that_had_come_before_the_call_does_not_come_again(final: TaskStatus) -> None:
    before = overdue_and_taken_up_again()
    ended = commands.set_status(before, final, called(0), NOW + HOUR).record
    record, state, _ = undo(ended, "status", at=NOW + HOUR)
    assert (state, existing(record).status, record.reminder) == ("undone", "in_progress", None)
    assert commands.mark_overdue(record, NOW + 2 * HOUR) is None


def test_a_deadline_that_passed_while_the_task_was_ended_comes_late() -> None:
    ended = commands.set_status(in_status("pending", armed=True), "completed", called(0), NOW).record
    record = undo(ended, "status", at=NOW + 2 * HOUR)[0]
    late = commands.mark_overdue(record, NOW + 2 * HOUR)
    assert late is not None
    assert late.task.status == "overdue"


@pytest.mark.parametrize(("at", "armed"), [(NOW, True), (NOW + HOUR, False)])
def test_where_an_older_record_does_not_tell_only_a_deadline_ahead_is_armed(at: datetime, armed: bool) -> None:
    ended = dump(commands.set_status(in_status("pending", armed=True), "completed", called(0), NOW).record)
    del ended["keys"][f"status:{key(0)}"]["before"]["armed"]
    record = undo(load(TaskRecord, ended | {"format": 1}), "status", at=at)[0]
    assert (existing(record).status, record.reminder is not None) == ("pending", armed)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_calls_are_taken_back_in_the_order_they_took_effect(order: tuple[int, int]) -> None:
    """Two calls of one step run at once: which came first is not theirs to say."""
    record = in_status("assigned", assignee="Bob")
    for index in order:
        record = commands.assign(record, f"assignee {index}", called(index), NOW).record
    record, state, _ = undo(record, "assign", "assign")
    assert (state, existing(record).assignee) == ("undone", "Bob")


def test_what_a_person_set_in_between_stays_and_is_reported() -> None:
    record = commands.assign(in_status("pending"), "Bob", called(0), NOW).record
    record = commands.assign(record, "Carol", ALICE, NOW).record
    record = commands.set_status(record, "in_progress", called(1), NOW).record
    record, state, detail = undo(record, "assign", "status")
    assert (state, detail) == ("left_alone", "changed meanwhile by user:alice")
    assert (existing(record).assignee, existing(record).status) == ("Carol", "assigned"), "the later call is taken back"


def test_a_call_that_changed_nothing_takes_nothing_back() -> None:
    record = commands.assign(in_status("assigned", assignee="Bob"), "Bob", called(0), NOW).record
    again, state, _ = undo(record, "assign")
    assert (state, existing(again)) == ("nothing_to_undo", existing(record))


def test_an_undone_call_is_refused_done_before_or_not() -> None:
    record = undo(commands.assign(in_status("pending"), "Bob", called(0), NOW).record, "assign", "status")[0]
    for late in (
        lambda: commands.assign(record, "Bob", called(0), NOW),
        lambda: commands.set_status(record, "completed", called(1), NOW),
    ):
        with pytest.raises(Conflict) as refused:
            late()
        assert refused.value.code == "undone"
    assert commands.assign(record, "Bob", OTHER, NOW).task.assignee == "Bob", "other turns are not"


def test_undone_twice_is_undone_once_and_told_the_same() -> None:
    made = undo(commands.assign(made_by_turn(), "Carol", called(1), NOW).record, "create", "assign")
    assert undo(made[0], "create", "assign") == made
    assigned = undo(commands.assign(in_status("pending"), "Bob", called(0), NOW).record, "assign")
    assert undo(assigned[0], "assign") == assigned


# --- bounds ---------------------------------------------------------------------------------------------------------------


def test_a_call_that_may_be_forgotten_is_not_said_to_be_undone() -> None:
    record = commands.assign(in_status("pending"), "Bob", called(0), NOW).record
    for n in range(TASK_KEYS_MAX):
        record = commands.assign(record, f"A{n % 2}", Change(by="user:alice", key=f"k{n}"), NOW + timedelta(seconds=n)).record
    assert undo(record, "assign")[1:] == ("left_alone", call_undo.FORGOTTEN)


def test_a_task_whose_history_is_cut_off_may_have_been_touched_by_anybody() -> None:
    record = commands.set_deadline(made_by_turn(), NOW + 2 * HOUR, ALICE, NOW).record
    for n in range(TASK_HISTORY_MAX):
        record = commands.assign(record, f"A{n % 2}", WORKFLOW.model_copy(update={"key": f"{KEY}:{n}"}), NOW).record
    assert ALICE.by not in {entry.by for entry in record.history}
    assert undo(record, "create")[1:] == ("left_alone", call_undo.FORGOTTEN)


def test_undone_turns_have_a_bound() -> None:
    record = TaskRecord(tenant="default")
    for n in range(TASK_UNDONE_TURNS_MAX + 1):
        record = bar(record, f"main.{n}.x")
    assert len(record.undone_turns) == TASK_UNDONE_TURNS_MAX
    assert bar(record, "main.5.x") is record
