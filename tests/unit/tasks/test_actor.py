"""TaskActor in process: reminder and state stay in step whatever dies, and events get out whoever changed the task."""

import asyncio
from datetime import timedelta

import pytest

from actors import task_state
from agent.domain import events
from agent.domain.errors import Conflict, NotFound, Unavailable
from agent.domain.processing import WorkflowResult
from agent.domain.task import iso
from agent.domain.task_changes import Change
from tests.unit.tasks.host import ACTOR, Crash, TaskHost, step, workflow_change
from tests.unit.tasks.host import ALICE as OWNER
from tests.unit.tasks.records import HOUR, NOW, request

ALICE = Change(by="user:alice")
LATER = NOW + 2 * HOUR


@pytest.fixture
def host() -> TaskHost:
    return TaskHost()


async def test_the_whole_way(host: TaskHost) -> None:
    await host.processed()
    task = await host.tasks.get("default", "t1")
    assert (task.status, task.assignee, task.deadline) == ("assigned", "Bob", iso(NOW + HOUR))
    assert host.reminders == {"deadline-3": "1h0m0s0ms0μs"}
    assert host.broker.ids() == ["t1-1", "t1-2", "t1-3"]
    assert host.record()["outbox"] == []
    assert host.record()["format"] == 1
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
    assert list(host.reminders) == ["deadline-4"]
    await host.fire("deadline-3")  # one that was on its way
    assert (await host.tasks.get("default", "t1")).status == "assigned"


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
    await host.fire("deadline-3")
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
    await host.fire("deadline-3")
    assert (await host.tasks.get("default", "t1")).status == "completed"


async def test_a_reminder_that_comes_early_comes_again(host: TaskHost) -> None:
    await host.processed()
    host.clock.advance(3599.5)
    await host.fire("deadline-3")
    assert (await host.tasks.get("default", "t1")).status == "assigned"
    assert host.reminders == {"deadline-3-again": "0h0m0s500ms0μs"}
    host.clock.advance(0.5)
    await host.fire("deadline-3-again")
    assert (await host.tasks.get("default", "t1")).status == "overdue"


async def test_overdue_on_sight_when_the_reminder_is_late(host: TaskHost) -> None:
    await host.processed()
    host.clock.advance(3602)
    assert (await host.tasks.get("default", "t1")).status == "assigned"
    host.clock.advance(0.1)
    assert (await host.tasks.get("default", "t1")).status == "overdue"
    await host.fire("deadline-3")
    assert host.broker.ids().count("t1-4") == 1


async def test_a_reminder_whose_save_fails_is_brought_again(host: TaskHost) -> None:
    await host.processed()
    host.clock.advance(3600)
    host.crash_at = "save"
    with pytest.raises(Exception):  # noqa: B017  whatever it is, the scheduler sees an error
        await host.fire("deadline-3")
    host.crash_at = None
    await host.fire("deadline-3")
    assert (await host.tasks.get("default", "t1")).status == "overdue"


async def test_a_refused_change_changes_nothing(host: TaskHost) -> None:
    await host.processed()
    await host.tasks.set_status("default", "t1", "completed", ALICE)
    before = dict(host.record())
    with pytest.raises(Conflict) as e:
        await host.tasks.set_status("default", "t1", "in_progress", ALICE)
    assert e.value.code == "illegal_status_change"
    assert host.record() == before


async def test_a_persons_change_is_owed_until_the_broker_has_it(host: TaskHost) -> None:
    await host.processed()
    host.broker.broken = True
    await host.tasks.set_status("default", "t1", "in_progress", ALICE)
    await host.tasks.set_status("default", "t1", "completed", ALICE)
    assert [event["event_id"] for event in host.record()["outbox"]] == ["t1-4", "t1-5"]
    host.broker.broken = False
    host.crash()
    await host.tasks.get("default", "t1")
    assert host.broker.ids()[-2:] == ["t1-4", "t1-5"]
    assert host.record()["outbox"] == []


async def test_an_overdue_that_could_not_be_told_is_told_without_any_touch(host: TaskHost) -> None:
    await host.processed()
    host.clock.advance(3600)
    host.broker.broken = True
    with pytest.raises(RuntimeError, match="1 events are not published yet"):  # so the scheduler brings it again
        await host.fire("deadline-3")
    assert host.record()["task"]["status"] == "overdue"
    host.broker.broken = False
    host.clock.advance(5)
    for name in list(host.reminders):
        await host.fire(name)
    assert host.broker.events[-1].event_type == events.TASK_OVERDUE
    assert host.record()["outbox"] == []


async def test_an_overdue_whose_process_died_before_telling_is_told_by_the_same_reminder(host: TaskHost) -> None:
    await host.processed()
    host.clock.advance(3600)
    host.broker.dies = True
    with pytest.raises(Crash):
        await host.fire("deadline-3")
    assert host.record()["task"]["status"] == "overdue"
    host.broker.dies = False
    host.crash()
    for name in list(host.reminders):
        await host.fire(name)
    assert host.broker.events[-1].event_type == events.TASK_OVERDUE


async def test_a_persons_change_that_could_not_be_told_is_told_without_any_touch(host: TaskHost) -> None:
    await host.processed()
    host.broker.broken = True
    await host.tasks.set_status("default", "t1", "completed", ALICE)
    assert list(host.reminders) == ["outbox"]
    host.crash()
    with pytest.raises(RuntimeError, match="outbox: 1 events"):
        await host.fire("outbox")
    host.broker.broken = False
    host.crash()
    await host.fire("outbox")
    assert host.broker.ids()[-1] == "t1-4"
    assert (host.record()["outbox"], host.reminders) == ([], {})


async def test_a_broken_broker_is_not_asked_at_every_touch(host: TaskHost) -> None:
    await host.processed()
    host.broker.broken = True
    await host.tasks.set_status("default", "t1", "in_progress", ALICE)
    host.broker.broken = False
    await host.tasks.get("default", "t1")
    assert host.broker.ids()[-1] == "t1-3"
    host.clock.advance(5)
    await host.tasks.get("default", "t1")
    assert host.broker.ids()[-1] == "t1-4"


async def test_a_keyed_change_that_died_before_its_event_is_announced_by_its_repeat(host: TaskHost) -> None:
    await host.processed()
    change = Change(by="turn:main.1.x", key="k")
    await host.tasks.set_status("default", "t1", "in_progress", change)
    host.broker.events.clear()
    saves = host.effects.count("save")
    await host.tasks.set_status("default", "t1", "in_progress", change)
    assert host.broker.ids() == []  # this activation knows that it is out
    host.crash()
    task = await host.tasks.set_status("default", "t1", "in_progress", change)
    assert host.broker.ids() == ["t1-4"]
    assert host.broker.events[0].event_type == events.TASK_STARTED
    assert host.effects.count("save") == saves
    assert task.version == 4


async def test_a_keyed_change_whose_publish_failed_is_owed(host: TaskHost) -> None:
    await host.processed()
    host.broker.broken = True
    await host.tasks.set_status("default", "t1", "in_progress", Change(by="turn:x", key="k"))
    assert [event["event_id"] for event in host.record()["outbox"]] == ["t1-4"]


async def test_a_broker_that_says_nothing_keeps_nobody_waiting(host: TaskHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the caller would take the change for lost, make it again, and be refused."""
    monkeypatch.setattr(task_state, "TASK_ANNOUNCE_TIMEOUT", 0.05)
    await host.processed()
    host.broker.silent = True
    async with asyncio.timeout(5):
        assert (await host.tasks.set_status("default", "t1", "completed", ALICE)).status == "completed"
    host.broker.silent = False
    host.clock.advance(5)
    await host.tasks.get("default", "t1")
    assert host.broker.ids()[-1] == "t1-4"


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
    assert host.reminders == {"deadline-2": "0h0m0s0ms0μs"}
    await host.fire("deadline-2")
    assert (await host.tasks.get("default", "t1")).status == "overdue"
