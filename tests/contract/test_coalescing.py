"""Tokens that come faster than the log takes them are joined before the append: nothing dropped, order kept.

The writer waits for each append, and meanwhile the endpoint's tokens gather in the connection: the next read takes all of them.
So no buffer is needed between model and log; this shows it over the real client, a real endpoint and a real Redis.
"""

import asyncio

import orjson
import pytest
from redis.asyncio import Redis

from agent.adapters import redis_line, redis_pipe
from agent.adapters.model import OpenAIModel
from agent.adapters.redis_log import RedisTurnLog
from agent.domain.events import TextDelta, TurnCancelled
from agent.domain.model import ModelRequest, TextPart
from agent.ports import TurnLog
from tests.contract.logs import TURN, Link
from tests.fakes.endpoint_script import Step
from tests.fakes.redis_server import RedisServer
from tests.fakes.scripted_endpoint import ScriptedEndpoint
from workflows.activities.step_writer import StepWriter

TOKENS = 200
PATIENCE = 30.0


async def stream_into(log: TurnLog, endpoint: ScriptedEndpoint) -> str:
    """What the endpoint said, after it all went to the log as ``generate`` does it."""
    writer, said = StepWriter(log, TURN, 2), ""
    model = OpenAIModel(endpoint.base_url, "key", "gpt-test", stall_timeout=PATIENCE)
    async for part in model.stream(ModelRequest(messages=[{"role": "user", "content": "Hi"}], tools=[])):
        if isinstance(part, TextPart):
            said += part.text
            await writer.write(TextDelta(turn_id=TURN.turn_id, step=0, delta=part.text))
    await model.aclose()
    assert not writer.incomplete
    return said


async def logged(log: TurnLog) -> list[str]:
    await log.close(TURN, TurnCancelled(turn_id=TURN.turn_id))
    told = [orjson.loads(entry.data) async for batch in log.follow(TURN, None) for entry in batch]
    return [event["delta"] for event in told if event["type"] == "text.delta"]


@pytest.mark.parametrize("slow", [False, True])
async def test_what_the_log_got_is_what_the_model_said(
    shared_redis: RedisServer, link: Link, monkeypatch: pytest.MonkeyPatch, slow: bool
) -> None:
    """Slow: Redis takes nothing until the endpoint has said all."""
    for module in (redis_line, redis_pipe):
        monkeypatch.setattr(module, "REDIS_CALL_TIMEOUT", PATIENCE)
    log = RedisTurnLog(link(shared_redis))
    async with ScriptedEndpoint() as endpoint, Redis.from_url(shared_redis.url) as redis:
        endpoint.queue(Step(tokens=TOKENS, delay=0.002))
        if slow:
            await redis.client_pause(int(PATIENCE * 1_000), all=False)
        streaming = asyncio.create_task(stream_into(log, endpoint))
        await endpoint.until(lambda: bool(endpoint.ledger) and endpoint.ledger[0].sent >= TOKENS, patience=PATIENCE)
        await redis.client_unpause()
        said = await streaming
        deltas = await logged(log)
    assert "".join(deltas) == said
    assert len(said.split()) == TOKENS
    if slow:
        assert len(deltas) < TOKENS / 10, "what had gathered went in few and long entries"
