"""The activities of UndoWorkflow: each may be repeated, by the engine or by another instance of the same undo."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from dapr.ext.workflow import WorkflowActivityContext

from agent.domain.errors import Problem, Unavailable
from agent.domain.events import TurnUndoEnded
from agent.domain.messages import Value
from agent.domain.undo import EndUndo, TaskChanges, TaskUndo, UndoRef
from agent.ports import Chats, EventPublisher
from workflows import names
from workflows.activities.hop import OnMainLoop
from workflows.contracts import UndoTask, as_input

Activity = Callable[..., Awaitable[dict[str, Any]]]


class UndoSteps(Protocol):
    """What an undo needs of a task's actor."""

    async def bar_turn(self, tenant: str, task_id: str, turn_id: str) -> None: ...

    async def undo_calls(self, tenant: str, turn_id: str, changes: TaskChanges) -> TaskUndo: ...


def undo_activities(chats: Chats, tasks: UndoSteps, publisher: EventPublisher, on_main_loop: OnMainLoop) -> dict[str, Activity]:
    """The activities by the name they are registered under."""

    async def begin(ctx: WorkflowActivityContext, ref: UndoRef) -> dict[str, Any]:
        return await on_main_loop(_begin(chats, tasks, ref))

    async def undo_task(ctx: WorkflowActivityContext, order: UndoTask) -> dict[str, Any]:
        return await on_main_loop(_undo(tasks, order))

    async def end(ctx: WorkflowActivityContext, ended: EndUndo) -> dict[str, Any]:
        return await on_main_loop(_end(chats, publisher, ended))

    return {names.BEGIN_UNDO: begin, names.UNDO_TASK: undo_task, names.END_UNDO: end}


async def _begin(chats: Chats, tasks: UndoSteps, ref: UndoRef) -> dict[str, Any]:
    """Before anything is undone, no call of the turn can do anything more: not even one that is on its way right now."""
    begun = await chats.begin_undo(ref)
    await asyncio.gather(*(tasks.bar_turn(ref.tenant, changes.task_id, ref.turn_id) for changes in begun.tasks))
    return as_input(begun)


async def _undo(tasks: UndoSteps, order: UndoTask) -> dict[str, Any]:
    return as_input(await _undone(tasks, order))


async def _undone(tasks: UndoSteps, order: UndoTask) -> Value:
    try:
        return await tasks.undo_calls(order.tenant, order.turn_id, order.changes)
    except Unavailable:
        raise
    except Problem as problem:  # trying again would not help
        return TaskUndo(task_id=order.changes.task_id, state="failed", detail=problem.detail)


async def _end(chats: Chats, publisher: EventPublisher, ended: EndUndo) -> dict[str, Any]:
    """Stored first, told second: the event says what the record says, with an id that is the same at every repeat."""
    ref = ended.ref
    undo = await chats.end_undo(ended)
    if undo is not None:
        event = TurnUndoEnded(
            event_id=f"{ref.turn_id}-undo-ended",
            tenant_id=ref.tenant,
            user_id=ref.user,
            timestamp=undo.ended_at or "",
            conversation=ref.conversation,
            turn_id=ref.turn_id,
            undo=undo,
        )
        await publisher.publish(event)
    return {}
