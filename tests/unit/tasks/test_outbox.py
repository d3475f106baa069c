"""What a TaskActor tells of its task gets out, whoever changed it and whatever was away, without anybody touching it again."""

import asyncio

import pytest

from actors import task_state
from agent.domain import events
from agent.domain.task_changes import Change
from tests.unit.tasks.host import Crash, TaskHost

ALICE = Change(by="user:alice")


@pytest.fixture
def host() -> TaskHost:
    return TaskHost()


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
        await host.fire(host.record()["reminder"])
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
        await host.fire(host.record()["reminder"])
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
