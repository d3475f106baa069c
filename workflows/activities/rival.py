"""What an attempt does when a newer one runs its step: it stands by, and then reports what the newer one came to.

Which of two attempts the engine listens to is not ours to know. One that raised because it was fenced would make the engine try
again, and the third attempt would fence the good one: one more model call for nothing. But the newer one may have died with
its process, and the engine may never know: so each attempt beats, and whoever stands by for one without a pulse does raise.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import NoReturn

from agent.domain.errors import LogUnavailable, Problem, Unavailable
from agent.domain.events import TextDelta
from agent.domain.ids import TurnKey
from agent.domain.limits import ATTEMPT_LOOK_INTERVAL, BEAT_INTERVAL, BEATS_MISSED_MAX, MODEL_STALL_TIMEOUT
from agent.domain.turn_calls import HandedOver, StepRef
from agent.domain.turn_view import TurnView
from agent.ports import Chats, TurnLog, UnderWay
from workflows.activities.step_writer import close_log
from workflows.watched import stop, unless

_DELTA = TextDelta.model_fields["type"].default


class Superseded(Exception):
    """A newer attempt runs this step, and is dead: the engine must try again, which fences it."""


@asynccontextmanager
async def living(chats: Chats, log: TurnLog, under_way: UnderWay, ref: StepRef, epoch: int) -> AsyncGenerator[None]:
    """An attempt that lives from here to the end of the ``with``. It beats, and if a stop cuts it off the actor is told."""
    pulse, look = asyncio.ensure_future(_beat(log, ref.key)), asyncio.ensure_future(_look(chats, log, ref.key))
    handed = HandedOver(ref=ref, epoch=epoch)
    try:
        with under_way.handed_over(lambda: chats.hand_over(handed)):
            yield
    finally:
        await stop(pulse, look)


async def stand_by(chats: Chats, log: TurnLog, ref: StepRef, settled: Callable[[TurnView], bool]) -> None:
    """Returns when the turn is ``settled`` or has ended. It is asked for at every heartbeat, and whenever a step moves on.

    Raises:
        Superseded: the newer attempt does not beat any more, or the log was out of reach for MODEL_STALL_TIMEOUT.
    """
    try:
        await unless(_dead(log, ref), _until_settled(chats, log, ref.key, settled))
    except Superseded:
        if not await _is_settled(chats, ref.key, settled):
            raise


async def _beat(log: TurnLog, turn: TurnKey) -> None:
    while True:  # most attempts have ended before the first
        await asyncio.sleep(BEAT_INTERVAL)
        with suppress(LogUnavailable):
            await log.beat(turn)


async def _look(chats: Chats, log: TurnLog, turn: TurnKey) -> None:
    """Closes the log of a turn that was ended from outside by somebody who died before telling the log."""
    while True:
        await asyncio.sleep(ATTEMPT_LOOK_INTERVAL)
        with suppress(Problem):
            ended = (await chats.get_turn(turn)).terminal
            if ended is not None:
                await close_log(log, turn, ended)


async def _until_settled(chats: Chats, log: TurnLog, turn: TurnKey, settled: Callable[[TurnView], bool]) -> None:
    async with aclosing(log.follow(turn, None)) as batches:
        async for batch in batches:
            if all(entry.name == _DELTA for entry in batch) and batch:
                continue
            if await _is_settled(chats, turn, settled):
                return


async def _dead(log: TurnLog, ref: StepRef) -> NoReturn:
    """Raises Superseded once the newer attempt is.

    Looks that were not answered, or came late, prove nothing: this process, or the log, may have slept while it beat.
    """
    clock = asyncio.get_running_loop().time
    missed, answered = 0, clock()
    while missed < BEATS_MISSED_MAX and clock() - answered < MODEL_STALL_TIMEOUT:
        begun = clock()
        await asyncio.sleep(BEAT_INTERVAL)
        try:
            beats = await log.beats(ref.key)
        except LogUnavailable:
            missed = 0
            continue
        answered = clock()
        in_time = answered - begun < 2 * BEAT_INTERVAL
        missed = missed + 1 if in_time and not beats else 0
    raise Superseded(f"{ref.turn_id} step {ref.step}: a newer attempt had it, and is dead")


async def _is_settled(chats: Chats, turn: TurnKey, settled: Callable[[TurnView], bool]) -> bool:
    try:
        view = await chats.get_turn(turn)
    except Unavailable:
        return False
    return view.terminal is not None or settled(view)
