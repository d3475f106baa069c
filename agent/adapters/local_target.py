"""Where notifications go in the embedded profile: files in a folder, behind a switch that makes the target fail or hang.

The switch is a file, too: replicas that share the folder share it.
"""

import asyncio
import hashlib
import itertools
import logging
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import TypeGuard, get_args

from fastapi import APIRouter, Request, Response

from agent.domain.limits import NOTIFICATIONS_KEPT_MAX, NOTIFICATIONS_OVER_MAX, NOTIFY_HANG_MAX
from agent.domain.notification import Notification, NotificationMode

_log = logging.getLogger(__name__)


class LocalTarget:
    """Keeps one file per notification, of the ``kept_max`` newest; a repeat of one of them changes nothing.

    The folder is looked through at the first of every ``over_max`` that a process writes: each may exceed the bound by as many.
    ``mode`` may change at any time, in any process: it is ``initial`` until the file ``switch`` says something else.
    """

    def __init__(
        self,
        folder: Path,
        switch: Path,
        initial: NotificationMode = "ok",
        *,
        kept_max: int = NOTIFICATIONS_KEPT_MAX,
        over_max: int = NOTIFICATIONS_OVER_MAX,
    ) -> None:
        self._folder, self._switch = folder, switch
        self._initial: NotificationMode = initial
        self._kept_max, self._over_max = kept_max, over_max
        self._written = itertools.count()  # one step of it is safe among threads

    @property
    def mode(self) -> NotificationMode:
        try:
            told = self._switch.read_text(encoding="utf-8")
        except FileNotFoundError:
            return self._initial
        return told if _is_mode(told) else self._initial

    @mode.setter
    def mode(self, mode: NotificationMode) -> None:
        _write(self._switch, mode)

    def router(self) -> APIRouter:
        """``POST /local/notifications``, for the app channel."""
        router = APIRouter()

        @router.post("/local/notifications")
        async def receive(request: Request, notification: Notification) -> Response:  # pyright: ignore[reportUnusedFunction]
            mode = self.mode
            if mode == "hang":
                await _until_the_caller_gives_up(request)
            if mode != "ok":
                return Response(status_code=500)
            await asyncio.to_thread(self._keep, notification)
            return Response(status_code=204)

        return router

    def _keep(self, notification: Notification) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / (hashlib.sha256(notification.notification_id.encode()).hexdigest()[:32] + ".json")
        if path.exists():
            return
        _write(path, notification.model_dump_json(indent=2) + "\n")
        _log.info("notified %s of task %s", notification.assignee, notification.task_id)
        if next(self._written) % self._over_max == 0:
            _drop_all_but(self._kept_max, self._folder)


def _is_mode(told: str) -> TypeGuard[NotificationMode]:
    return told in get_args(NotificationMode)


def _write(path: Path, text: str) -> None:
    """Written aside and renamed, so that a reader never sees half a file; nobody else has the same aside."""
    aside = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)


def _drop_all_but(newest: int, folder: Path) -> None:
    """Also of what a process has left half written. Others may be doing the same."""
    ages: list[tuple[int, str]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                ages.append((entry.stat().st_mtime_ns, entry.path))
    for _, path in sorted(ages, reverse=True)[newest:]:
        Path(path).unlink(missing_ok=True)


async def _until_the_caller_gives_up(request: Request) -> None:
    try:
        async with asyncio.timeout(NOTIFY_HANG_MAX):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        pass
