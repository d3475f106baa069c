"""What readers of a cancelled turn had seen of the step that was cut off: once closed, the log is the shown text."""

from contextlib import aclosing

from agent.domain.messages import Message
from agent.domain.replay import shown_text
from agent.domain.turn_calls import KeepShown, StepRef
from agent.domain.turn_view import TurnView
from agent.ports import Chats, Tokens, TurnLog
from workflows.activities.counting import counted


async def keep_shown(chats: Chats, log: TurnLog, tokens: Tokens, ref: StepRef, told: TurnView) -> bool:
    """Stores it with the turn of ``ref``, of which ``told`` is the view; whether there was any. The first telling stays.

    Raises LogUnavailable: it may be there to tell a moment later.
    """
    if told.status != "cancelled" or told.terminal is None:
        return False
    await log.close(ref.key, told.terminal)
    async with aclosing(log.follow(ref.key, None)) as batches:
        seen = shown_text([entry async for batch in batches for entry in batch])
    if not seen.text or seen.step < len(told.steps):
        return False
    created_at = told.ended_at or told.progress_at
    said = Message(role="assistant", content=seen.text, created_at=created_at, interrupted=True)
    await chats.keep_shown(KeepShown(ref=ref, shown=await counted(tokens, said), epoch=seen.epoch))
    return True
