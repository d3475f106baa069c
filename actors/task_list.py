"""Lists of one user's tasks: ids from their TaskIndexActor, the tasks themselves from their TaskActors, some at a time."""

import asyncio
import base64
import binascii
import contextlib
from collections.abc import Awaitable, Callable

from actors.calls import ActorCalls
from actors.task_requests import AddTask, ListedTasks, ListTasks
from agent.domain import ids
from agent.domain.errors import BadRequest, NotFound, Problem
from agent.domain.ids import Identity
from agent.domain.limits import TASKS_PAGE_MAX, TASKS_READ_AT_ONCE_MAX, TASKS_SCAN_MAX
from agent.domain.task import Task, TaskStatus
from agent.domain.task_changes import TaskPage

TASK_INDEX_ACTOR = "TaskIndexActor"
ReadTask = Callable[[str, str], Awaitable[Task]]  # tenant, task id
LookAfter = Callable[[str, str], Awaitable[object]]  # the same


class TaskList:
    """Adds to a user's list and reads it. A cursor is a position in the list, which never changes.

    ``look_after`` is told of what is listed and not there: its workflow may have got lost before it had made the task, and who
    lists tasks may be the only one who looks.
    """

    def __init__(self, calls: ActorCalls, read: ReadTask, look_after: LookAfter) -> None:
        self._calls, self._read, self._look_after = calls, read, look_after

    async def add(self, who: Identity, task_id: str) -> None:
        """May be repeated. Raises Busy ``too_many_tasks``."""
        await self._calls.call(TASK_INDEX_ACTOR, ids.task_index_actor_id(who), "Add", AddTask(task_id=task_id))

    async def check_room(self, who: Identity, task_id: str) -> None:
        """Raises Busy ``too_many_tasks`` where :meth:`add` would."""
        request = AddTask(task_id=task_id, ask=True)
        await self._calls.call(TASK_INDEX_ACTOR, ids.task_index_actor_id(who), "Add", request)

    async def page(self, who: Identity, status: TaskStatus | None, limit: int, cursor: str | None) -> TaskPage:
        """Newest first. Looks at no more than TASKS_SCAN_MAX tasks: a short page may still have a next."""
        below = _position(cursor)
        limit = max(1, min(limit, TASKS_PAGE_MAX))
        batch = limit if status is None else TASKS_PAGE_MAX
        found: list[Task] = []
        scanned = 0
        while len(found) < limit and scanned < TASKS_SCAN_MAX:
            listed = await self._listed(who, below, batch)
            if not listed.ids:
                return TaskPage(tasks=tuple(found), next=None)
            for (position, _), task in zip(listed.ids, await self._read_all(who.tenant, listed), strict=True):
                below, scanned = position, scanned + 1
                if task is not None and (status is None or task.status == status):
                    found.append(task)
                    if len(found) == limit:
                        break
        return TaskPage(tasks=tuple(found), next=_cursor(below) if below else None)

    async def _listed(self, who: Identity, below: int | None, limit: int) -> ListedTasks:
        request = ListTasks(below=below, limit=limit)
        return ListedTasks.model_validate(
            await self._calls.call(TASK_INDEX_ACTOR, ids.task_index_actor_id(who), "List", request)
        )

    async def _read_all(self, tenant: str, listed: ListedTasks) -> list[Task | None]:
        gate = asyncio.Semaphore(TASKS_READ_AT_ONCE_MAX)

        async def read(task_id: str) -> Task | None:
            async with gate:
                try:
                    return await self._read(tenant, task_id)
                except NotFound:  # listed, and its workflow has not created it yet, or never will
                    with contextlib.suppress(Problem):
                        await self._look_after(tenant, task_id)
                    return None

        return list(await asyncio.gather(*(read(task_id) for _, task_id in listed.ids)))


def _cursor(below: int) -> str:
    return base64.urlsafe_b64encode(f"below:{below}".encode()).decode().rstrip("=")


def _position(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    try:
        word, number = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode("ascii").split(":")
        if word == "below" and 0 < int(number) < 2**31 and _cursor(int(number)) == cursor:
            return int(number)
    except (binascii.Error, ValueError):
        pass
    raise BadRequest("bad_cursor", "The cursor is not one that this service handed out.")
