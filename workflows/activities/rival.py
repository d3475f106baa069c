"""What an attempt does when a newer one runs its step: it stands by, and then reports what the newer one came to.

Which of two attempts the engine listens to is not ours to know. One that raised because it was fenced would make the engine try
again, and the third attempt would fence the good one: one more model call for nothing.
"""

from collections.abc import Callable
from contextlib import aclosing

from agent.domain.conversation import TurnView
from agent.domain.errors import Unavailable
from agent.domain.events import TextDelta
from agent.domain.ids import TurnKey
from agent.domain.limits import HEARTBEAT, MODEL_STALL_TIMEOUT
from agent.domain.turn import StepRef
from agent.ports import Chats, TurnLog

_DELTA = TextDelta.model_fields["type"].default


class Superseded(Exception):
    """A newer attempt runs this step, and is silent: the engine must try again, which fences it."""


async def stand_by(chats: Chats, log: TurnLog, ref: StepRef, settled: Callable[[TurnView], bool]) -> None:
    """Returns when the turn is ``settled`` or has ended. It is asked for at every heartbeat, and whenever a step moves on.

    Raises:
        Superseded: nothing was heard of the newer attempt for MODEL_STALL_TIMEOUT.
    """
    turn = ref.key
    silence = 0.0
    async with aclosing(log.follow(turn, None)) as batches:
        async for batch in batches:
            silence = 0.0 if batch else silence + HEARTBEAT
            if all(entry.name == _DELTA for entry in batch) and batch:
                continue
            if await _is_settled(chats, turn, settled):
                return
            if silence >= MODEL_STALL_TIMEOUT:
                raise Superseded(f"{ref.turn_id} step {ref.step}: a newer attempt has it, and is silent")


async def _is_settled(chats: Chats, turn: TurnKey, settled: Callable[[TurnView], bool]) -> bool:
    try:
        view = await chats.get_turn(turn)
    except Unavailable:
        return False
    return view.terminal is not None or settled(view)
