"""The last acts of a turn's workflow: failing it when nothing else is left, and telling the world how it ended."""

from contextlib import aclosing
from typing import Literal

from agent.domain.conversation import TurnView
from agent.domain.errors import LogUnavailable, NotFound
from agent.domain.events import ConversationUpdated, TerminalEvent
from agent.domain.ids import TurnKey
from agent.domain.messages import Message
from agent.domain.replay import shown_text
from agent.domain.turn import EndTurn, KeepShown, StepRef
from agent.ports import Chats, EventPublisher, Tokens, TurnLog
from workflows.activities.step_writer import close_log
from workflows.turn_contracts import FailTurn, TurnInput


class FailTurnActivity:
    """Ends the turn as failed, unless it has ended; then closes its log with whatever the record says."""

    def __init__(self, chats: Chats, log: TurnLog) -> None:
        self._chats, self._log = chats, log

    async def __call__(self, order: FailTurn) -> None:
        try:
            ended = await self._chats.end_turn(EndTurn(ref=order.ref, failure=order.failure))
        except NotFound:
            return  # never admitted, or cleared meanwhile: there is nothing to end, and trying again would not find it
        if ended.terminal:
            await close_log(self._log, order.ref.key, ended.terminal)


class PublishEvents:
    """Publishes ``conversation.updated`` for completed and failed turns; the engine repeats it until acknowledged.

    Of a cancelled turn it stores what readers had seen of the step that was cut off: once closed, the log is the shown text.
    """

    def __init__(self, chats: Chats, log: TurnLog, tokens: Tokens, publisher: EventPublisher) -> None:
        self._chats, self._log, self._tokens, self._publisher = chats, log, tokens, publisher

    async def __call__(self, turn: TurnInput) -> None:
        try:
            told = await self._chats.get_turn(TurnKey(turn.tenant, turn.user, turn.turn_id))
        except NotFound:
            return  # cleared meanwhile: its user wants it gone
        if told.status == "completed" or told.status == "failed":
            said = told.message.content if told.message else ""
            await self._publisher.publish(turn_told(turn, told.status, told.user_message.content, said, _told_at(told)))
        if told.status == "cancelled" and told.terminal is not None:
            await self._keep_shown(turn, told, told.terminal)

    async def _keep_shown(self, turn: TurnInput, told: TurnView, terminal: TerminalEvent) -> None:
        key = TurnKey(turn.tenant, turn.user, turn.turn_id)
        try:
            await self._log.close(key, terminal)
        except LogUnavailable:
            return  # what was shown is lost with the log; what was committed is not
        async with aclosing(self._log.follow(key, None)) as batches:
            step, text = shown_text([entry async for batch in batches for entry in batch])
        if not text or step < len(told.steps):
            return
        count = (await self._tokens.count([text]))[0]
        shown = Message(
            role="assistant",
            content=text,
            tokens=count.tokens,
            estimated=count.estimated,
            created_at=told.ended_at or told.progress_at,
            interrupted=True,
        )
        await self._chats.keep_shown(KeepShown(ref=turn.step(0), shown=shown))


def _told_at(turn: TurnView) -> str:
    """The same time at every telling, whoever tells."""
    if turn.status == "completed" and turn.message:
        return turn.message.created_at
    return turn.ended_at or turn.progress_at


def turn_told(
    turn: TurnInput | StepRef, status: Literal["completed", "failed"], asked: str, said: str, at: str
) -> ConversationUpdated:
    """The event that tells how ``turn`` ended; its id is the same however often it is told."""
    return ConversationUpdated(
        event_id=f"{turn.turn_id}-ended",
        tenant_id=turn.tenant,
        user_id=turn.user,
        timestamp=at,
        conversation=turn.conversation,
        turn_id=turn.turn_id,
        status=status,
        user_message=asked,
        assistant_message=said,
    )
