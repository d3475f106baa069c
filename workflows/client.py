"""The Workflows port over one aio workflow client. Create and close it on the main loop."""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from dapr.ext.workflow import WorkflowState, WorkflowStatus
from dapr.ext.workflow.aio import DaprWorkflowClient
from dapr.ext.workflow.logger import LoggerOptions
from grpc import StatusCode
from grpc.aio import AioRpcError
from pydantic import TypeAdapter

from agent.domain import ids
from agent.domain.errors import Unavailable
from agent.domain.ids import ConversationKey
from agent.domain.limits import TASK_END_WAIT, WORKFLOW_FORGOTTEN_AFTER, WORKFLOWS_RETRY_PAUSE, WORKFLOWS_RETRY_SECONDS
from agent.domain.processing import WorkflowResult, WorkflowStep, WorkflowView
from agent.ports import Clock
from workflows import names
from workflows.contracts import TaskRef, as_input

_ALIVE = frozenset({WorkflowStatus.PENDING, WorkflowStatus.RUNNING, WorkflowStatus.SUSPENDED, WorkflowStatus.STALLED})
_WAKE = "wake"
Answer = TypeVar("Answer")
_STEPS = TypeAdapter(tuple[WorkflowStep, ...])


def workflow_client(grpc_port: int) -> DaprWorkflowClient:
    """The SDK's client: one per process, on the main loop."""
    return DaprWorkflowClient("127.0.0.1", str(grpc_port), LoggerOptions(log_handler=logging.NullHandler()))


class WorkflowClient:
    """Implements ``ports.Workflows``."""

    def __init__(self, client: DaprWorkflowClient, clock: Clock) -> None:
        self._client, self._clock = client, clock

    async def start_turn(self, key: ConversationKey, turn_id: str, instance: str) -> None:
        """See ``ports.Workflows``."""
        await self._start(names.TURN, instance, _of_turn(key, turn_id, instance))

    async def start_undo(self, key: ConversationKey, turn_id: str, instance: str) -> None:
        """See ``ports.Workflows``."""
        await self._start(names.UNDO, instance, _of_turn(key, turn_id, instance))

    async def start_task_processing(self, tenant: str, task_id: str) -> None:
        """See ``ports.Workflows``."""
        instance = ids.task_workflow_instance(tenant, task_id)
        await self._start(names.TASK_PROCESSING, instance, as_input(TaskRef(tenant=tenant, task_id=task_id)))

    async def is_alive(self, instance: str, quiet_max: float | None = None) -> bool:
        """See ``ports.Workflows``."""
        state = await self._look(instance)
        if state is None or state.runtime_status not in _ALIVE:
            return False
        return quiet_max is None or not self._is_forgotten(state, quiet_max)

    async def abandon(self, instance: str) -> None:
        """See ``ports.Workflows``."""
        with contextlib.suppress(AioRpcError, TimeoutError):
            async with asyncio.timeout(TASK_END_WAIT):  # Dapr answers when it has ended
                await self._client.terminate_workflow(instance)

    async def task_processing(self, tenant: str, task_id: str, wait: float = 0.0) -> WorkflowView | None:
        """See ``ports.Workflows``. One that the engine has forgotten (see ``actors/turn_watch.py``) is begun anew."""
        instance = ids.task_workflow_instance(tenant, task_id)
        state = await self._ended(instance, wait) if wait > 0 else None
        state = state or await self._look(instance)
        if state is not None and state.runtime_status is WorkflowStatus.TERMINATED:  # and whoever did that came no further
            with contextlib.suppress(Unavailable):
                await self.start_task_processing(tenant, task_id)
        elif state is not None and self._is_forgotten(state, WORKFLOW_FORGOTTEN_AFTER):
            await self._begin_anew(instance, tenant, task_id)
        return _view(task_id, state) if state is not None else None

    def _is_forgotten(self, state: WorkflowState, quiet_max: float) -> bool:
        """Whether no step of it takes as long, nor any pause between two attempts at one."""
        since: datetime = state.last_updated_at  # UTC, and the SDK does not say so
        quiet = self._clock.now() - since.replace(tzinfo=UTC)
        return state.runtime_status is WorkflowStatus.RUNNING and quiet.total_seconds() >= quiet_max

    async def _begin_anew(self, instance: str, tenant: str, task_id: str) -> None:
        """The instance once more, from its start: keys make what it did harmless. The next look tries again."""
        await self.abandon(instance)
        with contextlib.suppress(AioRpcError, TimeoutError, Unavailable):
            await self._client.wait_for_workflow_completion(instance, timeout_in_seconds=TASK_END_WAIT)
            await self.start_task_processing(tenant, task_id)

    async def _start(self, workflow: str, instance: str, start: dict[str, Any]) -> None:
        try:
            await _reached(lambda: self._client.schedule_new_workflow(workflow, input=start, instance_id=instance))
        except AioRpcError as e:
            if e.code() != StatusCode.ALREADY_EXISTS:
                raise _unavailable(e) from e

    async def _look(self, instance: str) -> WorkflowState | None:
        """Its state. One that has not begun is called for.

        The scheduler's job that was to run it may be lost, and then it is pending for ever. Any event makes a new one; nobody
        waits for this event.
        """
        state = await self._state(instance)
        if state is not None and state.runtime_status is WorkflowStatus.PENDING:
            with contextlib.suppress(AioRpcError):
                await self._client.raise_workflow_event(instance, _WAKE)
        return state

    async def _state(self, instance: str) -> WorkflowState | None:
        try:
            return await _reached(lambda: self._client.get_workflow_state(instance))
        except AioRpcError as e:
            if e.code() != StatusCode.UNKNOWN:
                raise _unavailable(e) from e
        try:  # 1.18.2 reads an instance in several reads and can see half a step of it ("inbox key declared ... but missing")
            return await self._client.get_workflow_state(instance)
        except AioRpcError as e:
            raise _unavailable(e) from e

    async def _ended(self, instance: str, wait: float) -> WorkflowState | None:
        """The state at its end, None when that has not come in time (or the instance is unknown)."""
        try:
            return await self._client.wait_for_workflow_completion(instance, timeout_in_seconds=wait)  # pyright: ignore[reportArgumentType]  a float is good
        except TimeoutError:
            return None
        except AioRpcError as e:
            if "no such instance exists" in (e.details() or ""):
                return None
            raise _unavailable(e) from e


async def _reached(call: Callable[[], Awaitable[Answer]]) -> Answer:
    """What the engine answers; a call that it did not take is repeated for a while.

    A sidecar that was restarted answers its actors before this process is connected to it again. Whatever is called here may be
    called twice: an id that is scheduled already is no second workflow.
    """
    give_up = time.monotonic() + WORKFLOWS_RETRY_SECONDS
    while True:
        try:
            return await call()
        except AioRpcError as e:
            if e.code() != StatusCode.UNAVAILABLE or time.monotonic() >= give_up:
                raise
        await asyncio.sleep(WORKFLOWS_RETRY_PAUSE)


def _of_turn(key: ConversationKey, turn_id: str, instance: str) -> dict[str, Any]:
    return {**key._asdict(), "turn_id": turn_id, "instance": instance}


def _unavailable(e: AioRpcError) -> Unavailable:
    return Unavailable("workflows_unavailable", f"The workflow engine did not answer ({e.code().name.lower()}); try again.")


def _view(task_id: str, state: WorkflowState) -> WorkflowView:
    steps = _STEPS.validate_python(_decoded(state.serialized_custom_status) or [])
    result = _result(task_id, state)
    return WorkflowView(
        workflow_id=ids.task_workflow_public_id(task_id),
        task_id=task_id,
        status=result.status if result is not None else "running",
        result=result,
        steps=steps,
    )


def _result(task_id: str, state: WorkflowState) -> WorkflowResult | None:
    if state.runtime_status in _ALIVE or state.runtime_status is WorkflowStatus.TERMINATED:
        return None  # one that was terminated is begun anew by who looks
    if state.runtime_status is WorkflowStatus.COMPLETED and (output := _decoded(state.serialized_output)) is not None:
        return WorkflowResult.model_validate(output)
    broken = f"The workflow broke ({state.runtime_status.name.lower()}). The same request again continues it."
    return WorkflowResult(task_id=task_id, status="failed", message=broken)


def _decoded(payload: str | None) -> Any:
    """JSON; a custom status is JSON in JSON, because the engine encodes the string it is given."""
    value = json.loads(payload) if payload else None
    return json.loads(value) if isinstance(value, str) else value
