"""What the tests of ``generate`` share: the activity with a scripted model, and a look into its log."""

import asyncio
from collections.abc import Sequence

from agent.adapters.under_way import CountedWork
from agent.domain.events import LogEntry
from agent.domain.model import Finished, TextPart
from agent.ports import TurnLog, UnderWay
from tests.fakes.ports import MemoryPublisher, Said, ScriptedModel, WordTokens
from tests.unit.turns.host import USAGE, ChatHost, turn_key
from workflows.activities.generate import Generate

PATIENCE = 30.0  # the machine may be busy
ANSWER: list[Said] = [TextPart("Hello "), TextPart("world"), Finished("stop", USAGE)]


def activity(
    host: ChatHost, log: TurnLog, *answers: Sequence[Said], under_way: UnderWay | None = None
) -> tuple[Generate, ScriptedModel]:
    model, work = ScriptedModel(*answers), under_way or CountedWork()
    return Generate(host.chats, log, model, WordTokens(), host.clock, MemoryPublisher(), work), model


async def entries(log: TurnLog, turn: str) -> list[LogEntry]:
    """What the log holds now; it need not be closed."""
    async for batch in log.follow(turn_key(turn), None):
        return batch
    return []


async def names(log: TurnLog, turn: str) -> list[str]:
    return [e.name for e in await entries(log, turn)]


async def until_written(log: TurnLog, turn: str, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        async for _ in log.follow(turn_key(turn), None):
            if len(await entries(log, turn)) >= count:
                return
