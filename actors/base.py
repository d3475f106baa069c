"""Platform mechanics every actor of ours shares, so that actor methods hold business only.

- One method at a time, also when a caller timed out and Dapr freed its lock while the handler still runs.
- A method that raised or whose save failed leaves nothing behind: the next one starts from what is stored.
- A method that outlives its actor's activation saves nothing: Dapr gives up waiting for it, and calls the next host.
- A :class:`Problem` is an answer: it travels as data and changes nothing.
- What was stored is read anew at every method, unless this process alone hosts actors: the SDK keeps an actor's memory when the
  actor has moved away and come back (its sidecar died, its app was frozen), and others have written meanwhile.
- What others have written since it was read is not overwritten: see ``actors/fence.py``.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from types import CoroutineType
from typing import Any, TypeVar

from dapr.actor import Actor, ActorId
from dapr.actor.runtime.context import ActorRuntimeContext
from pydantic import BaseModel

from actors.fence import HUB, REFUSED, WRITES, Superseded
from agent.domain.errors import Problem
from agent.domain.stored import Stored, dump, load

S = TypeVar("S", bound="StatefulActor")
V = TypeVar("V", bound=Stored)
Answer = dict[str, Any]


class StatefulActor(Actor):
    """An actor whose public methods are wrapped in :func:`actor_turn`."""

    def __init__(self, ctx: ActorRuntimeContext, actor_id: ActorId) -> None:
        super().__init__(ctx, actor_id)
        self.turn_lock = asyncio.Lock()
        self.unfinished = False
        self.deactivated = False  # then the next call activates another object, here or elsewhere
        self.alone = False  # whether this process alone hosts actors: then what it remembers is what is stored

        self._unsaved = set[str]()

    async def read(self, key: str, model: type[V]) -> V | None:
        """The stored value of ``key`` as ``model``; None when there is none. Raises Unavailable ``newer_state``."""
        found, value = await self._state_manager.try_get_state(key)
        return load(model, value) if found and value is not None else None

    async def write(self, key: str, value: Stored) -> None:
        """Stores ``value`` when the method ends well."""
        stored = dump(value)
        if not self.alone and (writes := await self._writes(key)) is not None:
            stored[WRITES] = writes
        self._unsaved.add(key)
        await self._state_manager.set_state(key, stored)

    async def remove(self, key: str) -> None:
        """Removes ``key`` when the method ends well."""
        if key in self._unsaved:  # what is stored was written once less than what is dropped here
            _, value = await self._state_manager.try_get_state(key)
            if value is not None and (writes := value.get(WRITES)):
                await self._state_manager.set_state(key, value | {WRITES: writes - 1})
            self._unsaved.discard(key)
        await self._state_manager.try_remove_state(key)

    async def save(self) -> None:
        """Saves now. ``actor_turn`` saves at the end anyhow; call this where something must be durable before the next line."""
        if not self.alone and HUB in self._unsaved:
            await self._check_fresh()
        await self._save()

    async def save_before_hub(self) -> None:
        """Saves what ``meta`` is about to name. Call it before ``meta`` is written: what is saved after it makes this true.

        The keys of one save are refused one by one: in a single one ``meta`` could be saved, and what it names refused.
        Of what was saved alone, ``meta`` knows nothing, so it is not there for any reader and the next one replaces it.
        """
        if not self.alone:
            await self._check_fresh()
            await self._save()

    async def _on_deactivate_internal(self) -> None:
        """Instead of the SDK's: that drops what is cached, and a method under way would save what it adds after that, alone."""
        self.deactivated = True

    async def _save(self) -> None:
        if self.deactivated:
            raise Superseded(f"{REFUSED}: the actor was deactivated meanwhile")
        await self._save_state_internal()
        self._unsaved.clear()

    async def forget(self) -> None:
        """Drops unsaved changes and everything cached."""
        self._unsaved.clear()
        await self._reset_state_internal()

    async def _check_fresh(self) -> None:
        """Raises Superseded when others have written ``meta`` since it was read: what was read after it may be newer than it.

        Without this a stale admission would find the turn that another has just admitted under the same number, and replace it.
        """
        _, known = await self._state_manager.try_get_state(HUB)
        context = self.runtime_ctx
        found, stored = await context.state_provider.try_load_state(context.actor_type_info.type_name, self.id.id, HUB)
        count = stored.get(WRITES) if found and stored is not None else 0
        read = known.get(WRITES) if known is not None else 0
        if read is not None and HUB in self._unsaved:
            read -= 1  # it counts the write that is planned
        if count is not None and count != read:
            raise Superseded(f"{REFUSED} {HUB}: others have written it meanwhile")

    async def _writes(self, key: str) -> int | None:
        """How often ``key`` will have been written with the next save; None when it was first written without counting."""
        found, value = await self._state_manager.try_get_state(key)
        if not found or value is None:
            return 1
        counted = value.get(WRITES)
        return counted if counted is None or key in self._unsaved else counted + 1


def actor_turn(method: Callable[..., Awaitable[Any]]) -> "Callable[..., CoroutineType[Any, Any, Answer]]":
    """Wraps a public method: lock, clean start, save, and ``{"ok": ...}`` or ``{"problem": ...}`` as the answer.

    The method takes at most one argument and returns a pydantic model, JSON, or None.
    """

    @functools.wraps(method)
    async def run(self: StatefulActor, *args: Any) -> Answer:
        async with self.turn_lock:
            if self.unfinished or not self.alone:
                await self.forget()
            self.unfinished = True
            try:
                answer = await method(self, *args)
                await self.save()
            except Problem as problem:
                await self.forget()
                self.unfinished = False
                return {"problem": problem.as_data()}
            self.unfinished = False
            return {"ok": answer.model_dump(mode="json") if isinstance(answer, BaseModel) else answer}

    return run
