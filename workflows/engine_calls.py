"""Calls to the workflow engine that end: answered, refused, or given up after so many seconds.

The SDK (1.19) gives them no deadline, and ``daprd`` (1.18.2) goes on for as long as its caller waits: while no worker is
connected, while the scheduler is away, and until the first run of what it is to start. An actor that waits for that is deaf to
all else.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from grpc import StatusCode
from grpc.aio import AioRpcError

from agent.domain.errors import ENGINE_AWAY, Unavailable
from agent.domain.limits import WORKFLOWS_RETRY_PAUSE

Answer = TypeVar("Answer")


async def reached(call: Callable[[], Awaitable[Answer]], within: float) -> Answer:
    """What the engine answers within so many seconds; a call that did not reach it is repeated meanwhile.

    A sidecar that was restarted answers its actors before this process is connected to it again. Whatever is called here may be
    called twice: an id that is scheduled already is no second workflow.

    Raises:
        AioRpcError: it refused.
        Unavailable: ``workflows_unavailable``.
    """
    try:
        async with asyncio.timeout(within):
            while True:
                try:
                    return await call()
                except AioRpcError as e:
                    if e.code() != StatusCode.UNAVAILABLE:
                        raise
                await asyncio.sleep(WORKFLOWS_RETRY_PAUSE)
    except TimeoutError as e:
        raise unavailable("no answer in time") from e


def unavailable(why: str) -> Unavailable:
    """The refusal of a request that needs the engine."""
    return Unavailable(ENGINE_AWAY, f"The workflow engine did not answer ({why}); try again.")
