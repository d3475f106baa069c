"""TaskActor in process: reminder and state stay in step whatever dies, and events get out whoever changed the task."""

import asyncio
from datetime import timedelta

import pytest

from agent.domain import events
from agent.domain.errors import Conflict, NotFound, Unavailable
from agent.domain.processing import WorkflowResult
from agent.domain.task import iso
from agent.domain.task_changes import Change
from agent.domain.task_commands import reminder_name
from agent.domain.task_record import TaskRecord
from tests.unit.tasks.host import ACTOR, TaskHost, step, workflow_change
from tests.unit.tasks.host import ALICE as OWNER
from tests.unit.tasks.records import HOUR, NOW, request

ALICE = Change(by="user:alice")
LATER = NOW + 2 * HOUR
ARMED = reminder_name(3, iso(NOW + HOUR))


@pytest.fixture
def host() -> TaskHost:
    return TaskHost()


async def test_the_whole_way(host: TaskHost) -> None:
    await host.processed()
    task = await host.tasks.get("default", "t1")
    assert (task.status, task.assignee, task.deadline) == ("assigned", "Bob", iso(NOW + HOUR))
    assert host.reminders == {ARMED: "1h0m0s0ms0μs"}
    assert host.broker.ids() == ["t1-1", "t1-2", "t1-3"]
    assert host.record()["outbox"] == []
    assert host.record()["format"] == TaskRecord.FORMAT
    history = await host.tasks.history("default", "t1")
    assert [entry.what for entry in history.entries] == [
        events.TASK_CREATED,
        events.TASK_ASSIGNED,
        events.TASK_DEADLINE_SET,
    ]


async def test_nothing_before_create(host: TaskHost) -> None:
    await host.tasks.process(OWNER, request())
    for call in (host.tasks.get("default", "t1"), host.tasks.history("default", "t1")):
        with pytest.raises(NotFound, match="Task not found"):
            await call


async def test_a_new_deadline_replaces_the_reminder(host: TaskHost) -> None:
    await host.processed()
    await host.tasks.set_deadline("default", "t1", LATER, ALICE)
    assert list(host.reminders) == [reminder_name(4, iso(LATER))]
    await host.fire(ARMED)  # one that was on its way
    assert (await host.tasks.get("default", "t1")).status == "assigned"


async def test_a_host_that_wakes_up_does_not_replace_the_reminder_of_another(
    host: TaskHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    await host.processed()
    other, register = TaskHost(), host.register_reminder
    other.store, other.reminders = host.store, host.reminders
    frozen, woken = asyncio.Event(), asyncio.Event()

    async def freezes(actor_type: str, actor_id: str, name: str, data: bytes) -> None:
        frozen.set()
        await woken.wait()
        await register(actor_type, actor_id, name, data)

    monkeypatch.setattr(host, "register_reminder", freezes)
    host.crash_at = "save"  # which the store would refuse
    late = asyncio.create_task(host.tasks.set_deadline("default", "t1", LATER + HOUR, ALICE))
    await frozen.wait()
    await other.tasks.set_deadline("default", "t1", LATER, ALICE)
    woken.set()
    with pytest.raises(Unavailable):
        await late
    assert host.reminders[host.record()["reminder"]] == "2h0m0s0ms0μs"


@pytest.mark.parametrize("effect", ["register", "save", "unregister"])
async def test_a_crash_anywhere_in_a_new_deadline_leaves_a_right_reminder(host: TaskHost, effect: str) -> None:
    await host.processed()
    host.crash_at = effect
    if effect == "unregister":  # it is best effort, so it is not even noticed
        await host.tasks.set_deadline("default", "t1", LATER, ALICE)
    else:
        with pytest.raises(Unavailable):
            await host.tasks.set_deadline("default", "t1", LATER, ALICE)
    deadline = (await host.tasks.get("default", "t1")).deadline
    assert host.record()["reminder"] in host.reminders
    assert deadline == iso(LATER if effect == "unregister" else NOW + HOUR)
    await host.tasks.set_deadline("default", "t1", LATER, ALICE)
    assert host.record()["reminder"] in host.reminders


async def test_due_means_overdue_once(host: TaskHost) -> None:
    await host.processed()
    host.clock.advance(3600)
    await host.fire(ARMED)
    task = await host.tasks.get("default", "t1")
    assert (task.status, task.assignee, host.record()["reminder"]) == ("overdue", "Bob", None)
    assert host.broker.events[-1].event_type == events.TASK_OVERDUE
    await host.tasks.set_status("default", "t1", "in_progress", ALICE)
    host.clock.advance(3600)
    assert (await host.tasks.get("default", "t1")).status == "in_progress"


async def test_a_finished_task_is_never_overdue(host: TaskHost) -> None:
    await host.processed()
    await host.tasks.set_status("default", "t1", "completed", ALICE)
    assert host.reminders == {}
    host.clock.advance(4000)
    await host.fire(ARMED)
    assert (await host.tasks.get("default", "t1")).status == "completed"


async def test_a_reminder_that_comes_early_comes_again(host: TaskHost) -> None:
    await host.processed()
    host.clock.advance(3599.5)
    await host.fire(ARMED)
    assert (await host.tasks.get("default", "t1")).status == "assigned"
    assert host.reminders == {ARMED + "-again": "0h0m0s500ms0μs"}
    host.clock.advance(0.5)
    await host.fire(ARMED + "-again")
    assert (await host.tasks.get("default", "t1")).status == "overdue"


async def test_overdue_on_sight_when_the_reminder_is_late(host: TaskHost) -> None:
    await host.processed()
    host.clock.advance(3602)
    assert (await host.tasks.get("default", "t1")).status == "assigned"
    host.clock.advance(0.1)
    assert (await host.tasks.get("default", "t1")).status == "overdue"
    await host.fire(ARMED)
    assert host.broker.ids().count("t1-4") == 1


async def test_a_reminder_whose_save_fails_is_brought_again(host: TaskHost) -> None:
    await host.processed()
    host.clock.advance(3600)
    host.crash_at = "save"
    with pytest.raises(Exception):  # noqa: B017  whatever it is, the scheduler sees an error
        await host.fire(ARMED)
    host.crash_at = None
    await host.fire(ARMED)
    assert (await host.tasks.get("default", "t1")).status == "overdue"


async def test_a_refused_change_changes_nothing(host: TaskHost) -> None:
    await host.processed()
    await host.tasks.set_status("default", "t1", "completed", ALICE)
    before = dict(host.record())
    with pytest.raises(Conflict) as e:
        await host.tasks.set_status("default", "t1", "in_progress", ALICE)
    assert e.value.code == "illegal_status_change"
    assert host.record() == before


async def test_undo_removes_assignment_deadline_and_reminder(host: TaskHost) -> None:
    await host.processed()
    back = workflow_change("workflow:task-workflow-t1")
    assert (await host.tasks.undo_deadline("default", "t1", back)).state == "done"
    assert (await host.tasks.undo_assign("default", "t1", back)).state == "done"
    task = await host.tasks.get("default", "t1")
    assert (task.status, task.assignee, task.deadline, host.reminders) == ("pending", None, None, {})
    assert [e.event_type for e in host.broker.events[-2:]] == [events.TASK_DEADLINE_REMOVED, events.TASK_UNASSIGNED]


async def test_the_first_result_stays(host: TaskHost) -> None:
    await host.processed()
    first = WorkflowResult(task_id="t1", status="completed", message="First.")
    second = WorkflowResult(task_id="t1", status="failed", message="Second.")
    assert await host.tasks.record_result("default", "t1", first, [step("validate")]) == first
    assert await host.tasks.record_result("default", "t1", second, []) == first
    assert (await host.tasks.open("default", "t1", "task-workflow-t1")).result == first


async def test_a_result_needs_a_reservation(host: TaskHost) -> None:
    with pytest.raises(NotFound):
        await host.tasks.record_result("default", "t1", WorkflowResult(task_id="t1", status="failed", message=""), [])
    assert (ACTOR, "task") not in host.store


async def test_a_deadline_that_passed_before_it_was_set_fires_at_once(host: TaskHost) -> None:
    await host.tasks.process(OWNER, request(deadline_seconds=1.0))
    await host.tasks.open("default", "t1", "task-workflow-t1")
    host.clock.advance(10)
    await host.tasks.set_deadline("default", "t1", NOW + timedelta(seconds=1), workflow_change())
    name = reminder_name(2, iso(NOW + timedelta(seconds=1)))
    assert host.reminders == {name: "0h0m0s0ms0μs"}
    await host.fire(name)
    assert (await host.tasks.get("default", "t1")).status == "overdue"
