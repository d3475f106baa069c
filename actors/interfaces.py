"""The methods of each actor as Dapr dispatches them. No ``from __future__ import annotations`` here: the SDK reads the types.

Every method answers ``{"ok": ...}`` or ``{"problem": ...}``.
"""

from typing import Any

from dapr.actor import ActorInterface, actormethod

from actors.task_requests import (
    AddTask,
    AssignTask,
    BarTurn,
    CreateTask,
    ListTasks,
    RecordResult,
    ReserveTask,
    SetDeadline,
    UndoCalls,
    UndoStep,
    UpdateStatus,
)


class TaskActorInterface(ActorInterface):
    """One task. Actor id: ids.task_actor_id."""

    @actormethod(name="Reserve")
    async def reserve(self, request: ReserveTask) -> dict[str, Any]: ...

    @actormethod(name="GetOutcome")
    async def get_outcome(self) -> dict[str, Any]: ...

    @actormethod(name="RecordResult")
    async def record_result(self, request: RecordResult) -> dict[str, Any]: ...

    @actormethod(name="GetTask")
    async def get_task(self) -> dict[str, Any]: ...

    @actormethod(name="GetTaskHistory")
    async def get_task_history(self) -> dict[str, Any]: ...

    @actormethod(name="CreateTask")
    async def create_task(self, request: CreateTask) -> dict[str, Any]: ...

    @actormethod(name="UpdateStatus")
    async def update_status(self, request: UpdateStatus) -> dict[str, Any]: ...

    @actormethod(name="AssignTask")
    async def assign_task(self, request: AssignTask) -> dict[str, Any]: ...

    @actormethod(name="SetDeadlineReminder")
    async def set_deadline_reminder(self, request: SetDeadline) -> dict[str, Any]: ...

    @actormethod(name="UndoAssign")
    async def undo_assign(self, request: UndoStep) -> dict[str, Any]: ...

    @actormethod(name="UndoDeadline")
    async def undo_deadline(self, request: UndoStep) -> dict[str, Any]: ...

    @actormethod(name="BarTurn")
    async def bar_turn(self, request: BarTurn) -> dict[str, Any]: ...

    @actormethod(name="UndoCalls")
    async def undo_calls(self, request: UndoCalls) -> dict[str, Any]: ...


class TaskIndexActorInterface(ActorInterface):
    """The ids of the tasks one user created. Actor id: ids.task_index_actor_id."""

    @actormethod(name="Add")
    async def add(self, request: AddTask) -> dict[str, Any]: ...

    @actormethod(name="List")
    async def list_ids(self, request: ListTasks) -> dict[str, Any]: ...
