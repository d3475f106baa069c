"""A sidecar's actor API in memory, behind the SDK's own client interface: real actors, real dispatch, real serialization.

What a crash does is what it does in production: the process forgets, the store and the reminders keep what was there.
"""

import asyncio
import json
from typing import Any

from dapr.actor import Actor, ActorId
from dapr.actor.runtime._type_information import ActorTypeInformation
from dapr.actor.runtime.context import ActorRuntimeContext
from dapr.actor.runtime.manager import ActorManager
from dapr.clients.base import DaprActorClientBase

from actors.calls import ActorCalls
from actors.serializer import PlainJson
from actors.task import TaskActor
from actors.task_client import TaskClient
from actors.task_index import TaskIndexActor
from actors.task_state import TaskActorDeps
from actors.transport import SidecarRefused
from agent.domain.errors import Unavailable
from agent.domain.events import AnyFeedEvent
from agent.domain.ids import Identity, task_workflow_public_id
from agent.domain.processing import ProcessTask, WorkflowStep, WorkflowView
from agent.domain.task_changes import Change
from tests.fakes.ports import FakeClock, FakeWorkflows
from tests.unit.tasks.records import request

ALICE = Identity("default", "alice")
ACTOR = "default.t1"


class Crash(Exception):
    """The process dies here."""


class Broker:
    """A publisher that can be out of reach. ``events`` are what got through, repeats included."""

    def __init__(self) -> None:
        self.events: list[AnyFeedEvent] = []
        self.broken = self.silent = self.dies = False

    async def publish(self, event: AnyFeedEvent) -> None:
        if self.broken:
            raise Unavailable("broker_unavailable", "Not now.")
        if self.dies:
            raise Crash
        if self.silent:
            await asyncio.get_running_loop().create_future()
        self.events.append(event)

    def ids(self) -> list[str]:
        return [event.event_id for event in self.events]


class Engine(FakeWorkflows):
    """Remembers which task workflows were started; ``views`` is what it says of them."""

    def __init__(self) -> None:
        super().__init__()
        self.processing: list[str] = []
        self.views: dict[str, WorkflowView] = {}

    async def start_task_processing(self, tenant: str, task_id: str) -> None:
        self.processing.append(task_id)

    async def task_processing(self, tenant: str, task_id: str, wait: float = 0.0) -> WorkflowView | None:
        return self.views.get(task_id)


class TaskHost(DaprActorClientBase):
    """One process that hosts TaskActors and TaskIndexActors. ``crash_at`` names the effect at which the process dies."""

    def __init__(self) -> None:
        self.store: dict[tuple[str, str], Any] = {}
        self.reminders: dict[str, str] = {}  # name -> due time
        self.effects: list[str] = []
        self.crash_at: str | None = None
        self.clock, self.broker, self.engine = FakeClock(), Broker(), Engine()
        self.tasks = TaskClient(ActorCalls(self), self.engine)
        self.crash()

    def crash(self) -> None:
        """A new process on the same store."""
        deps = TaskActorDeps(self.clock, self.broker)
        self._managers = {
            "TaskActor": _manager(self, TaskActor, lambda ctx, id_: TaskActor(ctx, id_, deps)),
            "TaskIndexActor": _manager(self, TaskIndexActor, TaskIndexActor),
        }

    async def fire(self, name: str) -> None:
        """The scheduler brings a reminder."""
        body = json.dumps({"data": "", "dueTime": "0s", "period": ""}).encode()
        await self._managers["TaskActor"].fire_reminder(ActorId(ACTOR), name, body)
        self.reminders.pop(name, None)

    # -- the SDK's interface -------------------------------------------------------------------------------------------

    async def invoke_method(self, actor_type: str, actor_id: str, method: str, data: bytes | None = None) -> bytes:
        try:
            return await self._managers[actor_type].dispatch(ActorId(actor_id), method, data or b"")
        except Crash:
            self.crash_at = None
            self.crash()
            raise SidecarRefused(500, "the process died") from None

    async def save_state_transactionally(self, actor_type: str, actor_id: str, data: bytes) -> None:
        self._effect("save")
        for operation in json.loads(data):
            key = (actor_id, operation["request"]["key"])
            if operation["operation"] == "delete":
                self.store.pop(key, None)
            else:
                self.store[key] = operation["request"]["value"]

    async def get_state(self, actor_type: str, actor_id: str, name: str) -> bytes:
        return json.dumps(self.store[actor_id, name]).encode() if (actor_id, name) in self.store else b""

    async def register_reminder(self, actor_type: str, actor_id: str, name: str, data: bytes) -> None:
        self._effect("register")
        assert json.loads(data)["period"] is None
        self.reminders[name] = json.loads(data)["dueTime"]

    async def unregister_reminder(self, actor_type: str, actor_id: str, name: str) -> None:
        self._effect("unregister")
        self.reminders.pop(name, None)

    async def register_timer(self, actor_type: str, actor_id: str, name: str, data: bytes) -> None:
        raise NotImplementedError

    async def unregister_timer(self, actor_type: str, actor_id: str, name: str) -> None:
        raise NotImplementedError

    # -- shorthand -----------------------------------------------------------------------------------------------------

    def record(self) -> dict[str, Any]:
        return self.store[ACTOR, "task"]

    async def processed(self, asked: ProcessTask | None = None) -> None:
        """What the workflow does before it notifies."""
        asked = asked or request()
        await self.tasks.process(ALICE, asked)
        change = workflow_change(asked.by)
        opening = await self.tasks.open("default", "t1", change.key or "")
        await self.tasks.assign("default", "t1", opening.assignee, change)
        accepted = self.record()["reservation"]["deadline"]
        await self.tasks.set_deadline("default", "t1", type(self.clock.now()).fromisoformat(accepted), change)

    def _effect(self, name: str) -> None:
        """Dies before the effect when it is told to; ``save+`` and the like: after the next one of that name."""
        if self.crash_at == name:
            raise Crash
        self.effects.append(name)


def workflow_change(by: str = "user:alice") -> Change:
    return Change(by=by, key=task_workflow_public_id("t1"))


def step(name: Any, *, undo: bool = False) -> WorkflowStep:
    return WorkflowStep(name=name, state="done", undo=undo)


def _manager(host: TaskHost, actor: type[Actor], factory: Any) -> ActorManager:
    json_ = PlainJson()
    return ActorManager(ActorRuntimeContext(ActorTypeInformation.create(actor), json_, json_, host, factory))
