"""From the workflow worker's thread to the main event loop, where every client lives."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

OnMainLoop = Callable[[Coroutine[Any, Any, dict[str, Any]]], Awaitable[dict[str, Any]]]


def main_loop_hop(loop: asyncio.AbstractEventLoop) -> OnMainLoop:
    """Runs a coroutine on ``loop`` and waits for it from another loop's thread."""

    async def on_main_loop(work: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))

    return on_main_loop
