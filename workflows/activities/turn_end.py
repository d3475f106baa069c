"""The last acts of a turn's workflow: failing it when nothing else is left, and telling the world how it ended."""

from typing import Literal

from agent.domain.errors import NotFound
from agent.domain.events import ConversationUpdated
from agent.domain.ids import TurnKey
from agent.domain.turn_calls import EndTurn, StepRef
from agent.domain.turn_view import TurnView
from agent.ports import Chats, EventPublisher, Tokens, TurnLog
from workflows.activities.shown import keep_shown
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

    Of a cancelled turn it stores what readers had seen of the step that was cut off, unless the turn behind it has done so;
    that, too, is repeated, as long as the log is out of reach.
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
        await keep_shown(self._chats, self._log, self._tokens, turn.step(0), told)


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
