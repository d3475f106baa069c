"""The composition root and the life of the process. Nobody imports this; ``python -m agent.main`` runs it.

Order of life: what takes long to load, the cue to begin where there is one (``adapters/cue.py``), clients, the Dapr app
channel, the public API (not ready yet), the sidecar, the workflow worker, ready.
It ends in reverse: stop admitting, let streams and steps finish within a grace period, hand the rest to another replica, or
to whoever starts next, by the same path as a crash. A second signal ends the grace.
"""

import gc

if __name__ == "__main__":
    gc.disable()  # nothing that is imported is garbage; looking for some takes a quarter of the imports' time

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from importlib.metadata import version

import uvloop
from dapr.actor import ActorId
from dapr.actor.runtime.config import ActorRuntimeConfig
from dapr.actor.runtime.context import ActorRuntimeContext
from dapr.actor.runtime.runtime import ActorRuntime
from dapr.aio.clients import DaprClient
from dapr.ext.fastapi import DaprActor

from actors.base import StatefulActor
from actors.calls import ActorCalls
from actors.chat import ChatActor
from actors.chat_client import ChatClient
from actors.chat_keeper import ChatDeps
from actors.serializer import PlainJson
from actors.task import TaskActor
from actors.task_client import TaskClient
from actors.task_index import TaskIndexActor
from actors.task_state import TaskActorDeps
from actors.transport import PooledActorClient
from agent import telemetry
from agent.adapters import cue
from agent.adapters.circuit import CircuitModel
from agent.adapters.grpc_channels import reconnect_promptly
from agent.adapters.listeners import Listener
from agent.adapters.local_target import LocalTarget
from agent.adapters.memory_feed import MemoryFeed
from agent.adapters.memory_log import MemoryTurnLog
from agent.adapters.model import OpenAIModel
from agent.adapters.notifier import DaprNotifier
from agent.adapters.prompts import FilePrompts
from agent.adapters.publisher import DaprPublisher
from agent.adapters.redis_feed import RedisFeed
from agent.adapters.redis_link import RedisLink, url_fault
from agent.adapters.redis_log import RedisTurnLog
from agent.adapters.sidecar import Sidecar
from agent.adapters.system import SystemClock, SystemRandomness
from agent.adapters.tokens import TiktokenTokens
from agent.adapters.under_way import CountedWork, Stopped, unless_stopped
from agent.api.admission import Admissions
from agent.api.app import public_app
from agent.api.channel import channel_app
from agent.api.chat import ChatApi, chat_router
from agent.api.dev import dev_router
from agent.api.hints import Hints
from agent.api.live import About, live_router
from agent.api.tasks import task_router
from agent.api.turns import TurnApi, turn_router
from agent.api.wires.serving import REFUSALS, wire_routers
from agent.demo.server import create_app as demo_app
from agent.domain.context import schema_text
from agent.domain.limits import ACTOR_DRAIN_SECONDS, CHANNEL_GRACE
from agent.domain.tools import tool_schemas
from agent.settings import BadSettings, Settings, reach_loopback_directly, read_settings
from workflows import names
from workflows.activities.generate import Generate
from workflows.activities.hop import main_loop_hop
from workflows.activities.run_tools import RunTools
from workflows.activities.task_steps import task_activities
from workflows.activities.turn_end import FailTurnActivity, PublishEvents
from workflows.activities.turn_steps import turn_activities
from workflows.activities.undo_steps import undo_activities
from workflows.client import WorkflowClient, workflow_client
from workflows.task_processing import task_processing_workflow
from workflows.toolbox import ToolBox
from workflows.turn import turn_workflow
from workflows.undo import undo_workflow
from workflows.worker import WorkflowWorker

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_log = logging.getLogger("agent.main")


class Service:
    """Everything this process is made of, built once, on the loop that runs it."""

    def __init__(self, settings: Settings, model_url: str, tokens: TiktokenTokens) -> None:
        self._settings, self.under_way, self.tokens = settings, CountedWork(), tokens
        self.clock = SystemClock()
        self.redis = RedisLink(settings.redis_url) if settings.redis_url else None
        self.log = RedisTurnLog(self.redis) if self.redis else MemoryTurnLog()
        self.feed = RedisFeed(self.redis) if self.redis else MemoryFeed()
        self.prompts = FilePrompts()
        self.model = OpenAIModel(
            model_url, settings.openai_api_key, settings.model_name, stall_timeout=settings.model_stall_timeout
        )
        self.sidecar = Sidecar(settings.dapr_http_port, settings.dapr_api_token)
        self.dapr = DaprClient(f"127.0.0.1:{settings.dapr_grpc_port}")
        self.actor_client = PooledActorClient(settings.dapr_http_port, settings.dapr_api_token, settings.caller_token)
        calls = ActorCalls(self.actor_client)
        self.workflows = WorkflowClient(workflow_client(settings.dapr_grpc_port), self.clock)
        self.chats = ChatClient(calls)
        self.tasks = TaskClient(calls, self.workflows)
        self.publisher = DaprPublisher(self.dapr, self.feed)
        notifications = settings.data_dir / "notifications"
        self.target = LocalTarget(notifications, notifications.with_suffix(".mode"), settings.notifications)
        self.worker = self._worker()

    def _worker(self) -> WorkflowWorker:
        hop = main_loop_hop(asyncio.get_running_loop(), self.under_way)
        toolbox = ToolBox(self.tasks, self.workflows)
        model = CircuitModel(self.model, failures_max=self._settings.model_circuit_failures)
        turns = turn_activities(
            Generate(self.chats, self.log, model, self.tokens, self.clock, self.publisher, self.under_way),
            RunTools(self.chats, self.log, toolbox, self.tokens, self.clock, self.under_way),
            FailTurnActivity(self.chats, self.log),
            PublishEvents(self.chats, self.log, self.tokens, self.publisher),
            hop,
        )
        tasks = task_activities(self.tasks, DaprNotifier(self.dapr), hop)
        undo = undo_activities(self.chats, self.tasks, self.publisher, hop)
        workflows = {
            names.TURN: turn_workflow,
            names.TASK_PROCESSING: task_processing_workflow,
            names.UNDO: undo_workflow,
        }
        return WorkflowWorker(self._settings.dapr_grpc_port, workflows, {**turns, **tasks, **undo})

    async def register_actors(self, handle: DaprActor) -> None:
        """Makes the actor types known to the sidecar, each with what it needs."""
        schema = (await self.tokens.count([schema_text(tool_schemas())]))[0].tokens
        chat = ChatDeps(self.workflows, self.clock, self.prompts, self.tokens, schema, SystemRandomness(), self.log)
        task = TaskActorDeps(self.clock, self.publisher)
        ActorRuntime.set_actor_config(ActorRuntimeConfig(drain_ongoing_call_timeout=timedelta(seconds=ACTOR_DRAIN_SECONDS)))
        await self._register(handle, ChatActor, lambda ctx, actor: ChatActor(ctx, actor, chat))
        await self._register(handle, TaskActor, lambda ctx, actor: TaskActor(ctx, actor, task))
        await self._register(handle, TaskIndexActor, TaskIndexActor)

    async def _register(self, handle: DaprActor, kind: type[StatefulActor], make: Callable[..., StatefulActor]) -> None:
        def build(ctx: ActorRuntimeContext, actor_id: ActorId) -> StatefulActor:
            actor = make(ctx, actor_id)
            actor.alone = self._settings.alone
            return actor

        plain = PlainJson()
        await handle.register_actor(
            kind, actor_factory=build, message_serializer=plain, state_serializer=plain, actor_client=self.actor_client
        )

    def is_leaving(self) -> bool:
        """Whether the actors here are to move to another replica.

        Not while steps are to be stored: a sidecar whose app is unwell holds back all that the app calls (Dapr 1.18.2).
        """
        return self.under_way.left and not self._settings.alone

    async def finish(self, hurry: asyncio.Event) -> None:
        """Admits nothing more and lets what is under way finish, for some seconds (SHUTDOWN_GRACE), or until ``hurry``."""
        _log.info("stopping")
        if left := await self.under_way.finish(self._settings.shutdown_grace, hurry):
            _log.info("%d requests and steps under way are handed over", left)

    def public(self, worker_started: asyncio.Event) -> Listener:
        """The public API."""
        settings = self._settings

        def readiness() -> dict[str, bool]:
            return {**self.sidecar.parts, "worker": worker_started.is_set()}

        def shared() -> dict[str, bool]:
            return {"redis": self.redis.up} if self.redis else {}

        model, demo, replica = settings.model_name, settings.offline_demo, settings.replica
        about = About(version=version("task-agent"), model=model, demo=demo, replica=replica)
        turns = TurnApi(self.chats, self.log)
        hints = Hints(self.feed, self.clock, SystemRandomness())
        admissions = Admissions(self.chats, self.log, hints, self.tokens, self.clock, SystemRandomness(), turns)
        routers = [
            chat_router(ChatApi(self.chats, admissions, turns, hints, SystemRandomness())),
            turn_router(turns),
            task_router(self.tasks, self.clock, SystemRandomness()),
            live_router(self.feed, readiness, shared, about),
            *([dev_router(self.target)] if settings.dev else []),
            *wire_routers(self.chats, self.log, self.tasks, admissions, turns, SystemRandomness()),
        ]
        app = public_app(about.version, routers, self.under_way, REFUSALS)
        return Listener(app, settings.host, settings.port)

    async def aclose(self) -> None:
        """Closes the clients, each of them even when another one fails to. The SDK's workflow client has no close."""
        async with contextlib.AsyncExitStack() as closing:
            for close in (self.actor_client.aclose, self.dapr.close, self.model.aclose):
                closing.push_async_callback(close)
            if self.redis:
                closing.push_async_callback(self.redis.aclose)


async def run(settings: Settings) -> None:
    """Serves until SIGINT or SIGTERM."""
    stopping, hurry = asyncio.Event(), asyncio.Event()

    def stop() -> None:
        (hurry if stopping.is_set() else stopping).set()

    for sig in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sig, stop)
    async with contextlib.AsyncExitStack() as stack:
        try:
            service = await _start(settings, stack, stopping)
        except Stopped:
            return
        stack.push_async_callback(service.finish, hurry)
        await stopping.wait()


async def _start(settings: Settings, stack: contextlib.AsyncExitStack, stopping: asyncio.Event) -> Service:
    tokens = TiktokenTokens(settings.model_name, settings.data_dir / "tiktoken")
    await tokens.warm()
    await unless_stopped(cue.given(settings.cue), stopping)
    model_url = settings.openai_base_url or "https://api.openai.com/v1"
    if settings.offline_demo:
        demo = await _listen(stack, Listener(demo_app(settings.demo_delay), "127.0.0.1", 0))
        model_url = f"http://127.0.0.1:{demo.port}/v1"
    service = Service(settings, model_url, tokens)
    stack.push_async_callback(service.aclose)
    if service.redis:
        service.redis.start()
    app, handle = channel_app(settings.app_api_token, settings.caller_token, [service.target.router()], service.is_leaving)
    await service.register_actors(handle)
    await _listen(stack, Listener(app, "127.0.0.1", settings.app_port, grace=CHANNEL_GRACE))
    worker_started = asyncio.Event()
    watching = asyncio.create_task(service.sidecar.watch())
    stack.callback(watching.cancel)
    public = await _listen(stack, service.public(worker_started))
    await unless_stopped(service.sidecar.reached(), stopping)
    await unless_stopped(service.worker.start(), stopping)
    stack.push_async_callback(service.worker.stop)
    worker_started.set()
    # Once more, last in and so first out: its readers go elsewhere before the rest stops.
    stack.push_async_callback(public.stop)
    _log.info("model %s; listening on %s:%d", settings.model_name, settings.host, public.port)
    return service


async def _listen(stack: contextlib.AsyncExitStack, listener: Listener) -> Listener:
    await listener.start()
    stack.push_async_callback(listener.stop)
    return listener


def refusal(settings: Settings) -> str | None:
    """Why these settings are refused, as a sentence; None when they are fine."""
    if settings.host not in LOOPBACK:
        return (
            f"TASK_AGENT_HOST={settings.host}: this release believes whoever sends an X-User-Id header, "
            "so it listens only on 127.0.0.1. Reach it by port-forward or through a proxy of your own on this machine."
        )
    if not settings.app_api_token:
        return (
            "APP_API_TOKEN is not set: the Dapr app channel needs it, or any local user could reach the actors. "
            "Give the sidecar and this process the same random value; `task-agent up` does all of that."
        )
    if settings.redis_url and (fault := url_fault(settings.redis_url)):
        return f"REDIS_URL is not usable: {fault}. It should look like redis://:password@host:6379/0, or rediss:// for TLS."
    return None


def main() -> None:
    """Entry point of ``python -m agent.main``."""
    gc.freeze()
    gc.enable()
    reach_loopback_directly()
    reconnect_promptly()
    try:
        settings = read_settings()
    except BadSettings as problem:
        sys.exit(str(problem))
    if reason := refusal(settings):
        sys.exit(reason)
    telemetry.configure(settings.log_level)
    uvloop.run(run(settings))
    logging.shutdown()
    os._exit(0)  # all is closed: taking the interpreter apart would only keep the successor waiting, seconds on a busy machine


if __name__ == "__main__":
    main()
