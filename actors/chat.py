"""ChatActor: one conversation of one user. It admits messages, hands out epochs, commits steps and ends turns.

It never holds its turn while a model or a tool works, so reads and queueing answer in milliseconds while tokens flow.
Refuses to know the model, the tools, the log and the wire: it decides what is true, others tell it.

Order of effects wherever a turn starts: the workflow is scheduled first, state is saved second. A workflow whose turn the
actor does not know, or that is not the recorded instance, ends at once; so no crash between the two loses or doubles a message.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dapr.actor import ActorId
from dapr.actor.runtime.context import ActorRuntimeContext

from actors.base import StatefulActor, actor_turn
from actors.chat_context import ContextBuilder
from actors.chat_interface import ChatActorInterface, ContextQuery, HistoryQuery, TurnQuery
from actors.chat_store import ChatStore
from agent.domain import ids
from agent.domain import turn as turns
from agent.domain.context import ContextView
from agent.domain.conversation import Admission, Cleared, HistoryPage, Meta, Submission, history_turn, view
from agent.domain.errors import Conflict, Unavailable
from agent.domain.limits import TURN_ATTEMPTS_MAX, TURN_STALE_AFTER
from agent.domain.turn import BegunStep, BegunTools, CommitStep, CommitTool, EndTurn, Failure, StepRef, TurnRecord
from agent.ports import Clock, Prompts, Tokens, Workflows

RECOVERY_EXHAUSTED = Failure(
    code="recovery_exhausted",
    message=f"The turn was started {TURN_ATTEMPTS_MAX} times and never got through.",
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


class ChatActor(StatefulActor, ChatActorInterface):
    """Actor id: see ``ids.chat_actor_id``."""

    def __init__(self, ctx: ActorRuntimeContext, actor_id: ActorId, deps: ChatDeps) -> None:
        super().__init__(ctx, actor_id)
        self._key = ids.parse_chat_actor_id(actor_id.id)
        self._deps = deps
        self._store = ChatStore(self)
        self._context = ContextBuilder(self._key, self._store, deps.prompts, deps.tokens, deps.schema_tokens)

    # -- admission ---------------------------------------------------------------------------------------------------

    @actor_turn
    async def process_message(self, request: Submission) -> Any:
        meta, now = await self._store.meta(), self._now()
        if repeated := await self._admitted_before(meta, request):
            return repeated
        await self._context.check_fits(request.message, self._deps.clock.now(), request.time_zone)
        meta = await self._heal_running(meta)
        number = meta.next
        busy = meta.running is not None
        meta = (meta.enqueue() if busy else meta.begin()).remember(request.secret)
        turn = TurnRecord(
            number=number,
            turn_id=ids.turn_id(self._key.conversation, number, bytes.fromhex(request.secret)),
            status="queued",
            user=request.message,
            time_zone=request.time_zone,
            submitted_at=now,
            progress_at=now,
        )
        if not busy:
            turn = await self._start(turn)
        await self._store.write_turn(turn)
        await self._store.write_meta(meta)
        return Admission(turn_id=turn.turn_id, status=turn.status, position=len(meta.queue) if busy else 0)

    async def _admitted_before(self, meta: Meta, request: Submission) -> Admission | None:
        """The admission of a delivery that was repeated because its answer got lost."""
        number = meta.number_of(request.secret)
        turn = await self._store.turn(number) if number is not None and number >= meta.first else None
        if turn is None:
            return None
        position = meta.queue.index(turn.number) + 1 if turn.number in meta.queue else 0
        return Admission(turn_id=turn.turn_id, status=turn.status, position=position)

    # -- the running turn --------------------------------------------------------------------------------------------

    @actor_turn
    async def begin_step(self, request: StepRef) -> Any:
        turn = await self._store.known(request.turn_id)
        if settled := _settled(turn, request):
            return settled
        restart = turn.attempted_step == request.step
        first = turn.epoch == turns.ADMISSION_EPOCH
        turn = turns.begin_step(turn, request.step, self._now())
        turn, messages = await self._context.for_step(turn, request.step)
        await self._store.write_turn(turn)
        return BegunStep(
            kind="go",
            epoch=turn.epoch,
            first=first,
            restart=restart,
            messages=tuple(messages),
            schema_tokens=self._deps.schema_tokens,
        )

    @actor_turn
    async def commit_step(self, request: CommitStep) -> Any:
        turn = await self._store.known(request.ref.turn_id)
        step = request.ref.step
        if len(turn.steps) > step and turn.steps[step].epoch == request.epoch:
            return _committed(turn, step)  # the answer to the first delivery got lost
        if turn.ended:
            return _ended(turn)
        if turn.epoch != request.epoch or len(turn.steps) != step:
            return BegunStep(kind="superseded")
        turn = turns.commit_step(turn, request, self._now())
        if turn.ended:
            await self._finish(turn)
        else:
            await self._store.write_turn(turn)
        return _committed(turn, step)

    @actor_turn
    async def begin_tools(self, request: StepRef) -> Any:
        turn = await self._store.known(request.turn_id)
        if turn.ended or not turn.is_run_by(request.instance):
            return BegunTools(kind="ended" if turn.is_run_by(request.instance) else "void")
        record = turn.steps[request.step]
        calls = record.open_calls()
        if calls:
            turn = turns.begin_step(turn, turn.attempted_step, self._now())
            await self._store.write_turn(turn)
        return BegunTools(
            kind="go", epoch=turn.epoch, calls=calls, time_zone=turn.time_zone, asked_at=record.message.created_at
        )

    @actor_turn
    async def commit_tool(self, request: CommitTool) -> Any:
        turn = await self._store.known(request.ref.turn_id)
        step = request.ref.step
        if any(r.call_id == request.result.call_id for r in turn.steps[step].results):
            return True
        if turn.ended or turn.epoch != request.epoch:
            return False
        await self._store.write_turn(turns.commit_tool(turn, request, self._now()))
        return True

    @actor_turn
    async def end_turn(self, request: EndTurn) -> Any:
        turn = await self._store.known(request.ref.turn_id)
        if not turn.ended and turn.is_run_by(request.ref.instance):
            turn = turns.fail(turn, request.failure, self._now())
            await self._finish(turn)
        return view(turn, self._key.conversation)

    @actor_turn
    async def heal(self, request: TurnQuery) -> Any:
        turn = await self._store.known(request.turn_id)
        if turn.ended:
            return view(turn, self._key.conversation)
        await self._heal_running(await self._store.meta())
        return view(await self._store.known(request.turn_id), self._key.conversation)

    async def _heal_running(self, meta: Meta) -> Meta:
        """Revives the running turn when its workflow is gone: nothing behind it would ever start. Returns ``meta`` after."""
        turn = await self._store.turn(meta.running) if meta.running is not None else None
        if turn is None or not await self._lost(turn):
            return meta
        await self._revive(turn)
        return await self._store.meta()

    async def _lost(self, turn: TurnRecord) -> bool:
        if not self._stale(turn):
            return False
        try:
            return not await self._deps.workflows.is_alive(turn.instance)
        except Unavailable:
            return False  # the next look will tell; this one must not fail for it

    async def _revive(self, turn: TurnRecord) -> None:
        """A new instance for a turn whose workflow is gone; beyond the bound it only tells that the turn failed."""
        exhausted = turn.starts >= TURN_ATTEMPTS_MAX
        revived = await self._start(turn)
        if exhausted:
            await self._finish(turns.fail(revived, RECOVERY_EXHAUSTED, self._now()))
        else:
            await self._store.write_turn(revived)

    # -- reading and clearing ----------------------------------------------------------------------------------------

    @actor_turn
    async def get_turn(self, request: TurnQuery) -> Any:
        return view(await self._store.known(request.turn_id), self._key.conversation)

    @actor_turn
    async def get_history(self, request: HistoryQuery) -> Any:
        meta = await self._store.meta()
        end = min(request.before or meta.next, meta.next)
        first = max(meta.first, end - request.limit)
        page = await self._store.turns(first, end)
        return HistoryPage(
            turns=tuple(history_turn(t) for t in page),
            total_turns=meta.turns + len(meta.queue) + (meta.running is not None),
            total_tokens=meta.tokens,
            next=first if first > meta.first else None,
        )

    @actor_turn
    async def clear_history(self) -> Any:
        meta = await self._store.meta()
        if meta.running is not None:
            raise Conflict("turn_running", "A turn runs or waits in this conversation; clear it when it has ended.")
        await self._store.write_meta(meta.clear())
        return Cleared(cleared_turns=meta.turns, cleared_tokens=meta.tokens)

    @actor_turn
    async def get_context(self, request: ContextQuery) -> Any:
        return await self._context.now(self._deps.clock.now(), request.time_zone)

    @actor_turn
    async def get_turn_context(self, request: TurnQuery) -> ContextView:
        return await self._context.of_turn(await self._store.known(request.turn_id))

    # -- helpers -----------------------------------------------------------------------------------------------------

    def _now(self) -> str:
        return self._deps.clock.now().isoformat(timespec="milliseconds")

    def _stale(self, turn: TurnRecord) -> bool:
        quiet = self._deps.clock.now() - datetime.fromisoformat(turn.progress_at)
        return quiet.total_seconds() >= TURN_STALE_AFTER

    async def _start(self, turn: TurnRecord) -> TurnRecord:
        """Schedules a fresh workflow for ``turn`` and returns it as running; the caller saves."""
        instance = ids.turn_workflow_instance(self._key, turn.turn_id, turn.starts + 1)
        await self._deps.workflows.start_turn(self._key, turn.turn_id, instance)
        return turns.start(turn, instance, self._now())

    async def _start_if_reached(self, turn: TurnRecord) -> TurnRecord:
        """As ``_start``; with the engine out of reach the turn counts as started all the same, and is healed on sight.

        The turn in front has ended by itself: it must not be asked of the model again because its successor cannot start.
        """
        try:
            return await self._start(turn)
        except Unavailable:
            instance = ids.turn_workflow_instance(self._key, turn.turn_id, turn.starts + 1)
            return turns.start(turn, instance, self._now())

    async def _finish(self, ended: TurnRecord) -> None:
        """Stores the end of the running turn and starts the next one in the queue."""
        meta = (await self._store.meta()).count(ended).pop()
        await self._store.write_turn(ended)
        if meta.running is not None and (waiting := await self._store.turn(meta.running)):
            await self._store.write_turn(await self._start_if_reached(waiting))
        await self._store.write_meta(meta)


def _settled(turn: TurnRecord, ref: StepRef) -> BegunStep | None:
    """The answer to BeginStep when there is nothing left to run."""
    if not turn.is_run_by(ref.instance):
        return BegunStep(kind="void")
    if len(turn.steps) > ref.step:
        return _committed(turn, ref.step)
    return _ended(turn) if turn.ended else None


def _committed(turn: TurnRecord, step: int) -> BegunStep:
    if turn.ended:
        return _ended(turn)
    return BegunStep(kind="committed", status=turn.status, tool_calls=len(turn.steps[step].message.tool_calls))


def _ended(turn: TurnRecord) -> BegunStep:
    return BegunStep(kind="ended", status=turn.status, terminal=turns.terminal_event(turn))
