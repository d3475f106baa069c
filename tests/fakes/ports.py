"""Fakes behind our own ports: small, honest, and in memory. Nothing here imitates a library."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NoReturn, TypeVar

from agent.domain.errors import LogUnavailable, NotFound, Problem, Unavailable
from agent.domain.events import AnyFeedEvent, AnyTurnEvent, EntryId, LogEntry, TerminalEvent
from agent.domain.ids import ConversationKey, Identity, TurnKey
from agent.domain.messages import TokenCount
from agent.domain.model import ModelEvent, ModelRequest
from agent.domain.processing import ProcessReceipt, ProcessTask, WorkflowResult, WorkflowView
from agent.domain.task import Task, TaskStatus
from agent.domain.task_changes import Change, TaskHistory, TaskPage
from agent.ports import TurnLog

T = TypeVar("T")
EPOCH = datetime(2030, 5, 17, 9, 0, tzinfo=UTC)
OUT_OF_REACH = Unavailable("out_of_reach", "Not now.")


class FakeClock:
    """Stands still until it is told to move."""

    def __init__(self) -> None:
        self.time = EPOCH

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class CountingRandomness:
    """Never the same bytes twice."""

    def __init__(self) -> None:
        self.given = 0

    def token(self, size: int) -> bytes:
        self.given += 1
        return self.given.to_bytes(size, "big")


class WordTokens:
    """One token per word."""

    async def count(self, texts: Sequence[str]) -> list[TokenCount]:
        return [TokenCount(tokens=len(text.split())) for text in texts]


class PlainPrompts:
    """The prompt's name and its variables."""

    def render(self, name: str, variables: Mapping[str, str]) -> str:
        return f"{name} " + " ".join(f"{k}={v}" for k, v in sorted(variables.items()))


class FakeWorkflows:
    """An engine that schedules and never runs. ``trace`` is shared with the state store, to see the order of effects."""

    def __init__(self, trace: list[str] | None = None) -> None:
        self.trace = trace if trace is not None else []
        self.started: list[tuple[str, str]] = []  # (turn id, instance)
        self.dead: set[str] = set()
        self.forgotten: set[str] = set()
        self.abandoned: list[str] = []
        self.unreachable = False
        self.on_processing: Callable[[float], Awaitable[WorkflowView | None]] | None = None  # stands in for task_processing

    async def start_turn(self, key: ConversationKey, turn_id: str, instance: str) -> None:
        if self.unreachable:
            raise OUT_OF_REACH
        if (turn_id, instance) not in self.started:
            self.started.append((turn_id, instance))
        self.trace.append("schedule")

    async def start_undo(self, key: ConversationKey, turn_id: str, instance: str) -> None:
        await self.start_turn(key, f"undo {turn_id}", instance)

    async def start_task_processing(self, tenant: str, task_id: str) -> None: ...

    async def is_alive(self, instance: str, quiet_max: float | None = None) -> bool:
        if self.unreachable:
            raise OUT_OF_REACH
        if quiet_max is not None and instance in self.forgotten:
            return False
        return instance not in self.dead and any(i == instance for _, i in self.started)

    async def abandon(self, instance: str) -> None:
        self.abandoned.append(instance)

    async def task_processing(self, tenant: str, task_id: str, wait: float = 0.0) -> WorkflowView | None:
        return await self.on_processing(wait) if self.on_processing else None


class FakePulse:
    """``alive``: whether somebody beats; None: nobody can tell."""

    def __init__(self) -> None:
        self.alive: bool | None = True

    async def beat(self, turn: TurnKey) -> None: ...

    async def beats(self, turn: TurnKey) -> bool:
        if self.alive is None:
            raise LogUnavailable
        return self.alive


Said = ModelEvent | Exception | asyncio.Event
"""What a scripted answer is made of: an event, an exception to raise, or an ``asyncio.Event`` to wait for."""


class ScriptedModel:
    """Answers with one script per call; complains about one too many. ``closed`` counts streams left before their end."""

    def __init__(self, *answers: Sequence[Said]) -> None:
        self.answers = list(answers)
        self.requests: list[ModelRequest] = []
        self.closed = 0

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent]:
        self.requests.append(request)
        assert self.answers, "the model was asked more often than the script allows"
        try:
            for said in self.answers.pop(0):
                if isinstance(said, Exception):
                    raise said
                if isinstance(said, asyncio.Event):
                    await said.wait()
                else:
                    yield said
        except (GeneratorExit, asyncio.CancelledError):
            self.closed += 1
            raise


class FragileLog:
    """A TurnLog in front of another that fails as it is told to. ``written`` holds the names of what got through."""

    def __init__(self, log: TurnLog) -> None:
        self.log = log
        self.broken = False
        self.written: list[str] = []

    def _reach(self) -> None:
        if self.broken:
            raise LogUnavailable

    async def append(self, turn: TurnKey, first: EntryId, events: Sequence[AnyTurnEvent]) -> None:
        self._reach()
        await self.log.append(turn, first, events)
        self.written += [e.type for e in events]

    async def close(self, turn: TurnKey, event: TerminalEvent) -> None:
        self._reach()
        await self.log.close(turn, event)
        self.written.append(event.type)

    async def wait_refused(self, turn: TurnKey, epoch: int) -> NoReturn:
        await self.log.wait_refused(turn, epoch)

    async def newest(self, turn: TurnKey) -> EntryId | None:
        self._reach()
        return await self.log.newest(turn)

    async def oldest(self, turn: TurnKey) -> EntryId | None:
        self._reach()
        return await self.log.oldest(turn)

    async def beat(self, turn: TurnKey) -> None:
        self._reach()
        await self.log.beat(turn)

    async def beats(self, turn: TurnKey) -> bool:
        self._reach()
        return await self.log.beats(turn)

    def follow(self, turn: TurnKey, after: EntryId | None) -> AsyncGenerator[list[LogEntry]]:
        return self.log.follow(turn, after)


async def closable(batches: AsyncIterator[T]) -> AsyncGenerator[T]:
    """``batches`` with an ``aclose`` that reaches the follower inside."""
    try:
        async for batch in batches:
            yield batch
    finally:
        if isinstance(batches, AsyncGenerator):
            await batches.aclose()


class MemoryPublisher:
    def __init__(self) -> None:
        self.published: list[AnyFeedEvent] = []

    async def publish(self, event: AnyFeedEvent) -> None:
        self.published.append(event)


def some_task(task_id: str, **changes: object) -> Task:
    at = EPOCH.isoformat()
    values = {
        "task_id": task_id,
        "title": "Review the PR",
        "description": "The payment PR needs a review",
        "status": "assigned",
        "assignee": "Bob",
        "deadline": at,
        "created_at": at,
        "updated_at": at,
        "created_by": "local",
        "version": 1,
    }
    return Task.model_validate({**values, **changes})


class FakeTasks:
    """Tasks that exist once they were processed. ``on_get`` stands in for ``get``: to wait, to refuse, to answer."""

    def __init__(self) -> None:
        self.processed: dict[str, ProcessTask] = {}
        self.changes: list[Change] = []
        self.on_get: Callable[[str], Awaitable[Task]] | None = None
        self.refuse: Problem | None = None

    async def process(self, who: Identity, request: ProcessTask) -> ProcessReceipt:
        if self.refuse:
            raise self.refuse
        fresh = request.task_id not in self.processed
        self.processed.setdefault(request.task_id, request)
        return ProcessReceipt(
            workflow_id=f"task-workflow-{request.task_id}", task_id=request.task_id, started=fresh, status="running"
        )

    async def outcome(self, tenant: str, task_id: str) -> WorkflowView:
        await self.get(tenant, task_id)
        done = WorkflowResult(task_id=task_id, status="completed", message="Done.")
        return WorkflowView(workflow_id=f"task-workflow-{task_id}", task_id=task_id, status="completed", result=done, steps=())

    async def get(self, tenant: str, task_id: str) -> Task:
        if self.on_get:
            return await self.on_get(task_id)
        if task_id not in self.processed:
            raise NotFound("task_not_found", "Task not found")
        return some_task(task_id)

    async def list_tasks(self, who: Identity, status: TaskStatus | None, limit: int, cursor: str | None) -> TaskPage:
        return TaskPage(tasks=tuple(some_task(t) for t in self.processed)[:limit], next=None)

    async def history(self, tenant: str, task_id: str) -> TaskHistory:
        await self.get(tenant, task_id)
        return TaskHistory(task_id=task_id, entries=())

    async def set_status(self, tenant: str, task_id: str, status: TaskStatus, change: Change) -> Task:
        return await self._changed(tenant, task_id, change, status=status)

    async def assign(self, tenant: str, task_id: str, assignee: str | None, change: Change) -> Task:
        return await self._changed(tenant, task_id, change, assignee=assignee)

    async def set_deadline(self, tenant: str, task_id: str, deadline: datetime | None, change: Change) -> Task:
        return await self._changed(tenant, task_id, change, deadline=deadline and deadline.isoformat())

    async def _changed(self, tenant: str, task_id: str, change: Change, **values: object) -> Task:
        if self.refuse:
            raise self.refuse
        task = await self.get(tenant, task_id)
        self.changes.append(change)
        return task.model_copy(update=values)
