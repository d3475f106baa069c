"""How a ChatActor keeps its conversation: starting turns, ending them, and bringing back those whose workflow is gone.

Order of effects wherever a turn starts: the workflow is scheduled first, state is saved second. A workflow whose turn the
actor does not know, or that is not the recorded instance, ends at once; so no crash between the two loses or doubles a message.
"""

from dataclasses import dataclass

from dapr.actor import ActorId
from dapr.actor.runtime.context import ActorRuntimeContext

from actors.base import StatefulActor
from actors.chat_context import ContextBuilder
from actors.chat_store import ChatStore
from actors.turn_watch import TurnWatch
from agent.domain import ids
from agent.domain import turn as turns
from agent.domain.conversation import Meta, Submission
from agent.domain.errors import Conflict, Unavailable
from agent.domain.ids import TurnKey
from agent.domain.limits import ALTERNATIVES_MAX, CUT_OFF_MAX, TURN_ATTEMPTS_MAX
from agent.domain.turn_record import ADMISSION_EPOCH, Failure, TurnRecord
from agent.domain.turn_view import HistoryPage, TurnView, history_turn, view
from agent.ports import Clock, Prompts, Pulse, Randomness, Tokens, Workflows

RECOVERY_EXHAUSTED = Failure(
    code="recovery_exhausted",
    message=f"The turn was tried {TURN_ATTEMPTS_MAX} times, and each time whatever ran it died of it.",
    retryable=True,
)


@dataclass(frozen=True)
class ChatDeps:
    """What a ChatActor needs from outside. ``schema_tokens`` are the tokens of the tool schemas."""

    workflows: Workflows
    clock: Clock
    prompts: Prompts
    tokens: Tokens
    schema_tokens: int
    randomness: Randomness
    pulse: Pulse


class ChatKeeper(StatefulActor):
    """Actor id: see ``ids.chat_actor_id``. Only ``heal_running`` saves all; else the public method does, at its end."""

    def __init__(self, ctx: ActorRuntimeContext, actor_id: ActorId, deps: ChatDeps) -> None:
        super().__init__(ctx, actor_id)
        self.key = ids.parse_chat_actor_id(actor_id.id)
        self.deps = deps
        self.store = ChatStore(self)
        self.watch = TurnWatch(deps.workflows, deps.pulse, deps.clock)
        self.context = ContextBuilder(self.key, self.store, deps.prompts, deps.tokens, deps.schema_tokens)

    def now(self) -> str:
        return self.deps.clock.now().isoformat(timespec="milliseconds")

    async def view(self, turn: TurnRecord) -> TurnView:
        return view(turn, self.key.conversation, await self.store.after(turn))

    async def history(self, limit: int, before: int | None) -> HistoryPage:
        """The ``limit`` newest turns, of those with a number below ``before``."""
        meta = await self.store.meta()
        end = min(before or meta.next, meta.next)
        first = max(meta.first, end - limit)
        page = await self.store.turns(first, end)
        behind = await self.store.after(page[-1]) if page else None
        running = await self.store.turn(meta.running) if meta.running is not None else None
        return HistoryPage(
            turns=tuple(map(history_turn, page, [*page[1:], behind])),
            total_turns=meta.turns + len(meta.queue) + (meta.running is not None),
            total_tokens=meta.tokens,
            next=first if first > meta.first else None,
            running=running.turn_id if running else None,
        )

    async def regenerated(self, meta: Meta, request: Submission) -> TurnRecord | None:
        """The turn that the request wants another answer instead of. Nothing runs or waits behind it.

        Raises:
            NotFound.
            Conflict: ``turn_not_newest``, ``too_many_alternatives``.
        """
        if request.regenerates is None:
            return None
        turn = await self.store.known(request.regenerates)
        if turn.number != meta.next - 1:
            raise Conflict("turn_not_newest", "Only the newest turn of a conversation can be regenerated.")
        if turn.alternatives >= ALTERNATIVES_MAX:
            raise Conflict("too_many_alternatives", f"This message has {ALTERNATIVES_MAX} former answers already.")
        return turn

    async def start(self, turn: TurnRecord) -> TurnRecord:
        """Schedules a fresh workflow for ``turn`` and returns it as running; the caller saves."""
        instance = self._fresh_instance(turn)
        await self.deps.workflows.start_turn(self.key, turn.turn_id, instance)
        return turns.start(turn, instance, self.now())

    def _fresh_instance(self, turn: TurnRecord) -> str:
        """Never used before, also not by a start that was scheduled and not saved: that one is about to end as void."""
        return ids.turn_workflow_instance(self.key, turn.turn_id, turn.starts + 1, self.deps.randomness.token(5))

    async def _start_if_reached(self, turn: TurnRecord) -> TurnRecord:
        """As ``_start``; with the engine out of reach the turn counts as started all the same, and is healed on sight.

        The turn in front has ended by itself: it must not be asked of the model again because its successor cannot start.
        """
        try:
            return await self.start(turn)
        except Unavailable:
            return turns.start(turn, self._fresh_instance(turn), self.now())

    async def finish(self, ended: TurnRecord) -> None:
        """Stores the end of the running turn, if nobody has moved it meanwhile, and only then starts the next in the queue."""
        await self.store.write_turn(ended)
        await self.save_before_hub()
        await self._pass_on(ended)

    async def _pass_on(self, ended: TurnRecord) -> None:
        meta = (await self.store.meta()).count(ended)
        await self.store.write_meta(await self._next(meta, ended.place[0]) if meta.running == ended.number else meta)

    async def _next(self, meta: Meta, newest: int) -> Meta:
        """Starts the first in the queue that has not ended, unless it runs already: a half refused save leaves such."""
        while True:
            meta = meta.pop()
            turn = await self.store.turn(meta.running) if meta.running is not None else None
            if turn is not None and turn.ended:
                meta, newest = meta.count(turn), max(newest, turn.place[0])
                continue
            if turn is not None and turn.status == "queued":
                await self.store.write_turn(await self._start_if_reached(turns.follow(turn, newest)))
            return meta

    async def fence_off(self, meta: Meta) -> None:
        """Somebody has saved a turn that ``meta`` does not know, and may be frozen before making it known.

        ``meta`` is written anew, so that this is refused when the next admission has taken its turn's place.
        """
        if not self.alone and await self.store.turn(meta.next) is not None:
            await self.store.write_meta(meta)
            await self.save()

    async def cut_off_before(self, turn: TurnRecord) -> tuple[str, ...]:
        """The cancelled turns right before ``turn`` that were run and have no shown text, newest first; CUT_OFF_MAX at most.

        Those that wait meanwhile are passed over.
        """
        found = list[str]()
        newest = turn.place[0]
        for number in range(newest, max(0, newest - 1 - CUT_OFF_MAX), -1):
            before = await self.store.turn(number)
            if before is not None and (before.status == "queued" or before.place >= turn.place):
                continue
            if before is None or before.status != "cancelled":
                break
            if before.interrupted is None and before.epoch > ADMISSION_EPOCH:
                found.append(before.turn_id)
        return tuple(found)

    async def follow_on(self, meta: Meta) -> Meta:
        """Starts the next turn when the running one has ended and ``meta`` was not saved after it. Returns ``meta`` after."""
        turn = await self.store.turn(meta.running) if meta.running is not None else None
        if turn is None or not turn.ended:
            return meta
        await self._pass_on(turn)
        await self.save()
        return await self.store.meta()

    async def heal_running(self, meta: Meta) -> Meta:
        """Revives the running turn when nobody works on it: nothing behind it would ever start. Returns ``meta`` after."""
        meta = await self.follow_on(meta)
        turn = await self.store.turn(meta.running) if meta.running is not None else None
        if turn is None:
            return meta
        gone = await self.watch.is_gone(turn.instance, turn.progress_at)
        key = TurnKey(self.key.tenant, self.key.user, turn.turn_id)
        if not gone and not await self.watch.is_forgotten(key, turn.progress_at, turns.patience(turn)):
            return meta
        await self._revive(turn)
        await self.save()  # it stands, also when the message that came is refused
        if not gone:
            await self.deps.workflows.abandon(turn.instance)
        return await self.store.meta()

    async def _revive(self, turn: TurnRecord) -> None:
        """A new instance for a turn whose workflow is gone; beyond the bound it only tells that the turn failed."""
        exhausted = turn.silent_starts >= TURN_ATTEMPTS_MAX
        revived = await self.start(turn)
        if exhausted:
            await self.give_up(revived)
        else:
            await self.store.write_turn(revived)

    async def give_up(self, turn: TurnRecord) -> TurnRecord:
        """Ends a turn that got through at none of its attempts; returns it as failed."""
        failed = turns.fail(turn, RECOVERY_EXHAUSTED, self.now())
        await self.finish(failed)
        return failed
