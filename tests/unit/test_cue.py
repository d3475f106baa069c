"""The word to begin, from the side of the process that waits for it."""

import asyncio
import socket

import pytest

from agent.adapters import cue
from agent.adapters.under_way import Stopped


async def test_a_process_that_nobody_holds_back_begins_at_once() -> None:
    await asyncio.wait_for(cue.given(None), 10)


async def test_it_says_that_it_is_loaded_and_begins_when_told() -> None:
    stage, wings = socket.socketpair()
    with stage:
        waiting = asyncio.create_task(cue.given(wings.detach()))
        stage.setblocking(False)
        assert await asyncio.get_running_loop().sock_recv(stage, 10) == b"\n"
        assert not waiting.done()
        stage.send(b"\n")
        await asyncio.wait_for(waiting, 10)


@pytest.mark.parametrize("heard", [True, False])
async def test_it_does_not_begin_when_nobody_is_left_to_tell_it(heard: bool) -> None:
    stage, wings = socket.socketpair()
    waiting = asyncio.create_task(cue.given(wings.detach()))
    with stage:
        stage.setblocking(False)
        if heard:
            await asyncio.get_running_loop().sock_recv(stage, 10)
    with pytest.raises(Stopped):
        await asyncio.wait_for(waiting, 10)
