"""TaskIndexActor: the ids of the tasks one user created, in the order they were added, in chunks of INDEX_CHUNK.

The position of an id never changes, so a position is a stable cursor. Refuses to know anything else about tasks.
No ``from __future__ import annotations`` here: the SDK reads the types.
"""

from dapr.actor import ActorId
from dapr.actor.runtime.context import ActorRuntimeContext

from actors.base import StatefulActor, actor_turn
from actors.interfaces import TaskIndexActorInterface
from actors.task_requests import AddTask, ListedTasks, ListTasks
from agent.domain.errors import Busy
from agent.domain.limits import INDEX_CHUNK, TASKS_PER_USER_MAX
from agent.domain.stored import Stored

_META = "meta"


class IndexMeta(Stored):
    count: int = 0


class IndexChunk(Stored):
    """Chunk ``n`` holds the positions from ``n * INDEX_CHUNK``."""

    ids: tuple[str, ...] = ()


class TaskIndexActor(StatefulActor, TaskIndexActorInterface):
    """One user's task ids."""

    def __init__(self, ctx: ActorRuntimeContext, actor_id: ActorId) -> None:
        super().__init__(ctx, actor_id)
        self._known: set[str] | None = None  # every stored id: read once per activation, so that adding is cheap and idempotent

    async def forget(self) -> None:
        """Drops what was cached."""
        self._known = None
        await super().forget()

    @actor_turn
    async def add(self, request: AddTask) -> None:
        """Adds an id that is not there yet, or only looks whether there is room for it. Raises Busy ``too_many_tasks``."""
        meta = await self._meta()
        known = await self._ids_known(meta)
        if request.task_id in known:
            return
        if meta.count >= TASKS_PER_USER_MAX:
            raise Busy("too_many_tasks", f"You have {meta.count} tasks, and no more than {TASKS_PER_USER_MAX} can be kept.")
        if request.ask:
            return
        number = meta.count // INDEX_CHUNK
        ids = (*await self._chunk(number), request.task_id)
        await self.write(_chunk_key(number), IndexChunk(ids=ids))
        await self.write(_META, IndexMeta(count=meta.count + 1))
        known.add(request.task_id)

    @actor_turn
    async def list_ids(self, request: ListTasks) -> ListedTasks:
        """At most ``limit`` ids below a position, newest first."""
        meta = await self._meta()
        position = meta.count if request.below is None else min(request.below, meta.count)
        found: list[tuple[int, str]] = []
        while position > 0 and len(found) < request.limit:
            number = (position - 1) // INDEX_CHUNK
            start = number * INDEX_CHUNK
            ids = await self._chunk(number)
            found += [(at, ids[at - start]) for at in range(position - 1, start - 1, -1)]
            position = start
        return ListedTasks(ids=tuple(found[: request.limit]), total=meta.count)

    async def _meta(self) -> IndexMeta:
        return await self.read(_META, IndexMeta) or IndexMeta()

    async def _chunk(self, number: int) -> tuple[str, ...]:
        chunk = await self.read(_chunk_key(number), IndexChunk)
        return chunk.ids if chunk is not None else ()

    async def _ids_known(self, meta: IndexMeta) -> set[str]:
        if self._known is None:
            chunks = range((meta.count + INDEX_CHUNK - 1) // INDEX_CHUNK)
            self._known = {task_id for number in chunks for task_id in await self._chunk(number)}
        return self._known


def _chunk_key(number: int) -> str:
    return f"chunk-{number}"
