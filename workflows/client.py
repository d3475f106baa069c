"""The Workflows port over one aio workflow client. Create and close it on the main loop."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

from dapr.ext.workflow import WorkflowState, WorkflowStatus
from dapr.ext.workflow.aio import DaprWorkflowClient
from dapr.ext.workflow.logger import LoggerOptions
from grpc import StatusCode
from grpc.aio import AioRpcError
from pydantic import TypeAdapter

from agent.domain import ids
from agent.domain.errors import Unavailable
from agent.domain.ids import ConversationKey
from agent.domain.limits import (
    ACTOR_RETRY_SECONDS,
    TASK_END_WAIT,
    WORKFLOW_FORGOTTEN_AFTER,
    WORKFLOW_LOOK_MAX,
    WORKFLOW_START_MAX,
)
from agent.domain.processing import WorkflowResult, WorkflowStep, WorkflowView
from agent.ports import Clock
from workflows import names
from workflows.contracts import TaskRef, as_input
from workflows.engine_calls import reached, unavailable

_ALIVE = frozenset({WorkflowStatus.PENDING, WorkflowStatus.RUNNING, WorkflowStatus.SUSPENDED, WorkflowStatus.STALLED})
_WAKE = "wake"
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
        start = as_input(TaskRef(tenant=tenant, task_id=task_id))
        await self._start(names.TASK_PROCESSING, instance, start, within=ACTOR_RETRY_SECONDS)  # no actor waits for it

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

    async def _start(self, workflow: str, instance: str, start: dict[str, Any], within: float = WORKFLOW_START_MAX) -> None:
        try:
            await reached(lambda: self._client.schedule_new_workflow(workflow, input=start, instance_id=instance), within)
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
            with contextlib.suppress(AioRpcError, Unavailable):
                await reached(lambda: self._client.raise_workflow_event(instance, _WAKE), WORKFLOW_LOOK_MAX)
        return state

    async def _state(self, instance: str) -> WorkflowState | None:
        def look() -> Awaitable[WorkflowState | None]:
            return self._client.get_workflow_state(instance)

        try:
            return await reached(look, WORKFLOW_LOOK_MAX)
        except AioRpcError as e:
            if e.code() != StatusCode.UNKNOWN:
                raise _unavailable(e) from e
        try:  # 1.18.2 reads an instance in several reads and can see half a step of it ("inbox key declared ... but missing")
            return await reached(look, WORKFLOW_LOOK_MAX)
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


def _of_turn(key: ConversationKey, turn_id: str, instance: str) -> dict[str, Any]:
    return {**key._asdict(), "turn_id": turn_id, "instance": instance}


def _unavailable(e: AioRpcError) -> Unavailable:
    return unavailable(e.code().name.lower())


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
