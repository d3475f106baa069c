"""Where notifications go in the embedded profile: files in a folder, behind a switch that makes the target fail or hang."""

import asyncio
import hashlib
import logging
from pathlib import Path
from typing import Literal

from fastapi import APIRouter, Request, Response

from agent.domain.limits import NOTIFY_HANG_MAX
from agent.domain.notification import Notification

NotificationMode = Literal["ok", "fail", "hang"]
_log = logging.getLogger(__name__)


class LocalTarget:
    """Keeps one file per notification; a repeat changes nothing. ``mode`` may change at any time."""

    def __init__(self, folder: Path, mode: NotificationMode = "ok") -> None:
        self._folder = folder
        self.mode: NotificationMode = mode

    def router(self) -> APIRouter:
        """``POST /local/notifications``, for the app channel."""
        router = APIRouter()

        @router.post("/local/notifications")
        async def receive(request: Request, notification: Notification) -> Response:  # pyright: ignore[reportUnusedFunction]
            if self.mode == "hang":
                await _until_the_caller_gives_up(request)
            if self.mode != "ok":
                return Response(status_code=500)
            await asyncio.to_thread(self._keep, notification)
            return Response(status_code=204)

        return router

    def _keep(self, notification: Notification) -> None:
        """Written aside and renamed, so that a reader never sees half a file."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / (hashlib.sha256(notification.notification_id.encode()).hexdigest()[:32] + ".json")
        if path.exists():
            return
        aside = path.with_suffix(".part")
        aside.write_text(notification.model_dump_json(indent=2) + "\n", encoding="utf-8")
        aside.replace(path)
        _log.info("notified %s of task %s", notification.assignee, notification.task_id)


async def _until_the_caller_gives_up(request: Request) -> None:
    try:
        async with asyncio.timeout(NOTIFY_HANG_MAX):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        pass
