"""Where a conversation lies: ``meta``, one key per turn, per idempotency key and per undo. A save writes those that changed.

Knows keys, batches and bounds. Refuses to know why anything changes.
"""

from actors.base import StatefulActor
from agent.domain import ids
from agent.domain.conversation import KeyPlace, KeyRecord, Meta
from agent.domain.errors import Busy, NotFound
from agent.domain.limits import CLEAR_BATCH, CONTEXT_TURNS_LISTED_MAX, IDEMPOTENCY_KEYS_MAX
from agent.domain.turn_record import TurnRecord
from agent.domain.undo import UndoOrder


class ChatStore:
    """Reads and writes the state of one ChatActor."""

    def __init__(self, actor: StatefulActor) -> None:
        self._actor = actor

    async def meta(self) -> Meta:
        """The conversation's bookkeeping; a fresh one when nothing is stored."""
        return await self._actor.read("meta", Meta) or Meta()

    async def turn(self, number: int) -> TurnRecord | None:
        return await self._actor.read(f"turn-{number}", TurnRecord)

    async def known(self, turn_id: str) -> TurnRecord:
        """The turn of that id. Raises NotFound, also when it was cleared."""
        parsed, meta = ids.parse_turn_id(turn_id), await self.meta()
        turn = await self.turn(parsed.number) if parsed and meta.first <= parsed.number < meta.next else None
        if turn is None or turn.turn_id != turn_id:
            raise NotFound("turn_not_found", "Turn not found")
        return turn

    async def turns(self, first: int, end: int) -> list[TurnRecord]:
        """The stored turns with ``first <= number < end``, oldest first."""
        found = [await self.turn(n) for n in range(first, end)]
        return [t for t in found if t is not None]

    async def after(self, turn: TurnRecord) -> TurnRecord | None:
        """The turn admitted behind ``turn``; None when it is the newest."""
        return await self.turn(turn.number + 1) if turn.number + 1 < (await self.meta()).next else None

    async def before(self, meta: Meta, current: TurnRecord | None, most: int) -> tuple[list[TurnRecord], int]:
        """The newest turns before ``current`` (None: of all) by number, and how many older ones there are.

        Before it are also those that were run first although they came later.
        ``most`` of them, alternatives not counted and no row of them torn; and not many more than CONTEXT_TURNS_LISTED_MAX.
        """
        found: list[TurnRecord] = []
        number = current.place[0] + 1 if current else meta.next
        row = current is not None and current.regenerates is not None
        while number > meta.first and (row or (most > 0 and len(found) < CONTEXT_TURNS_LISTED_MAX)):
            number -= 1
            turn = await self.turn(number)
            if turn is not None and (current is None or turn.place < current.place):
                most, row = most - (not row), turn.regenerates is not None
                found.append(turn)
        return found[::-1], number - meta.first

    async def submitted(self, key: str) -> KeyRecord | None:
        """What the idempotency key ``key`` (hashed) was used for."""
        return await self._actor.read(f"key-{key}", KeyRecord)

    async def write_key(self, meta: Meta, key: str, record: KeyRecord) -> Meta:
        """Stores a new key in the place of the oldest, if that is old enough. Raises Busy ``too_many_keys``."""
        if meta.keys_next - meta.keys_first >= IDEMPOTENCY_KEYS_MAX:
            place = f"key-at-{meta.keys_first}"
            oldest = await self._actor.read(place, KeyPlace)
            held = await self.submitted(oldest.key) if oldest else None
            if held and not held.expired(record.at):
                raise Busy("too_many_keys", f"{IDEMPOTENCY_KEYS_MAX} idempotency keys were used here within a day.")
            if oldest:
                await self._actor.remove(f"key-{oldest.key}")
            await self._actor.remove(place)
            meta = meta.model_copy(update={"keys_first": meta.keys_first + 1})
        await self._actor.write(f"key-{key}", record)
        await self._actor.write(f"key-at-{meta.keys_next}", KeyPlace(key=key))
        return meta.model_copy(update={"keys_next": meta.keys_next + 1})

    async def undo(self, number: int) -> UndoOrder | None:
        """The undo under way of what the turn did; it stays when the turn is cleared or dropped."""
        return await self._actor.read(f"undo-{number}", UndoOrder)

    async def write_undo(self, number: int, order: UndoOrder | None) -> None:
        """None when it has ended."""
        if order is None:
            await self._actor.remove(f"undo-{number}")
        else:
            await self._actor.write(f"undo-{number}", order)

    async def write_turn(self, turn: TurnRecord) -> None:
        await self._actor.write(f"turn-{turn.number}", turn)

    async def leaves_cleared(self) -> bool:
        """Whether cleared turns are still stored, which the next ``write_meta`` deletes a batch of."""
        meta = await self.meta()
        return meta.deleted < meta.first

    async def write_meta(self, meta: Meta) -> None:
        """Stores ``meta``, and deletes what it no longer shows: a batch of cleared turns, the oldest beyond the bound.

        A turn that has not ended is kept whatever the bound: users cancel and interrupt at will behind one that runs or waits.
        """
        while meta.overflows() and (oldest := await self.turn(meta.first)) and oldest.ended:
            meta = meta.drop_first(oldest)
        end = min(meta.first, meta.deleted + CLEAR_BATCH)
        for number in range(meta.deleted, end):
            await self._actor.remove(f"turn-{number}")
        await self._actor.write("meta", meta.model_copy(update={"deleted": end}))
