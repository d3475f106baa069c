"""A call of an actor that is between two hosts waits for the next one; a bug of ours is told at once."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from aiohttp import web

from actors.fence import REFUSED
from actors.transport import PooledActorClient, SidecarRefused
from tests.fakes.answering import answering

MOVING = (
    "did not find address for actor",
    "error invoke actor method: context canceled",
    "error invoke actor method: actor is closed, cannot handle InvokeMethod",
    "error invoke actor method: remote actor moved",
    "error invoke actor method: failed to invoke target 127.0.0.1:1 after 0 retries. Error: x",
    "rpc error: code = Internal desc = app is not in a healthy state",
    'Put "http://127.0.0.1:1/actors/ChatActor/x/method/Heal": dial tcp 127.0.0.1:1: connect: connection refused',
    'Put "http://127.0.0.1:1/actors/ChatActor/x/method/Heal": EOF',
    'Put "http://127.0.0.1:1/actors/ChatActor/x/method/Heal": read tcp [::]:2->[::]:1: read: connection reset by peer',
    'Put "http://127.0.0.1:1/actors/ChatActor/x/method/Heal": write tcp 127.0.0.1:2->127.0.0.1:1: write: broken pipe',
    'Put "http://127.0.0.1:1/actors/ChatActor/x/method/Heal": http: server closed idle connection',
    "dial tcp 127.0.0.1:6379: connect: connection refused",
    "SidecarRefused('sidecar answered 400: ERR_ACTOR_INSTANCE_MISSING')",
    f"ERR user_script:14: {REFUSED} task-agent||ChatActor||x||meta",
)


@pytest.fixture
async def sidecar() -> AsyncIterator[tuple[PooledActorClient, list[str]]]:
    """A client, and what its sidecar refuses with, one call after the other, before it answers."""
    refusals: list[str] = []

    async def answer(_: web.Request) -> web.Response:
        if refusals:
            return web.json_response({"errorCode": "ERR_ACTOR_INVOKE_METHOD", "message": refusals.pop(0)}, status=500)
        return web.Response(body=b"answered")

    async with answering(answer) as port, aclosing(PooledActorClient(port, "", "token")) as client:
        yield client, refusals


@pytest.mark.parametrize("message", MOVING)
async def test_a_call_waits_for_the_next_host(message: str, sidecar: tuple[PooledActorClient, list[str]]) -> None:
    client, refusals = sidecar
    refusals += [message, message]
    assert await client.invoke_method("ChatActor", "x", "Heal") == b"answered"


async def test_a_bug_is_told_at_once(sidecar: tuple[PooledActorClient, list[str]]) -> None:
    client, refusals = sidecar
    refusals += ["KeyError('x')", "never asked for"]
    with pytest.raises(SidecarRefused):
        await client.invoke_method("ChatActor", "x", "Heal")
    assert refusals == ["never asked for"]
