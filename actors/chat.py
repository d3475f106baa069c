"""ChatActor: one conversation of one user. It admits messages, hands out epochs, commits steps and ends turns.

It never holds its turn while a model or a tool works, so reads and queueing answer in milliseconds while tokens flow.
Refuses to know the model, the tools, the log and the wire: it decides what is true, others tell it.
"""

from typing import Any

from actors.base import actor_turn
from actors.chat_interface import CancelTurn, ChatActorInterface, Clear, ContextQuery, HistoryQuery, StepQuery, TurnQuery
from actors.chat_undo import UndoKeeper
from agent.domain import ids
from agent.domain import turn as turns
from agent.domain.context import ContextView
from agent.domain.conversation import Admission, ContextRefused, KeyRecord, Meta, Submission
from agent.domain.errors import Conflict, Gone, Unprocessable
from agent.domain.terminal import terminal_event
from agent.domain.turn_calls import BegunStep, BegunTools, CommitStep, CommitTool, EndTurn, HandedOver, KeepShown, StepRef
from agent.domain.turn_record import ADMISSION_EPOCH, TurnRecord


class ChatActor(UndoKeeper, ChatActorInterface):
    """Actor id: see ``ids.chat_actor_id``."""

    # -- admission ---------------------------------------------------------------------------------------------------

    @actor_turn
    async def process_message(self, request: Submission) -> Any:
        meta, now = await self.store.meta(), self.now()
        if repeated := await self._admitted_before(meta, request):
            return repeated
        if request.follows is not None and ids.turn_number(request.follows) != meta.next - 1:
            raise Conflict("not_newest", "The conversation has gone on since that turn.")
        await self.context.check_fits(request.message, self.deps.clock.now(), request.time_zone)
        meta = await self.heal_running(meta)
        busy, interrupted = meta.running is not None, None
        if busy and (request.on_busy == "reject" or request.regenerates):
            raise await self._busy(meta)
        turn = self._new_turn(meta, request, now, await self.regenerated(meta, request))
        await self.fence_off(meta)
        if request.key is not None:
            record = KeyRecord(turn_id=turn.turn_id, fingerprint=request.fingerprint, at=now)
            meta = await self._write_keys(meta, request.key, request.also, record)
        if busy and request.on_busy == "interrupt":
            meta, turn, interrupted = await self._interrupt(meta.enqueue_first(), turn)
        else:
            meta = meta.enqueue() if busy else meta.begin()
            turn = turn if busy else await self.start(turn)
        await self.store.write_turn(turn)
        await self.save_before_hub()  # turn and key; only meta makes them an admission
        if interrupted is not None:
            await self.store.write_turn(interrupted)
            await self.save_before_hub()  # refused if it has moved meanwhile: then nothing runs beside it
        await self.store.write_meta(meta.remember(request.secret))
        cancelled = interrupted.turn_id if interrupted else None
        position = meta.position(turn.number)
        return Admission(turn_id=turn.turn_id, status=turn.status, position=position, interrupted=cancelled)

    def _new_turn(self, meta: Meta, request: Submission, now: str, former: TurnRecord | None) -> TurnRecord:
        number = meta.next
        return TurnRecord(
            number=number,
            turn_id=ids.turn_id(self.key.conversation, number, bytes.fromhex(request.secret)),
            status="queued",
            user=request.message,
            time_zone=request.time_zone,
            submitted_at=now,
            progress_at=now,
            regenerates=request.regenerates,
            alternatives=former.alternatives + 1 if former else 0,
        )

    async def _interrupt(self, meta: Meta, turn: TurnRecord) -> tuple[Meta, TurnRecord, TurnRecord]:
        """(meta, ``turn``, the running turn) after ``turn``, first in the queue, took the place of the one cancelled."""
        running = await self.store.turn(meta.running or 0)
        if running is None:
            raise ValueError(f"turn {meta.running} runs and is not stored")
        cancelled = turns.cancel(running, self.now())
        return meta.count(cancelled).pop(), await self.start(turn), cancelled

    async def _busy(self, meta: Meta) -> Conflict:
        running = await self.store.turn(meta.running or 0)
        return Conflict("turn_running", "A turn runs in this conversation.", turn_id=running.turn_id if running else None)

    async def _admitted_before(self, meta: Meta, request: Submission) -> Admission | None:
        """The admission of a request that came before: its answer got lost, or its client asks for it again by its key.

        Raises:
            Unprocessable: ``idempotency_key_reused``.
            Gone: ``turn_cleared``.
        """
        number = meta.number_of(request.secret)
        if number is not None and number < meta.first:
            raise Gone("turn_cleared", "The turn of this message was cleared.")
        if number is None and (used := await self._used(request)):
            parsed = ids.parse_turn_id(used.turn_id)
            number = parsed.number if parsed else 0
            if number >= meta.first:
                turn = await self.store.turn(number) if number < meta.next else None
                if turn is None or turn.turn_id != used.turn_id:
                    return None  # all that was saved of that admission is the key
            if used.fingerprint != request.fingerprint:
                raise Unprocessable("idempotency_key_reused", "This idempotency key was used with another request.")
            if number < meta.first:
                raise Gone("turn_cleared", "The turn of this idempotency key was cleared.", turn_id=used.turn_id)
        turn = await self.store.turn(number) if number is not None else None
        return Admission(turn_id=turn.turn_id, status=turn.status, position=meta.position(turn.number)) if turn else None

    async def _used(self, request: Submission) -> KeyRecord | None:
        """What a key of the request was used for."""
        used = await self.store.submitted(request.key) if request.key is not None else None
        if used is None and request.also is not None:
            used = await self.store.submitted(request.also)
            return used if used and used.fingerprint == request.fingerprint else None
        return used

    async def _write_keys(self, meta: Meta, key: str, also: str | None, record: KeyRecord) -> Meta:
        """``key`` is new, or all that was saved of its request; ``also`` stays with another request that had it first."""
        meta = await self.store.write_key(meta, key, record)
        if also is None or ((held := await self.store.submitted(also)) and held.fingerprint != record.fingerprint):
            return meta
        return await self.store.write_key(meta, also, record)

    # -- the running turn --------------------------------------------------------------------------------------------

    @actor_turn
    async def begin_step(self, request: StepRef) -> Any:
        turn = await self.store.known(request.turn_id)
        if settled := _settled(turn, request):
            return settled
        if turns.is_exhausted(turn, request):
            return _ended(await self.give_up(turn))
        restart = turn.attempted_step == request.step
        first = turn.epoch == ADMISSION_EPOCH
        turn = turns.begin_step(turn, request, self.now())
        turn, messages = await self.context.for_step(turn, request.step)
        await self.store.write_turn(turn)
        return BegunStep(
            kind="go",
            epoch=turn.epoch,
            first=first,
            restart=restart,
            messages=tuple(messages),
            schema_tokens=self.deps.schema_tokens,
            cut_off=await self.cut_off_before(turn) if request.step == 0 else (),
        )

    @actor_turn
    async def commit_step(self, request: CommitStep) -> Any:
        turn = await self.store.known(request.ref.turn_id)
        step = request.ref.step
        if len(turn.steps) > step and turn.steps[step].epoch == request.epoch:
            return _committed(turn, step)  # the answer to the first delivery got lost
        if turn.ended:
            return _ended(turn)
        if turn.epoch != request.epoch or len(turn.steps) != step:
            return BegunStep(kind="superseded")
        turn = turns.commit_step(turn, request, self.now())
        if turn.ended:
            await self.finish(turn)
        else:
            await self.store.write_turn(turn)
        return _committed(turn, step)

    @actor_turn
    async def refuse_context(self, request: ContextRefused) -> Any:
        turn = await self.store.known(request.ref.turn_id)
        if turn.ended or turn.epoch != request.epoch:
            return None
        if turn.refusal and turn.refusal.epoch == request.epoch:
            return turn.refusal  # the answer to the first delivery got lost
        refusal = await self.context.refused(turn, request)
        await self.store.write_turn(turn.model_copy(update={"refusal": refusal}))
        if refusal.budget is not None:
            await self.store.write_meta((await self.store.meta()).shrink(refusal.budget, self.now()))
        return refusal

    @actor_turn
    async def hand_over(self, request: HandedOver) -> None:
        turn = await self.store.known(request.ref.turn_id)
        handed = turns.hand_over(turn, request)
        if handed is not turn:
            await self.store.write_turn(handed)

    @actor_turn
    async def begin_tools(self, request: StepRef) -> Any:
        turn = await self.store.known(request.turn_id)
        if turn.ended or not turn.is_run_by(request.instance):
            return BegunTools(kind="ended" if turn.is_run_by(request.instance) else "void")
        record = turn.steps[request.step]
        calls = record.open_calls()
        if calls and turns.is_exhausted(turn, request):
            await self.give_up(turn)
            return BegunTools(kind="ended")
        if calls:
            turn = turns.begin_tools(turn, request, self.now())
            await self.store.write_turn(turn)
        return BegunTools(
            kind="go", epoch=turn.epoch, calls=calls, time_zone=turn.time_zone, asked_at=record.message.created_at
        )

    @actor_turn
    async def commit_tool(self, request: CommitTool) -> Any:
        turn = await self.store.known(request.ref.turn_id)
        step = request.ref.step
        if any(r.call_id == request.result.call_id for r in turn.steps[step].results):
            return True
        if turn.ended or turn.epoch != request.epoch:
            return False
        await self.store.write_turn(turns.commit_tool(turn, request, self.now()))
        return True

    @actor_turn
    async def end_turn(self, request: EndTurn) -> Any:
        turn = await self.store.known(request.ref.turn_id)
        if not turn.ended and turn.is_run_by(request.ref.instance):
            turn = turns.fail(turn, request.failure, self.now())
            await self.finish(turn)
        return await self.view(turn)

    @actor_turn
    async def cancel_turn(self, request: CancelTurn) -> Any:
        turn = await self.store.known(request.turn_id)
        if turn.ended:
            return await self.view(turn)  # also when it was cancelled with other effects: the first word stands
        undo = await self.order_undo(turn) if request.effects == "undo" else None
        cancelled = turns.cancel(turn, self.now(), undo)
        if turn.status == "running":
            await self.finish(cancelled)
        else:
            await self.store.write_turn(cancelled)
            await self.store.write_meta((await self.store.meta()).dequeue(turn.number).count(cancelled))
        return await self.view(cancelled)

    @actor_turn
    async def keep_shown(self, request: KeepShown) -> None:
        turn = await self.store.known(request.ref.turn_id)
        kept = turns.keep_shown(turn, request.shown, request.epoch)
        if kept is not turn:
            await self.store.write_turn(kept)
            meta = await self.store.meta()
            if turn.number not in (meta.running, *meta.queue):  # else it is still to be counted, whole
                await self.store.write_meta(meta.add_tokens(request.shown.tokens))

    @actor_turn
    async def heal(self, request: TurnQuery) -> Any:
        turn = await self.store.known(request.turn_id)
        if turn.ended:
            return await self.view(await self.heal_undo(turn))
        await self.heal_running(await self.store.meta())
        return await self.view(await self.store.known(request.turn_id))

    # -- reading and clearing ----------------------------------------------------------------------------------------

    @actor_turn
    async def get_turn(self, request: TurnQuery) -> Any:
        return await self.view(await self.store.known(request.turn_id))

    @actor_turn
    async def get_history(self, request: HistoryQuery) -> Any:
        return await self.history(request.limit, request.before)

    @actor_turn
    async def clear_history(self, request: Clear) -> Any:
        meta = await self.follow_on(await self.store.meta())
        after, cleared = meta.clear(request.delivery)
        if after is not meta and meta.running is not None:
            raise Conflict("turn_running", "A turn runs or waits in this conversation; clear it when it has ended.")
        await self.store.write_meta(after)
        while await self.store.leaves_cleared():
            await self.save()
            await self.store.write_meta(await self.store.meta())
        return cleared

    @actor_turn
    async def get_context(self, request: ContextQuery) -> Any:
        return await self.context.now(self.deps.clock.now(), request.time_zone)

    @actor_turn
    async def get_turn_context(self, request: StepQuery) -> ContextView:
        return await self.context.of_turn(await self.store.known(request.turn_id), request.step)


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
    return BegunStep(kind="ended", status=turn.status, terminal=terminal_event(turn))
