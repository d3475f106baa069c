"""How a ChatActor sees to it that what a cancelled turn did is undone: ordered once, carried out by one workflow, told once.

Order of effects as wherever a turn starts: the workflow is scheduled first, state is saved second. A workflow that is not the
instance recorded in the order ends at once. The order has a state key of its own, so that clearing the turn does not lose it.
"""

from typing import Any

from actors.base import actor_turn
from actors.chat_keeper import ChatKeeper
from agent.domain import ids, undo
from agent.domain.errors import NotFound
from agent.domain.limits import UNDO_STARTS_MAX, WORKFLOW_FORGOTTEN_AFTER
from agent.domain.turn_record import TurnRecord
from agent.domain.undo import BegunUndo, EndUndo, Undo, UndoOrder, UndoRef


class UndoKeeper(ChatKeeper):
    """The part of ChatActor that keeps undos."""

    async def order_undo(self, turn: TurnRecord) -> Undo:
        """Schedules the undo of what the turn may have done and returns it, to be stored with the turn; the caller saves.

        Nothing to undo, nothing scheduled. Raises Unavailable: then nothing is ordered, and nothing may be cancelled.
        """
        changes = turn.changes()
        if changes:
            order = UndoOrder(turn_id=turn.turn_id, instance="", starts=0, started_at="", tasks=changes)
            await self._start_undo(turn.number, order)
        return undo.ordered(changes)

    async def heal_undo(self, turn: TurnRecord) -> TurnRecord:
        """The turn; an undo whose workflow is gone, or forgotten, starts anew, beyond the bound only to tell that it failed."""
        order = await self.store.undo(turn.number)
        if order is None or not await self.watch.is_gone(order.instance, order.started_at, WORKFLOW_FORGOTTEN_AFTER):
            return turn
        if order.exhausted or turn.undo is None:
            await self.store.write_undo(turn.number, None)  # nobody could even tell; the turn does. Or it is not meant at all
            return turn
        if order.starts >= UNDO_STARTS_MAX:
            order = order.model_copy(update={"exhausted": True})
            turn = turn.model_copy(update={"undo": undo.ended(turn.undo, (), self.now(), undo.EXHAUSTED)})
            await self.store.write_turn(turn)
        await self._start_undo(turn.number, order)
        await self.deps.workflows.abandon(order.instance)  # the engine may have it, and have forgotten it
        return turn

    @actor_turn
    async def begin_undo(self, request: UndoRef) -> Any:
        order, turn = await self._order(request), await self._turn_of(request)
        if order is None or (turn is not None and turn.undo is None):  # a cancel that was refused may have left its order
            return BegunUndo(kind="void")
        return BegunUndo(kind="told") if order.exhausted else BegunUndo(kind="go", tasks=order.tasks)

    @actor_turn
    async def end_undo(self, request: EndUndo) -> Any:
        """What is to be told of the undo; None when its turn is gone, or another instance is at it."""
        order = await self._order(request.ref)
        turn = await self._turn_of(request.ref)
        if order is not None:
            await self.store.write_undo(ids.turn_number(request.ref.turn_id), None)
        if turn is None or turn.undo is None:
            return None
        if order is not None and turn.undo.status == "ordered":
            turn = turn.model_copy(update={"undo": undo.ended(turn.undo, request.tasks, self.now())})
            await self.store.write_turn(turn)
        return turn.undo if turn.undo and turn.undo.status != "ordered" else None

    async def _turn_of(self, ref: UndoRef) -> TurnRecord | None:
        try:
            return await self.store.known(ref.turn_id)
        except NotFound:
            return None  # cleared meanwhile, or dropped as the oldest

    async def _order(self, ref: UndoRef) -> UndoOrder | None:
        """The order that ``ref`` is to carry out, if it is the one recorded."""
        order = await self.store.undo(ids.turn_number(ref.turn_id))
        return order if order is not None and (order.turn_id, order.instance) == (ref.turn_id, ref.instance) else None

    async def _start_undo(self, number: int, order: UndoOrder) -> None:
        starts = order.starts + 1
        instance = ids.undo_workflow_instance(self.key, order.turn_id, starts, self.deps.randomness.token(5))
        await self.deps.workflows.start_undo(self.key, order.turn_id, instance)
        started = order.model_copy(update={"instance": instance, "starts": starts, "started_at": self.now()})
        await self.store.write_undo(number, started)
