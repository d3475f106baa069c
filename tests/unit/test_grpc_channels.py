"""How often a channel looks for a sidecar that is away: with gRPC's own channels, and a port where everybody is sent away."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import grpc.aio
import pytest

from agent.adapters.grpc_channels import reconnect_promptly

LOOKS = 8  # gRPC by itself makes the eighth after more than half a minute


class Closed:
    """A port that takes each connection and closes it; ``looks`` counts them, ``enough`` tells of the last."""

    def __init__(self) -> None:
        self.looks, self.enough = 0, asyncio.Event()

    def turn_away(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.looks += 1
        if self.looks == LOOKS:
            self.enough.set()
        writer.close()


@asynccontextmanager
async def looked_for() -> AsyncGenerator[Closed]:
    """What a channel of ``grpc.aio`` looks for, as someone calls again and again."""
    closed = Closed()
    server = await asyncio.start_server(closed.turn_away, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        async with asyncio.TaskGroup() as calling:
            caller = calling.create_task(_call_on(channel))
            yield closed
            caller.cancel()


async def _call_on(channel: grpc.aio.Channel) -> None:
    while True:
        with pytest.raises(grpc.aio.AioRpcError):
            await channel.unary_unary("/Any/Call")(b"")
        await asyncio.sleep(0.02)


async def test_it_looks_every_half_second_and_does_not_wait_longer_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grpc.aio, "insecure_channel", grpc.aio.insecure_channel)  # put back at the end
    async with looked_for() as patient:
        reconnect_promptly()
        async with looked_for() as prompt:
            await asyncio.wait_for(prompt.enough.wait(), 60)
            assert 1 <= patient.looks < LOOKS - 2
