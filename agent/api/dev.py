"""Development only: the switch that makes notifications fail or hang, for demonstration and tests."""

from typing import Protocol

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from agent.api.problems import responses
from agent.domain.notification import NotificationMode


class NotificationSwitch(Protocol):
    """The local notification target, as far as this may touch it."""

    @property
    def mode(self) -> NotificationMode: ...

    @mode.setter
    def mode(self, mode: NotificationMode) -> None: ...


class NotificationSetting(BaseModel):
    """``ok`` delivers, ``fail`` answers every delivery with an error, ``hang`` never answers."""

    model_config = ConfigDict(extra="forbid")

    mode: NotificationMode


def dev_router(switch: NotificationSwitch) -> APIRouter:
    """Routes under ``/dev``; included where TASK_AGENT_DEV says so: they are for every user, and about all tenants."""
    router = APIRouter(prefix="/dev", tags=["development"])

    @router.get("/notifications", summary="How the local notification target behaves")
    async def show() -> NotificationSetting:  # pyright: ignore[reportUnusedFunction]
        """What happens to the notification at the end of a task's workflow; after a start it is what the settings say."""
        return NotificationSetting(mode=switch.mode)

    @router.put("/notifications", summary="Make notifications work, fail or hang", responses=responses(400, 413, 415, 422))
    async def change(setting: NotificationSetting) -> NotificationSetting:  # pyright: ignore[reportUnusedFunction]
        """For demonstration: with ``fail`` or ``hang`` a workflow cannot notify, and undoes what it did."""
        switch.mode = setting.mode
        return setting

    return router
