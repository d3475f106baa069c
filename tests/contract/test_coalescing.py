"""Tokens that come faster than the log takes them are joined before the append: nothing dropped, order kept.

The writer waits for each append, and meanwhile the endpoint's tokens gather in the connection: the next read takes all of them.
So no buffer is needed between model and log; this shows it over the real client, a real endpoint and a slow Redis.
"""

import asyncio
from collections.abc import Sequence

import pytest

from agent.adapters.memory_log import MemoryTurnLog
from agent.adapters.model import OpenAIModel
from agent.domain.events import AnyTurnEvent, EntryId, TextDelta
from agent.domain.ids import TurnKey
from agent.domain.model import ModelRequest, TextPart
from tests.contract.logs import TURN
from tests.fakes.endpoint_script import Step
from tests.fakes.scripted_endpoint import ScriptedEndpoint
from workflows.activities.step_writer import StepWriter

TOKENS = 200


class SlowLog(MemoryTurnLog):
    def __init__(self, delay: float) -> None:
        super().__init__()
        self._delay = delay
        self.deltas: list[str] = []

    async def append(self, turn: TurnKey, first: EntryId, events: Sequence[AnyTurnEvent]) -> None:
        await asyncio.sleep(self._delay)
        await super().append(turn, first, events)
        self.deltas += [event.delta for event in events if isinstance(event, TextDelta)]


async def stream_into(log: SlowLog) -> str:
    """What the endpoint said, after it all went to the log as ``generate`` does it."""
    writer, said = StepWriter(log, TURN, 2), ""
    async with ScriptedEndpoint() as endpoint:
        endpoint.queue(Step(tokens=TOKENS, delay=0.002))
        model = OpenAIModel(endpoint.base_url, "key", "gpt-test", stall_timeout=5.0, step_timeout=30.0)
        async for part in model.stream(ModelRequest(messages=[{"role": "user", "content": "Hi"}], tools=[])):
            if isinstance(part, TextPart):
                said += part.text
                await writer.write(TextDelta(turn_id=TURN.turn_id, step=0, delta=part.text))
        await model.aclose()
    return said


@pytest.mark.parametrize("delay", [0.0, 0.05])
async def test_what_the_log_got_is_what_the_model_said(delay: float) -> None:
    log = SlowLog(delay)
    said = await stream_into(log)
    assert "".join(log.deltas) == said
    assert len(said.split()) == TOKENS


async def test_a_slow_log_gets_fewer_and_longer_entries() -> None:
    """400 ms of tokens with 50 ms per append: some ten entries, where waiting for each token alone would take 10 s."""
    log = SlowLog(0.05)
    async with asyncio.timeout(TOKENS * 0.05 / 2):
        await stream_into(log)
    assert len(log.deltas) < TOKENS / 5
