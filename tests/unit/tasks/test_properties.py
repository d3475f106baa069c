"""Random lives of a task: whatever is done to it in whatever order, the promises hold."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain import task_commands as commands
from agent.domain import task_undo as undo
from agent.domain.errors import Problem
from agent.domain.task import STATUSES, is_open
from agent.domain.task_changes import Change
from agent.domain.task_record import Decision, TaskRecord
from tests.unit.tasks.records import HOUR, KEY, NOW, created, existing

Command = Callable[[TaskRecord, int], Decision]

KEYS = st.sampled_from([None, "k1", "k2", KEY])
DELIVERIES = st.sampled_from(["d1", "d2", "d3"])
CHANGES = st.one_of(
    st.builds(Change, by=st.sampled_from(["user:a", "user:b"]), key=KEYS),
    st.builds(Change, by=st.sampled_from(["user:a", "user:b"]), delivery=DELIVERIES),
)
KEYED = st.builds(Change, by=st.just("workflow:w"), key=st.sampled_from(["k1", "k2", KEY]))


def at(minute: int) -> timedelta:
    return timedelta(minutes=minute)


def overdue(record: TaskRecord, minute: int) -> Decision:
    return commands.mark_overdue(record, NOW + at(minute)) or Decision(record, existing(record))


COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.builds(lambda to, c: lambda r, m: commands.set_status(r, to, c, NOW + at(m)), st.sampled_from(STATUSES), CHANGES),
    st.builds(lambda who, c: lambda r, m: commands.assign(r, who, c, NOW + at(m)), st.sampled_from([None, "B", "C"]), CHANGES),
    st.builds(
        lambda ahead, c: lambda r, m: commands.set_deadline(r, ahead and NOW + at(m) + ahead, c, NOW + at(m)),
        st.sampled_from([None, at(1), at(3), -at(1)]),
        CHANGES,
    ),
    st.builds(lambda c: lambda r, m: undo.undo_assign(r, c, NOW + at(m))[0], KEYED),
    st.builds(lambda c: lambda r, m: undo.undo_deadline(r, c, NOW + at(m))[0], KEYED),
    st.just(overdue),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(COMMANDS, max_size=25))
def test_promises_hold_in_any_order(lives: list[Command]) -> None:
    record = created()
    for minute, command in enumerate(lives):
        before = record.model_copy(deep=True)
        try:
            decision = command(record, minute)
        except Problem:
            assert record == before  # a refused command changes nothing
            continue
        check_step(before, decision)
        again = attempt(command, decision.record, minute + 1)
        if again is not None and again.replayed:
            assert again.record == decision.record  # a repeat changes nothing
        record = decision.record
        check_record(record)


def check_step(before: TaskRecord, decision: Decision) -> None:
    """The version grows by one exactly when the task changes, and exactly then is there news."""
    if decision.replayed:
        assert decision.record == before
        return
    old, new = existing(before), existing(decision.record)
    assert decision.task == new
    assert new.version == old.version + (decision.event is not None)
    if decision.event is None:
        assert new == old
        assert decision.record.history == before.history
    else:
        assert decision.event.event_id == f"t1-{new.version}"
        assert decision.record.history[-1].version == new.version
        assert (old.title, old.description, old.created_by) == (new.title, new.description, new.created_by)
    if not is_open(old.status):
        assert new.status == old.status


def check_record(record: TaskRecord) -> None:
    """What must be true of every record at rest."""
    task = existing(record)
    if task.status == "assigned":
        assert task.assignee is not None
    if task.status == "pending":
        assert task.assignee is None
    if record.reminder is not None:
        assert task.deadline is not None
        assert is_open(task.status)
    assert record.dropped + len(record.history) == task.version
    assert TaskRecord.model_validate(record.model_dump(mode="json")) == record


def attempt(command: Command, record: TaskRecord, minute: int) -> Decision | None:
    try:
        return command(record, minute)
    except Problem:
        return None


@settings(max_examples=200, deadline=None)
@given(st.lists(COMMANDS, max_size=12))
def test_the_workflows_undo_leaves_what_others_set(lives: list[Command]) -> None:
    """Whoever set assignee, status or deadline last without the workflow's key finds them as they were."""
    mine = Change(by="user:a", key="mine")
    record = commands.assign(created(), "Bob", mine, NOW).record
    record = commands.set_deadline(record, NOW + HOUR, mine, NOW).record
    for minute, command in enumerate(lives):
        decision = attempt(command, record, minute)
        record = decision.record if decision is not None else record
    before = existing(record)
    theirs = {aspect for aspect in ("status", "assignee", "deadline") if record.setters.get(aspect) != "mine"}
    record = undo.undo_deadline(record, mine, NOW + HOUR)[0].record
    record = undo.undo_assign(record, mine, NOW + HOUR)[0].record
    after = existing(record)
    if "deadline" in theirs:
        assert after.deadline == before.deadline
    if "assignee" in theirs or "status" in theirs:
        assert after.assignee == before.assignee
    if not is_open(before.status):
        assert after == before
