"""The workflow with its real activities on real actors, every activity delivered more than once: nothing happens twice."""

from collections.abc import Callable
from typing import Any, get_type_hints

import pytest
from dapr.ext.workflow import RetryPolicy, TaskFailedError
from dapr.ext.workflow._durabletask.internal.protos import TaskFailureDetails

from agent.domain import events
from agent.domain.errors import Unavailable
from agent.domain.notification import Notification
from agent.domain.task_changes import Change
from tests.unit.tasks.host import ALICE, TaskHost
from tests.unit.tasks.records import request
from workflows import names
from workflows.activities.task_steps import Activity, task_activities
from workflows.contracts import TaskRef
from workflows.task_processing import task_processing_workflow

REF = TaskRef(tenant="default", task_id="t1")
MALLORY = Change(by="user:mallory")


class Notifier:
    def __init__(self) -> None:
        self.told: list[Notification] = []
        self.broken = False

    async def notify(self, notification: Notification) -> None:
        self.told.append(notification)
        if self.broken:
            raise Unavailable("notify_failed", "the target refused it")


class Engine:
    """Runs one instance; ``before`` may do something just before an activity, ``deliveries`` is how often each one runs."""

    def __init__(self, host: TaskHost, deliveries: int = 1) -> None:
        self.host, self.deliveries = host, deliveries
        self.notifier = Notifier()
        self.activities = task_activities(host.tasks, self.notifier, self._same_loop)
        self.before: dict[str, Callable[[], Any]] = {}

    async def _same_loop(self, work: Any) -> dict[str, Any]:
        return await work

    def call_activity(self, activity: str, *, input: Any = None, retry_policy: RetryPolicy | None = None) -> Any:
        assert retry_policy is not None
        attempts = retry_policy.max_number_of_attempts if activity == names.NOTIFY_ASSIGNEE else 1
        return activity, input, attempts

    def set_custom_status(self, custom_status: str) -> None: ...

    async def run(self) -> dict[str, Any]:
        workflow, answer = task_processing_workflow(self, REF), None
        try:
            while True:
                name, argument, attempts = (
                    workflow.throw(answer) if isinstance(answer, TaskFailedError) else workflow.send(answer)
                )
                if name in self.before:
                    await self.before.pop(name)()
                answer = await self._deliver(name, argument, attempts)
        except StopIteration as end:
            return end.value

    async def _deliver(self, name: str, argument: dict[str, Any], attempts: int) -> Any:
        for _ in range(self.deliveries - 1):
            await self._try(name, argument, 1)
            self.host.crash()
        return await self._try(name, argument, attempts)

    async def _try(self, name: str, argument: dict[str, Any], attempts: int) -> Any:
        for attempt in range(attempts):
            try:
                return await self.activities[name](None, model_of(self.activities[name]).model_validate(argument))
            except Unavailable as e:
                if attempt + 1 == attempts:
                    return TaskFailedError("", TaskFailureDetails(errorType="Unavailable", errorMessage=e.detail))
        raise AssertionError


def model_of(activity: Activity) -> Any:
    return next(hint for name, hint in get_type_hints(activity).items() if name not in ("ctx", "return"))


@pytest.fixture
async def host() -> TaskHost:
    host = TaskHost()
    await host.tasks.process(ALICE, request())
    return host


@pytest.mark.parametrize("deliveries", [1, 2, 3])
async def test_completed_once_however_often_each_step_is_delivered(host: TaskHost, deliveries: int) -> None:
    engine = Engine(host, deliveries)
    result = await engine.run()
    assert result["status"] == "completed"
    task = await host.tasks.get("default", "t1")
    assert (task.status, task.assignee, task.version) == ("assigned", "Bob", 3)
    assert list(host.reminders) == [host.record()["reminder"]]
    assert len({n.notification_id for n in engine.notifier.told}) == 1
    assert list(dict.fromkeys(host.broker.ids())) == ["t1-1", "t1-2", "t1-3"]
    view = await host.tasks.outcome("default", "t1")
    assert [(s.name, s.state) for s in view.steps] == [
        (name, "done") for name in ("validate", "create", "assign", "reminder", "notify")
    ]
    assert await Engine(host).run() == result  # Dapr runs an ended id again: it ends with what is recorded
    assert (await host.tasks.get("default", "t1")).version == 3


@pytest.mark.parametrize("deliveries", [1, 2])
async def test_failed_after_three_attempts_all_undone(host: TaskHost, deliveries: int) -> None:
    engine = Engine(host, deliveries)
    engine.notifier.broken = True
    result = await engine.run()
    assert result["status"] == "failed"
    assert "after 3 attempts (the target refused it)" in result["message"]
    assert len(engine.notifier.told) == 3 + (deliveries - 1)
    task = await host.tasks.get("default", "t1")
    assert (task.status, task.assignee, task.deadline, host.reminders) == ("pending", None, None, {})
    told = list(dict.fromkeys((e.event_id, e.event_type) for e in host.broker.events))
    assert told[-2:] == [("t1-4", events.TASK_DEADLINE_REMOVED), ("t1-5", events.TASK_UNASSIGNED)]
    engine.notifier.broken = False
    assert await engine.run() == result


async def test_rejected_makes_no_task() -> None:
    host = TaskHost()
    await host.tasks.process(ALICE, request(title="Hm", description="short"))
    result = await Engine(host).run()
    assert result["status"] == "rejected"
    assert "title" in result["message"]
    assert "description" in result["message"]
    assert host.record()["task"] is None
    assert host.broker.events == []
    assert (await host.tasks.list_tasks(ALICE, None, 20, None)).tasks == ()


async def test_nobody_asked() -> None:
    host = TaskHost()
    result = await Engine(host).run()
    assert result["status"] == "rejected"
    assert host.store == {}


async def test_what_a_person_did_meanwhile_is_left_alone(host: TaskHost) -> None:
    engine = Engine(host)
    engine.notifier.broken = True
    engine.before[names.NOTIFY_ASSIGNEE] = lambda: host.tasks.set_status("default", "t1", "completed", MALLORY)
    result = await engine.run()
    assert "Left alone: the deadline reminder (the task is completed) and the assignment" in result["message"]
    assert (await host.tasks.get("default", "t1")).status == "completed"


async def test_a_task_that_is_cancelled_under_the_workflow_is_not_assigned(host: TaskHost) -> None:
    engine = Engine(host)
    engine.before[names.ASSIGN_TASK] = lambda: host.tasks.set_status("default", "t1", "cancelled", MALLORY)
    result = await engine.run()
    assert result["message"] == (
        "The task could not be assigned: The task is cancelled, which is final: its status cannot become assigned."
    )
    assert engine.notifier.told == []


async def test_a_zombie_assignment_after_the_undo_changes_nothing(host: TaskHost) -> None:
    engine = Engine(host)
    engine.notifier.broken = True
    await engine.run()
    step = {"tenant": "default", "task_id": "t1", "key": "task-workflow-t1", "by": "user:alice", "assignee": "Bob"}
    assign = engine.activities[names.ASSIGN_TASK]
    answer = await assign(None, model_of(assign).model_validate(step))
    assert answer["problem"]
    assert (await host.tasks.get("default", "t1")).assignee is None


async def test_a_delivered_notification_is_not_undone_because_its_record_failed(host: TaskHost) -> None:
    engine = Engine(host)

    async def break_the_store() -> None:
        host.crash_at = "save"

    engine.before[names.NOTIFY_ASSIGNEE] = break_the_store
    result = await engine.run()
    assert result["status"] == "completed"
    assert len(engine.notifier.told) == 1
    assert (await host.tasks.outcome("default", "t1")).status == "completed"
