"""The bare sample's TaskActor, as callers see it. No ``from __future__ import annotations`` here: the SDK reads the types."""

from typing import Any

from dapr.actor import ActorInterface, actormethod


class TaskActorInterface(ActorInterface):
    @actormethod(name="GetTask")
    async def get_task(self) -> dict[str, Any]: ...

    @actormethod(name="CreateTask")
    async def create_task(self, task: dict[str, Any]) -> dict[str, Any]: ...

    @actormethod(name="AssignTask")
    async def assign_task(self, assignee: str) -> dict[str, Any]: ...

    @actormethod(name="SetDeadlineReminder")
    async def set_deadline_reminder(self, seconds: float) -> dict[str, Any]: ...
